"""The admins' own tool, unmodified GAM, drives the stand-in; its output is compared with what it once printed."""

import csv
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.google_sandbox import FIXTURES, Running, running
from contract.real_gam import NO_WAY_OUT, configure, program

FIELDS = (
    "deviceid,serialnumber,status,orgunitpath,model,annotateduser,annotatedassetid,annotatedlocation,notes,macaddress,"
    "ethernetmacaddress,lastsync,autoupdatethrough,osversion,orgunitid"
)
USER_FIELDS = "primaryemail,id,name,suspended,archived,orgunitpath,externalids,lastlogintime,creationtime,aliases"
THIRD = "00000000-0000-4000-8000-000000000003"
Gam = Callable[..., str]


@pytest.fixture
def google() -> Iterator[Running]:
    with running() as sandbox:
        yield sandbox
        assert sandbox.discovery.violations == []


@pytest.fixture
def gam(google: Running, tmp_path: Path) -> Gam:
    """Return a function that runs one GAM command and gives its CSV output."""
    gam_program = program()
    home = configure(google.app, google.server.url, tmp_path / "gam")
    environment = {
        "HOME": str(home),
        "GAMCFGDIR": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        **NO_WAY_OUT,
    }

    def run(*command: str) -> str:
        output = tmp_path / "output.csv"
        asked = [str(gam_program), "redirect", "csv", str(output), *command]
        done = subprocess.run(asked, env=environment, cwd=home, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return output.read_text(encoding="utf-8") if output.exists() else ""

    return run


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(), escapechar="\\"))


def test_print_cros_is_what_gam_once_printed(google: Running, gam: Gam) -> None:
    google.app.settings.page_limit, google.app.settings.clamp = 3, True
    assert gam("print", "cros", "fields", FIELDS) == (FIXTURES / "cros-fields.csv").read_text(encoding="utf-8")
    assert google.server.requests() == google.server.requests("chromeosdevices.list") == 3


def test_print_orgs_is_what_gam_once_printed(gam: Gam) -> None:
    assert gam("print", "orgs") == (FIXTURES / "orgs.csv").read_text(encoding="utf-8")


def test_print_users_is_what_gam_once_printed(google: Running, gam: Gam) -> None:
    google.app.settings.users_limit, google.app.settings.clamp = 3, True
    assert gam("print", "users", "fields", USER_FIELDS) == (FIXTURES / "users-fields.csv").read_text(encoding="utf-8")
    assert google.server.requests("users.list") == 2


def test_print_users_searches_as_gam_asks(gam: Gam) -> None:
    suspended = gam("print", "users", "query", "isSuspended=true", "fields", "primaryemail,suspended,orgunitpath")
    assert suspended == (FIXTURES / "users-query.csv").read_text(encoding="utf-8")
    printed = rows(gam("print", "users", "limittoou", "/students", "fields", "primaryemail"))
    found = [row["primaryEmail"].partition("@")[0] for row in printed]
    assert found == ["student1", "student2", "student7"]


@pytest.mark.parametrize(
    ("file", "asked"),
    [
        ("battery", "fields serialnumber,batteryinfo,batterystatusreport"),
        ("battery-oneitem", "fields serialnumber,orgunitid,batterystatusreport oneitemperrow"),
        ("battery-json", "fields serialnumber,batteryinfo,batterystatusreport formatjson"),
        ("sn", "cros_sn SYN0002B fields serialnumber,batteryinfo,batterystatusreport"),
    ],
)
def test_print_crostelemetry_is_what_gam_once_printed(google: Running, gam: Gam, file: str, asked: str) -> None:
    printed = gam("print", "crostelemetry", *asked.split())
    assert printed == (FIXTURES / f"crostelemetry-{file}.csv").read_text(encoding="utf-8")
    assert google.server.requests("telemetry.devices.list") == 1


def test_print_crostelemetry_of_an_org_unit_is_what_gam_once_printed(gam: Gam) -> None:
    asked = ("ou", "/Chromebooks/High School", "fields", "serialnumber,batterystatusreport", "listlimit", "1")
    printed = gam("print", "crostelemetry", *asked)
    assert printed == (FIXTURES / "crostelemetry-ou.csv").read_text(encoding="utf-8")


def test_update_cros_changes_the_device_that_a_serial_finds(google: Running, gam: Gam) -> None:
    gam("update", "cros", "query:id:SYN0003C", "assetid", "00042 ü", "user", "student3@example.org", "ou", "/Staff")
    device = google.app.device(THIRD)
    assert (device["annotatedAssetId"], device["annotatedUser"]) == ("00042 ü", "student3@example.org")
    assert (device["orgUnitPath"], device["orgUnitId"]) == ("/Staff", "03ph8a2z4staff0")
    printed = rows(gam("print", "cros", "query", "asset_id:00042", "fields", "serialnumber,annotatedassetid"))
    assert [row["annotatedAssetId"] for row in printed] == ["00042 ü"]


def test_a_quick_move_and_a_batch_reach_the_devices(google: Running, gam: Gam) -> None:
    gam("update", "cros", "query:id:SYN0003C", "quickcrosmove", "ou", "/Students")
    assert google.app.device(THIRD)["orgUnitPath"] == "/Students"
    printed = rows(gam("print", "cros", "select", "cros_sn", "SYN0001A,SYN0003C", "fields", "serialnumber,model"))
    assert [row["serialNumber"] for row in printed] == ["SYN0001A", "SYN0003C"]
    assert google.server.requests("batch") >= 1
