"""Unit files as data, so that two makers of the same unit can be compared."""

import re
from collections import defaultdict

from syncd.host.units.render import unit_data

Directives = dict[str, dict[str, list[str]]]

# What NixOS adds to every service: where its tools, locales and time zones are, and hints for its own use.
_OF_NIXOS = re.compile(r'^(X-.*|Environment="(PATH|LOCALE_ARCHIVE|TZDIR)=.*)$')


def daemon_names() -> list[str]:
    """Return the names of what runs for long, and of what looks after it."""
    return [name for name, data in unit_data("daemons").items() if "service" in data]


def without_hashes(text: str) -> str:
    """Return a text with store paths that are the same for every nixpkgs: no hash, no version."""
    return re.sub(
        r"/nix/store/[a-z0-9]{32}-([A-Za-z][A-Za-z0-9_+.]*(?:-[A-Za-z][A-Za-z0-9_+.]*)*)(?:-\d[^/\"\s]*)?",
        r"/nix/store/\1",
        text,
    )


def directives(text: str) -> Directives:
    """Return sections, directives and their values in order; an empty value starts over, as in systemd."""
    sections: Directives = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#") and not _OF_NIXOS.match(line):
            name, _, value = line.partition("=")
            sections[section][name].append(value)
    return {name: dict(values) for name, values in sections.items()}


def as_elsewhere(text: str, *, program: str, config: str, scripts: str) -> str:
    """Return a NixOS unit as it would be on a host where the program lies elsewhere; NixOS's own additions are gone."""
    text = without_hashes(text)
    text = re.sub(r'"/nix/store/(?:[^"]*-)?metrics\.sh"', rf'"{scripts}/metrics.sh"', text)
    text = re.sub(r'"/nix/store/[^"]*syncd\.toml"', f'"{config}"', text)
    text = re.sub(r'"/nix/store/[^"]*syncd/bin/syncd"', f'"{program}"', text)
    text = re.sub(r'"(/nix/store/[^"]*)?/bin/(ba)?sh"', '"/bin/sh"', text)
    return "".join(f"{line}\n" for line in text.splitlines() if not _OF_NIXOS.match(line))


def operator_elsewhere(script: str, *, program: str, config: str) -> str:
    """Return the operator's command of a NixOS host as it would be where the program lies elsewhere."""
    script = re.sub(r"/nix/store/\S*/bin/syncd", f"'{program}'", without_hashes(script))
    script = re.sub(r"/nix/store/\S*syncd\.toml", f"'{config}'", script)
    return re.sub(r"^#!.*", "#!/bin/sh", script)
