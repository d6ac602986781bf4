"""The doctor and the quick looks before a real Request Tracker 5."""

import csv
import html
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from services.rt5 import Rt5
from services.seed import restore_fleet
from syncd.sandbox.fleet import Fleet, make_fleet
from syncd.sandbox.google import GoogleApp
from syncd.sandbox.server import Server
from syncd.systems.rt.checks import _TYPES
from system.real_rt import TO_RT, Record, Relay, School

JOB = "chromebooks"
DEVICES = 60


@pytest.fixture(scope="module")
def fleet(rt5: Rt5) -> Fleet:
    fleet = make_fleet(DEVICES)
    restore_fleet(rt5, fleet)
    return fleet


@pytest.fixture
def school(rt5: Rt5, fleet: Fleet, tmp_path: Path) -> Iterator[School]:
    google, relay = GoogleApp.from_fleet(fleet), Relay(rt5.url)
    with Server({"": google, "/rt": relay}) as server:
        yield configured(School(tmp_path, rt5, fleet, google, relay, server))


def configured(school: School, user: str = "rt-sync") -> School:
    school.configure(user=user)
    for secret in (school.directory / "credentials").iterdir():
        secret.chmod(0o600)
    return school


def visit(school: School, status: int) -> dict[tuple[str, str], Record]:
    checks = school.syncd("doctor", expect=status).document["checks"]
    return {(check["area"], check["check"]): check for check in checks}


def ill(found: dict[tuple[str, str], Record]) -> dict[str, str]:
    return {key[1]: check["state"] for key, check in found.items() if key[0] in {"rt", JOB} and check["state"] != "ok"}


def test_a_real_rt_that_is_ready_is_found_so_without_a_write(school: School) -> None:
    found = visit(school, 0)
    assert ill(found) == {}
    assert found["rt", "version"]["found"].startswith("5.")
    assert {check for area, check in found if area == JOB} >= {f"rt {field}" for field in TO_RT}
    assert not [passed for passed in school.relay.passed if passed.is_write]
    assert len(school.relay.passed) <= 8


@pytest.mark.parametrize(
    ("user", "check", "words"),
    [
        ("rt-blind", "rt rights", "grant SeeCustomField"),
        ("rt-west", "rt time zone", "America/Los_Angeles"),
    ],
)
def test_what_an_api_user_lacks_is_found(school: School, user: str, check: str, words: str) -> None:
    configured(school, user)
    found = visit(school, 77 if user == "rt-blind" else 78)
    assert words in found[JOB, check]["found"]


def test_a_token_that_rt_refuses_is_found(school: School) -> None:
    (school.directory / "credentials" / "rt-token").write_text("1-27-ffffffffffffffffffffffffffffffff")
    found = visit(school, 77)
    assert ill(found).pop("token") == "failed"
    assert found["rt", "version"]["found"] == "because rt token failed"


def test_a_custom_field_that_rt_has_not_is_found_with_the_way_to_make_it(school: School) -> None:
    config = school.directory / "config.toml"
    config.write_text(config.read_text().replace('"CF.{Model}"', '"CF.{Mode}"'))
    culprit = visit(school, 78)[JOB, "rt CF.{Mode}"]
    assert '(there is "Model")' in culprit["found"]
    assert 'Name "Mode", Type "Enter one value", Applies to "Assets"' in culprit["remedy"]


@pytest.fixture
def browser(rt5: Rt5) -> Iterator[requests.Session]:
    """RT's web interface as its administrator sees it."""
    with requests.Session() as session:
        name, password = rt5.root
        session.headers["Referer"] = rt5.url
        session.post(f"{rt5.url}/NoAuth/Login.html", {"user": name, "pass": password, "next": ""}, timeout=60)
        yield session


def page(browser: requests.Session, rt5: Rt5, path: str) -> str:
    return html.unescape(browser.get(f"{rt5.url}/{path}", timeout=60).text)


def test_the_menus_and_types_that_remedies_name_are_rts(rt5: Rt5, browser: requests.Session) -> None:
    """Whoever follows a remedy has to find its words on RT's pages."""
    create = page(browser, rt5, "Admin/CustomFields/Modify.html?Create=1&LookupType=RT::Catalog-RT::Asset")
    for word in ("Name", "Type", "Applies to", "Assets", *_TYPES.values()):
        assert word in create, word
    catalogs = page(browser, rt5, "Admin/Assets/Catalogs/")
    assert "Chromebooks" in catalogs
    menus = {
        "Admin/Assets/": ("Catalogs", "Custom Fields"),
        "Admin/Assets/Catalogs/Modify.html?id=2": ("Custom Fields", "User Rights", "Create"),
        "Admin/CustomFields/": ("Create",),
    }
    for path, words in menus.items():
        text = page(browser, rt5, path)
        for word in words:
            assert re.search(rf">\s*{word}\s*<", text), (path, word)


def test_the_fields_of_a_real_rt_are_listed(school: School) -> None:
    listed: Any = school.syncd("fields").document
    found = {field["name"]: field for field in listed}
    assert {name.removeprefix("CF.{").removesuffix("}") for name in TO_RT} <= found.keys()
    assert found["Last Sync"]["type"] == "DateTime"
    assert "ACTIVE" in found["Google Status"]["values"]
    assert found["Battery Cycle Count"]["pattern"] == r"(?#Digits)^[\d.]*$"


def test_the_assets_of_a_real_rt_are_listed(school: School) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "syncd", "assets", "--status", "in-use", "--csv"],
        env=school.environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(done.stdout), strict=True)}
    wanted = [asset for asset in school.fleet.assets if (asset.status, asset.catalog) == ("in-use", "Chromebooks")]
    assert {row["status"] for row in rows.values()} == {"in-use"}
    assert len(wanted) > DEVICES / 2
    for asset in wanted:
        assert rows[asset.name]["CF.{Serial Number}"] == asset.custom_fields.get("Serial Number", "")
        assert rows[asset.name]["owner"] in {asset.owner, ""}
