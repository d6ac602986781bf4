"""The deployment pages, followed word for word on a host whose Google and RT are the sandbox.

Three things differ from the page: the addresses of Google and RT, the host is Debian in both cases, and the NixOS
page's `nixos-rebuild switch` puts the units there that the module makes of the page's own snippets.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nix.evaluation import SYSTEM, Flake, NixMissing, open_flake
from nix.unit_text import as_elsewhere, operator_elsewhere
from services.box import Box
from syncd.sandbox.site import Sandbox
from system.units.host import CONFIG, PROGRAM, SCRIPTS, SERVICE, Host
from unit.docs.pages import DEPLOYMENT, Snippet, snippets, snippets_under

NIXOS = DEPLOYMENT / "nixos.md"
DEBIAN = DEPLOYMENT / "systemd.md"
HOME = "/root/walk"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Sandbox]:
    """Return a school that has never synced."""
    with Sandbox(tmp_path / "sandbox", devices=60, first_run=True) as site:
        yield site


@pytest.fixture
def reader(box: Box, site: Sandbox) -> "Reader":
    """Return somebody who types what the page says, with the two secrets at hand."""
    host = Host(box, site, {})
    box.run("rm", "-rf", HOME, "/usr/local/bin/syncd", CONFIG, "/run/secrets", "/var/lib/secrets", "/root/syncd-units")
    box.run("mkdir", "-p", HOME)
    for name, file in {"google-service-account": "service-account.json", "rt-token": "rt-token.txt"}.items():
        box.write(f"{HOME}/{file}", (site.credentials_directory / name).read_text(), 0o600)
    box.write("/usr/local/bin/sudo", '#!/bin/sh\nexec "$@"\n', 0o755)
    return Reader(host)


class Reader:
    """Runs the commands of a page one by one and remembers what was printed."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.printed: list[str] = []

    def type(self, snippet: Snippet) -> None:
        """Run a block; a comment may name the status that a command ends with."""
        for line in snippet.text.splitlines():
            command, _, comment = line.partition(" #")
            status = re.search(r"status (\d+)", comment)
            self.run(snippet.where, command.strip(), int(status[1]) if status else 0)

    def run(self, where: str, command: str, status: int) -> None:
        command = command.replace("HASH", self._approval()) if "HASH" in command else command
        done = self.host.box.attempt("sh", "-c", f"cd {HOME} && {command}")
        assert done.returncode == status, f"{where}: {command}\n{done.stdout}\n{done.stderr}\n{self.host.log()}"
        self.printed.append(done.stdout)

    def _approval(self) -> str:
        found = re.search(r"--approve (\w+)", self.printed[-1])
        assert found, self.printed[-1]
        return found[1]


def test_the_page_for_debian(reader: Reader) -> None:
    site = reader.host.site
    for snippet in snippets(DEBIAN):
        if snippet.language == "toml":
            text = snippet.text.replace("https://rt.example.org", f"{site.url}/rt")
            reader.host.box.write(CONFIG, text.replace("[google]\n", f'[google]\napi_root = "{site.url}/"\n'))
        elif not snippet.mark.startswith("prepared"):
            reader.type(snippet)
    _assert_a_school_was_synced(reader)
    assert reader.host.box.run("sh", "-c", "ls -d /etc/systemd/system/syncd* /var/lib/*/syncd", check=False) == ""


def test_the_page_for_nixos(reader: Reader) -> None:
    try:
        flake = open_flake()
    except NixMissing as error:
        pytest.skip(f"the NixOS page was not followed: {error}")
    system = NixosHost(reader.host, flake)
    steps = ["4. Place the secrets", "5. Enable the job", "6. Read the first plan", "7. Apply", "Back up and restore"]
    for title in steps:
        for snippet in snippets_under(NIXOS, title):
            # step 4 shows four ways to the same; the first one is taken, and step 5 has it again
            if snippet.language == "nix" and not title.startswith("4"):
                system.modules.append(snippet.text)
            elif snippet.language == "sh" and "nixos-rebuild switch" in snippet.text:
                system.switch()
                rest = [line for line in snippet.text.splitlines() if "nixos-rebuild switch" not in line]
                reader.type(Snippet(snippet.page, snippet.line, "sh", "\n".join(rest)))
            elif snippet.language == "sh":
                reader.type(snippet)
    _assert_a_school_was_synced(reader)
    # what the last command, `syncd runs` after the restore, has to say
    assert "applied" in reader.printed[-1]


def _assert_a_school_was_synced(reader: Reader) -> None:
    printed = "\n".join(reader.printed)
    assert "Refused, nothing was changed" in printed
    assert re.search(r"Run \S+: applied", printed), printed
    assert re.search(r"Run \S+: nothing to do", printed), printed
    assert SERVICE in printed
    assert reader.host.patches() > 0


class NixosHost:
    """Does to the box what `nixos-rebuild switch` does to a NixOS host, as far as it is about syncd."""

    def __init__(self, host: Host, flake: Flake) -> None:
        self.host = host
        self.flake = flake
        self.modules: list[str] = []

    def switch(self) -> None:
        """Evaluate the snippets so far, and bring units, configuration and the operator's command into the box."""
        box, places = self.host.box, {"program": PROGRAM, "config": CONFIG}
        made = self._evaluate()
        for name, text in made["units"].items():
            if name != "syncd-catalog.service":
                box.write(f"/etc/systemd/system/{name}", as_elsewhere(text, scripts=SCRIPTS, **places))
        box.write("/usr/local/bin/syncd", operator_elsewhere(made["operator"], **places), 0o755)
        box.write(CONFIG, _toml(made["settings"]))
        box.run(PROGRAM, "config", "check")  # the build does this
        self.host.systemctl("daemon-reload")
        self.host.systemctl("start", "syncd-chromebooks.timer")

    def _evaluate(self) -> Any:  # noqa: ANN401 - it is JSON
        url = self.host.site.url
        addresses = f'google.api_root = "{url}/"; rt.url = lib.mkForce "{url}/rt";'
        ours = f"({{ lib, ... }}: {{ services.syncd.settings = {{ {addresses} }}; }})"
        modules = " ".join([*(f"({text})" for text in self.modules), ours])
        call = f'check: check.fragment {{ host = "bare"; module.imports = [ {modules} ]; }}'
        return self.flake.eval(f"checks.{SYSTEM}.module", call)


def _toml(value: Any, *, top: bool = True) -> str:  # noqa: ANN401 - it is JSON
    """Return JSON data as TOML; tables below the first level are inline."""
    if isinstance(value, dict):
        pairs = [f"{_toml(name, top=False)} = {_toml(inner, top=False)}" for name, inner in value.items()]
        return "".join(f"{pair}\n" for pair in pairs) if top else "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(inner, top=False) for inner in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if isinstance(value, str) else str(value)
