"""Finding out who is disabled, which no list of RT tells, without listing everybody twice.

RT 5.0.3, observed: a list is of all users or of the enabled ones, cannot be ordered by ``Disabled`` (then it is
empty), and tells how many it has. So the two numbers say how many are disabled; where that is none, that was it.
Else the transactions Disabled and Enabled name suspects, and two requests prove them: all their names are found, and
not among the enabled. They miss those who were disabled when they were made. Such are closed in on: where in the
order of ids a page of enabled users lies tells how many disabled ones come before it. That never takes more pages
than the enabled users fill.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise

from syncd.host.errors import Unavailable
from syncd.systems.rt.assets import slices
from syncd.systems.rt.errors import incomplete
from syncd.systems.rt.feed import Transaction
from syncd.systems.rt.rest import PAGE, Rest, criterion
from syncd.systems.rt.users.pages import count_named, count_users, enabled_named, enabled_page

_WORTH = 4
"""Pages of enabled users that one page of transactions may spare."""

_NAMES = 500
"""Names in one question; databases have their limits."""

Names = Callable[[Collection[int]], Mapping[int, str]]
"""Tells the login names of users."""


class Moved(Unavailable):
    """Users came, or were disabled or enabled, while they were counted: try again."""


def disabled_users(rest: Rest, ids: Sequence[int], names: Names, suspects: Collection[int] = ()) -> set[int]:
    """Return which of all users are disabled; ``ids`` are those of all, rising.

    ``suspects``: who may be, known in another way. Raises Moved where ``ids`` are not all, or that changes meanwhile.
    """
    enabled = count_users(rest, disabled=False)
    if count_users(rest, disabled=True) != len(ids) or enabled > len(ids):
        raise moved()
    missing = len(ids) - enabled
    if not missing:
        return set()
    known = _proven(rest, names, suspects)
    if len(known) < missing:
        told = suspected(rest, missing, enabled).intersection(ids)
        known |= _proven(rest, names, told - known)
    return known if len(known) == missing else _Search(rest, ids, enabled, known).run()


def suspected(rest: Rest, missing: int, enabled: int) -> set[int]:
    """Return whom the transactions tell to be disabled; not more pages are read than they may spare."""
    state: dict[int, bool] = {}
    before: int | None = None
    for _ in range(1 + enabled // PAGE // _WORTH):
        query = [criterion("ObjectType", "IN", ["RT::User"]), criterion("Type", "IN", ["Disabled", "Enabled"])]
        query += [criterion("id", "<", before)] if before else []
        fields = {"fields": "ObjectType,ObjectId,Type"}
        page = rest.search("transactions", query, Transaction, fields=fields, order=(("id", "DESC"),))
        for item in page.items:
            if item.object_type == "RT::User":
                state.setdefault(item.object_id, item.type == "Disabled")
        if not page.items or sum(state.values()) >= missing:
            break
        before = page.items[-1].id
    return {number for number, disabled in state.items() if disabled}


def _proven(rest: Rest, names: Names, suspects: Collection[int]) -> set[int]:
    """Return which of the suspects are disabled, as far as that is proven: found by name, but not among the enabled."""
    proven: set[int] = set()
    for some in slices(names(suspects).items(), _NAMES):
        called = dict(some)
        enabled = enabled_named(rest, called.values())
        if enabled.total == len(enabled.items) and count_named(rest, called.values()) == len(called):
            proven |= called.keys() - {item.id for item in enabled.items}
    return proven


class _Search:
    """Closes in on the disabled users by pages of the enabled ones.

    A user that is both the i-th enabled one and the j-th of all has j - i disabled ones before it. Between two such
    users the difference tells whether any is left to be found there.
    """

    def __init__(self, rest: Rest, ids: Sequence[int], enabled: int, known: Collection[int]) -> None:
        self._rest = rest
        self._ids = ids
        self._enabled = enabled
        self._known = sorted(known)
        self._found: set[int] = set()

    def run(self) -> set[int]:
        """Return the disabled users."""
        todo = [((-1, -1), (self._enabled, len(self._ids)))]
        while todo:
            low, high = todo.pop()
            if self._settled(low, high):
                continue
            middle = (low[0] + high[0]) // 2
            listed = [pair for pair in self._page(middle // PAGE + 1) if low[0] < pair[0] < high[0]]
            todo += pairwise([low, *listed, high])
        return self._found

    def _settled(self, low: tuple[int, int], high: tuple[int, int]) -> bool:
        between = self._ids[low[1] + 1 : high[1]]
        disabled = len(between) - (high[0] - low[0] - 1)
        if disabled < 0:
            raise moved()
        if disabled in (0, len(between)):
            self._found.update(between if disabled else ())
            return True
        known = self._known[bisect_left(self._known, between[0]) : bisect_left(self._known, between[-1] + 1)]
        if len(known) == disabled:
            self._found.update(known)
        return len(known) == disabled

    def _page(self, number: int) -> list[tuple[int, int]]:
        """Return the places of a page of enabled users: among the enabled ones, and among all."""
        page = enabled_page(self._rest, number)
        places = [bisect_left(self._ids, item.id) for item in page.items]
        there = all(place < len(self._ids) for place in places)
        if (
            page.total != self._enabled
            or not there
            or [self._ids[place] for place in places] != [i.id for i in page.items]
        ):
            raise moved()
        return list(enumerate(places, PAGE * (number - 1)))


def moved() -> Moved:
    """Return the error for users that changed while they were counted."""
    error = incomplete("users were made, disabled or enabled while they were counted", "search users")
    return Moved(error.sentence, code=error.code, operation=error.operation)
