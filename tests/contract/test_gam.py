"""The admins' own tool, unmodified GAM, drives the stand-in; its output is compared with what it once printed.

GAM is redirected by its own discovery cache: the documents there name this server as the API's root, so nothing but
loopback is asked. It signs in as the service account itself (a JWT, no token endpoint).
"""

import csv
import email.utils
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.discovery import installed_document
from contract.google_sandbox import FIXTURES, Running, running

FIELDS = (
    "deviceid,serialnumber,status,orgunitpath,model,annotateduser,annotatedassetid,annotatedlocation,notes,macaddress,"
    "ethernetmacaddress,lastsync,autoupdatethrough,osversion,orgunitid"
)
USER_FIELDS = "primaryemail,id,name,suspended,archived,orgunitpath,externalids,lastlogintime,creationtime,aliases"
THIRD = "00000000-0000-4000-8000-000000000003"
# GAM gets no way out: a proxy that is not there would have to carry what is not for loopback.
NO_WAY_OUT = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}

APIS = (("admin", "directory_v1", "admin.directory_v1"), ("chromemanagement", "v1", "chromemanagement.v1"))
Gam = Callable[..., str]


def program() -> Path:
    beside = Path(sys.executable).with_name("gam")
    found = beside if beside.exists() else shutil.which("gam")
    if found is None:
        if os.environ.get("SYNCD_REQUIRE_SERVICES") == "1":
            pytest.fail("GAM is required and missing: pip install gam7", pytrace=False)
        pytest.skip("GAM is missing (pip install gam7): what real GAM makes of the stand-in was NOT tested")
    return Path(found)


@pytest.fixture
def google() -> Iterator[Running]:
    with running() as sandbox:
        yield sandbox
        assert sandbox.discovery.violations == []


@pytest.fixture
def gam(google: Running, tmp_path: Path) -> Gam:
    """Return a function that runs one GAM command and gives its CSV output."""
    gam_program = program()
    home = configure(google, tmp_path / "gam")
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


def configure(google: Running, home: Path) -> Path:
    (home / "drive").mkdir(parents=True)
    google.app.account.write_credentials(home, google.server.url).rename(home / "oauth2service.json")
    settings = {
        "enable_dasa": "true",
        "customer_id": google.app.tenant.customer,
        "domain": google.app.tenant.domain,
        "admin_email": "admin@example.org",
        "no_cache": "false",
        "cache_discovery_only": "true",
        "cache_dir": home / "cache",
        "no_update_check": "true",
        "drive_dir": home / "drive",
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    (home / "gam.cfg").write_text("\n".join(["[DEFAULT]", *lines, ""]), encoding="utf-8")
    remember(home / "cache", f"{google.server.url}/")
    return home


def remember(cache: Path, root: str) -> None:
    """Fill GAM's cache with the discovery documents, as if it had fetched them."""
    for host, version, name in APIS:
        remember_one(cache, root, f"https://{host}.googleapis.com/$discovery/rest?version={version}", name)


def remember_one(cache: Path, root: str, url: str, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import modern_httplib2  # noqa: PLC0415 - its import warns

    document = json.loads(installed_document(name)) | {"rootUrl": root, "baseUrl": root}
    document.pop("mtlsRootUrl", None)
    body = json.dumps(document).encode()
    head = {
        "status": "200",
        "content-type": "application/json; charset=UTF-8",
        "date": email.utils.formatdate(usegmt=True),
        "cache-control": "public, max-age=315360000",
        "content-length": str(len(body)),
        "content-location": url,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    modern_httplib2.FileCache(str(cache)).set(url, f"{lines}\r\n".encode() + body)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(), escapechar="\\"))


def test_print_cros_is_what_gam_once_printed(google: Running, gam: Gam) -> None:
    google.app.settings.page_limit, google.app.settings.clamp = 3, True
    assert gam("print", "cros", "fields", FIELDS) == (FIXTURES / "cros-fields.csv").read_text(encoding="utf-8")
    assert google.server.requests("chromeosdevices.list") == 3


def test_print_orgs_is_what_gam_once_printed(gam: Gam) -> None:
    assert gam("print", "orgs") == (FIXTURES / "orgs.csv").read_text(encoding="utf-8")


def test_print_users_is_what_gam_once_printed(google: Running, gam: Gam) -> None:
    google.app.settings.users_limit, google.app.settings.clamp = 3, True
    assert gam("print", "users", "fields", USER_FIELDS) == (FIXTURES / "users-fields.csv").read_text(encoding="utf-8")
    assert google.server.requests("users.list") == 2


def test_print_users_searches_as_gam_asks(gam: Gam) -> None:
    suspended = gam("print", "users", "query", "isSuspended=true", "fields", "primaryemail,suspended,orgunitpath")
    assert suspended == (FIXTURES / "users-query.csv").read_text(encoding="utf-8")

    def found(*asked: str) -> list[str]:
        printed = rows(gam("print", "users", *asked, "fields", "primaryemail"))
        return [row["primaryEmail"].partition("@")[0] for row in printed]

    assert found("limittoou", "/students") == ["student1", "student2", "student7"]
    assert found("query", "orgUnitPath=/ email:student* isSuspended=False") == ["student1", "student2"]
    assert found("query", "externalId=S20002") == ["student2"]


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


def test_gam_asks_nothing_but_the_sandbox(google: Running, gam: Gam) -> None:
    gam("print", "cros", "fields", "serialnumber")
    assert google.server.requests() == google.server.requests("chromeosdevices.list") == 1
