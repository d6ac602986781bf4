"""Who has left: users that are in no source, counted from run to run by the audit log, and disabled after a while."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from syncd.jobs.sides.rt_writer import SYSTEM
from syncd.reconcile.model import Action, Listing, make_action
from syncd.systems.rt.users.records import User

ABSENT = "absent"
"""State of a listing for a user who is in no source, and was not disabled when the run began."""

_ABSENT = "in no source of the roster"


class PastRuns(Protocol):
    """The part of the audit log that tells of absences."""

    def reports(self, job: str, *, limit: int) -> Iterable[tuple[Sequence[Listing], AbstractSet[str]]]:
        """Return the listings of the newest good runs of a job that applied, newest first, and whom each disabled."""


def absences(past: PastRuns, job: str, runs: int) -> dict[str, int]:
    """Return how many of the last good runs in a row a user was absent in, by the user's number; ``runs`` at most.

    Whoever was disabled and is enabled again begins anew; a disable that failed is due in the next run.
    """
    counts: dict[str, int] = {}
    going_on: set[str] | None = None
    for listings, disabled in past.reports(job, limit=runs) if runs else ():
        absent = {item.object for item in listings if item.state == ABSENT and item.system == SYSTEM} - disabled
        going_on = absent if going_on is None else going_on & absent
        if not going_on:
            break
        counts.update(dict.fromkeys(going_on, 0) | {user: counts.get(user, 0) + 1 for user in going_on})
    return counts


def plan(
    users: Iterable[User], before: Mapping[str, int], needed: int, *, disable: bool
) -> tuple[list[Action], list[Listing]]:
    """Return the users to disable, and a line for each user that says how often it was absent.

    ``before``: absences in earlier runs; ``needed``: those after which a user is disabled.
    """
    actions: list[Action] = []
    listings: list[Listing] = []
    for user in users:
        seen = before.get(str(user.id), 0) + 1
        if not disable:
            listings.append(_listing(user, f"{_ABSENT}; leavers are only reported"))
        elif seen < needed:
            listings.append(_listing(user, f"{_ABSENT}, {seen} of {needed} runs before it is disabled"))
        else:
            # Listed too: where it is not disabled after all, the next run has to know that it is due.
            actions.append(_disable(user, needed))
            listings.append(_listing(user, f"{_due(needed)}: it is due to be disabled"))
    return actions, listings


def _due(needed: int) -> str:
    return f"{_ABSENT}, " + ("in this run" if needed == 1 else f"in {needed} good runs in a row")


def _disable(user: User, needed: int) -> Action:
    return make_action(
        kind="disable",
        system=SYSTEM,
        object=str(user.id),
        label=str(user.id),
        before={"Disabled": "0"},
        after={"Disabled": "1"},
        reason=_due(needed),
        source="",
    )


def _listing(user: User, why: str) -> Listing:
    return Listing(state=ABSENT, system=SYSTEM, object=str(user.id), label=str(user.id), why=why)
