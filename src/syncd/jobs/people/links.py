"""Which person is which user, as it is remembered from run to run."""

from syncd.jobs.people.roster_side import SYSTEM as ROSTER
from syncd.jobs.people.roster_side import Entry
from syncd.jobs.sides.rt_writer import SYSTEM
from syncd.reconcile.match import Match
from syncd.state.external_ids import Link
from syncd.systems.rt.users.records import User


def links_of(found: Match[Entry, User]) -> list[Link]:
    """Return a link for each pair. The key's value is left out: it may be an address or a name."""
    return [
        Link(left_system=ROSTER, left_id=entry.ident, right_system=SYSTEM, right_id=str(user.id), match_key=key)
        for entry, user, key in found.pairs
    ]
