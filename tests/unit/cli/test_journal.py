"""Records and what is printed, as a unit has them: nothing about people, nothing twice."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.host.logs import is_the_journal
from syncd.sandbox.faults import Rule
from syncd.sandbox.site import Sandbox
from unit.cli.commands import Cli, Result, configure
from unit.cli.journal_stub import listening, printed_into_the_journal


def personal(site: Sandbox) -> set[str]:
    """Return what tells of people: addresses, login names, real names, places and notes about them."""
    people = {text for user in site.fleet.users for text in (user.email, user.login, user.real_name) if text}
    fields = ("annotatedUser", "annotatedLocation", "notes", "annotatedAssetId")
    devices = {text for device in site.fleet.devices for name in fields if (text := device.get(name))}
    return people | devices | {asset.name for asset in site.fleet.assets}


def told(texts: set[str], records: object) -> set[str]:
    """Return which of these texts are in records."""
    log = json.dumps(records, ensure_ascii=False)
    return {text for text in texts if text in log}


def test_no_record_of_any_run_tells_of_people(site: Sandbox, syncd: Cli) -> None:
    configure(site, "limits.update.count = 1")
    refused = syncd.ended(3, "--log", "json", "apply", "chromebooks")
    site.server.faults.add(Rule(method="PATCH", route="/devices/chromeos/", status=400, times=2))
    site.server.faults.add(Rule(method="PUT", route="/asset/", status=500, times=1))
    partial = syncd.ended(1, "--log", "json", "apply", "chromebooks", "--approve", refused.approval)
    site.server.faults.clear()
    configure(site, "limits.clear.percent = 100")
    reverted = syncd.ended(0, "--log", "json", "revert", _run_of(partial), "--apply")
    site.server.faults.add(Rule(route="/REST/2.0/assets", status=503))
    down = syncd.ended(75, "--log", "json", "plan", "chromebooks")
    for result in (refused, partial, reverted, down):
        assert result.records
        assert told(personal(site), result.records) == set()
    assert told(personal(site), partial.out) != set(), "what is printed does tell, or this test could not fail"


def _run_of(result: Result) -> str:
    return next(record["SYNCD_RUN_ID"] for record in result.records if "SYNCD_RUN_ID" in record)


def test_a_run_can_be_put_together_again_from_its_records(site: Sandbox, syncd: Cli) -> None:
    del site
    result = syncd.ended(0, "--log", "json", "apply", "chromebooks")
    document = syncd.ended(0, "show", result.run, "--json").json
    ours = [record for record in result.records if record.get("SYNCD_RUN_ID") == result.run]
    objects = [record["SYNCD_OBJECT"] for record in ours if "SYNCD_OBJECT" in record]
    assert sorted(objects) == sorted({item["action"]["object"] for item in document["actions"]})
    (last,) = [record for record in ours if "SYNCD_RESULT" in record]
    assert last["SYNCD_RESULT"] == "applied"
    assert {record["SYNCD_JOB"] for record in ours} == {"chromebooks"}


def test_records_of_a_unit_go_to_the_journal_and_tell_of_no_people(site: Sandbox, syncd: Cli) -> None:
    configure(site, 'mode = "apply"')
    with listening() as records:
        result = syncd.ended(0, "--log", "journal", "run", "chromebooks")
    assert result.err == ""
    assert {"SYNCD_RUN_ID", "SYNCD_RESULT", "MESSAGE_ID", "PRIORITY"} <= records[-1].keys()
    assert len([record for record in records if "SYNCD_OBJECT" in record]) > 5
    assert told(personal(site), records) == set()


# -- standard output --------------------------------------------------------------------------------------------


def test_a_run_prints_nothing_into_the_journal_wherever_records_go(shared_site: Sandbox) -> None:
    assert printed_into_the_journal(shared_site, ["--log", "plain", "run", "chromebooks", "--all"]) == ""


def test_json_is_printed_even_there_since_it_was_asked_for(shared_site: Sandbox) -> None:
    printed = json.loads(printed_into_the_journal(shared_site, ["run", "chromebooks", "--json"]))
    assert printed["run"]["job"] == "chromebooks"


def test_what_goes_to_a_person_is_printed_although_records_go_to_the_journal(planner: Cli) -> None:
    with listening() as records:
        result = planner.ended(0, "--log", "journal", "plan", "chromebooks")
    assert "planned, nothing was changed" in result.out
    assert records


def test_a_stream_is_the_journal_when_device_and_inode_are_those_of_the_variable(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stream:
        place = os.fstat(stream.fileno())
        assert is_the_journal(stream, {"JOURNAL_STREAM": f"{place.st_dev}:{place.st_ino}"})
        assert not is_the_journal(stream, {"JOURNAL_STREAM": f"{place.st_dev}:{place.st_ino + 1}"})
        assert not is_the_journal(stream, {})
    assert not is_the_journal(stream, {"JOURNAL_STREAM": "1:2"}), "it is closed"


# -- where records go -------------------------------------------------------------------------------------------


def test_records_are_json_lines_in_a_pipe_unless_plain_text_is_asked_for(planner: Cli) -> None:
    assert planner.ended(0, "plan", "chromebooks").records[-1]["SYNCD_RESULT"] == "planned"
    assert planner.ended(0, "--log", "json", "plan", "chromebooks").records
    plain = planner.ended(0, "--log", "plain", "plan", "chromebooks").err
    assert "info     plan of chromebooks planned: matched" in plain
    assert "{" not in plain


@pytest.mark.parametrize("flag", ["-v", "--verbose"])
def test_every_request_is_a_record_when_asked_for(planner: Cli, flag: str) -> None:
    quiet = planner.ended(0, "--log", "json", "plan", "chromebooks").records
    verbose = planner.ended(0, "--log", "json", flag, "plan", "chromebooks")
    requests = [
        record
        for record in verbose.records
        if "SYNCD_RESPONSE_CODE" in record and "token" not in record.get("SYNCD_OPERATION", "")
    ]
    assert not [record for record in quiet if "SYNCD_RESPONSE_CODE" in record]
    counted = planner.ended(0, "show", verbose.run, "--json").json["run"]["requests"]
    assert len(requests) == sum(counted.values()) > 5


def test_names_that_the_locale_has_no_letters_for_do_not_change_the_status(shared_site: Sandbox) -> None:
    environment = {
        **os.environ,
        "SYNCD_CONFIG": str(shared_site.config_file),
        "CREDENTIALS_DIRECTORY": str(shared_site.credentials_directory),
        "PYTHONIOENCODING": "latin-1:strict",
    }
    command = [sys.executable, "-m", "syncd", "plan", "chromebooks", "--all"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert rb"\U0001f4bb" in done.stdout, "a laptop is in one of the names"
