"""New users for people who have none in RT."""

from collections.abc import Iterable

from syncd.jobs.people.crossing import UNIQUE, Crossing
from syncd.jobs.people.roster_side import SYSTEM as ROSTER
from syncd.jobs.people.roster_side import Entry
from syncd.jobs.sides.rt_writer import SYSTEM
from syncd.reconcile.model import Action, Listing, make_action
from syncd.reconcile.values import Known, Unknown, Value

MISSING = f"only_{ROSTER}"
NOT_CREATED = "not_created"


def plan(people: Iterable[Entry], crossing: Crossing) -> tuple[list[Action], list[Listing]]:
    """Return a create for each person, and a line for each who cannot have a user, or not all of one."""
    actions: list[Action] = []
    listings: list[Listing] = []
    for entry in people:
        values = crossing.values(entry)
        if why := _hindrance(values):
            listings.append(_listing(NOT_CREATED, entry, why))
            continue
        actions.append(_create(entry, values))
        listings += [
            _listing("unknown", entry, f"{name} left out because {value.reason}")
            for name, value in values.items()
            if isinstance(value, Unknown)
        ]
    return actions, listings


def report(people: Iterable[Entry]) -> list[Listing]:
    """Return a line for each person, where no user is to be made."""
    return [_listing(MISSING, entry, "no user of RT is this person, and the job creates none") for entry in people]


def _hindrance(values: dict[str, Value]) -> str:
    if values.get("Name") is None:
        return "the roster has nothing to make a user name of"
    return next((f"{value.reason}" for name in UNIQUE if isinstance(value := values.get(name), Unknown)), "")


def _create(entry: Entry, values: dict[str, Value]) -> Action:
    after: dict[str, Known] = {
        name: value for name, value in values.items() if value is not None and not isinstance(value, Unknown)
    }
    return make_action(
        kind="create",
        system=SYSTEM,
        object=entry.ident,
        label=entry.ident,
        before={},
        after=after,
        reason="no user of RT has the id, the e-mail address or the name",
        source=entry.ident,
    )


def _listing(state: str, entry: Entry, why: str) -> Listing:
    return Listing(state=state, system=ROSTER, object=entry.ident, label=entry.ident, why=why)
