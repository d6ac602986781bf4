"""``syncd units`` for what goes with batteries."""

from pathlib import Path

import pytest

from unit.cli.commands import Cli

CONFIGURATION = """
[imports.battery]
drop_zone = "/srv/batteries"

[exports.battery]
catalogs = ["Chromebooks"]
"""


@pytest.mark.parametrize(
    ("flag", "units"),
    [
        (
            "--import-battery",
            {"syncd-import-battery.path", "syncd-import-battery.service", "syncd-import-battery.timer"},
        ),
        ("--export-battery", {"syncd-export-battery.service", "syncd-export-battery.timer"}),
    ],
)
def test_the_units_of_batteries_are_made_when_they_are_asked_for(
    bare: Cli, tmp_path: Path, flag: str, units: set[str]
) -> None:
    config, without, made = tmp_path / "config.toml", tmp_path / "without", tmp_path / "made"
    config.write_text(CONFIGURATION)
    bare("--config", config, "units", "--output", without)
    bare("--config", config, "units", "--output", made, flag)
    assert {path.name for path in made.iterdir()} - {path.name for path in without.iterdir()} >= units


@pytest.mark.parametrize("flag", ["--import-battery", "--export-battery"])
def test_what_is_not_configured_has_no_units(bare: Cli, tmp_path: Path, flag: str) -> None:
    config = tmp_path / "config.toml"
    config.touch()
    done = bare("--config", config, "units", "--output", tmp_path / "made", flag)
    assert done.status == 78
    assert f"{flag} needs" in done.err
