"""``syncd fields``, ``assets``, ``org-units``, ``devices``: quick looks, for people, programs and spreadsheets."""

import csv
import io
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from syncd.cli.records import harmless, print_csv
from syncd.host.messages import MessageId
from syncd.sandbox.faults import Rule
from syncd.sandbox.rt.assets import TRANSITIONS
from syncd.sandbox.rt.records import Asset
from syncd.sandbox.site import Sandbox
from unit.cli.commands import Cli, column
from unit.cli.terminal import on_a_terminal

SCOPE = "https://www.googleapis.com/auth/admin.directory.device.chromeos"


def table(text: str) -> list[dict[str, str]]:
    """Read CSV as a spreadsheet does."""
    return list(csv.DictReader(io.StringIO(text), strict=True))


def live(site: Sandbox) -> dict[str, Asset]:
    """Return the assets of the job's catalog by id."""
    found = site.rt.world
    (number,) = [catalog.id for catalog in found.catalogs.values() if catalog.name == "Chromebooks"]
    assets = [asset for asset in found.assets.values() if asset.catalog == number and asset.status != "deleted"]
    return {str(asset.id): asset for asset in assets}


# -- fields -----------------------------------------------------------------------------------------------------


def test_fields_are_told_as_they_are_written_in_the_configuration(planner: Cli) -> None:
    rows = planner.ended(0, "fields", "--all").rows
    assert rows[0] == ["catalog", "id", "field", "type", "values", "pattern", "choices"]
    found = {row[2]: row for row in rows[1:]}
    assert found["CF.{Serial Number}"][3:5] == ["Freeform", "1"]
    assert found["CF.{Battery Cycle Count}"][5] == r"(?#Digits)^[\d.]*$"
    status = found["CF.{Google Status}"]
    assert status[3] == "Select"
    assert {"ACTIVE", "DISABLED"} <= set(status[6].split(", "))


def test_fields_of_other_catalogs_can_be_looked_at(planner: Cli) -> None:
    arguments = ("fields", "--catalog", "Network Gear", "--catalog", "Chromebooks", "--json")
    found = planner.ended(0, *arguments).json
    assert {field["catalog"] for field in found} == {"Network Gear", "Chromebooks"}
    assert {"id", "name", "type", "max_values", "pattern", "values"} <= found[0].keys()


def test_a_catalog_that_there_is_not_is_named_with_the_nearest_one(planner: Cli) -> None:
    told = planner.ended(78, "--log", "json", "fields", "--catalog", "Chromeboks")
    assert '(there is "Chromebooks")' in told.records[-1]["MESSAGE"]


def test_without_a_job_a_catalog_has_to_be_named(site: Sandbox, syncd: Cli) -> None:
    site.config_file.write_text(site.config_file.read_text().partition("[jobs.")[0])
    assert "--catalog" in syncd.ended(64, "fields").err
    assert len(syncd.ended(0, "fields", "--catalog", "Chromebooks").rows) > 10


# -- assets -----------------------------------------------------------------------------------------------------


def test_assets_are_told_whole_in_csv_and_json(shared_site: Sandbox, planner: Cli) -> None:
    whole = live(shared_site)
    rows = table(planner.ended(0, "assets", "--csv").out)
    documents = planner.ended(0, "assets", "--json").json
    assert {row["id"] for row in rows} == {str(document["id"]) for document in documents} == whole.keys()
    serial = next(cf.id for cf in shared_site.rt.world.custom_fields.values() if cf.name == "Serial Number")
    for row, document in zip(rows, documents, strict=True):
        asset = whole[row["id"]]
        stored = asset.values.get(serial, [])
        assert document["custom_fields"].get("Serial Number", []) == [text for text in stored if text]
        assert document["name"] == asset.name


def test_assets_of_a_status_are_all_that_have_it(shared_site: Sandbox, planner: Cli) -> None:
    whole = live(shared_site).values()
    for status in ("in-use", "new"):
        rows = table(planner.ended(0, "assets", "--status", status, "--csv").out)
        assert {row["id"] for row in rows} == {str(asset.id) for asset in whole if asset.status == status}
    assert planner.ended(0, "assets", "--status", "stolen").out == "No assets.\n"


def test_a_status_that_there_is_not_is_told_with_those_that_there_are(planner: Cli) -> None:
    told = planner.ended(65, "--log", "json", "assets", "--status", "in-use", "--status", "in use").records[-1]
    assert "no asset has the status 'in use'; there are allocated, deleted, in-use, new, " in told["MESSAGE"]
    assert "'actve' is not one of 'active', " in planner.ended(64, "devices", "--status", "ACTVE").err.casefold()


def test_a_status_of_a_lifecycle_of_their_own_is_known_by_the_assets_that_have_it(
    site: Sandbox, syncd: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TRANSITIONS, "in repair", ("in-use",))
    asset = next(iter(live(site).values()))
    site.rt.world.move(asset, status="in repair")
    [document] = syncd.ended(0, "assets", "--status", "in repair", "--json").json
    assert document["id"] == asset.id
    assert "in repair" in syncd.ended(65, "--log", "json", "assets", "--status", "repair").records[-1]["MESSAGE"]


def test_a_table_shows_the_first_and_says_how_many_more(
    shared_site: Sandbox, planner: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncd.cli.records.FIRST", 10)
    number = len(live(shared_site))
    told = planner.ended(0, "assets", "--catalog", "Chromebooks")
    assert len(told.rows) == 1 + 10
    assert f"... and {number - 10} more assets; --all lists them." in told.out
    assert len(planner.ended(0, "assets", "--all").rows) == 1 + number


def test_csv_comes_page_by_page(site: Sandbox, syncd: Cli) -> None:
    with Many(site):
        site.server.faults.add(Rule(method="POST", route="/REST/2.0/assets", after=2, status=503))
        told = syncd.ended(75, "--log", "json", "assets", "--csv")
    assert len(table(told.out)) == 100
    assert syncd.ended(75, "--log", "json", "assets", "--json").out == ""


class Many:
    """More assets than a page has."""

    def __init__(self, site: Sandbox) -> None:
        self._world = site.rt.world

    def __enter__(self) -> None:
        first = next(iter(self._world.assets.values()))
        for number in range(5000, 5100):
            self._world.add(Asset(id=number, name=f"More {number}", status="new", catalog=first.catalog))

    def __exit__(self, *_: object) -> None:
        self._world.flush()


# -- org units and devices --------------------------------------------------------------------------------------


def test_org_units_are_told_with_the_root_first(shared_site: Sandbox, planner: Cli) -> None:
    rows = planner.ended(0, "org-units").rows or [[line] for line in planner.ended(0, "org-units").out.splitlines()]
    units = column(rows, "org unit")
    assert units[0] == "/"
    assert set(units) == {"/", *(unit["orgUnitPath"] for unit in shared_site.google.tenant.units.values())}
    assert planner.ended(0, "org-units", "--json").json == units
    assert [row["org unit"] for row in table(planner.ended(0, "org-units", "--csv").out)] == units


def test_org_units_need_a_scope_that_is_named_where_it_is_not_delegated(site: Sandbox, syncd: Cli) -> None:
    site.google.settings.scopes = frozenset([SCOPE])
    assert "admin.directory.orgunit.readonly" in syncd.ended(77, "--log", "json", "org-units").records[-1]["MESSAGE"]


def test_devices_are_seen_with_the_one_scope_that_a_job_needs(site: Sandbox, syncd: Cli) -> None:
    site.google.settings.scopes = frozenset([SCOPE])
    assert len(syncd.ended(0, "devices", "--json").json) == len(site.google.tenant.devices)
    site.google.settings.scopes = frozenset()
    assert "Domain-wide delegation" in syncd.ended(77, "--log", "json", "devices").records[-1]["MESSAGE"]


@pytest.fixture
def fleet(shared_site: Sandbox) -> dict[str, Any]:
    return {device["deviceId"]: device for device in shared_site.google.tenant.devices.values()}


def test_devices_are_told_whole_in_csv_and_json(planner: Cli, fleet: dict[str, Any]) -> None:
    rows = table(planner.ended(0, "devices", "--csv").out)
    assert {row["device id"] for row in rows} == fleet.keys()
    for row in rows:
        device = fleet[row["device id"]]
        assert row["os version"] == device.get("osVersion", "")
        assert row["org unit"] == device["orgUnitPath"]
    documents = planner.ended(0, "devices", "--json").json
    assert {document["deviceId"] for document in documents} == fleet.keys()


def test_devices_can_be_chosen_by_org_unit_status_and_query(planner: Cli, fleet: dict[str, Any]) -> None:
    def chosen(*arguments: str) -> set[str]:
        return {document["deviceId"] for document in planner.ended(0, "devices", *arguments, "--json").json}

    below = {key for key, device in fleet.items() if device["orgUnitPath"].startswith("/Chromebooks")}
    there = {key for key, device in fleet.items() if device["orgUnitPath"] == "/Chromebooks"}
    disabled = {key for key, device in fleet.items() if device["status"] == "DISABLED"}
    assert chosen("--org-unit", "/Chromebooks") == below
    assert chosen("--org-unit", "/Chromebooks", "--no-children") == there
    assert chosen("--status", "disabled") == disabled
    staff = {key for key, device in fleet.items() if device["orgUnitPath"] == "/Staff"}
    assert chosen(
        "--org-unit", "/Staff", "--org-unit", "/Chromebooks", "--status", "DISABLED", "--status", "ACTIVE"
    ) == {key for key in staff | below if fleet[key]["status"] in {"DISABLED", "ACTIVE"}}
    assert chosen("--query", "id:SYN0000003") == {k for k, d in fleet.items() if d.get("serialNumber") == "SYN0000003"}
    assert below > there > set()
    assert len(planner.ended(0, "devices", "--all").rows) == 1 + len(fleet)


def test_options_that_do_not_fit_together_are_refused(planner: Cli) -> None:
    assert "--no-children needs --org-unit" in planner.ended(64, "devices", "--no-children").err
    assert "exclude each other" in planner.ended(64, "assets", "--csv", "--json").err


def test_an_org_unit_that_there_is_not_is_told(planner: Cli) -> None:
    told = planner.ended(78, "--log", "json", "devices", "--org-unit", "/Nowhere")
    assert "'/Nowhere'" in told.records[-1]["MESSAGE"]


@pytest.mark.parametrize(("verb", "name"), [("assets", "rt"), ("devices", "google")])
def test_without_the_table_of_the_system_that_is_said(site: Sandbox, syncd: Cli, verb: str, name: str) -> None:
    site.config_file.write_text("")
    assert f"there is no [{name}]" in syncd.ended(78, "--log", "json", verb).records[-1]["MESSAGE"]


def test_a_look_does_without_a_state_directory_of_somebody_else(
    site: Sandbox, syncd: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.directory / "state").mkdir()
    monkeypatch.setattr("syncd.cli.looks.os.access", lambda *_: False)
    syncd.ended(0, "devices")
    assert [*(site.directory / "state").iterdir()] == []


@pytest.mark.parametrize("arguments", [["devices"], ["assets"], ["explain", "chromebooks", "SYN0000001"]])
def test_the_first_failure_is_the_end_and_is_told_once(site: Sandbox, syncd: Cli, arguments: list[str]) -> None:
    site.server.faults.add(Rule(route="/devices/chromeos", status=503))
    site.server.faults.add(Rule(route="/REST/2.0/catalog", status=503))
    told = syncd.ended(75, "--log", "json", *arguments).records
    assert [record["PRIORITY"] for record in told] == ["3"]
    assert max(Counter((request.method, request.target) for request in site.server.log).values()) == 1
    more = syncd.ended(75, "--verbose", "--log", "json", *arguments).records
    assert "HTTP_GAVE_UP" in {kind.name for kind in MessageId for record in more if record.get("MESSAGE_ID") == kind}


def test_a_look_makes_no_state_and_changes_nothing(site: Sandbox, syncd: Cli) -> None:
    before = len(site.rt.world.transactions)
    for verb in ("fields", "assets", "org-units", "devices"):
        syncd.ended(0, verb)
    assert syncd.ended(0, "--log", "json", "explain", "chromebooks", "SYN0000003").records == []
    assert not (site.directory / "state").exists()
    assert len(site.rt.world.transactions) == before
    assert {request.method for request in site.server.log} <= {"GET", "POST"}


# -- CSV, terminals, the journal --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "\\t=1"),
        ("\uff1d1", "'\uff1d1"),
        ("\n=1", "'\n=1"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb", "a\\u202eb"),
        ("00025-A", "00025-A"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_a_cell_can_neither_be_a_formula_nor_drive_a_terminal(cell: str, written: str) -> None:
    assert harmless(cell) == written


def test_csv_is_quoted_so_that_it_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    row = ['a "quoted", cell', "two\nlines", "", "plain", "semi;colon"]
    print_csv(["a", "b", "c", "d", "e"], [row])
    out = capsys.readouterr().out
    assert [*csv.reader(io.StringIO(out), strict=True)] == [["a", "b", "c", "d", "e"], row]
    assert out.endswith(",plain,semi;colon\n")


def test_csv_is_written_row_by_row(capsys: pytest.CaptureFixture[str]) -> None:
    def rows() -> Iterator[list[str]]:
        yield ["first"]
        assert capsys.readouterr().out == "x\nfirst\n"
        yield ["second"]

    print_csv(["x"], rows())


def test_a_name_in_rt_cannot_drive_the_terminal(site: Sandbox, syncd: Cli) -> None:
    asset = next(iter(live(site).values()))
    asset.name = "=cmd|' /C calc'!A0\x1b[2J"
    for how in ((), ("--csv",), ("--json",)):
        out = syncd.ended(0, "assets", *how).out
        assert "\x1b" not in out
        assert "cmd|" in out
    assert table(syncd.ended(0, "assets", "--csv").out)[0]["name"] == "'=cmd|' /C calc'!A0\\x1b[2J"


def test_the_journal_gets_no_table(planner: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.cli.records.is_the_journal", lambda _: True)
    assert planner.ended(0, "devices").out == ""
    assert planner.ended(0, "devices", "--json").json


def test_a_terminal_of_40_columns_gets_a_line_for_each_cell(shared_site: Sandbox) -> None:
    arguments = ["--config", str(shared_site.config_file), "assets"]
    credentials = str(shared_site.credentials_directory)
    program = f"from syncd.cli import main; main({arguments!r})"
    shown = on_a_terminal(program, 40, CREDENTIALS_DIRECTORY=credentials, NO_COLOR="1")
    assert "\x1b[" not in shown
    assert ["catalog", "Chromebooks"] in [line.split() for line in shown.splitlines()]


@pytest.mark.parametrize("how", ["", "--csv", "--json"])
def test_a_reader_that_is_gone_is_no_failure(shared_site: Sandbox, how: str) -> None:
    command = (
        f"CREDENTIALS_DIRECTORY={shared_site.credentials_directory} {sys.executable} -m syncd"
        f" --config {shared_site.config_file} assets {how} | head -n 1; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
