"""``syncd export battery``: from the history and RT to files, and what is refused."""

import csv
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from syncd.jobs.batteries.reports import REPLACE_NOW
from syncd.jobs.battery_export import newest_known
from syncd.sandbox.faults import Rule
from syncd.sandbox.site import Sandbox
from syncd.state.battery_history import HistoryRow
from syncd.state.lock import JobLock
from syncd.state.store import open_store
from unit.cli.commands import Cli, Result, start
from unit.cli.terminal import on_a_terminal
from unit.jobs.exporting.fleets import report

SERIALS = [f"SYN{number:07}" for number in range(1, 7)]
PERCENTS = [95.0, 85.0, 75.0, 65.0, 55.0, None]
ABSENT = "NOTINRT1"
"""A device that RT has no asset for."""

JOB = """
[jobs.battery-csv]
catalogs = ["Chromebooks"]
to_rt = { "CF.{Model}" = "percent", "CF.{Location}" = "report_time" }
categories = { fine = 70, worn = 0 }
status_names = { BATTERY_HEALTH_NORMAL = "OK" }
"""


def noted() -> Iterator[HistoryRow]:
    for serial, percent in zip(SERIALS, PERCENTS, strict=True):
        yield report(serial, percent and percent + 4, days=60)
        yield report(serial, percent)
    yield report(ABSENT, 88.0, health=REPLACE_NOW)


Rows = Callable[..., dict[str, dict[str, str]]]


class Fleet:
    """A sandbox whose store has a history of batteries."""

    def __init__(self, site: Sandbox) -> None:
        self.site = site
        self.cli = Cli(site)
        self.plain = site.config_file.read_text()
        with open_store(site.directory / "state") as store:
            store.batteries.history.note(noted())

    def configure(self, further: str = "", **options: object) -> None:
        table = {"catalogs": ["Chromebooks"]} | options
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in table.items())
        self.site.config_file.write_text(f"{self.plain}\n[exports.battery]\n{lines}\n{further}")

    def export(self, *arguments: str | Path, status: int = 0) -> Result:
        return self.cli.ended(status, "export", "battery", *arguments)

    def spent(self, *arguments: str | Path) -> int:
        before = self.site.server.requests()
        self.export(*arguments)
        return self.site.server.requests() - before


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with start(tmp_path_factory.mktemp("battery") / "site") as site:
        yield Fleet(site)


@pytest.fixture
def fleet(served: Fleet) -> Fleet:
    served.configure()
    served.site.server.faults.clear()
    return served


@pytest.fixture
def rows(fleet: Fleet, tmp_path: Path) -> Rows:
    def read(*arguments: str, **options: object) -> dict[str, dict[str, str]]:
        fleet.configure("", **options)
        fleet.export("-o", tmp_path / "rows.csv", *arguments)
        with (tmp_path / "rows.csv").open(newline="", encoding="utf-8") as file:
            return {row["serial"]: row for row in csv.DictReader(file)}

    return read


# -- what is written


def test_each_device_has_its_newest_report_and_what_rt_says(fleet: Fleet, rows: Rows) -> None:
    found = rows()
    assert [*found] == sorted([*SERIALS, ABSENT])
    assert [found[serial]["percent"] for serial in SERIALS] == ["95.0", "85.0", "75.0", "65.0", "55.0", ""]
    assert [found[serial]["category"] for serial in SERIALS] == ["Excellent", "Good", "Fair", "Poor", "Critical", ""]
    names = {asset.name: asset for asset in fleet.site.rt.world.assets.values()}
    for serial in SERIALS:
        asset = names[found[serial]["asset"]]
        fields = {field.name: field.id for field in fleet.site.rt.world.custom_fields.values()}
        assert found[serial]["asset_status"] == asset.status
        assert [found[serial]["model"]] == asset.values[fields["Model"]]
    absent = found[ABSENT]
    assert [absent[name] for name in ("asset", "asset_status", "model", "school")] == [""] * 4
    assert (absent["percent"], absent["status"], absent["reported"]) == ("88.0", "Replace now", "2026-11-20T08:00:00Z")


def test_every_table_has_the_same_cells(fleet: Fleet, rows: Rows, tmp_path: Path) -> None:
    told = [*rows().values()]
    for form in ("json", "xlsx"):
        fleet.export("-o", tmp_path / f"rows.{form}")
    found = json.loads((tmp_path / "rows.json").read_text())
    assert [{name: "" if cell is None else str(cell) for name, cell in row.items()} for row in found] == told
    sheet = CalamineWorkbook.from_path(tmp_path / "rows.xlsx").get_sheet_by_name("fleet").to_python()
    assert [row[:6] for row in sheet[1:]] == [
        [*[row[name] for name in ("serial", "asset", "asset_status", "model", "school")], row["percent"] or ""]
        for row in found
    ]


def test_a_picture_is_drawn_and_is_the_same_again(fleet: Fleet, tmp_path: Path) -> None:
    for name in ("a.svg", "b.SVG", "c.png"):
        fleet.export("-o", tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.SVG").read_bytes()
    assert "Battery health of 7 devices (1 without a percentage)" in (tmp_path / "a.svg").read_text()
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    command = [sys.executable, "-m", "syncd", "export", "battery", "--format", "svg"]
    done = subprocess.run(command, env=os.environ | fleet.cli.environment, capture_output=True, check=True, timeout=60)
    assert done.stdout == (tmp_path / "a.svg").read_bytes()


def test_the_list_of_those_to_replace_is_by_model_and_school(fleet: Fleet, rows: Rows, tmp_path: Path) -> None:
    found = rows("--replace-soon", school_field="CF.{Location}")
    assert {*found} == {*SERIALS[2:5], ABSENT}
    assert [*found] == sorted(
        found, key=lambda serial: (found[serial]["model"], found[serial]["school"], float(found[serial]["percent"]))
    )
    fleet.export("--replace-soon", "--format", "xlsx", "-o", tmp_path)
    book = CalamineWorkbook.from_path(tmp_path / "battery-replace-soon.xlsx")
    assert book.sheet_names == ["replace soon"]
    assert len(book.get_sheet_by_index(0).to_python()) == 5


def test_what_was_written_is_told(fleet: Fleet, tmp_path: Path) -> None:
    told = "7 devices, 6 with a percentage, 4 to replace soon, 1 not in RT"
    assert fleet.export("-o", tmp_path).out == f"{tmp_path}/battery.csv: {told}.\n"
    counts = {"devices": 7, "measured": 6, "unknown": 1, "replace_soon": 4}
    document = {"file": f"{tmp_path}/battery.svg", "format": "svg", "counts": counts}
    assert fleet.export("-o", tmp_path / "battery.svg", "--json").json == document
    assert stat.S_IMODE((tmp_path / "battery.svg").stat().st_mode) == 0o600
    assert len(fleet.export("--json").json) == 7


# -- options


def test_the_fields_are_those_of_the_options(rows: Rows) -> None:
    plain, other = rows(), rows(model_field="CF.{MAC Address}", school_field="CF.{Serial Number}")
    assert all(other[serial]["school"].upper() == serial for serial in SERIALS)
    assert plain[SERIALS[0]]["model"] != other[SERIALS[0]]["model"] != ""
    assert {row["model"] for row in rows(model_field="").values()} == {""}
    assert {row["asset"] for row in rows(serial_field="Name").values()} == {""}
    assert {
        row["asset"] for row in rows(catalogs=["General assets"], serial_field="Name", model_field="").values()
    } == {""}
    assert {*rows("--replace-soon", replace_below=60)} == {SERIALS[4], ABSENT}


def test_the_words_are_those_of_a_job_that_is_configured(fleet: Fleet, tmp_path: Path) -> None:
    fleet.configure(JOB)
    fleet.export("-o", tmp_path / "rows.json")
    found = {row["serial"]: row for row in json.loads((tmp_path / "rows.json").read_text())}
    assert [found[serial]["category"] for serial in SERIALS] == ["fine", "fine", "fine", "worn", "worn", ""]
    assert {found[serial]["status"] for serial in SERIALS} == {"OK"}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("serial_field", "Serial", "serial_field names the unknown field 'Serial'"),
        ("serial_field", "", "serial_field is empty"),
        ("model_field", "Model", "model_field names the unknown field 'Model'"),
        ("school_field", "School", "school_field names the unknown field 'School'"),
        ("school_field", "CF.{Skool}", "Skool"),
        ("catalogs", [], "catalogs"),
        ("catalogs", ["Chromebookz"], "Chromebooks"),
        ("replace_below", 101, "replace_below"),
        ("replace_bellow", 80, "did you mean"),
    ],
)
def test_an_option_that_is_wrong_is_refused(fleet: Fleet, option: str, value: object, words: str) -> None:
    fleet.configure("", **{option: value})
    assert words in fleet.export(status=78).err


def test_the_doctor_looks_at_what_it_needs(fleet: Fleet) -> None:
    def states() -> dict[str, str]:
        checks = fleet.cli("doctor", "--json").json["checks"]
        return {check["check"]: check["state"] for check in checks if check["area"] == "export battery"}

    assert {*states().values()} == {"ok"}
    assert {"rt catalogs", "rt CF.{Serial Number}", "rt CF.{Model}"} <= states().keys()
    fleet.configure(school_field="CF.{Skool}")
    assert "failed" in states().values()


# -- what it costs


def test_rt_is_asked_for_what_changed_only(fleet: Fleet, tmp_path: Path) -> None:
    fleet.cli.ended(0, "plan", "chromebooks")
    before = fleet.site.server.counts.copy()
    assert fleet.spent("-o", tmp_path) <= 10
    asked = {route: number - before.get(route, 0) for route, number in fleet.site.server.counts.items()}
    assert sum(number for route, number in asked.items() if "assets" in str(route)) <= 2


def test_only_a_picture_loads_what_draws(fleet: Fleet) -> None:
    program = (
        "import json, sys\nfrom syncd.cli import _run\nstatus = _run(sys.argv[1:])\n"
        "print('\\n' + json.dumps([status, *sys.modules]))"
    )

    def loaded(*arguments: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env=os.environ | fleet.cli.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        status, *modules = json.loads(done.stdout.splitlines()[-1])
        assert status == 0, done.stderr
        return {*modules}

    for arguments in (["export", "battery"], ["export", "battery", "--help"], ["explain", "battery", SERIALS[0]]):
        assert {"matplotlib", "numpy", "xlsxwriter"}.isdisjoint(loaded(*arguments)), arguments


# -- what is refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "pdf"], "'pdf' is not one of"),
        (["--format", "svg", "--replace-soon"], "--replace-soon is a list"),
        (["-o", "battery.png", "--replace-soon"], "--replace-soon is a list"),
        (["--json", "--format", "csv"], "exclude each other"),
        (["--json", "--format", "png"], "exclude each other"),
        (["-o", ""], "the name is empty"),
        (["more"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_said_before_anybody_is_asked(fleet: Fleet, arguments: list[str], words: str) -> None:
    before = fleet.site.server.requests()
    assert words in fleet.export(*arguments, status=64).err
    assert fleet.site.server.requests() == before


def test_without_its_table_or_rt_that_is_said(fleet: Fleet) -> None:
    fleet.site.config_file.write_text(fleet.plain)
    assert "there is no [exports.battery] in the configuration file" in fleet.export(status=78).err
    fleet.configure()
    config = fleet.site.config_file
    config.write_text(re.sub(r"(?s)\[rt\].*?(?=\[exports)", "", config.read_text()))
    assert "export battery needs [rt]" in fleet.export(status=78).err
    assert "export battery needs [rt]" in fleet.cli.ended(78, "config", "check").err


def test_without_history_it_says_which_jobs_collect_it(fleet: Fleet, tmp_path: Path) -> None:
    config = fleet.site.config_file
    config.write_text(re.sub(r"(?m)^directory = .*$", f'directory = "{tmp_path}/new"', config.read_text()))
    before = fleet.site.server.requests()
    told = fleet.export(status=65).err
    assert "no report of any battery was kept so far; the jobs battery-gam, battery-csv and battery-telemetry" in told
    assert fleet.site.server.requests() == before


def test_without_matplotlib_there_is_no_picture_and_nobody_is_asked(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    (tmp_path / "battery.png").write_text("old")
    before = fleet.site.server.requests()
    assert "pictures are drawn by matplotlib" in fleet.export("-o", tmp_path / "battery.png", status=78).err
    assert ((tmp_path / "battery.png").read_text(), fleet.site.server.requests()) == ("old", before)
    fleet.export("-o", tmp_path / "battery.xlsx")


def test_what_fails_leaves_the_old_file(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "battery.svg").write_text("old")
    fleet.site.server.faults.add(Rule(route=".*", status=503))
    fleet.export("-o", tmp_path / "battery.svg", status=75)
    fleet.site.server.faults.clear()
    assert (tmp_path / "battery.svg").read_text() == "old"
    assert "No such file" in fleet.export("-o", tmp_path / "none" / "battery.svg", status=65).err
    assert [path.name for path in tmp_path.iterdir()] == ["battery.svg"]


def test_a_second_one_waits_for_the_first(fleet: Fleet) -> None:
    with JobLock(fleet.site.directory / "state", "export-battery"):
        fleet.export(status=75)


@pytest.mark.parametrize("form", ["xlsx", "svg", "png"])
def test_a_terminal_gets_no_picture_and_no_workbook(fleet: Fleet, form: str) -> None:
    program = "import sys; from syncd.cli import _run; status = _run({}); print('ended', status)"
    told = on_a_terminal(program.format(["export", "battery", "--format", form]), 300, **fleet.cli.environment)
    assert told == "ended 64\n"


def test_the_journal_gets_no_rows(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.cli.export.is_the_journal", lambda _: True)
    assert "journal" in fleet.export(status=64).err


# -- what is not known any more


def test_a_percentage_that_the_newest_report_lacks_is_the_last_one_of_the_battery(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.batteries.history.note(
            [
                report("A", 81.0, days=9),
                report("A", None, days=2, health=REPLACE_NOW),
                report("B", 82.0, days=9, battery="OLD"),
                report("B", None, days=2, battery="NEW"),
            ]
        )
        kept, replaced = newest_known(store.batteries.history)
    assert (kept.percent, kept.full_charge, kept.health) == (81.0, 4050, REPLACE_NOW)
    assert kept.time == datetime(2026, 11, 18, 8, tzinfo=UTC)
    assert (replaced.percent, replaced.full_charge) == (None, None)
