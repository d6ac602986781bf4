"""The command line itself: what is typed wrongly (64), readers that leave, and JSON that can be read."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click
import pytest

from syncd.cli import cli
from syncd.state.battery_history import HistoryRow
from syncd.state.inbox.records import asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, open_inbox
from syncd.state.store import open_store
from system.conftest import StartSite
from system.site import Site, wait_until

USAGE = 64


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plan"], "Missing argument 'JOB'"),
        (["paln", "chromebooks"], "No such command 'paln'"),
        (["plan", "chromebooks", "--jsn"], "No such option"),
        (["plan", "chromebooks", "twice"], "unexpected extra argument"),
        (["runs", "--limit", "none"], "'none' is not a valid integer"),
        (["--log", "loud", "runs"], "'loud' is not one of"),
        (["apply", "chromebooks", "--approve"], "requires an argument"),
    ],
)
def test_what_is_typed_wrongly_is_a_usage_error(site: Site, arguments: list[str], words: str) -> None:
    finished = site.syncd(*arguments).ended(USAGE)
    assert words in finished.stderr
    assert finished.stdout == ""
    assert site.sandbox.server.requests() == 0


@pytest.fixture(scope="module")
def used(start_site: StartSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """Return a site with two runs in its log, and the id of the first."""
    tmp = tmp_path_factory.mktemp("usage")
    with start_site(tmp / "site") as site:
        site.configure(job={"limits": {"clear": {"percent": 100}}})
        run = site.syncd("apply", "chromebooks").ended(0).run
        site.syncd("plan", "chromebooks").ended(0)
        with site.sandbox.config_file.open("a") as file:
            file.write('\n[jobs.rt-users]\n[exports.students]\ncatalogs = ["Chromebooks"]\n')
            file.write('[exports.battery]\ncatalogs = ["Chromebooks"]\n')
        with open_store(site.sandbox.directory / "state") as store:
            store.batteries.history.note([HistoryRow(device="SYN0000001", time=datetime.now(UTC), source="csv")])
        (tmp / "students.csv").write_text(STUDENTS)
        site.syncd("import", "students", str(tmp / "students.csv")).ended(0)
        yield site, run


def commands(command: click.Command, *name: str) -> Iterator[str]:
    """Yield every command that has ``--json``."""
    if isinstance(command, click.Group):
        for verb in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), verb)
            assert found is not None
            yield from commands(found, *name, verb)
    elif any("--json" in parameter.opts for parameter in command.params):
        yield " ".join(name)


# What each needs besides; RUN is a run's id, EVENT that of an event which waits, DIR a folder that is the test's own.
# The sandbox is started elsewhere.
WITH_JSON = {
    "plan": ("chromebooks",),
    "apply": ("chromebooks",),
    "run": ("chromebooks",),
    "revert": ("RUN",),
    "status": (),
    "runs": (),
    "show": ("RUN",),
    "diff": ("RUN", "RUN"),
    "state backup": ("DIR/backup.sqlite",),
    "state check": (),
    "state prune": ("--older-than", "30d"),
    "state rebuild": ("--yes",),
    "config check": (),
    "units": ("--output", "DIR/units"),
    "explain": ("chromebooks", "EX-0000001"),
    "doctor": (),
    "credentials check": (),
    "fields": (),
    "assets": (),
    "devices": (),
    "org-units": (),
    "import students": ("DIR/students.csv",),
    "import battery": ("DIR/batteries.csv",),
    "export students": (),
    "export drift": ("--output", "DIR"),
    "export battery": (),
    "export checkins": (),
    "events check": (),
    "events list": (),
    "events show": ("EVENT",),
    "events retry": ("EVENT",),
    "events drop": ("EVENT",),
    "poll asset-created": (),
    "tags show": (),
    "tags next": ("W12-",),
    "tags set": ("JSON-", "7"),
    "tags import": ("DIR/asset_tag_sequence.txt",),
}
STUDENTS = "student_id,first_name,last_name,username,grade,advisor\n1001,Ada,Example,aexample,9,\n"
BATTERIES = "Serial number,Battery health,Battery report time\nSYN0000001,Normal,2026-01-02 12:00\n"
ELSEWHERE = {"sandbox"}
ASSETS = itertools.count(1)


def event_of(site: Site) -> str:
    """Return the id of a new event in the inbox."""
    with open_inbox(site.sandbox.directory / "state" / DIRECTORY_NAME) as inbox:
        (receipt,) = inbox.accept([asset_created(next(ASSETS), "webhook")], datetime.now(UTC))
        return receipt.id


@pytest.mark.parametrize("verb", sorted(set(commands(cli)) - ELSEWHERE))
def test_json_of_every_verb_is_one_document(used: tuple[Site, str], tmp_path: Path, verb: str) -> None:
    site, run = used
    (tmp_path / "students.csv").write_text(STUDENTS)
    (tmp_path / "batteries.csv").write_text(BATTERIES)
    (tmp_path / "asset_tag_sequence.txt").write_text("42\n")
    places = {"RUN": run, "DIR": str(tmp_path), "EVENT": event_of(site) if verb.startswith("events") else ""}
    arguments = [re.sub("RUN|DIR|EVENT", lambda found: places[found[0]], text) for text in WITH_JSON[verb]]
    finished = site.syncd(*verb.split(), *arguments, "--json")
    assert finished.status == 0, finished.told
    assert isinstance(json.loads(finished.stdout), dict | list)
    assert all(int(record["PRIORITY"]) > 4 for record in finished.records)


def test_json_of_a_run_that_failed_to_read_is_nothing_and_the_reason_is_in_the_log(site: Site) -> None:
    site.credential("rt-token", "1-27-wrong")
    finished = site.refuses(77, "plan", "chromebooks", "--json")
    assert finished.stdout == ""


@pytest.fixture
def nobody_reads() -> Iterator[BinaryIO]:
    """Return a pipe to be written to whose reader has left."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        yield closed


def told_nobody(site: Site, pipe: BinaryIO, *arguments: str) -> str:
    """Run a command whose standard output nobody reads; return its log."""
    command = [sys.executable, "-m", "syncd", "--log", "json", *arguments]
    done = subprocess.run(
        command,
        env=site.syncd.environment,
        stdin=subprocess.DEVNULL,
        stdout=pipe,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("verb", ["show", "plan"])
def test_a_reader_that_leaves_is_no_failure(used: tuple[Site, str], nobody_reads: BinaryIO, verb: str) -> None:
    site, run = used
    log = told_nobody(site, nobody_reads, verb, run if verb == "show" else "chromebooks", "--all")
    assert "Traceback" not in log
    assert "BrokenPipe" not in log


def test_a_reader_that_leaves_does_not_stop_an_apply(site: Site, nobody_reads: BinaryIO) -> None:
    told_nobody(site, nobody_reads, "apply", "chromebooks")
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "in_sync"


def test_the_sandbox_prints_what_leads_to_it_as_json_and_ends_at_a_signal(site: Site, tmp_path: Path) -> None:
    started = site.syncd.start(
        "sandbox", "--port", "0", "--devices", "40", "--directory", str(tmp_path / "it"), "--json"
    )
    config = tmp_path / "it" / "config.toml"
    wait_until("the configuration", lambda: config.exists() and "[jobs" in config.read_text())
    finished = started.end(signal.SIGTERM).ended(0)
    assert str(config) in json.dumps(json.loads(finished.stdout))
