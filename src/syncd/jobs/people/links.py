"""Which person is which user, as it is remembered from run to run."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence

from syncd.jobs.people.roster_side import SYSTEM as ROSTER
from syncd.jobs.people.roster_side import Entry
from syncd.jobs.sides.rt_writer import SYSTEM
from syncd.reconcile.match import Match
from syncd.state.external_ids import Link
from syncd.systems.rt.users.records import User


def right_system(url: str) -> str:
    """Return what links call the RT at an address: the number of a user means somebody else in another one."""
    return f"{SYSTEM}:{url.rstrip('/')}"


def links_of(found: Match[Entry, User], rt: str) -> list[Link]:
    """Return a link for each pair. The key's value is left out: it may be an address or a name.

    ``rt``: the ``right_system``.
    """
    return [
        Link(left_system=ROSTER, left_id=entry.ident, right_system=rt, right_id=str(user.id), match_key=key)
        for entry, user, key in found.pairs
    ]


def had_a_person(links: Iterable[Link], rt: str, applied: Sequence[str]) -> Collection[str]:
    """Return the numbers of users that had a person in a good run that applied; ``applied``: when these ended, rising.

    A plan, and a run that was refused, leave links too: of a source that was a mistake, perhaps. Nobody is a leaver
    by such a run alone.
    """
    return {link.right_id for link in links if link.right_system == rt and _in_any(link, applied)}


def _in_any(link: Link, applied: Sequence[str]) -> bool:
    place = bisect_left(applied, link.first_seen)
    return place < len(applied) and (not link.gone_since or applied[place] < link.gone_since)
