"""``syncd explain battery``: the history of one device, as a table, a chart and JSON."""

from pathlib import Path

import pytest

from syncd.jobs.batteries.reports import REPLACE_SOON
from syncd.state.battery_history import HistoryRow
from syncd.state.store import open_store
from unit.cli.commands import Cli, with_store
from unit.cli.terminal import on_a_terminal, width
from unit.jobs.exporting.fleets import report

JOB = """
[jobs.battery-telemetry]
catalogs = ["A"]
to_rt = { "CF.{P}" = "percent", "CF.{T}" = "report_time" }
status_names = { BATTERY_REPLACE_SOON = "Order one" }
"""
PROGRAM = "import sys; from syncd.cli import _run; status = _run({}); print('ended', status)"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    note(
        tmp_path,
        report("SYN0001", 97.4, days=300, source="csv"),
        report("SYN0001", 91.0, days=200),
        report("SYN0001", 78.5, days=1, source="telemetry", health=REPLACE_SOON),
        report("SYN0002", 90.0),
        report("a1b2-device", None),
    )
    return with_store(tmp_path)


def note(folder: Path, *rows: HistoryRow) -> None:
    with open_store(folder / "state") as store:
        store.batteries.history.note(rows)


@pytest.mark.parametrize("sought", ["SYN0001", "syn0001", " syn 0001 "])
def test_the_table_has_the_newest_report_first(cli: Cli, sought: str) -> None:
    result = cli.ended(0, "explain", "battery", sought)
    assert result.out.startswith("Battery of SYN0001, 78.5 percent of its design capacity on 2026-11-19.\n")
    assert result.rows == [
        ["date", "source", "percent", "status", "cycles", "full mAh", "design mAh"],
        ["2026-11-19", "telemetry", "78.5", "Replace soon", "100", "3925", "5000"],
        ["2026-05-04", "gam", "91.0", "Normal", "100", "4550", "5000"],
        ["2026-01-24", "csv", "97.4", "Normal", "100", "4870", "5000"],
    ]
    assert "Percent of the design capacity:\n100 ┤" in result.out
    assert result.out.splitlines()[-1].split() == ["2026-01-24", "2026-11-19"]


def test_json_has_the_rows_oldest_first(cli: Cli) -> None:
    rows = cli.ended(0, "explain", "battery", "syn0001", "--json").json
    assert [row["percent"] for row in rows] == [97.4, 91.0, 78.5]
    assert (rows[0]["time"], rows[0]["source"], rows[0]["device"]) == ("2026-01-24T08:00:00Z", "csv", "SYN0001")


def test_one_report_is_no_trend_and_a_device_without_serial_has_its_id(cli: Cli) -> None:
    assert "There is no trend yet" in cli.ended(0, "explain", "battery", "SYN0002").out
    result = cli.ended(0, "explain", "battery", "a1b2-device")
    assert result.out.startswith("Battery of a1b2-device, percentage not known on ")
    assert result.rows[1][2:] == ["-", "Normal", "100", "-", "-"]


def test_a_long_history_is_cut_in_the_table_only(cli: Cli, tmp_path: Path) -> None:
    note(tmp_path, *(report("SYN0003", 100.0 - number * 2, days=200 - number) for number in range(30)))
    result = cli.ended(0, "explain", "battery", "SYN0003")
    assert len(result.rows) == 21
    assert "... and 10 earlier ones; --json has them all." in result.out
    assert len(cli.ended(0, "explain", "battery", "SYN0003", "--json").json) == 30


def test_the_words_are_those_of_a_job(cli: Cli, tmp_path: Path) -> None:
    with (tmp_path / "config.toml").open("a") as file:
        file.write(JOB)
    assert cli.ended(0, "explain", "battery", "SYN0001").rows[1][3] == "Order one"


def test_an_unknown_device_says_which_jobs_collect(cli: Cli, tmp_path: Path) -> None:
    told = cli.ended(65, "explain", "battery", " nobody1 ").err
    assert "no report of 'nobody1' was kept so far; the jobs battery-gam, battery-csv and battery-telemetry" in told
    assert "collect them: configure one of them." in told
    (tmp_path / "config.toml").write_text(f'[state]\ndirectory = "{tmp_path}/none"\n{JOB}')
    assert "collect them: syncd run battery-telemetry." in cli.ended(65, "explain", "battery", "SYN0001").err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("arguments", [["battery"], ["battery", " "], ["battery", "a", "b"]])
def test_wrong_usage_is_said(cli: Cli, arguments: list[str]) -> None:
    assert cli.ended(64, "explain", *arguments).out == ""


@pytest.mark.parametrize("columns", [24, 60, 140])
def test_it_fits_the_terminal(cli: Cli, columns: int) -> None:
    shown = on_a_terminal(PROGRAM.format(["explain", "battery", "SYN0001"]), columns, **cli.environment)
    chart = shown.partition("Percent of the design capacity:")[2].splitlines()
    assert max(map(width, chart)) == min(columns, 100)
    assert "┤" in shown
    assert shown.endswith("ended 0\n")


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"TERM": "linux"}])
def test_a_terminal_without_the_letters_gets_ascii(cli: Cli, environment: dict[str, str]) -> None:
    shown = on_a_terminal(PROGRAM.format(["explain", "battery", "SYN0001"]), 60, **cli.environment, **environment)
    chart = shown.partition("Percent of the design capacity:")[2]
    assert chart.isascii()
    assert "\n    |********************\n" in chart


def test_the_journal_gets_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.cli.battery_history.is_the_journal", lambda _: True)
    assert cli.ended(0, "explain", "battery", "SYN0001").out == ""
