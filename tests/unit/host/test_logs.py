import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest

from syncd.host import logs
from syncd.host.credentials import Secret
from syncd.host.errors import Unavailable
from syncd.host.messages import MessageId
from unit.host.fake_journald import FakeJournald

log = logging.getLogger("syncd.somewhere")
TEXT = "synthetic-s3cr3t"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    names = (None, "syncd", "keyring")
    levels = [logging.getLogger(name).level for name in names]
    yield
    for name, level in zip(names, levels, strict=True):
        logging.getLogger(name).setLevel(level)
    for handler in [handler for handler in logging.getLogger().handlers if handler.get_name() == "syncd"]:
        logging.getLogger().removeHandler(handler)
        handler.close()
    logs.set_run()


class Stderr:
    """All that was written to stderr so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def getvalue(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Stderr:
    return Stderr(capsys)


def json_lines(stderr: Stderr) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stderr.getvalue().splitlines()]


def fail_with(error: Exception) -> None:
    try:
        raise error
    except type(error):
        log.exception("reading failed")


# -- fields


def test_a_record_in_the_journal_has_the_fields_of_the_design(journald: FakeJournald) -> None:
    logs.configure("journal", job="chromebooks", run_id="r1", journal=journald.path)
    extra = {"SYSTEM": "rt", "OBJECT": 12, "ATTEMPT": 0, "FIELD": "", "ERROR": None}
    log.warning("changed %s", "asset 12", extra={"message_id": "ACTION_DONE", "syncd": extra})
    fields = journald.receive()
    assert fields.pop("CODE_FILE") == __file__
    assert int(fields.pop("CODE_LINE")) > 0
    assert fields == {
        "MESSAGE": "changed asset 12",
        "PRIORITY": "4",
        "MESSAGE_ID": MessageId.ACTION_DONE,
        "SYSLOG_IDENTIFIER": "syncd",
        "SYNCD_JOB": "chromebooks",
        "SYNCD_RUN_ID": "r1",
        "SYNCD_SYSTEM": "rt",
        "SYNCD_OBJECT": "12",
        "SYNCD_ATTEMPT": "0",
        "SYNCD_LOGGER": "syncd.somewhere",
        "CODE_FUNC": "test_a_record_in_the_journal_has_the_fields_of_the_design",
    }


def test_json_lines_have_the_same_fields_and_the_time(stderr: Stderr, journald: FakeJournald) -> None:
    def write() -> None:
        log.error("é → 図書", extra={"message_id": MessageId.HTTP_GAVE_UP, "syncd": {"SYSTEM": "google"}})

    logs.configure("journal", job="j", run_id="r", journal=journald.path)
    write()
    logs.configure("json", job="j", run_id="r")
    write()
    (line,) = json_lines(stderr)
    assert line.pop("TIMESTAMP").endswith("+00:00")
    assert line == journald.receive()
    assert line["SYNCD_SYSTEM"] == "google"
    assert "図書" in stderr.getvalue()


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.CRITICAL, "2"), (logging.ERROR, "3"), (logging.WARNING, "4"), (logging.INFO, "6"), (logging.DEBUG, "7")],
)
def test_levels_become_syslog_priorities(stderr: Stderr, level: int, priority: str) -> None:
    logs.configure("json", "DEBUG")
    log.log(level, "x")
    assert json_lines(stderr)[0]["PRIORITY"] == priority


def test_worker_threads_write_the_run_of_the_process(stderr: Stderr) -> None:
    logs.configure("json", job="j")
    logs.set_run("j", "r2")
    thread = threading.Thread(target=log.info, args=("x",), daemon=True)
    thread.start()
    thread.join(timeout=10)
    assert (json_lines(stderr)[0]["SYNCD_JOB"], json_lines(stderr)[0]["SYNCD_RUN_ID"]) == ("j", "r2")


def test_a_record_may_name_another_run(stderr: Stderr) -> None:
    logs.configure("json", job="j", run_id="r1")
    log.info("named", extra={"syncd": {"RUN_ID": "r3"}})
    log.info("another")
    runs = [(line["SYNCD_JOB"], line["SYNCD_RUN_ID"]) for line in json_lines(stderr)]
    assert runs == [("j", "r3"), ("j", "r1")]


def test_without_job_and_run_their_fields_are_left_out(stderr: Stderr) -> None:
    logs.configure("json")
    log.info("x", extra={"syncd": "no mapping"})
    assert not {"SYNCD_JOB", "SYNCD_RUN_ID", "MESSAGE_ID"} & json_lines(stderr)[0].keys()


# -- errors


def test_an_unexpected_error_is_one_record_with_its_traceback(journald: FakeJournald) -> None:
    logs.configure("journal", journal=journald.path)
    fail_with(RuntimeError("boom\nbang"))
    fields = journald.receive()
    assert fields["MESSAGE"].startswith("reading failed\nTraceback (most recent call last):\n")
    assert fields["MESSAGE"].endswith("RuntimeError: boom\nbang")
    assert fields["SYNCD_ERROR"] == "RuntimeError"


def test_an_unexpected_error_is_one_json_line(stderr: Stderr) -> None:
    logs.configure("json")
    fail_with(RuntimeError("boom"))
    (line,) = json_lines(stderr)
    assert "Traceback" in line["MESSAGE"]


def test_an_expected_error_gives_its_sentence_and_its_fields_and_no_traceback(stderr: Stderr) -> None:
    logs.configure("json")
    fail_with(Unavailable("RT is down; try later", code="rt.unreachable", system="rt", operation="list", object="2"))
    (line,) = json_lines(stderr)
    assert line["MESSAGE"] == "reading failed: RT is down; try later"
    assert [line[f"SYNCD_{name}"] for name in ("ERROR", "SYSTEM", "OPERATION", "OBJECT")] == [
        "rt.unreachable",
        "rt",
        "list",
        "2",
    ]


def test_a_sentence_that_the_message_has_already_is_not_repeated(stderr: Stderr) -> None:
    logs.configure("json")
    error = Unavailable("RT is down", code="rt.unreachable")
    log.error("%s", error.sentence, exc_info=error)
    assert json_lines(stderr)[0]["MESSAGE"] == "RT is down"


def test_a_stack_is_part_of_the_record(stderr: Stderr) -> None:
    logs.configure("json")
    log.info("here", stack_info=True)
    assert "Stack (most recent call last)" in json_lines(stderr)[0]["MESSAGE"]


# -- secrets


def write_everywhere() -> None:
    secret = Secret(TEXT)
    log.info("in the message " + TEXT)  # noqa: G003
    log.info("in an argument %s and %r", TEXT, {"a": TEXT})
    log.info("as itself %s %r", secret, [secret])
    log.info("in a field", extra={"syncd": {"OBJECT": TEXT}})
    fail_with(RuntimeError(f"in an error {TEXT}"))
    fail_with(Unavailable(f"in a sentence {TEXT}", code="x.y", object=TEXT))
    log.info("a stack", stack_info=True)  # synthetic-s3cr3t
    log.info("one argument too many", TEXT)  # noqa: PLE1205
    log.info("too few: %s %s", TEXT)  # noqa: PLE1206


@pytest.mark.parametrize("mode", ["plain", "json", "journal"])
def test_secrets_are_blanked_wherever_they_hide(
    mode: logs.Mode, stderr: Stderr, journald: FakeJournald, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(logging.getLogger(), "handlers", [])  # pytest's own fails on records that do not fit
        logs.configure(mode, journal=journald.path)
        write_everywhere()
        logging.getLogger().handlers[0].close()
    text = json.dumps([journald.receive() for _ in range(9)]) if mode == "journal" else stderr.getvalue()
    assert TEXT not in text
    assert "in the message ***" in text
    assert "in an error ***" in text
    assert "in a sentence ***" in text
    assert text.count("the arguments of this record do not fit it") == 2
    assert "as itself *** [***]" in text


def test_a_stream_that_fails_does_not_make_logging_dump_the_record(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(len(text))

    logs.configure("plain")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", Broken())
        log.info("x %s", TEXT)
    assert capfd.readouterr().err == ""


# -- ways out


def test_plain_text_has_time_level_and_message_and_cannot_drive_the_terminal(stderr: Stderr) -> None:
    logs.configure("plain")
    log.warning("title \x1b]0;gotcha\x07 \x9b31m\tok")
    time, _, rest = stderr.getvalue().partition(" ")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", time)
    assert rest == "warning  title \\x1b]0;gotcha\\x07 \\x9b31m\\tok\n"


FOREIGN = "RT says \x1b[2J\u202eonly\n12:00:00 info     all is well\x85"


def test_no_text_of_others_can_look_like_a_record_of_its_own(stderr: Stderr) -> None:
    logs.configure("plain")
    log.warning("%s", FOREIGN)
    first, second = stderr.getvalue().splitlines()
    assert first.endswith(r"RT says \x1b[2J\u202eonly")
    assert second == " " * 18 + r"12:00:00 info     all is well\x85"


def test_what_could_drive_a_terminal_does_so_in_no_way_out(stderr: Stderr, journald: FakeJournald) -> None:
    modes: tuple[logs.Mode, ...] = ("json", "journal")
    for mode in modes:
        logs.configure(mode, journal=journald.path)
        log.warning("%s", FOREIGN, extra={"syncd": {"OBJECT": FOREIGN}})
    (line,) = json_lines(stderr)
    for record in (line, journald.receive()):
        assert record["MESSAGE"] == "RT says \\x1b[2J\\u202eonly\n12:00:00 info     all is well\\x85"
        assert record["SYNCD_OBJECT"] == record["MESSAGE"].replace("\n", "\\n")
    assert not {"\x1b", "\x85", "\u202e"} & set(stderr.getvalue())


def test_configuring_again_replaces_and_does_not_double(stderr: Stderr) -> None:
    others = [handler for handler in logging.getLogger().handlers if handler.get_name() != "syncd"]
    for _ in range(3):
        logs.configure("json")
    logs.configure("plain")
    log.info("once")
    assert stderr.getvalue().count("once") == 1
    assert not stderr.getvalue().startswith("{")
    assert all(handler in logging.getLogger().handlers for handler in others)


def test_the_level_is_for_own_records_and_libraries_only_warn(stderr: Stderr) -> None:
    logs.configure("json", "DEBUG")
    log.debug("mine")
    logging.getLogger("urllib3").info("theirs")
    logging.getLogger("urllib3").warning("their trouble")
    logging.getLogger("keyring.backend").error("a backend that cannot work")
    logs.configure("json", "ERROR")
    log.warning("mine again")
    logging.getLogger("urllib3").warning("their trouble again")
    assert [line["MESSAGE"] for line in json_lines(stderr)] == ["mine", "their trouble"]


def test_when_journald_is_gone_records_go_to_stderr_with_their_priority(stderr: Stderr, tmp_path: Path) -> None:
    logs.configure("journal", journal=str(tmp_path / "none"))
    log.error("first\nsecond")
    assert stderr.getvalue() == "<3>first\n<3>second\n"


def stream_of(descriptor: int) -> dict[str, str]:
    found = os.fstat(descriptor)
    return {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}


@pytest.fixture
def file(tmp_path: Path) -> Iterator[TextIO]:
    with (tmp_path / "stderr").open("w", encoding="utf-8") as stream:
        yield stream


def test_auto_takes_the_journal_when_stderr_is_its_stream(
    file: TextIO, journald: FakeJournald, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", file)
    assert logs.configure(environ=stream_of(file.fileno()), journal=journald.path) == "journal"


@pytest.mark.parametrize("broken", ["no variable", "another stream", "garbage", "no socket", "no file"])
def test_auto_takes_json_lines_elsewhere(
    broken: str, file: TextIO, journald: FakeJournald, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", file)
    environ, journal = stream_of(file.fileno()), journald.path
    spoil: dict[str, Callable[[], object]] = {
        "no variable": environ.clear,
        "another stream": lambda: environ.update(JOURNAL_STREAM="1:2"),
        "garbage": lambda: environ.update(JOURNAL_STREAM="garbage"),
        "no socket": lambda: Path(journal).unlink(),
        "no file": lambda: monkeypatch.setattr(sys, "stderr", io.StringIO()),
    }
    spoil[broken]()
    assert logs.configure(environ=environ, journal=journal) == "json"


def test_auto_takes_plain_text_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    leader, follower = os.openpty()
    with os.fdopen(leader, "rb"), os.fdopen(follower, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert logs.configure(environ={}) == "plain"


def test_a_unit_does_not_import_the_json_library() -> None:
    code = (
        "import sys; from syncd.host import logs; logs.configure('journal'); print('pythonjsonlogger' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
