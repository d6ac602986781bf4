"""The doctor and the quick looks before a real Request Tracker 5."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.rt5 import Rt5
from services.seed import restore_fleet
from services.web_form import WebForm
from syncd.sandbox.fleet import Fleet, make_fleet
from syncd.systems.rt.checks import _TYPES
from system.real_rt import TO_RT, Record, School, opened

JOB = "chromebooks"
DEVICES = 60


@pytest.fixture(scope="module")
def fleet(rt5: Rt5) -> Fleet:
    fleet = make_fleet(DEVICES)
    restore_fleet(rt5, fleet)
    return fleet


@pytest.fixture
def school(rt5: Rt5, fleet: Fleet, tmp_path: Path) -> Iterator[School]:
    with opened(School, rt5, fleet, tmp_path) as school:
        yield school


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
    ("user", "status", "check", "words"),
    [
        ("rt-blind", 77, "rt rights", "grant SeeCustomField"),
        ("rt-west", 78, "rt time zone", "America/Los_Angeles"),
    ],
)
def test_what_an_api_user_lacks_is_found(school: School, user: str, status: int, check: str, words: str) -> None:
    school.configure(user=user)
    assert words in visit(school, status)[JOB, check]["found"]


def test_a_token_that_rt_refuses_is_found(school: School) -> None:
    (school.credentials / "rt-token").write_text("1-27-ffffffffffffffffffffffffffffffff")
    found = visit(school, 77)
    assert ill(found).pop("token") == "failed"
    assert found["rt", "version"]["found"] == "because rt token failed"


def test_a_custom_field_that_rt_has_not_is_found_with_the_way_to_make_it(school: School) -> None:
    school.config.write_text(school.config.read_text().replace('"CF.{Model}"', '"CF.{Mode}"'))
    culprit = visit(school, 78)[JOB, "rt CF.{Mode}"]
    assert '(there is "Model")' in culprit["found"]
    assert 'Name "Mode", Type "Enter one value", Applies to "Assets"' in culprit["remedy"]


@pytest.fixture
def browser(rt5: Rt5) -> Iterator[WebForm]:
    """RT's web interface as its administrator sees it."""
    with closing(WebForm(rt5)) as browser:
        yield browser


def test_the_menus_and_types_that_remedies_name_are_rts(browser: WebForm) -> None:
    """Whoever follows a remedy has to find its words on RT's pages."""
    create = browser.page("/Admin/CustomFields/Modify.html?Create=1&LookupType=RT::Catalog-RT::Asset")
    for word in ("Name", "Type", "Applies to", "Assets", *_TYPES.values()):
        assert word in create, word
    catalogs = browser.page("/Admin/Assets/Catalogs/")
    assert "Chromebooks" in catalogs
    menus = {
        "/Admin/Assets/": ("Catalogs", "Custom Fields"),
        "/Admin/Assets/Catalogs/Modify.html?id=2": ("Custom Fields", "User Rights", "Create"),
        "/Admin/CustomFields/": ("Create",),
    }
    for path, words in menus.items():
        text = browser.page(path)
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
    done = school.program("assets", "--status", "in-use", "--csv").ended(0)
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(done.stdout), strict=True)}
    wanted = [asset for asset in school.fleet.assets if (asset.status, asset.catalog) == ("in-use", "Chromebooks")]
    assert {row["status"] for row in rows.values()} == {"in-use"}
    assert len(wanted) > DEVICES / 2
    for asset in wanted:
        assert rows[asset.name]["CF.{Serial Number}"] == asset.custom_fields.get("Serial Number", "")
        assert rows[asset.name]["owner"] in {asset.owner, ""}
