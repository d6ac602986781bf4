"""How a job ended, who knows already, and the ways out of an alert."""

import json
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue

import pytest

from syncd.host.alerts import ping as pinging
from syncd.host.alerts.ending import FAILED, PROVEN, START, SUCCESS, TASKS, look_up, read_journal
from syncd.host.alerts.mail import hand_over, letter
from syncd.host.alerts.memory import Memory, Open
from syncd.host.alerts.ping import address, ping
from syncd.host.errors import Unavailable
from syncd.host.messages import MessageId
from unit.http_server import Answer, Stub, serving

INVOCATION = "5f0e"
BY_PROGRAM = {"_SYSTEMD_INVOCATION_ID": INVOCATION}
BY_SYSTEMD = {"INVOCATION_ID": INVOCATION}
LAST = {
    **BY_SYSTEMD,
    "MESSAGE_ID": "d9b373ed55a64feb8242e02dbe79a49c",
    "PRIORITY": "4",
    "MESSAGE": "Failed with result",
}
STARTED = {
    **BY_PROGRAM,
    "MESSAGE_ID": MessageId.RUN_STARTED,
    "SYNCD_RUN_ID": "R1",
    "PRIORITY": "6",
    "MESSAGE": "started",
}
ENVIRON = {"MONITOR_INVOCATION_ID": INVOCATION, "MONITOR_SERVICE_RESULT": "exit-code", "MONITOR_EXIT_STATUS": "1"}


class FakeJournal:
    """Answers as journalctl(1) does: fields alike are alternatives, different ones must all match."""

    def __init__(self, *records: Mapping[str, str]) -> None:
        self.records = records
        self.asked = 0

    def __call__(self, *matches: str, lines: int = 1) -> Sequence[Mapping[str, str]]:
        self.asked += 1
        wanted: dict[str, set[str]] = {}
        for match in matches:
            name, _, value = match.partition("=")
            wanted.setdefault(name, set()).add(value)
        levels = {"err": 3, "notice": 5}
        least = min((levels[level] for level in wanted.pop("--priority", set())), default=7)
        found = [
            record
            for record in self.records
            if all(record.get(name) in values for name, values in wanted.items())
            and int(record.get("PRIORITY", "6")) <= least
        ]
        return found[-lines:]


def _end(kind: MessageId, **more: str) -> dict[str, str]:
    return {**STARTED, "MESSAGE_ID": str(kind), "PRIORITY": "3", "MESSAGE": "apply of x failed: why", **more}


# -- how it ended


def test_the_end_of_a_run_has_its_id_its_reason_and_its_counts() -> None:
    journal = FakeJournal(STARTED, _end(MessageId.RUN_FAILED, SYNCD_COUNT_IN_SYNC="38", SYNCD_COUNT_X="?"), LAST)
    ending = look_up("x", FAILED, ENVIRON, journal)
    assert (ending.run, ending.reason, ending.counts) == ("R1", "apply of x failed: why", {"in_sync": 38})
    assert (ending.kind, ending.exit_status, ending.unit) == ("1", 1, "syncd-x.service")
    assert not ending.succeeded


def test_a_killed_run_has_its_id_and_what_systemd_saw() -> None:
    exited = {"MESSAGE_ID": "98e322203f7a4ed290d09fe03c09fe15", "PRIORITY": "5"}
    seen = {**BY_SYSTEMD, **exited, "MESSAGE": "Main process exited, code=killed, status=9/KILL"}
    start = {**BY_SYSTEMD, "PRIORITY": "3", "MESSAGE": "Failed to start"}
    environ = {**ENVIRON, "MONITOR_SERVICE_RESULT": "signal", "MONITOR_EXIT_STATUS": "KILL"}
    ending = look_up("x", FAILED, environ, FakeJournal(STARTED, seen, LAST, start))
    assert (ending.run, ending.reason) == ("R1", "Main process exited, code=killed, status=9/KILL")
    assert (ending.kind, ending.exit_status) == ("signal KILL", -1)


def test_without_a_run_the_reason_is_the_programs_last_error() -> None:
    error = {**BY_PROGRAM, "PRIORITY": "3", "MESSAGE": "the configuration has mistakes"}
    ending = look_up("x", FAILED, ENVIRON, FakeJournal({**error, "MESSAGE": "an earlier one"}, error, LAST))
    assert (ending.run, ending.reason) == ("", "the configuration has mistakes")


def test_a_partial_run_tells_how_much_was_not_done_and_names_one() -> None:
    failed = {**STARTED, "MESSAGE_ID": MessageId.ACTION_FAILED, "MESSAGE": "rt 12: update failed"}
    end = _end(MessageId.RUN_PARTIAL, SYNCD_COUNT_ACTIONS="9", SYNCD_COUNT_FAILED="2", SYNCD_COUNT_UNPROVEN="1")
    ending = look_up("x", FAILED, ENVIRON, FakeJournal(STARTED, failed, end, LAST))
    assert ending.reason == "3 of 9 actions were not done; the last: rt 12: update failed"


def test_a_refusal_by_the_guard_has_the_plan() -> None:
    end = _end(MessageId.GUARD_REFUSED, SYNCD_PLAN="ab" * 32)
    ending = look_up("x", FAILED, ENVIRON, FakeJournal(STARTED, end, LAST))
    assert (ending.refused, ending.plan) == (True, "ab" * 32)


@pytest.mark.parametrize(("status", "stopped"), [("75", True), ("1", False)])
def test_a_job_that_was_stopped_on_request_is_known(status: str, stopped: bool) -> None:  # noqa: FBT001
    request = {**BY_SYSTEMD, "JOB_TYPE": "stop", "MESSAGE": "Stopping"}
    ending = look_up("x", FAILED, {**ENVIRON, "MONITOR_EXIT_STATUS": status}, FakeJournal(request, LAST))
    assert ending.stopped is stopped


@pytest.mark.parametrize("records", [(STARTED,), (_end(MessageId.RUN_FAILED),), ()], ids=["started", "failed", "none"])
def test_a_success_without_the_record_of_it_is_none(records: tuple[Mapping[str, str], ...]) -> None:
    # systemd 252 starts the units of OnSuccess= before a retry, too
    environ = {**ENVIRON, "MONITOR_SERVICE_RESULT": "success", "MONITOR_EXIT_STATUS": "0"}
    assert not look_up("x", SUCCESS, environ, FakeJournal(*records, LAST)).succeeded
    assert look_up("x", SUCCESS, environ, FakeJournal(*records, _end(MessageId.RUN_FINISHED), LAST)).succeeded


@pytest.mark.parametrize(
    ("kind", "status", "succeeded"),
    [
        ("ROSTER_READ", "0", True),
        ("BATTERIES_READ", "0", True),
        ("EXPORTED", "0", True),
        ("ROSTER_READ", "75", False),
        ("STORE_MIGRATED", "0", False),
    ],
)
def test_a_task_has_succeeded_when_it_has_done_something(kind: str, status: str, succeeded: bool) -> None:  # noqa: FBT001
    record = {**BY_PROGRAM, "MESSAGE_ID": MessageId[kind], "MESSAGE": "done"}
    environ = {**ENVIRON, "MONITOR_SERVICE_RESULT": "success", "MONITOR_EXIT_STATUS": status}
    for task in set(TASKS) - set(PROVEN):
        assert look_up(task, SUCCESS, environ, FakeJournal(LAST, record)).succeeded is succeeded
    assert not look_up("chromebooks", SUCCESS, environ, FakeJournal(LAST, record)).succeeded


@pytest.mark.parametrize("task", PROVEN)
def test_what_looks_or_runs_for_long_has_succeeded_by_its_exit_status(task: str) -> None:
    environ = {**ENVIRON, "MONITOR_SERVICE_RESULT": "success", "MONITOR_EXIT_STATUS": "0"}
    assert look_up(task, SUCCESS, environ, FakeJournal(LAST)).succeeded
    assert not look_up(task, SUCCESS, {**environ, "MONITOR_EXIT_STATUS": "75"}, FakeJournal(LAST)).succeeded


def test_each_new_dead_letter_is_a_failure_of_its_own() -> None:
    environ = {**ENVIRON, "MONITOR_SERVICE_RESULT": "exit-code", "MONITOR_EXIT_STATUS": "1"}

    def kind(event: str) -> str:
        letter = {
            **BY_PROGRAM,
            "MESSAGE_ID": MessageId.DEAD_LETTERS,
            "MESSAGE": "1 event is dead",
            "SYNCD_EVENT": event,
        }
        return look_up("events", FAILED, environ, FakeJournal(LAST, letter)).kind

    assert (kind("01A"), kind("01B")) == ("1 01A", "1 01B")


def test_systemds_last_record_is_waited_for_but_not_for_ever() -> None:
    naps: list[float] = []
    look_up("x", FAILED, ENVIRON, FakeJournal(STARTED), naps.append)
    assert sum(naps) == pytest.approx(5)
    naps.clear()
    look_up("x", FAILED, ENVIRON, FakeJournal(STARTED, LAST), naps.append)
    assert naps == []


def test_a_start_asks_nothing() -> None:
    journal = FakeJournal(STARTED)
    assert look_up("x", START, ENVIRON, journal).event == START
    assert journal.asked == 0


def test_the_journal_is_read_by_journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "journalctl"
    program.write_text('#!/bin/sh\nfor word in "$@"; do printf \'{"MESSAGE": "%s"}\\n\' "$word"; done\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    words = [record["MESSAGE"] for record in read_journal("A=b", lines=3)]
    assert words == ["--quiet", "--no-pager", "--all", "--output=json", "--lines=3", "A=b"]
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert read_journal("A=b") == []


def test_a_record_with_control_characters_or_a_field_twice_is_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "journalctl"
    line = '{"MESSAGE": [97, 27, 98], "SYNCD_RUN_ID": ["R1", "R2"], "SYNCD_PLAN": null, "PRIORITY": "3"}'
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{line}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    told = {"MESSAGE": "a b", "SYNCD_RUN_ID": "R2", "SYNCD_PLAN": "", "PRIORITY": "3"}
    assert read_journal("A=b") == [told]


# -- who knows


def test_each_kind_is_remembered_until_the_success(tmp_path: Path) -> None:
    environ = {"STATE_DIRECTORY": str(tmp_path)}
    memory = Memory("x", environ)
    assert memory.open() is None
    memory.clear()
    memory.add("3")
    memory.add("75")
    found = Memory("x", environ).open()
    assert found is not None
    assert found.kinds == ["3", "75"]
    assert found.since.endswith("Z")
    assert Memory("y", environ).open() is None
    memory.clear()
    assert list(tmp_path.iterdir()) == []


def test_what_is_remembered_is_for_its_owner_whatever_the_umask(tmp_path: Path) -> None:
    memory = Memory("chromebooks", {"STATE_DIRECTORY": str(tmp_path)})
    (tmp_path / ".chromebooks.json.part").symlink_to("elsewhere")
    before = os.umask(0)
    try:
        memory.add("77")
    finally:
        os.umask(before)
    assert {path.name: path.lstat().st_mode & 0o777 for path in tmp_path.iterdir()} == {"chromebooks.json": 0o600}


def test_what_cannot_be_read_is_told_again(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    memory = Memory("x", {"STATE_DIRECTORY": str(tmp_path)})
    assert memory.open() == Open("an unknown time", [])
    memory.add("3")
    assert memory.open() == Open("an unknown time", ["3"])


def test_without_a_state_folder_nothing_is_remembered() -> None:
    memory = Memory("x", {})
    memory.add("3")
    memory.clear()
    assert memory.open() is None


# -- mail and command


def test_a_letter_is_a_mail_whatever_is_in_it() -> None:
    long = "x" * 400
    raw = letter("syncd@example.org", "it@example.org", "[syncd] schön: größer", f"Zeile\n\n{long} 図書\n")
    mail = message_from_bytes(raw, policy=policy.default)
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "syncd@example.org",
        "it@example.org",
        "[syncd] schön: größer",
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    assert raw.decode().partition("\n\n")[2] == f"Zeile\n\n{long} 図書\n", "as it was written"
    assert "\r" not in raw.decode()


def test_a_command_gets_the_text(tmp_path: Path) -> None:
    hand_over(["/bin/sh", "-c", f"cat >{tmp_path}/got; echo $WHO >>{tmp_path}/got"], "ä\n".encode(), {"WHO": "me"})
    assert (tmp_path / "got").read_text() == "ä\nme\n"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["/bin/sh", "-c", "exit 7"], "/bin/sh ended with status 7"),
        (["/no/sendmail", "-t"], "/no/sendmail cannot be run: No such file or directory"),
        (["/bin/sleep", "60"], "/bin/sleep took more than 0.2 s and was ended"),
    ],
)
def test_a_command_that_fails_is_an_alert_unsent(command: list[str], why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.host.alerts.mail.TIMEOUT", 0.2 if "sleep" in command[0] else 30)
    with pytest.raises(Unavailable) as caught:
        hand_over(command, b"", {})
    assert (caught.value.sentence, caught.value.code) == (why, "alert.unsent")


# -- ping


@pytest.mark.parametrize(
    ("url", "event", "wanted"),
    [
        ("https://hc-ping.com/uuid", START, "https://hc-ping.com/uuid/start"),
        ("https://hc-ping.com/uuid", SUCCESS, "https://hc-ping.com/uuid"),
        ("https://hc-ping.com/uuid/\n", FAILED, "https://hc-ping.com/uuid/fail"),
        ("https://example.org/ping?key=1", FAILED, "https://example.org/ping/fail?key=1"),
    ],
)
def test_the_address_says_what_happened(url: str, event: str, wanted: str) -> None:
    assert address(url, event) == wanted


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no ping wait for its next try, and a proxy be set, which is of no concern to it."""
    monkeypatch.setattr(pinging, "PAUSE", 0.0)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")


def answering(*statuses: int) -> AbstractContextManager[Stub]:
    return serving([Answer(status, headers={"Location": "/elsewhere"}) for status in statuses])


def got(stub: Stub) -> list[tuple[str, str]]:
    return [(seen.path, seen.body.decode()) for seen in stub.seen]


@pytest.mark.usefixtures("at_once")
def test_a_ping_is_tried_again() -> None:
    with answering(500, 200) as stub:
        ping(f"{stub.url}/secret", FAILED, "größer")
    assert got(stub) == [("/secret/fail", "größer")] * 2


@pytest.mark.usefixtures("at_once")
def test_a_ping_that_is_refused_says_so_without_its_address() -> None:
    with answering(404, 302, 500) as stub, pytest.raises(Unavailable) as caught:
        ping(f"{stub.url}/secret", SUCCESS, "")
    assert caught.value.sentence == "the ping was answered with status 500"
    assert "secret" not in json.dumps([str(caught.value), repr(caught.value.__cause__)])
    assert [path for path, _ in got(stub)] == ["/secret"] * 3, "no redirect is followed"


@pytest.mark.usefixtures("at_once")
def test_the_ping_of_a_start_is_tried_once() -> None:
    with answering(500, 200) as stub, pytest.raises(Unavailable, match="status 500"):
        ping(f"{stub.url}/secret", START, "")
    assert got(stub) == [("/secret/start", "")]


def test_a_ping_does_not_wait_for_the_rest_of_an_answer() -> None:
    ends: Queue[str] = Queue()

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "1")
            self.end_headers()
            try:
                ends.put("hung up" if not self.rfile.read(1) else "went on")
            except TimeoutError:
                ends.put("waited for the body")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(Unavailable, match="status 302"):
            ping(f"http://127.0.0.1:{server.server_address[1]}/secret", START, "")
        assert ends.get(timeout=30) == "hung up"
        thread.join()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("url", ["http://127.0.0.1:9/secret", "not an address/secret"])
def test_a_ping_with_no_answer_says_so_without_its_address(url: str) -> None:
    with pytest.raises(Unavailable, match=r"the ping got no answer: [A-Za-z]+$"):
        ping(url, FAILED, "")
