"""How a command that failed says so."""

import json
import os
import pty
import subprocess
import sys

import pytest

from syncd.cli.failure import report
from syncd.host import errors, logs
from syncd.host.errors import IntegrationError, Unavailable

STATUSES = {
    errors.IntegrationError: 1,
    errors.WriteRefused: 1,
    errors.NotFound: 1,
    errors.Refused: 3,
    errors.DataError: 65,
    errors.Unavailable: 75,
    errors.Busy: 75,
    errors.Interrupted: 75,
    errors.NotPermitted: 77,
    errors.ConfigurationError: 78,
}


def test_every_kind_of_error_is_in_the_table() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, IntegrationError)}
    assert kinds == STATUSES.keys()


@pytest.mark.parametrize("kind", STATUSES)
def test_the_class_of_an_error_is_its_exit_status(kind: type[IntegrationError]) -> None:
    assert report(kind("what is wrong", code="test.code")) == STATUSES[kind]


def test_a_defect_ends_with_70_and_has_its_traceback_in_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    with pytest.raises(KeyError) as caught:
        os.environ["SYNCD_NO_SUCH_VARIABLE"]
    assert report(caught.value) == 70
    (line,) = capfd.readouterr().err.splitlines()
    record = json.loads(line)
    assert record["PRIORITY"] == "2"
    assert record["MESSAGE"].startswith("internal error: KeyError\nTraceback")
    assert "test_failure.py" in record["MESSAGE"]


def test_an_error_is_one_record_with_its_fields(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    error = Unavailable("RT is down.", code="rt.down", system="rt", operation="search assets", object="asset 7")
    assert report(error) == 75
    (line,) = capfd.readouterr().err.splitlines()
    record = json.loads(line)
    assert (record["MESSAGE"], record["PRIORITY"]) == ("RT is down.", "3")
    told = {name: record[f"SYNCD_{name}"] for name in ("ERROR", "SYSTEM", "OPERATION", "OBJECT")}
    assert told == {"ERROR": "rt.down", "SYSTEM": "rt", "OPERATION": "search assets", "OBJECT": "asset 7"}


def test_an_error_that_the_log_has_already_is_not_told_again(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    error = Unavailable("RT is down.", code="rt.down")
    error.told = True
    assert report(error) == 75
    assert capfd.readouterr().err == ""


def on_stderr(program: str, *, terminal: bool) -> str:
    """Return what a program of its own writes to its standard error."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    process = subprocess.Popen([sys.executable, "-c", program], stderr=theirs)
    os.close(theirs)
    received = b""
    try:
        while piece := os.read(ours, 4096):
            received += piece
    except OSError:  # the other end of a terminal is closed
        pass
    os.close(ours)
    assert process.wait(30) == 0
    return received.decode().replace("\r\n", "\n")


TOLD = """
from syncd.cli.failure import report
from syncd.host import logs
from syncd.host.errors import Unavailable
logs.configure({mode!r})
error = Unavailable("RT is \\x1b[31mdown.", code="rt.down")
error.told = {told}
report(error)
"""


@pytest.mark.parametrize("told", [True, False])
def test_at_a_terminal_an_error_is_one_safe_sentence_whether_the_log_has_it_or_not(*, told: bool) -> None:
    shown = on_stderr(TOLD.format(mode="auto", told=told), terminal=True)
    assert shown == "syncd: RT is \\x1b[31mdown.\n"


def test_before_logging_has_begun_an_error_is_a_sentence_anywhere() -> None:
    program = TOLD.replace("logs.configure({mode!r})", "").format(told=False)
    assert on_stderr(program, terminal=False) == "syncd: RT is \\x1b[31mdown.\n"


def test_before_logging_has_begun_a_defect_is_told_too() -> None:
    program = "from syncd.cli.failure import report\nassert report(KeyError('x')) == 70"
    assert "syncd: internal error: KeyError('x')" in on_stderr(program, terminal=False)
