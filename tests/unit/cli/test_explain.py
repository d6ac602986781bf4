"""What ``syncd explain`` tells people about one Chromebook."""

import json
from pathlib import Path

import pytest

from syncd.sandbox.faults import Rule
from syncd.sandbox.site import Sandbox
from syncd.state.lock import JobLock
from unit.cli.commands import Cli, Result, configure, start
from unit.cli.journal_stub import printed_into_the_journal
from unit.cli.terminal import on_a_terminal, width


def of_kind(site: Sandbox, kind: str) -> tuple[str, str]:
    """Return the first device's id, and the first asset's name, of a case of this kind."""
    case = site.fleet.of_kind(kind)[0]
    return next(iter(case.devices), ""), next(iter(case.assets), "")


def said(result: Result) -> list[str]:
    """Return the lines that are sentences."""
    return [line for line in result.out.splitlines() if line and "\t" not in line]


@pytest.mark.parametrize(
    ("kind", "heading", "line"),
    [
        ("two_holders", "Matched by serial: device", "The next run changes nothing of it: both sides agree."),
        ("user_differs", "Matched by serial: device", "The next run plans: update google SYN"),
        ("returned", "Matched by serial: device", "The next run plans: clear google SYN"),
        ("stale_in_rt", "Matched by serial: device", "The next run plans: update rt EX-"),
        ("mac_only", "Matched by mac: device", "The next run plans: update rt EX-"),
        ("untidy_serial", "Matched by serial: device", "The next run changes nothing of it: both sides agree"),
        ("reenrolled", "Matched by serial: device", "its status is DEPROVISIONED, and the job takes ACTIVE, DISABLED."),
        ("owner_without_email", "Matched by serial", "both sides agree; annotatedUser left alone."),
        ("only_in_google", "Only in Google: device", "changes nothing of it: no asset has its serial or mac."),
        (
            "other_catalog",
            "Only in Google: device",
            "it is in the catalog Network Gear, and the job takes Chromebooks.",
        ),
        ("duplicate_in_google", "In conflict: device", "To do: deprovision all but one of device"),
        ("duplicate_in_rt", "In conflict: device", "To do: merge asset"),
        ("blank_serial", "Without a usable key: device", "no usable key: serial is blank, mac has no partner."),
        ("short_serial", "Without a usable key: device", "serial is shorter than 4 characters"),
        ("placeholder_serial", "Without a usable key: device", "serial is a placeholder"),
    ],
)
def test_every_kind_of_disagreement_is_told(
    shared_site: Sandbox, planner: Cli, kind: str, heading: str, line: str
) -> None:
    device, _ = of_kind(shared_site, kind)
    told = said(planner.ended(0, "explain", "chromebooks", device))
    assert told[0].startswith(heading)
    assert any(line in each for each in told), told


@pytest.mark.parametrize(
    ("kind", "heading"),
    [
        ("only_in_rt", "Only in RT: asset"),
        ("blank_serial", "Without a usable key: asset"),
        ("mac_only", "Matched by mac"),
    ],
)
def test_an_asset_is_found_by_its_name(shared_site: Sandbox, planner: Cli, kind: str, heading: str) -> None:
    _, asset = of_kind(shared_site, kind)
    assert said(planner.ended(0, "explain", "chromebooks", asset.lower()))[0].startswith(heading)


def test_all_names_of_one_thing_lead_to_it(shared_site: Sandbox, planner: Cli) -> None:
    case = shared_site.fleet.of_kind("untidy_serial")[0]
    number = next(asset.id for asset in shared_site.rt.world.assets.values() if asset.name == case.assets[0])
    serial = next(text for text in case.serials if text.strip() == text)
    names = (serial, serial.lower(), f" {serial[:4]} {serial[4:]} ", *case.serials, *case.assets, str(number))
    for name in (*names, case.devices[0], case.devices[0].upper()):
        [found] = planner.ended(0, "explain", "chromebooks", name, "--json").json["cases"]
        assert {record["id"] for record in found["records"]} == {case.devices[0], str(number)}
        assert any(record["sought"] for record in found["records"])


def test_the_keys_and_fields_stand_in_tables(shared_site: Sandbox, planner: Cli) -> None:
    case = shared_site.fleet.of_kind("untidy_serial")[0]
    rows = planner.ended(0, "explain", "chromebooks", case.devices[0]).rows
    assert rows[0] == ["system", "record", "called", "state", "serial", "mac"]
    clean, untidy = case.serials
    assert [row[4] for row in rows[1:3]] == [clean, f"{untidy} ({clean})"]
    assert rows[3] == ["system", "field", "has", "owned by", "owner has", "next run"]
    device = shared_site.google.device(case.devices[0])
    user = device["annotatedUser"]
    assert ["google", "annotatedUser", user, "rt Owner.EmailAddress", user, "in sync"] in rows
    assert ["rt", "CF.{Model}", device["model"], "google model", device["model"], "in sync"] in rows


def test_a_rejected_key_says_why(shared_site: Sandbox, planner: Cli) -> None:
    device, asset = of_kind(shared_site, "short_serial")
    for name in (device, asset):
        [_, row] = planner.ended(0, "explain", "chromebooks", name).rows
        assert row[4].endswith(" (no key: it is shorter than 4 characters)")


def test_json_has_all_of_it(site: Sandbox, syncd: Cli) -> None:
    device, _ = of_kind(site, "user_differs")
    planned = syncd.ended(0, "plan", "chromebooks", "--json").json["plan"]["actions"]
    document = syncd.ended(0, "explain", "chromebooks", device, "--json").json
    [case] = document["cases"]
    assert case["actions"] == [action for action in planned if action["object"] == device]
    assert case["state"] == "matched"
    [field] = [field for field in case["fields"] if field["action"]]
    assert (field["field"], field["owner"], field["verdict"]) == ("annotatedUser", "rt", "change")
    assert document["read"] == {"google": "queries", "rt": "queries"}
    assert document["mode"] == "plan"
    assert document["requests"]["google"]["requests"] <= 3
    assert document["requests"]["rt"]["requests"] <= 11
    assert {"job", "sought", "held_back"} <= document.keys()


def test_the_history_says_when_what_was_changed_and_how_it_went(site: Sandbox, syncd: Cli) -> None:
    device, _ = of_kind(site, "user_missing")
    syncd.ended(0, "plan", "chromebooks")
    before = syncd.ended(0, "explain", "chromebooks", device)
    assert "syncd has changed nothing of it so far." in before.out
    assert "But the job's mode is plan, so that a run changes nothing; syncd apply chromebooks does." in said(before)
    run = syncd.ended(0, "apply", "chromebooks").run
    after = syncd.ended(0, "explain", "chromebooks", device)
    assert "But " not in after.out
    [change] = [row for row in after.rows if row[1] == run]
    user = site.google.device(device)["annotatedUser"]
    assert change[2:] == ["google", site.google.device(device)["serialNumber"], "annotatedUser", "-", user, "verified"]
    [case] = syncd.ended(0, "explain", "chromebooks", device, "--json").json["cases"]
    assert [each["outcome"] for each in case["history"]] == ["verified"]


def test_a_refused_plan_is_named_as_the_reason(site: Sandbox, syncd: Cli) -> None:
    device, _ = of_kind(site, "user_differs")
    configure(site, 'mode = "apply"\nlimits.update.count = 1')
    refused = syncd.ended(3, "run", "chromebooks").run
    told = said(syncd.ended(0, "explain", "chromebooks", device))
    assert (
        f"But run {refused} was refused, and so is the next while its plan is above a limit; syncd show {refused}."
        in told
    )
    assert not any("mode is" in line for line in told)


@pytest.mark.parametrize("kind", ["blank_serial", "short_serial", "placeholder_serial"])
def test_a_device_without_a_usable_serial_is_matched_once_its_asset_has_its_mac(
    site: Sandbox, syncd: Cli, kind: str
) -> None:
    """As docs/integrations/chromebooks.md says what to do about it."""
    device, _ = of_kind(site, kind)
    mac = site.rt.world.field_named("MAC Address")
    assert mac is not None
    asset = site.rt.world.assets[next(iter(site.rt.world.live()))]
    serial = site.rt.world.field_named("Serial Number")
    assert serial is not None
    site.rt.world.set_values(asset, serial.id, ["SYN7777777"])
    site.rt.world.set_values(asset, mac.id, [site.google.device(device)["macAddress"]])
    assert said(syncd.ended(0, "explain", "chromebooks", device))[0].startswith("Matched by mac: device")


def test_two_things_of_one_name_are_both_told(site: Sandbox, syncd: Cli) -> None:
    one, two = [asset for asset in site.rt.world.assets.values() if asset.name.startswith("EX-00000")][30:32]
    two.name = one.name
    site.rt.world.save(two)
    told = said(syncd.ended(0, "explain", "chromebooks", one.name))
    assert told[0] == f"2 different things are called {one.name}."
    assert len([line for line in told if line.startswith("Matched by serial: asset")]) == 2


def test_devices_and_assets_outside_the_job_are_told_apart_from_nothing(site: Sandbox, syncd: Cli) -> None:
    device = next(each for each in site.fleet.devices if each["orgUnitPath"] == "/Students" and "serialNumber" in each)
    configure(site, 'org_units = ["/Staff"]')
    for name in (device["deviceId"], device["serialNumber"]):
        told = said(syncd.ended(0, "explain", "chromebooks", name))
        assert any("the job's org_units or query leave it out; it is in /Students." in line for line in told)
    _, gear = of_kind(site, "other_catalog")
    assert said(syncd.ended(0, "explain", "chromebooks", gear))[0].startswith("Outside the job: asset")


def test_a_new_asset_is_foretold(site: Sandbox, syncd: Cli) -> None:
    configure(site, 'missing_assets = "create"')
    device, _ = of_kind(site, "only_in_google")
    assert any(
        "The next run plans: create rt " in line for line in said(syncd.ended(0, "explain", "chromebooks", device))
    )
    device, _ = of_kind(site, "other_catalog")
    told = said(syncd.ended(0, "explain", "chromebooks", device))
    assert any("no asset is made for it: asset" in line and "in another catalog" in line for line in told)


@pytest.mark.parametrize("name", ["NOSUCH99", "4711", "no such asset", "00000000-0000-0000-0000-000000000000"])
def test_what_matches_nothing_is_said_with_where_it_was_sought(planner: Cli, name: str) -> None:
    result = planner.ended(65, "explain", "chromebooks", name)
    assert result.out == ""
    assert f"nothing is called '{name}': no device of Google has it" in result.err
    assert "syncd devices and syncd assets list what there is." in result.err


def test_a_serial_that_is_no_key_is_said_to_be_none(planner: Cli) -> None:
    told = planner.ended(65, "explain", "chromebooks", "To be filled by O.E.M.").err
    assert "as a serial number it is a placeholder, so that it is no key and serial numbers were not searched" in told
    assert "is found by its device id" in told


def test_a_deleted_asset_is_said_to_be_deleted(site: Sandbox, syncd: Cli) -> None:
    asset = next(iter(site.rt.world.assets.values()))
    site.rt.world.move(asset, status="deleted")
    assert (
        f"asset {asset.id} of RT has the status deleted" in syncd.ended(65, "explain", "chromebooks", str(asset.id)).err
    )


def test_bad_input_ends_as_in_other_verbs(site: Sandbox, syncd: Cli, bare: Cli) -> None:
    bare.ended(78, "explain", "chromebooks", "SYN0000001")
    assert "there is no job 'chromebook'" in syncd.ended(65, "explain", "chromebook", "SYN0000001").err
    syncd.ended(64, "explain", "chromebooks")
    for blank in ("", " \t"):
        assert (
            "OBJECT: it is blank; name a device, an asset, a person or a user"
            in syncd.ended(64, "explain", "chromebooks", blank).err
        )
    site.server.faults.add(Rule(route="/REST/2.0/assets", status=503))
    down = syncd.ended(75, "explain", "chromebooks", "SYN0000001")
    assert down.out == ""
    site.server.faults.clear()
    site.server.faults.add(Rule(route="/devices/chromeos", status=503))
    syncd.ended(75, "explain", "chromebooks", "SYN0000001")


def test_it_waits_for_no_lock_and_leaves_no_run(site: Sandbox, syncd: Cli) -> None:
    with JobLock(site.directory / "state", "chromebooks"):
        syncd.ended(0, "explain", "chromebooks", "SYN0000001")
    assert syncd.ended(0, "runs", "--json").json == []


def test_no_record_tells_of_people(site: Sandbox, syncd: Cli) -> None:
    device, _ = of_kind(site, "user_differs")
    result = syncd.ended(0, "--log", "json", "explain", "chromebooks", device)
    assert site.google.device(device)["annotatedUser"] in result.out
    assert not any("@" in json.dumps(record) for record in result.records)


def test_the_journal_gets_json_and_nothing_else(shared_site: Sandbox) -> None:
    device, _ = of_kind(shared_site, "user_differs")
    assert printed_into_the_journal(shared_site, ["explain", "chromebooks", device]) == ""
    assert json.loads(printed_into_the_journal(shared_site, ["explain", "chromebooks", device, "--json"]))["cases"]


def test_forty_columns_are_enough(tmp_path: Path) -> None:
    with start(tmp_path / "site") as site:
        cli = Cli(site)
        arguments = ["explain", "chromebooks", of_kind(site, "user_differs")[0]]
        program = f"from syncd.cli import _run\nassert _run({arguments!r}) == 0"
        coloured = on_a_terminal(program, 130, **cli.environment)
        narrow = on_a_terminal(program, 40, NO_COLOR="1", **cli.environment)
    tables = [line for line in narrow.splitlines() if line.startswith(("system ", "record ", "field ", "owner has "))]
    assert len(tables) > 20
    assert all(width(line) <= 40 for line in tables)
    assert "\x1b[36mupdate" in coloured
    assert "\x1b[" not in narrow
