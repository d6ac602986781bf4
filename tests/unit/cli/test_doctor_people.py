"""``syncd doctor``: what the job rt-users needs."""

from pathlib import Path

import pytest

from unit.cli.ward import Ward, no_systemd, ward

__all__ = ["no_systemd", "ward"]

USERS = "rt-users"


@pytest.fixture
def office(ward: Ward) -> Ward:
    ward.add('[jobs.rt-users.fields]\n"CF.{Grade}" = "{grade}"')
    return ward


def test_rights_and_custom_fields_of_users_are_looked_at(office: Ward) -> None:
    found = office.doctor(0)[USERS, "rt users"]
    assert found["state"] == "ok"
    assert "CF.{Student ID}: id" in found["found"]
    assert "CF.{Grade}: id" in found["found"]


def test_a_custom_field_that_users_do_not_have_is_named(office: Ward) -> None:
    office.replace('"CF.{Grade}"', '"CF.{Grad}"')
    assert "CF.{Grad} is not applied to users" in office.only(78, USERS, "rt users")["found"]


def test_a_source_without_its_file_is_named(office: Ward, tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    office.add(f'[jobs.rt-users.sources]\nsis = {{ type = "file", path = "{file}" }}')
    assert str(file) in office.only(78, USERS, "source sis")["found"]
    file.write_text("id,first_name,last_name\n1,A,B\n")
    assert office.doctor(0)[USERS, "source sis"]["state"] == "ok"


def test_users_of_an_org_unit_are_looked_for(office: Ward) -> None:
    source = '{ type = "google", role = "staff", org_units = ["/Staff"] }'
    office.add(f"[jobs.rt-users.sources]\nteachers = {source}")
    assert office.doctor(0)[USERS, "google users"]["state"] in {"ok", "warning"}
