"""What an alert says: how the job ended, why, what it counted, and what to type next."""

import textwrap
from collections.abc import Iterator, Mapping

from syncd.cli.present import STATES
from syncd.host.alerts.ending import DEAD_LETTERS, FAILED, START, TASKS, Ending
from syncd.host.alerts.memory import Open
from syncd.host.errors import ExitStatus

WIDTH = 78
CREDENTIALS = 243
"""systemd.exec(5): a credential could not be loaded."""

APPROVAL = 16
"""Characters of a plan's hash that are enough to approve it, as ``syncd show`` prints them."""

UNKNOWN = (
    "This is how alerts arrive. systemd said of no unit that it failed: whoever started this by hand need do nothing. "
    "If nobody did, systemd is older than 251 and names no unit; then look:"
)

OUTCOMES = ("verified", "failed", "unproven", "not_started")

STATUSES = {
    ExitStatus.SOME_FAILED: "some actions failed",
    ExitStatus.REFUSED: "refused by a guard, nothing was changed",
    ExitStatus.USAGE: "the command line is wrong",
    ExitStatus.BAD_DATA: "input data cannot be used",
    ExitStatus.INTERNAL: "a defect in syncd",
    ExitStatus.TRY_LATER: "an outside system was not available, and all retries are used up",
    ExitStatus.NO_PERMISSION: "a credential or a right is missing",
    ExitStatus.CONFIGURATION: "the configuration is wrong",
    CREDENTIALS: "systemd could not load a credential",
}
RESULTS = {
    "signal": "a signal ended the program",
    "core-dump": "the program crashed",
    "oom-kill": "the host had no memory left for it",
    "timeout": "it took longer than its unit allows",
    "watchdog": "it showed no sign of progress, and systemd ended it",
    "resources": "systemd could not start it",
}


def meaning(ending: Ending) -> str:
    """Return what kind of failure it was, in half a sentence."""
    if ending.about:
        return "there are dead letters"
    told = STATUSES.get(ending.exit_status) or RESULTS.get(ending.result, "the program did not end as it should")
    return told if ending.exit_status >= 0 else f"{told} ({ending.status})"


def title(ending: Ending, host: str, before: Open | None = None) -> str:
    """Return the subject."""
    if ending.event == START:
        return f"{ending.job} starts on {host}"
    if ending.unknown:
        return f"{ending.job} on {host}: nothing is known of a failure"
    if ending.event == FAILED:
        return f"{ending.job} failed on {host}: {meaning(ending)}"
    return f"{ending.job} has done its work on {host}" if before is None else f"{ending.job} works again on {host}"


def text(ending: Ending, host: str, before: Open | None = None, *, once: bool = True) -> str:
    """Return the whole text.

    ``before`` is what people were told since the last success; ``once``: whether a failure is told of only once.
    """
    parts = [[title(ending, host, before)]]
    if ending.unknown:
        return "\n\n".join([*parts[0], textwrap.fill(UNKNOWN, WIDTH), "  sudo syncd status"]) + "\n"
    if ending.event != START:
        parts += [[*_facts(ending, before)], _next(ending)]
    if once:
        parts += [_after(ending, before)]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _facts(ending: Ending, before: Open | None) -> Iterator[str]:
    yield _fact("Run", ending.run or "none")
    yield _fact("Unit", f"{ending.unit} ({ending.result}, {_ended(ending)})")
    if ending.event == FAILED:
        yield _fact("Reason", ending.reason or "none in the journal")
    yield _fact("Counts", counts(ending) or "nothing was counted")
    if before:
        yield _fact("Failing", f"since {before.since}")


def _fact(name: str, value: str) -> str:
    head = f"{name}:".ljust(10)
    indent = " " * len(head)
    return textwrap.fill(
        value, WIDTH, initial_indent=head, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _ended(ending: Ending) -> str:
    return f"exit status {ending.status}" if ending.exit_status >= 0 else f"signal {ending.status}"


def counts(ending: Ending) -> str:
    """Return what the run counted: records by state, then the actions, by what became of them or else by kind."""
    found = {name: number for name, number in ending.counts.items() if number}
    outcomes = {name: found[name] for name in OUTCOMES if name in found}
    kinds = {name: found[name] for name in sorted(found.keys() - {*STATES, *OUTCOMES, "actions"})}
    parts = [_listed({name: found[name] for name in STATES if name in found})]
    if "actions" in found:
        number = found["actions"]
        parts.append(f"{number} action{'s' if number > 1 else ''}: {_listed(outcomes or kinds)}")
    return "; ".join(filter(None, parts))


def _listed(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {STATES.get(name, name).replace('_', ' ')}" for name, number in numbers.items())


def _next(ending: Ending) -> list[str]:
    more = f"journalctl INVOCATION_ID={ending.invocation} + _SYSTEMD_INVOCATION_ID={ending.invocation}"
    commands = [*(_commands(ending) if ending.event == FAILED else _look(ending)), more]
    return ["What to type:" if ending.event == FAILED else "More:", *(f"  {command}" for command in commands)]


def _look(ending: Ending) -> list[str]:
    if ending.job == DEAD_LETTERS:
        return ["sudo syncd events list --state dead"]
    if ending.job in TASKS:
        return []
    return [f"sudo syncd show {ending.run}"] if ending.run else ["sudo syncd status"]


def _commands(ending: Ending) -> list[str]:
    """Return the next commands: the first one looks, the last one tries again or lets it happen."""
    again = f"sudo systemctl start {ending.unit}"
    if ending.refused and ending.plan:
        return [*_look(ending), f"sudo syncd apply {ending.job} --approve {ending.plan[:APPROVAL]}"]
    first = {
        ExitStatus.TRY_LATER: ["sudo syncd status"],
        ExitStatus.NO_PERMISSION: ["sudo syncd doctor"],
        ExitStatus.CONFIGURATION: ["sudo syncd config check"],
        CREDENTIALS: [f"systemctl cat {ending.unit}"],
    }
    return [*first.get(ending.exit_status, _look(ending)), again]


def _after(ending: Ending, before: Open | None) -> list[str]:
    if ending.event != FAILED:
        return ["It had failed, and you were told; all is well again."]
    told = "You were told of another failure of this job; it has not succeeded since. " if before else ""
    words = f"{told}You will not be told of this kind of failure again until the job has succeeded; then once of that."
    return textwrap.wrap(words, WIDTH)
