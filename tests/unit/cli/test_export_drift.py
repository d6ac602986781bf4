"""``syncd export drift``, and what went through import, plan and apply."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from syncd.state.lock import JobLock
from unit.cli.commands import Cli, start
from unit.cli.exported_school import people, put, read


@pytest.fixture
def drifted(tmp_path: Path) -> Iterator[Cli]:
    """Return the command line before a sandbox whose people drifted, with the roster imported."""
    with start(tmp_path / "site", people=60) as site:
        with site.config_file.open("a") as file:
            file.write('\n[exports.students]\ncatalogs = ["Chromebooks"]\n')
        cli = Cli(site)
        cli.ended(0, "import", "students", site.roster_file)
        assets = {asset.name: asset.id for asset in site.rt.world.assets.values()}
        put(site, assets["EX-0000001"], Owner="p000004")  # has left
        put(site, assets["EX-0000002"], Owner="p000012")
        yield cli


def test_drift_is_told_kind_by_kind_and_changes_nothing(drifted: Cli, tmp_path: Path) -> None:
    planned = drifted.ended(0, "plan", "rt-users", "--json").json
    kinds = [action["kind"] for action in planned["plan"]["actions"]]
    assert re.search(r"drift\.csv: \d+ roster_only, ", drifted.ended(0, "export", "drift", "-o", tmp_path).out)
    rows = read(tmp_path / "drift.csv")
    told = [row["kind"] for row in rows]
    assert kinds.count("create") <= told.count("roster_only")
    assert told.count("differs") == sum(
        len(action["after"]) for action in planned["plan"]["actions"] if action["kind"] in ("update", "clear")
    )
    (device,) = [row for row in rows if row["kind"] == "leaver_device"]
    assert (device["user_name"], device["asset_name"], device["serial"]) == ("p000004", "EX-0000001", "SYN0000001")
    assert device["rt_user"] in {row["rt_user"] for row in rows if row["kind"] == "rt_only"}
    assert drifted.ended(0, "plan", "rt-users", "--json").json["plan"]["actions"] == planned["plan"]["actions"]


def test_each_form_of_the_drift_report_has_the_same_rows(drifted: Cli, tmp_path: Path) -> None:
    for form in ("csv", "xlsx", "json"):
        drifted.ended(0, "export", "drift", "-o", tmp_path / f"d.{form}")
    rows = read(tmp_path / "d.csv")
    assert [[*row.values()] for row in json.loads((tmp_path / "d.json").read_text())] == [
        [*row.values()] for row in rows
    ]
    sheet = CalamineWorkbook.from_path(tmp_path / "d.xlsx").get_sheet_by_index(0).to_python()
    assert (sheet[0], len(sheet) - 1) == ([*rows[0]], len(rows))


def test_the_form_of_the_drift_report_may_be_said(drifted: Cli, tmp_path: Path) -> None:
    drifted.ended(0, "export", "drift", "--format", "json", "-o", tmp_path)
    assert {row["kind"] for row in json.loads((tmp_path / "drift.json").read_text())} >= {"leaver_device", "rt_only"}


def test_drift_needs_the_job_and_its_lock(drifted: Cli, tmp_path: Path) -> None:
    config = Path(drifted.environment["SYNCD_CONFIG"])
    with JobLock(tmp_path / "site" / "state", "rt-users"):
        drifted.ended(75, "export", "drift")
    config.write_text(re.sub(r"(?s)\[jobs.rt-users.*?(?=\[exports)", "", config.read_text()))
    assert "[jobs.rt-users]" in drifted.ended(78, "export", "drift").err


def test_a_user_is_found_by_the_id_whatever_name_and_address_are(drifted: Cli, tmp_path: Path) -> None:
    config = Path(drifted.environment["SYNCD_CONFIG"])

    def holders() -> list[str]:
        drifted.ended(0, "export", "students", "-o", tmp_path)
        return [row["id"] for row in read(tmp_path / "students.csv") if row["asset_names"] == "EX-0000002"]

    # p000012 is called otherwise in the roster, and has another address there.
    assert holders() == ["0000012"]
    config.write_text(config.read_text() + 'id_field = ""\n')
    assert holders() == []


def test_a_roster_that_went_through_import_plan_and_apply_is_exported_without_loss(
    drifted: Cli, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    drifted.ended(0, "plan", "rt-users")
    drifted.ended(0, "apply", "rt-users")
    drifted.ended(0, "export", "drift", "-o", tmp_path)
    assert not {row["kind"] for row in read(tmp_path / "drift.csv")} & {"differs"}
    drifted.ended(0, "export", "students", "-o", tmp_path)
    other = tmp_path / "other.toml"
    other.write_text(f'[state]\ndirectory = "{tmp_path}/elsewhere"\n')
    drifted.ended(0, "--config", other, "import", "students", tmp_path / "students.csv")
    assert people(tmp_path / "elsewhere") == people(site / "state")
    given = {row["student_id"]: row for row in read(site / "students.csv")}
    exported = {row["id"]: row for row in read(tmp_path / "students.csv")}
    assert exported.keys() == given.keys()
    names = {"first_name": "given_name", "last_name": "family_name", "username": "user_name"}
    for ident, row in given.items():
        kept = {names.get(column, column): value for column, value in row.items() if column != "student_id"}
        assert {column: exported[ident][column] for column in kept} == kept
