"""The three jobs on their sources: what is read, noted and told, whatever the source is."""

import logging
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from syncd.host.credentials import Credentials
from syncd.host.errors import DataError, Interrupted
from syncd.host.problems import Problems
from syncd.jobs.batteries.job import BatteryJob
from syncd.jobs.batteries.options import BatteryCsvOptions
from syncd.jobs.batteries.reports import REPLACE_SOON, Batteries, BatteryReport
from syncd.jobs.batteries.skipped import tell_skipped
from syncd.jobs.battery_csv import CsvSource
from syncd.jobs.battery_gam import _Unwanted
from syncd.jobs.battery_telemetry import TelemetrySource
from syncd.jobs.context import RunContext
from syncd.reconcile.model import Comparison
from syncd.state.store import Store
from syncd.systems.google.telemetry import EVER
from syncd.systems.rt.assets import Asset
from syncd.systems.rt.options import RtOptions
from syncd.systems.rt.schema import Schema
from syncd.systems.rt.snapshot import AssetSnapshot
from unit.jobs.battery_sample import DEFINITIONS, NOW, TO_RT, asset, battery, empty, report
from unit.jobs.fake_systems import FakeAssets
from unit.rt.fake_rt import schema
from unit.virtual_clock import VirtualClock


class Shelf:
    """A job of batteries between a list of reports and a fake RT."""

    def __init__(self, store: Store, reports: list[BatteryReport], assets: list[Asset]) -> None:
        self.store = store
        self.reports = reports
        self.assets = assets

    def job(self, **given: Any) -> BatteryJob:  # noqa: ANN401
        options = BatteryCsvOptions(**{"catalogs": ("Chromebooks",), "to_rt": TO_RT, **given})
        stats = SimpleNamespace(requests=3, retries=0, by_code={"200": 3})
        rt = SimpleNamespace(
            preflight=lambda need: schema(need=need, custom_fields=tuple(DEFINITIONS.values()), fields=DEFINITIONS),
            reader=SimpleNamespace(read=self._read),
            client=SimpleNamespace(stats=stats),
        )
        source = SimpleNamespace(system="telemetry", stats={"google": stats}, read=lambda _: self.reports)
        return BatteryJob("battery-telemetry", options, self._context(), source, cast("Any", rt))

    def compare(self, **given: Any) -> Comparison:  # noqa: ANN401
        return self.job(**given).observe_and_compare()

    def _read(self, schema: Schema, *, full: bool, progress: Any) -> AssetSnapshot:  # noqa: ANN401, ARG002
        kept = cast("Any", FakeAssets(self.assets, schema))
        return AssetSnapshot(assets=kept, people={}, as_of=NOW, full=NOW, how="warm", re_read=0)

    def _context(self) -> RunContext:
        return RunContext(
            google=None,
            rt=RtOptions(url="http://rt.invalid"),
            credentials=Credentials({}, keyring=False),
            store=self.store,
            clock=VirtualClock(NOW),
            progress=lambda *_: None,
        )


def test_all_is_counted(store: Store) -> None:
    reports = [
        report(battery()),
        report(battery(health=REPLACE_SOON), serial="SYN0002B"),
        report(serial="SYN0003C"),
        report(battery(), serial="SYN0009J"),
    ]
    assets = [asset(1, "SYN0001A"), asset(2, "SYN0002B"), asset(3, "SYN0003C"), asset(4, "SYN0004D")]
    found = Shelf(store, reports, assets).compare()
    assert {name: number for name, number in found.counts.items() if number} == {
        "matched": 3, "only_telemetry": 1, "in_sync": 1, "changed": 1, "no_battery": 1, "not_in_source": 1
    }  # fmt: skip
    assert "only_rt" not in found.counts
    assert found.populations == {"rt": 4}
    assert found.sources == {"telemetry": 4, "rt": 4}
    assert [action.object for action in found.actions] == ["2"]


def test_every_run_notes_what_devices_report_as_far_as_it_is_news(store: Store) -> None:
    both = report(battery(), battery(serial="B2", full_charge=3900))
    shelf = Shelf(store, [both, report(serial="SYN0002B"), report(battery(cycles=7), serial="", device_id="d9")], [])
    shelf.compare()
    shelf.compare()
    (row,) = store.batteries.history.of("SYN0001A")
    assert (row.source, row.percent, row.battery, row.level) == ("telemetry", 85.0, "B1", 60)
    assert [(other.battery, other.percent) for other in row.others] == [("B2", 97.5)]
    assert [row.cycles for row in store.batteries.history.of("d9")] == [7]
    assert store.batteries.history.of("SYN0002B") == []


def test_a_device_is_explained_by_its_serial_number_and_the_name_of_its_asset(store: Store) -> None:
    shelf = Shelf(store, [report(battery()), report(serial="SYN0002B")], [empty(1), asset(2, "SYN0002B")])
    for sought in ("syn 0001a", "EX-1", "ex-1", "1", "d-SYN0001A"):
        (case,) = shelf.job().explain(sought).cases
        assert (case.state, len(case.actions)) == ("matched", 1), sought
        assert case.fields[0].source == "percent"
    (case,) = shelf.job().explain("SYN0002B").cases
    assert (case.state, case.actions) == ("no_battery", [])
    assert "others of its org unit do" in case.why
    assert store.batteries.history.of("SYN0001A") == []
    with pytest.raises(DataError, match="nothing is called 'SYN0008H'"):
        shelf.job().explain("SYN0008H")


def test_explaining_says_what_waits_for_a_reason(store: Store) -> None:
    (case,) = Shelf(store, [report(battery(level=10))], [asset()]).job().explain("EX-1").cases
    waiting = {fact.source: fact.why for fact in case.fields if fact.verdict == "kept"}
    assert waiting.keys() == {"level", "report_time"}
    assert waiting["level"] == "CF.{Level} kept because nothing else of the asset changes"


def test_requests_are_counted_for_the_source_too(store: Store) -> None:
    assert Shelf(store, [], []).job().traffic().keys() == {"google", "rt"}


def kept(*records: bytes) -> CsvSource:
    """Return the source of a store that has these records."""
    return CsvSource(cast("Any", SimpleNamespace(imported=lambda: iter([("key", record) for record in records]))))


def test_imported_reports_are_read_from_the_store() -> None:
    reports = [report(battery(), serial=f"SYN{number:04}") for number in range(1500)]
    told: list[int] = []
    found = kept(*map(msgspec.json.encode, reports)).read(lambda _what, done, _total: told.append(done))
    assert found == reports
    assert told == [1000, 1500]


def test_an_imported_report_that_cannot_be_read_is_no_report() -> None:
    with pytest.raises(DataError, match="an imported report of a battery cannot be read"):
        kept(b"{").read(lambda *_: None)


def test_google_is_asked_for_the_reports_of_recent_days() -> None:
    asked: list[Any] = []

    def listed(**given: Any) -> list[Any]:  # noqa: ANN401
        asked.append(given["since"])
        return []

    for days in (10, 100_000):
        telemetry = cast("Any", SimpleNamespace(list=listed))
        TelemetrySource(telemetry, days, VirtualClock(NOW)).read(lambda *_: None)
    assert (NOW - asked[0]).days == 10
    assert asked[1] == EVER


def test_gam_is_unwanted_as_soon_as_the_progress_is() -> None:
    def stop(*_: object) -> None:
        raise Interrupted("stopped", code="run.stopped")

    told: list[tuple[str, int, int | None]] = []
    assert not _Unwanted(lambda *what: told.append(what))()
    assert told == [("seconds of GAM", 0, None)]
    assert _Unwanted(stop)()


def test_what_was_passed_over_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    batteries, problems = Batteries(NOW), Problems()
    with caplog.at_level(logging.INFO):
        tell_skipped("csv", batteries, problems)
        assert caplog.messages == []
        batteries.ahead, batteries.nameless = 3, 1
        problems.add("GAM's output", 7, "cycleCount", "'many' is not a whole number")
        tell_skipped("csv", batteries, problems)
    (told,) = caplog.messages
    assert "3 have a time that is still to come; 1 have neither a serial number nor a device id" in told
    assert "1 cells or rows are of no use, the first: GAM's output, row 7, cycleCount: 'many'" in told
