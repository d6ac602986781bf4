"""One tenant, three sources: the real GAM, what it once printed, and the project's adapter know the same batteries."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from contract.google_sandbox import FIXTURES, Running, connecting, running
from contract.real_gam import NO_WAY_OUT, configure, program
from syncd.host.errors import ExitStatus, IntegrationError
from syncd.host.problems import Problems
from syncd.jobs.batteries.reports import NORMAL, REPLACE_NOW, REPLACE_SOON, Battery, BatteryReport, newest
from syncd.sandbox.fleet import make_fleet
from syncd.sandbox.google import GoogleApp
from syncd.systems.gam.batteries import printed
from syncd.systems.gam.battery_csv import rows, text_of
from syncd.systems.gam.command import Gam
from syncd.systems.google.options import TELEMETRY_READ
from syncd.systems.google.telemetry import EVER

NOW = datetime(2026, 11, 19, tzinfo=UTC)
Reports = dict[str, BatteryReport]


def report(number: int, letter: str, *batteries: Battery) -> BatteryReport:
    device = f"00000000-0000-4000-8000-{number:012}"
    return BatteryReport(f"SYN{number:04}{letter}", device, batteries, has_battery=bool(batteries))


def battery(letter: str, hour: int, health: str, full: int, design: int, cycles: int) -> Battery:
    return Battery(f"100{letter}", datetime(2026, 11, 18, hour, tzinfo=UTC), health, full, design, cycles, 50)


EXPECTED = {
    found.serial: found
    for found in (
        report(1, "A", battery("A", 11, NORMAL, 3920, 4080, 112)),
        report(2, "B", battery("B", 12, REPLACE_SOON, 3140, 4080, 611)),
        report(3, "C", battery("C", 13, REPLACE_NOW, 2700, 4110, 905)),
        report(6, "F"),
        report(7, "G", battery("G", 17, "", 0, 4080, 0)),
    )
}


@pytest.fixture
def google() -> Iterator[Running]:
    with running() as sandbox:
        yield sandbox
        assert sandbox.discovery.violations == []


def set_up(google: Running, directory: Path) -> Path:
    return configure(google.app, google.server.url, directory / "gam")


def gam(home: Path) -> Gam:
    environ = {"PATH": os.environ["PATH"], **NO_WAY_OUT}
    return Gam(str(program()), str(home), timeout=120, environ=environ)


def from_gam(home: Path, *arguments: str, now: datetime = NOW) -> Reports:
    problems = Problems()
    with printed(gam(home), problems, now=now, arguments=arguments) as found:
        reports = newest(found, now)
    assert [*problems] == []
    return reports


def plain(reports: Reports) -> Reports:
    """Return reports without org units, which not every file has."""
    return {key: msgspec.structs.replace(report, org_unit="") for key, report in reports.items()}


def from_file(name: str) -> Reports:
    problems = Problems()
    with (FIXTURES / name).open("rb") as file, text_of(file, name) as lines:
        reports = newest(rows(lines, name, problems, now=NOW), NOW)
    assert [*problems] == []
    return reports


def from_telemetry(google: Running, directory: Path, now: datetime = NOW) -> Reports:
    with connecting(google, directory, [TELEMETRY_READ], now) as connect:
        return newest(connect().telemetry.list(since=EVER), now)


@pytest.mark.parametrize("arguments", [(), ("formatjson",), ("formatjson", "quotechar", "'")])
def test_the_real_gam_prints_the_batteries_of_the_tenant(
    google: Running, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert plain(from_gam(set_up(google, tmp_path), *arguments)) == EXPECTED


def test_with_one_item_per_row_gam_prints_no_design_capacity_and_no_device_without_reports(
    google: Running, tmp_path: Path
) -> None:
    found = plain(from_gam(set_up(google, tmp_path), "oneitemperrow"))
    assert found == plain(from_file("crostelemetry-battery-oneitem.csv"))
    assert found.keys() == EXPECTED.keys() - {"SYN0006F"}
    for serial, each in found.items():
        (seen,), (whole,) = each.batteries, EXPECTED[serial].batteries
        assert (seen.full_charge, seen.time, seen.design) == (whole.full_charge, whole.time, None)


@pytest.mark.parametrize("name", ["crostelemetry-battery.csv", "crostelemetry-battery-json.csv"])
def test_what_gam_once_printed_has_the_batteries_of_the_tenant(name: str) -> None:
    assert from_file(name) == EXPECTED


def test_the_telemetry_adapter_reads_the_batteries_of_the_tenant(google: Running, tmp_path: Path) -> None:
    assert plain(from_telemetry(google, tmp_path)) == EXPECTED


def test_gam_and_the_adapter_agree_on_a_fleet_of_all_kinds(tmp_path: Path) -> None:
    with running(GoogleApp.from_fleet(make_fleet(300))) as google:
        google.app.settings.page_limit, google.app.settings.clamp = 200, True
        adapter = from_telemetry(google, tmp_path)
        assert adapter == from_gam(set_up(google, tmp_path))
        assert google.discovery.violations == []
    assert {len(each.batteries) for each in adapter.values()} == {0, 1, 2}
    assert len(adapter) > 250
    assert len({each.org_unit for each in adapter.values()} - {""}) > 1


@pytest.mark.parametrize(
    ("arguments", "code", "exit_status"),
    [
        (("nonsense",), "gam.usage", ExitStatus.CONFIGURATION),
        (("filter", "nonsense>=1"), "gam.rejected", ExitStatus.CONFIGURATION),
        (("ou", "/Nowhere"), "gam.not_found", ExitStatus.CONFIGURATION),
    ],
)
def test_what_the_real_gam_cannot_do_is_said_by_its_exit_status(
    google: Running, tmp_path: Path, arguments: tuple[str, ...], code: str, exit_status: ExitStatus
) -> None:
    with pytest.raises(IntegrationError) as caught:
        from_gam(set_up(google, tmp_path), *arguments)
    assert (caught.value.code, caught.value.exit_status) == (code, exit_status)


def test_a_real_gam_that_is_not_set_up_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(IntegrationError) as caught:
        from_gam(tmp_path)
    assert (caught.value.code, caught.value.exit_status) == ("gam.not_configured", ExitStatus.CONFIGURATION)
