"""``syncd alert``: what it says, to whom, and how often."""

import logging
import os
import stat
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from syncd.cli import alert as verb
from syncd.cli import cli
from syncd.cli.letter import text, title
from syncd.host.alerts.ending import FAILED, START, SUCCESS, TASKS, Ending
from syncd.host.alerts.memory import Open
from syncd.host.errors import Unavailable

COUNTS = {"matched": 40, "in_sync": 38, "changed": 2, "conflict": 0, "actions": 2, "update": 2}
REFUSAL = Ending(
    job="chromebooks",
    event=FAILED,
    result="exit-code",
    status="3",
    invocation="5f0e",
    run="20261121T050002-ab12",
    plan="0123456789abcdef" * 4,
    refused=True,
    reason="apply of chromebooks refused: Refused, nothing was changed: 2 updates are more than 1, the limit.",
    counts=COUNTS,
)
LETTER = """\
chromebooks failed on sync: refused by a guard, nothing was changed

Run:      20261121T050002-ab12
Unit:     syncd-chromebooks.service (exit-code, exit status 3)
Reason:   apply of chromebooks refused: Refused, nothing was changed: 2
          updates are more than 1, the limit.
Counts:   40 matched, 38 in sync, 2 to change; 2 actions: 2 update

What to type:
  sudo syncd show 20261121T050002-ab12
  sudo syncd apply chromebooks --approve 0123456789abcdef
  journalctl INVOCATION_ID=5f0e + _SYSTEMD_INVOCATION_ID=5f0e

You will not be told of this kind of failure again until the job has
succeeded; then once of that.
"""
WORKS = """\
chromebooks works again on sync

Run:      R2
Unit:     syncd-chromebooks.service (success, exit status 0)
Counts:   40 matched; 1 action: 1 verified
Failing:  since 2026-11-20T05:00:07Z

More:
  sudo syncd show R2
  journalctl INVOCATION_ID=5f0f + _SYSTEMD_INVOCATION_ID=5f0f

It had failed, and you were told; all is well again.
"""
BEFORE = Open("2026-11-20T05:00:07Z", ["3"])


def success(run: str = "R2") -> Ending:
    counts = {"matched": 40, "actions": 1, "verified": 1, "update": 1}
    return Ending(
        job="chromebooks",
        event=SUCCESS,
        result="success",
        status="0",
        invocation="5f0f",
        run=run,
        counts=counts,
        succeeded=True,
    )


def failure(status: str, result: str = "exit-code", run: str = "R1") -> Ending:
    return Ending(job="chromebooks", event=FAILED, result=result, status=status, invocation="5f0e", run=run)


# -- the text


def test_a_refusal_is_told_with_the_one_command_that_lifts_it() -> None:
    assert text(REFUSAL, "sync") == LETTER


def test_a_refused_roster_is_told_by_what_the_import_said() -> None:
    refused = Ending(
        job="import-students",
        event=FAILED,
        result="exit-code",
        status="3",
        invocation="5f0e",
        reason="Refused, nothing was stored: ... approve it: syncd import students FILE --approve 0123",
    )
    told = text(refused, "sync")
    assert told.startswith("import-students failed on sync: refused by a guard, nothing was changed\n")
    assert "--approve 0123" in told
    assert "syncd show" not in told
    assert "syncd status" not in told
    assert "  sudo systemctl start syncd-import-students.service\n  journalctl" in told


def test_dead_letters_are_told_of_with_the_command_that_lists_them() -> None:
    dead = Ending(
        job="events",
        event=FAILED,
        result="exit-code",
        status="1",
        invocation="5f0e",
        reason="1 event is dead: asset-created of asset:17, event 01A: RT refused to update asset 17.",
        about="01A",
    )
    told = text(dead, "sync")
    assert told.startswith("events failed on sync: there are dead letters\n")
    assert "What to type:\n  sudo syncd events list --state dead\n" in told


@pytest.mark.parametrize("name", ["chromebooks", "battery-gam", *TASKS])
def test_every_unit_that_can_fail_has_alerts(name: str) -> None:
    assert verb._parts(f"{name}:{FAILED}", "mail") == (name, FAILED)


def test_an_all_clear_says_since_when_it_had_failed() -> None:
    assert text(success(), "sync", BEFORE) == WORKS


@pytest.mark.parametrize(
    ("ending", "meaning", "first"),
    [
        (failure("1"), "some actions failed", "sudo syncd show R1"),
        (failure("3"), "refused by a guard, nothing was changed", "sudo syncd show R1"),
        (failure("70"), "a defect in syncd", "sudo syncd show R1"),
        (failure("75"), "an outside system was not available, and all retries are used up", "sudo syncd status"),
        (failure("77"), "a credential or a right is missing", "sudo syncd doctor"),
        (failure("78", run=""), "the configuration is wrong", "sudo syncd config check"),
        (failure("243", run=""), "systemd could not load a credential", "systemctl cat syncd-chromebooks.service"),
        (failure("KILL", "signal"), "a signal ended the program (KILL)", "sudo syncd show R1"),
        (failure("SEGV", "core-dump"), "the program crashed (SEGV)", "sudo syncd show R1"),
        (failure("KILL", "oom-kill"), "the host had no memory left for it (KILL)", "sudo syncd show R1"),
        (
            failure("ABRT", "watchdog"),
            "it showed no sign of progress, and systemd ended it (ABRT)",
            "sudo syncd show R1",
        ),
        (failure("unknown", "protocol", run=""), "the program did not end as it should (unknown)", "sudo syncd status"),
    ],
)
def test_each_way_to_fail_has_its_meaning_and_its_next_command(ending: Ending, meaning: str, first: str) -> None:
    assert title(ending, "sync") == f"chromebooks failed on sync: {meaning}"
    lines = text(ending, "sync").splitlines()
    at = lines.index("What to type:")
    assert lines[at + 1 : at + 3] == [f"  {first}", "  sudo systemctl start syncd-chromebooks.service"]


def test_another_kind_of_failure_says_that_it_is_another() -> None:
    told = text(failure("77"), "sync", BEFORE).splitlines()[-3:]
    assert " ".join(told).startswith("You were told of another failure of this job; it has not succeeded since. ")


# -- who is told


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that sendmail and the command write to."""
    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\ncat >"{tmp_path}/letter-$(ls {tmp_path} | wc -l)"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    state = tmp_path / "state"
    state.mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", str(state))
    monkeypatch.setenv("SYNCD_ALERT_SENDMAIL", str(program))
    monkeypatch.setenv("SYNCD_ALERT_FROM", "syncd@example.org")
    monkeypatch.setenv("SYNCD_ALERT_TO", "it@example.org")
    monkeypatch.setattr("platform.node", lambda: "sync")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, ending: Ending, *arguments: str) -> Result:
    monkeypatch.setattr(verb, "look_up", lambda *_: ending)
    words = ["alert", *(arguments or ("mail",))]
    words.insert(2, f"{ending.job}:{ending.event}")
    return CliRunner().invoke(cli, words, standalone_mode=False)


def letters(post: Path) -> list[str]:
    raw = [path.read_bytes() for path in sorted(post.glob("letter-*"))]
    return [message_from_bytes(one, policy=policy.default)["Subject"] for one in raw]


def test_each_kind_is_told_once_and_the_success_once(post: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endings = [success(), REFUSAL, REFUSAL, failure("75"), REFUSAL, success(), success(), REFUSAL]
    assert [run(monkeypatch, ending).return_value for ending in endings] == [0] * len(endings)
    subjects = ["refused by a guard", "an outside system", "works again", "refused by a guard"]
    assert len(letters(post)) == len(subjects)
    for subject, wanted in zip(letters(post), subjects, strict=True):
        assert wanted in subject


def test_an_alert_that_systemd_did_not_ask_for_says_so_and_is_forgotten(
    post: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = Ending(job="chromebooks", event=FAILED)
    for ending in (tried, tried, REFUSAL):
        assert run(monkeypatch, ending).return_value == 0
    assert letters(post) == [
        "[syncd] chromebooks on sync: nothing is known of a failure",
        "[syncd] chromebooks on sync: nothing is known of a failure",
        "[syncd] chromebooks failed on sync: refused by a guard, nothing was changed",
    ]
    assert text(tried, "sync").endswith("names no unit; then look:\n\n  sudo syncd status\n")
    assert "INVOCATION_ID" not in text(tried, "sync")


def test_an_alert_that_cannot_be_remembered_is_sent_and_that_is_said(
    post: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(post / "none"))
    assert run(monkeypatch, REFUSAL).return_value == 0
    assert len(letters(post)) == 1
    assert "they will be told again: No such file or directory" in caplog.text


def test_a_command_alert_without_a_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(cli, ["alert", "command", "chromebooks:failed"])
    assert (result.exit_code, "name the command" in result.output) == (2, True)


def test_a_success_that_no_run_told_of_clears_nothing(post: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    early = Ending(job="chromebooks", event=SUCCESS, result="success", status="0")
    for ending in (REFUSAL, early, REFUSAL):
        assert run(monkeypatch, ending).return_value == 0
    assert len(letters(post)) == 1


def test_an_alert_that_was_not_sent_is_tried_again_next_time(post: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNCD_ALERT_SENDMAIL", "/no/sendmail")
    assert run(monkeypatch, REFUSAL).return_value == 75
    monkeypatch.setenv("SYNCD_ALERT_SENDMAIL", str(post / "sendmail"))
    assert run(monkeypatch, REFUSAL).return_value == 0
    assert len(letters(post)) == 1


def test_the_command_gets_its_options_the_text_and_what_happened(post: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = f'cat >{post}/text; env >{post}/environment; echo "$@" >{post}/arguments'
    assert run(monkeypatch, REFUSAL, "command", "/bin/sh", "-c", script, "sh", "--tag", "x").return_value == 0
    assert (post / "text").read_text() == LETTER
    assert (post / "arguments").read_text() == "--tag x\n"
    environment = dict(line.split("=", 1) for line in (post / "environment").read_text().splitlines() if "=" in line)
    told = {name: value for name, value in environment.items() if name not in os.environ}
    assert told["SYNCD_REASON"] == REFUSAL.reason
    assert (told["SYNCD_ALERT"], told["SYNCD_JOB"], told["SYNCD_RUN_ID"]) == ("failed", "chromebooks", REFUSAL.run)
    assert (told["SYNCD_RESULT"], told["SYNCD_EXIT_STATUS"]) == ("exit-code", "3")
    assert (told["SYNCD_UNIT"], told["SYNCD_COUNTS"]) == (
        "syncd-chromebooks.service",
        "40 matched, 38 in sync, 2 to change; 2 actions: 2 update",
    )


@pytest.mark.usefixtures("post")
def test_every_event_is_pinged(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[tuple[str, str, str]] = []
    monkeypatch.setattr("syncd.host.alerts.ping.ping", lambda *given: got.append(given))
    monkeypatch.setenv("SYNCD_ALERT_URL", "https://ping.example.org/x")
    start = Ending(job="chromebooks", event=START)
    for ending in (start, REFUSAL, REFUSAL, success()):
        assert run(monkeypatch, ending, "ping").return_value == 0
    assert [(url, event) for url, event, _ in got] == [
        ("https://ping.example.org/x", event) for event in (START, FAILED, FAILED, SUCCESS)
    ]
    assert got[0][2] == "chromebooks starts on sync\n"
    assert got[1][2] == LETTER.partition("\n\nYou will not")[0] + "\n"
    assert got[3][2].startswith("chromebooks has done its work on sync\n\nRun: ")


@pytest.mark.parametrize(("event", "status"), [(START, 0), (FAILED, 75)])
def test_only_the_ping_of_a_start_may_fail_unseen(
    event: str, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: str) -> None:
        raise Unavailable("the ping got no answer: ConnectTimeout", code="alert.unsent")

    monkeypatch.setattr("syncd.host.alerts.ping.ping", refuse)
    monkeypatch.setenv("SYNCD_ALERT_URL", "https://ping.example.org/secret")
    with caplog.at_level(logging.INFO):
        assert run(monkeypatch, Ending(job="chromebooks", event=event), "ping").return_value == status
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage() == "no alert by ping: the ping got no answer: ConnectTimeout"
    assert record.message_id == "ALERT_FAILED"  # type: ignore[attr-defined]


def test_a_job_that_was_stopped_on_request_is_no_alert(post: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ending = Ending(job="chromebooks", event=FAILED, result="exit-code", status="75", stopped=True)
    assert run(monkeypatch, ending).return_value == 0
    assert letters(post) == []


@pytest.mark.parametrize("what", ["chromebooks", "chromebooks:start", "chromebooks:later"])
def test_what_is_no_event_is_refused(what: str) -> None:
    result = CliRunner().invoke(cli, ["alert", "mail", what])
    assert result.exit_code == 2
    assert "is not JOB:failed or JOB:success" in result.output
