"""Drift report: where roster and RT differ, and which devices are with people who have left.

Made of the comparison of the job rt-users, by its rules and with its sources, and of what RT says of devices. Nothing
is changed.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from syncd.jobs import rt_users
from syncd.jobs.context import RunContext
from syncd.jobs.exporting.holdings import Holdings
from syncd.jobs.exporting.options import StudentExportOptions
from syncd.jobs.exporting.sheets import Cell
from syncd.jobs.people.leavers import ABSENT
from syncd.jobs.people.links import right_system
from syncd.jobs.people.new_users import MISSING, NOT_CREATED
from syncd.jobs.people.options import RtUsersOptions
from syncd.jobs.sides.rt_writer import SYSTEM
from syncd.jobs.student_export import read_holdings
from syncd.jobs.student_import import ROSTER
from syncd.reconcile.model import Action, Comparison
from syncd.reconcile.values import as_text
from syncd.state.external_ids import ExternalIds

COLUMNS = (
    *("kind", "person", "rt_user", "user_name", "field", "roster_value", "rt_value"),
    *("asset_name", "serial", "checked_out", "note"),
)
"""The columns of every report."""

ROSTER_ONLY, RT_ONLY, DIFFERS, LEAVER_DEVICE = "roster_only", "rt_only", "differs", "leaver_device"
_KINDS = {MISSING: ROSTER_ONLY, NOT_CREATED: ROSTER_ONLY, ABSENT: RT_ONLY}
"""What listings of the job are here; those of other states keep the state as their kind."""

Cells = Sequence[Cell]


@dataclass(frozen=True)
class Drift:
    """A report on what was read. ``had``: users who had a person once; ``has``: those who have one."""

    comparison: Comparison
    holdings: Holdings
    had: Collection[str]
    has: Collection[str]
    tally: Counter[str] = field(default_factory=Counter)

    def rows(self) -> Iterator[Cells]:
        """Yield the rows, kind by kind in the order of their names here; those of other kinds are the last."""
        first = (ROSTER_ONLY, RT_ONLY, DIFFERS)
        found = [*map(_only, self._creates()), *self._listed(), *self._differing()]
        found.sort(key=lambda row: first.index(row["kind"]) if row["kind"] in first else len(first))
        rest = [row for row in found if row["kind"] not in first]
        for row in (*found[: len(found) - len(rest)], *self._kept_devices(), *rest):
            self.tally[row["kind"]] += 1
            yield [row.get(name, "") for name in COLUMNS]

    def _creates(self) -> Iterable[Action]:
        return (action for action in self.comparison.actions if action.kind == "create")

    def _listed(self) -> Iterator[dict[str, str]]:
        for listing in self.comparison.listings:
            kind = _KINDS.get(listing.state, listing.state)
            if listing.system == SYSTEM:
                yield self._user(kind, listing.object, listing.why)
            else:
                yield {"kind": kind, "person": listing.object, "note": listing.why}

    def _differing(self) -> Iterator[dict[str, str]]:
        for action in self.comparison.actions:
            if action.kind not in ("create", "disable"):
                user = self._user(DIFFERS, action.object, "") | {"person": action.source}
                for name, value in action.after.items():
                    yield user | {
                        "field": name,
                        "roster_value": as_text(value),
                        "rt_value": as_text(action.before.get(name)),
                    }

    def _kept_devices(self) -> Iterator[dict[str, str]]:
        """Yield the devices of those who are in no source, or were in one, disabled users too."""
        conflicts = {item.object for item in self.comparison.listings if item.state == "conflict"}
        leavers = {row["rt_user"] for row in self._listed() if row["kind"] == RT_ONLY}
        for user, with_id in self.holdings.holders():
            known = with_id or user in self.had
            if user in leavers or (known and user not in self.has and user not in conflicts):
                for device in self.holdings.of_user(int(user)):
                    told = {"asset_name": device.name, "serial": device.serial, "checked_out": device.since}
                    yield self._user(LEAVER_DEVICE, user, "") | told

    def _user(self, kind: str, user: str, note: str) -> dict[str, str]:
        return {"kind": kind, "rt_user": user, "user_name": self.holdings.login(user), "note": note}

    def told(self) -> str:
        """Return how many rows of each kind there were, in one clause."""
        return ", ".join(f"{number:,} {kind}" for kind, number in self.tally.items()) or "no differences"


@contextmanager
def open_drift(options: StudentExportOptions, job: RtUsersOptions, context: RunContext) -> Iterator[Drift]:
    """Read roster and RT, and compare them as the job does. Call it only while holding the lock of the job."""
    with rt_users.open_job(job, context) as opened:
        comparison = opened.observe_and_compare()
    with Holdings(context.store.rosters.people(ROSTER)) as holdings:
        read_holdings(holdings, options, context)
        had, has = _linked(context.store.external_ids, right_system(context.need_rt(rt_users.NAME).url))
        yield Drift(comparison, holdings, had, has)


def _linked(links: ExternalIds, rt: str) -> tuple[set[str], set[str]]:
    return (
        {link.right_id for link in links.links(rt_users.NAME, former=True) if link.right_system == rt},
        {link.right_id for link in links.links(rt_users.NAME) if link.right_system == rt},
    )


def _only(action: Action) -> dict[str, str]:
    name = as_text(action.after.get("Name"))
    return {"kind": ROSTER_ONLY, "person": action.object, "user_name": name, "note": action.reason}
