"""Runs ``syncd units`` in this process, and reads what it wrote."""

from pathlib import Path

from click.testing import CliRunner, Result

from nix.unit_text import directives
from syncd.cli.units import units


def write_units(*arguments: str, environ: dict[str, str | None] | None = None) -> Result:
    """Run the command; an error of its own is ``exception`` of the result."""
    return CliRunner().invoke(units, arguments, obj={"config": None}, env=environ or {})


def service(folder: Path, name: str = "syncd-chromebooks.service") -> dict[str, list[str]]:
    """Return the directives of a service that was written to a folder, with their values in order."""
    return directives((folder / name).read_text())["Service"]
