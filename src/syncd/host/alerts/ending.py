"""How a job ended, by what systemd hands to the units of ``OnFailure=`` and ``OnSuccess=``, and by the journal.

The journal, not the store: it also knows of runs that died before they opened the store, and reading it needs no right
on what a job remembers. systemd's variables are in systemd.exec(5), ``$MONITOR_SERVICE_RESULT`` and those after it.
"""

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from syncd.host.errors import ExitStatus
from syncd.host.messages import MessageId

Record: TypeAlias = Mapping[str, str]
Journal: TypeAlias = Callable[..., Sequence[Record]]
"""Returns the newest records, oldest first, that match what is given; ``lines`` says how many."""

START, SUCCESS, FAILED = "start", "success", "failed"

ENDS = (
    MessageId.RUN_FINISHED,
    MessageId.RUN_PARTIAL,
    MessageId.RUN_REFUSED,
    MessageId.GUARD_REFUSED,
    MessageId.RUN_INTERRUPTED,
    MessageId.RUN_FAILED,
)
DEAD_LETTERS = "events"
"""The unit that looks for dead letters."""

PROVEN = ("webhooks", "worker", "poll-asset-created", DEAD_LETTERS)
"""What did its work if its exit status says so."""

TASKS = ("import-students", "import-battery", "export-students", "export-battery", *PROVEN)
"""What units do besides jobs; it is no run, and has no record of an end."""

_DONE = (MessageId.ROSTER_READ, MessageId.BATTERIES_READ, MessageId.EXPORTED)
"""What tells that one of them did its work: an import that found no file did none."""

_OBJECTS = (MessageId.ACTION_FAILED, MessageId.ACTION_UNPROVEN)
# systemd's own records (sd-messages.h): of a unit that failed, and of one that ended well. They come after all others.
_LAST = "MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c", "MESSAGE_ID=7ad2d189f7e94e70a38c781354912448"
# systemd's record that the main process has exited, and how.
_EXITED = "MESSAGE_ID=98e322203f7a4ed290d09fe03c09fe15"
_PATIENCE = 5.0
_COUNT = "SYNCD_COUNT_"


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended, or that it starts.

    ``result`` is systemd's (``success``, ``exit-code``, ``signal``, ``timeout``, ...), ``status`` the exit status or
    the name of the signal. ``run``, ``plan`` (the plan's hash) and ``counts`` are empty where no run came that far.
    ``succeeded``: a run told that it ended as it should, or a task of its work. Only that proves it, since systemd 252
    starts the units of ``OnSuccess=`` before each retry of a service that failed, too. ``about``: what else tells a
    failure from others, such as the newest dead letter.
    """

    job: str
    event: str
    result: str = "unknown"
    status: str = "unknown"
    invocation: str = ""
    run: str = ""
    plan: str = ""
    refused: bool = False
    succeeded: bool = False
    reason: str = ""
    counts: dict[str, int] = {}
    stopped: bool = False
    about: str = ""

    @property
    def unit(self) -> str:
        """The service of the job."""
        return f"syncd-{self.job}.service"

    @property
    def unknown(self) -> bool:
        """Whether systemd named no failure: somebody tries the alert, or systemd is older than 251."""
        return self.event == FAILED and not self.invocation

    @property
    def kind(self) -> str:
        """What failures have in common that are told of once: the exit status, or else how systemd ended the job."""
        kind = self.status if self.status.isdecimal() else f"{self.result} {self.status}"
        return f"{kind} {self.about}" if self.about else kind

    @property
    def exit_status(self) -> int:
        """The exit status; -1 where there is none, as a signal ended the program."""
        return int(self.status) if self.status.isdecimal() else -1


def read_journal(*matches: str, lines: int = 1) -> list[Record]:
    """Return records of journalctl(1); none where it cannot be asked."""
    command = ["journalctl", "--quiet", "--no-pager", "--all", "--output=json", f"--lines={lines}", *matches]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [{name: _text(value) for name, value in json.loads(line).items()} for line in done.stdout.splitlines()]


def _text(value: object) -> str:
    """Return a field as text: one with control characters comes as its bytes, one given twice as a list of texts."""
    if isinstance(value, list) and all(isinstance(byte, int) for byte in value):
        value = bytes(value).decode(errors="replace")
        return "".join(sign if sign.isprintable() else " " for sign in value)
    return _text(value[-1]) if isinstance(value, list) and value else str(value or "")


def look_up(
    job: str,
    event: str,
    environ: Mapping[str, str],
    journal: Journal = read_journal,
    sleep: Callable[[float], None] = time.sleep,
) -> Ending:
    """Return how a job ended, when systemd says so in ``environ``."""
    invocation = environ.get("MONITOR_INVOCATION_ID", "")
    ending = Ending(
        job=job,
        event=event,
        invocation=invocation,
        result=environ.get("MONITOR_SERVICE_RESULT", "unknown"),
        status=environ.get("MONITOR_EXIT_STATUS", "unknown"),
    )
    if event == START or not invocation:
        return ending
    by_systemd, by_program = f"INVOCATION_ID={invocation}", f"_SYSTEMD_INVOCATION_ID={invocation}"
    _wait_for_the_last(journal, by_systemd, sleep)
    end = _one(journal(by_program, *(f"MESSAGE_ID={kind}" for kind in ENDS)))
    letters = _one(journal(by_program, f"MESSAGE_ID={MessageId.DEAD_LETTERS}")) if job == DEAD_LETTERS else {}
    start = _one(journal(by_program, f"MESSAGE_ID={MessageId.RUN_STARTED}"))
    return msgspec.structs.replace(
        ending,
        run=end.get("SYNCD_RUN_ID", "") or start.get("SYNCD_RUN_ID", ""),
        plan=end.get("SYNCD_PLAN", ""),
        refused=end.get("MESSAGE_ID") == MessageId.GUARD_REFUSED,
        succeeded=_did_its_work(journal, ending, by_program) or end.get("MESSAGE_ID") == MessageId.RUN_FINISHED,
        counts=_counts(end),
        reason=_reason(journal, ending, by_program, end) if event == FAILED else "",
        # A job that is stopped on request leaves with 75, too.
        stopped=ending.exit_status == ExitStatus.TRY_LATER and bool(journal(by_systemd, "JOB_TYPE=stop")),
        about=letters.get("SYNCD_EVENT", ""),
    )


def _did_its_work(journal: Journal, ending: Ending, by_program: str) -> bool:
    """Tell of a task whether it did something; of a job, its run tells."""
    if ending.job not in TASKS or ending.status != "0":
        return False
    return ending.job in PROVEN or bool(journal(by_program, *(f"MESSAGE_ID={one}" for one in _DONE)))


def _wait_for_the_last(journal: Journal, by_systemd: str, sleep: Callable[[float], None]) -> None:
    waited = 0.0
    while not journal(by_systemd, *_LAST) and waited < _PATIENCE:
        sleep(0.25)
        waited += 0.25


def _one(records: Sequence[Record]) -> Record:
    return records[-1] if records else {}


def _counts(end: Record) -> dict[str, int]:
    found = {name.removeprefix(_COUNT).lower(): value for name, value in end.items() if name.startswith(_COUNT)}
    return {name: int(value) for name, value in found.items() if value.isdecimal()}


def _reason(journal: Journal, ending: Ending, by_program: str, end: Record) -> str:
    """Return what the run says of its end; else the program's last error; else what systemd saw."""
    if end.get("MESSAGE_ID") == MessageId.RUN_PARTIAL:
        last = _one(journal(by_program, *(f"MESSAGE_ID={kind}" for kind in _OBJECTS))).get("MESSAGE", "")
        counts = _counts(end)
        missed = counts.get("failed", 0) + counts.get("unproven", 0) + counts.get("not_started", 0)
        return f"{missed} of {counts.get('actions', 0)} actions were not done{f'; the last: {last}' if last else ''}"
    told = end or _one(journal(by_program, "--priority=err"))
    if told:
        return told.get("MESSAGE", "")
    by_systemd = f"INVOCATION_ID={ending.invocation}"
    exited = journal(by_systemd, _EXITED) if ending.exit_status < 0 else []
    # The first error is the cause, the others follow from it.
    seen = exited or journal(by_systemd, "--priority=err", lines=10) or journal(by_systemd, _EXITED)
    return seen[0].get("MESSAGE", "") if seen else ""
