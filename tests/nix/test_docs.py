"""Every Nix snippet of the documentation is evaluated, and the option table is what the module says."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from nix.evaluation import ROOT, SYSTEM, Flake, reference
from unit.docs.pages import DEPLOYMENT, Snippet, snippets

PAGE = DEPLOYMENT / "nixos.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
NIX = [snippet for page in PAGES for snippet in snippets(page) if snippet.language == "nix"]
MODULES = [snippet for snippet in NIX if "outputs =" not in snippet.text]
TABLE = re.compile(r"(?<=<!-- options: module -->\n).*?(?=<!-- end options -->)", re.DOTALL)


def whole_flake() -> Snippet:
    """Return the one snippet that is a flake."""
    (found,) = (snippet for snippet in NIX if snippet not in MODULES)
    return found


def the_job() -> Snippet:
    """Return the snippet that the walk-through calls syncd.nix."""
    (found,) = (snippet for snippet in snippets(PAGE) if "enable = true;\n\n    settings" in snippet.text)
    return found


@pytest.mark.parametrize("snippet", MODULES, ids=lambda snippet: snippet.where)
def test_a_module_of_the_documentation_evaluates(flake: Flake, snippet: Snippet) -> None:
    verdict = flake.eval(
        f"checks.{SYSTEM}.module",
        f'check: removeAttrs (check.fragment {{ module = ({snippet.text}); host = "{_host(snippet)}"; }})'
        ' [ "units" "settings" ]',
    )
    assert verdict["failed"] == []
    assert [warning for warning in verdict["warnings"] if "syncd" in warning] == []
    assert len(verdict["toplevels"]) == (2 if "containers." in snippet.text else 1)


def _host(snippet: Snippet) -> str:
    """Return what a host has besides the snippet (nix/tests/documentation.nix)."""
    if "containers." in snippet.text:
        return "bare"
    return "job" if "google-service-account" in snippet.text else "credentials"


def test_the_flake_of_the_documentation_evaluates(flake: Flake, tmp_path: Path) -> None:
    (tmp_path / "flake.nix").write_text(whole_flake().text)
    (tmp_path / "syncd.nix").write_text(the_job().text)
    (tmp_path / "configuration.nix").write_text((ROOT / "nix/tests/container.nix").read_text())
    inputs = Flake((*flake.overrides, "--override-input", "syncd", reference(), *_syncd_nixpkgs(flake)))
    units = inputs.eval(
        "nixosConfigurations.sync.config",
        "config: builtins.seq config.system.build.toplevel.drvPath (builtins.attrNames config.systemd.units)",
        flake=f"path:{tmp_path}",
    )
    assert {"syncd-chromebooks.service", "syncd-chromebooks.timer", "syncd-catalog.service"} <= set(units)


def _syncd_nixpkgs(flake: Flake) -> tuple[str, ...]:
    other = flake.overrides[-1] if "--override-input" in flake.overrides else ""
    return ("--override-input", "syncd/nixpkgs", other) if other else ()


def test_the_option_table_is_what_the_module_says(flake: Flake) -> None:
    page = PAGE.read_text()
    fresh = _table(flake.eval(f"checks.{SYSTEM}.module.options"))
    if os.environ.get("SYNCD_UPDATE_GOLDEN") == "1":
        PAGE.write_text(TABLE.sub(lambda _: fresh, page))
        page = PAGE.read_text()
    shown = TABLE.search(page)
    assert shown is not None
    assert shown[0] == fresh


def _table(options: list[dict[str, Any]]) -> str:
    rows = ["| option | type | default | meaning |", "| --- | --- | --- | --- |"]
    for option in sorted(options, key=lambda option: str(option["name"])):
        name, kind = option["name"].removeprefix("services.syncd."), option["type"]
        default = "" if option["default"] is None else option["default"]
        cells = (f"`{name}`", kind, default if "`" in default or not default else f"`{default}`", option["description"])
        rows.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    """Return Nixpkgs' Markdown as one cell of a table: no roles, no line breaks."""
    plain = re.sub(r"\{\w+\}(`[^`]*`)", r"\1", text)
    return " ".join(plain.split()).replace("|", "\\|")
