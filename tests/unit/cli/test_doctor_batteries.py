"""``syncd doctor``: what the jobs of batteries need."""

from pathlib import Path

import pytest

from system.batteries import table
from unit.cli.ward import Ward, no_systemd, ward

__all__ = ["no_systemd", "ward"]

GAM, CSV, TELEMETRY = "battery-gam", "battery-csv", "battery-telemetry"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    found = tmp_path / "gam7"
    found.write_text("#!/bin/sh\n")
    found.chmod(0o755)
    return found


def test_the_fields_of_every_job_are_looked_at(ward: Ward, program: Path) -> None:
    for job in (CSV, TELEMETRY):
        ward.add(table(job))
    ward.add(table(GAM, f'program = "{program}"\n'))
    found = ward.doctor(0)
    for job in (GAM, CSV, TELEMETRY):
        assert found[job, "rt CF.{Battery Status}"]["state"] == "ok"
    assert found[TELEMETRY, "google telemetry"]["found"] == "the telemetry API gives devices"
    assert "chrome.management.telemetry.readonly" in found[TELEMETRY, "google token"]["found"]
    assert found[GAM, "gam program"]["found"] == str(program)


def test_a_select_that_lacks_a_value_is_named_with_what_to_do(ward: Ward) -> None:
    ward.add(table(CSV, 'status_names = { BATTERY_REPLACE_NOW = "Away" }\n'))
    told = ward.only(78, CSV, "rt CF.{Battery Status}")
    assert "without the value 'Away'" in told["found"]
    assert "add the values Normal, Replace soon, Away" in told["remedy"]


def test_a_program_that_is_not_there_is_named(ward: Ward) -> None:
    ward.add(table(GAM, 'program = "gam-of-nowhere"\n'))
    assert "'gam-of-nowhere'" in ward.doctor(78)[GAM, "gam program"]["found"]


def test_a_configuration_directory_has_a_key_and_can_be_written(ward: Ward, program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    ward.add(table(GAM, f'program = "{program}"\nconfig_dir = "{folder}"\n'))
    assert "is no directory" in ward.only(78, GAM, "gam configuration")["found"]
    folder.mkdir()
    assert "has no oauth2.txt and no oauth2service.json" in ward.only(77, GAM, "gam configuration")["found"]
    for key in ("oauth2service.json", "oauth2.txt"):
        (folder / key).write_text("{}")
        assert ward.doctor(0)[GAM, "gam configuration"]["state"] == "ok"
        (folder / key).unlink()


def test_credentials_of_gam_are_found(ward: Ward, program: Path) -> None:
    ward.add(table(GAM, f'program = "{program}"\n'))
    assert ward.doctor(0)[GAM, "gam configuration"]["state"] == "warning"
    (ward.site.credentials_directory / "gam-cfg").write_text("[DEFAULT]")
    assert ward.only(77, GAM, "gam configuration")["found"] == "there is only gam-cfg"
    (ward.site.credentials_directory / "gam-oauth2service").write_text("{}")
    assert "gam-oauth2service" in ward.doctor(0)[GAM, "gam configuration"]["found"]
