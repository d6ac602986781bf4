"""Who has left: users that are in no source, counted from run to run by the audit log, and disabled after a while."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from syncd.jobs.sides.rt_writer import SYSTEM
from syncd.reconcile.model import Action, Listing, make_action
from syncd.systems.rt.users.records import User

ABSENT = "absent"
"""State of a listing for a user who is in no source, and not disabled yet."""


class PastRuns(Protocol):
    """The part of the audit log that tells of absences."""

    def reports(self, job: str, *, limit: int) -> Iterable[Sequence[Listing]]:
        """Return the listings of the newest good runs of a job that applied, newest first."""


def absences(past: PastRuns, job: str, runs: int) -> dict[str, int]:
    """Return how many of the last good runs in a row a user was absent in, by the user's number; ``runs`` at most."""
    counts: dict[str, int] = {}
    going_on: set[str] | None = None
    for listings in past.reports(job, limit=runs) if runs else ():
        absent = {item.object for item in listings if item.state == ABSENT and item.system == SYSTEM}
        going_on = absent if going_on is None else going_on & absent
        if not going_on:
            break
        counts.update(dict.fromkeys(going_on, 0) | {user: counts.get(user, 0) + 1 for user in going_on})
    return counts


def plan(
    users: Iterable[User], before: Mapping[str, int], needed: int, *, disable: bool
) -> tuple[list[Action], list[Listing]]:
    """Return the users to disable, and a line for each of the others that says how often it was absent.

    ``before``: absences in earlier runs; ``needed``: those after which a user is disabled.
    """
    actions: list[Action] = []
    listings: list[Listing] = []
    for user in users:
        seen = before.get(str(user.id), 0) + 1
        if disable and seen >= needed:
            actions.append(_disable(user, needed))
        else:
            listings.extend(_waiting(user, seen, needed, disable=disable))
    return actions, listings


def _disable(user: User, needed: int) -> Action:
    times = "in this run" if needed == 1 else f"in {needed} good runs in a row"
    return make_action(
        kind="disable",
        system=SYSTEM,
        object=str(user.id),
        label=str(user.id),
        before={"Disabled": "0"},
        after={"Disabled": "1"},
        reason=f"in no source of the roster, {times}",
        source="",
    )


def _waiting(user: User, seen: int, needed: int, *, disable: bool) -> Iterator[Listing]:
    why = (
        f"in no source of the roster, {seen} of {needed} runs before it is disabled"
        if disable
        else ("in no source of the roster; leavers are only reported")
    )
    yield Listing(state=ABSENT, system=SYSTEM, object=str(user.id), label=str(user.id), why=why)
