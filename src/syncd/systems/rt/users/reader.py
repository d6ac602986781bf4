"""Reading all users at the price of what changed.

Cold: a page for each hundred users, and a handful of requests for who is disabled (``disabled``) and privileged (the
members of RT's group of the privileged). Warm: three requests say whether anything changed: the feed, one page of the
users that changed last with the number of all, and the number of the enabled ones. RT 5.0.3, observed: LastUpdated of a
user moves with each change of it, also of its custom fields and of whether it is disabled or privileged.
"""

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator

import msgspec

from syncd.systems.rt.assets import decode_rows
from syncd.systems.rt.feed import Changes, Feed, Transaction
from syncd.systems.rt.pages import Progress, Stamp
from syncd.systems.rt.rest import PAGE, Page, Rest
from syncd.systems.rt.snapshot import Kept, KeptObjects, Meta, Rows
from syncd.systems.rt.users import pages
from syncd.systems.rt.users.chosen import chosen_users
from syncd.systems.rt.users.disabled import Moved, disabled_users
from syncd.systems.rt.users.records import Known, WireUser, encode_user, flags_of, job_class, with_flags
from syncd.systems.rt.users.schema import UserSchema
from syncd.systems.rt.users.snapshot import UserSnapshot
from syncd.systems.rt.work import KeepingReader, Work

_TRIES = 4
"""How often users are counted anew that came or changed meanwhile."""

_SHARE = 3
"""Where one in so many users changed, all of them are read: that is cheaper than asking for each by name."""


class UserFeed(Feed):
    """The transactions of users. LastUpdated tells of all changes too, so one page of them is enough."""

    def __init__(self, rest: Rest) -> None:
        super().__init__(rest, users=True, names=True)
        self._objects = ["RT::User"]
        self._types = ("Create", "Set", "Disabled", "Enabled")
        self._leaving = None

    def _tells(self, item: Transaction) -> bool:
        return item.object_type == "RT::User"


class UserWork(Work[WireUser]):
    """One read of all users."""

    kind = "user"

    def __init__(self, rest: Rest, schema: UserSchema, kept: Kept, rows: Rows, progress: Progress | None) -> None:
        super().__init__(rest, schema, kept, rows, UserFeed(rest), progress)
        self.group_id = schema.privileged
        self.group: set[str] = set()
        self.ids = array("q")
        self.called: dict[int, str] = {}
        self.odd: dict[int, str] = {}
        self.same_name: dict[str, int] = {}
        self.disabled: set[int] = set()
        self.privileged: set[int] = set()
        self.before: Meta = self.meta

    # ---- the ways of reading

    def read_all(self, told: Changes) -> None:
        """Read everything, then find out who is disabled."""
        self.group = pages.members(self.rest, self.group_id)
        super().read_all(told)
        before = {known.id for known in self.kept.read(Known) if known.disabled} if self.before.disabled else set()
        self.settle(lambda: disabled_users(self.rest, self.ids, self.names, before), self.take_more)
        self.meet_odd()
        self.meta = msgspec.structs.replace(self.meta, disabled=len(self.disabled))

    def full(self, meta: Meta) -> None:
        """Read everything, and compare; who was disabled is suspected to be so still."""
        self.before = meta
        super().full(meta)

    def warm(self, meta: Meta) -> None:
        """Read what changed; the number of the enabled users proves who is disabled."""
        self.before = meta
        super().warm(meta)
        if self.replace:
            return
        disabled = self.count_disabled()
        if self.count - pages.count_users(self.rest, disabled=False) != disabled:
            self.how = "listed"
            self.settle(self.disabled_now, lambda: self.list_all(set()))
            disabled = self.count_disabled()
        self.meta = msgspec.structs.replace(self.meta, disabled=disabled)

    def whole(self) -> Iterator[Page[WireUser]]:
        """Yield all users."""
        return pages.whole_users(self.rest, progress=self.progress)

    def encode(self, item: WireUser) -> bytes:
        """Return the row of a user, still without its flags."""
        return encode_user(item, self.fields)

    def newest(self, number: int = 1) -> Page[Stamp]:
        """Return one page of the users that changed last."""
        return pages.newest_users(self.rest, number)

    def stamps(self) -> Iterator[Page[Stamp]]:
        """Yield id and LastUpdated of all users."""
        return pages.user_stamps(self.rest)

    def told_of(self, changes: Changes) -> frozenset[int]:
        """Return which users the feed tells of."""
        return changes.users

    def kept_rows(self) -> Iterable[tuple[int, bytes]]:
        """Return the rows with their flags."""
        disabled, privileged = self.disabled, self.privileged
        for number, row in self.rows:
            yield number, with_flags(row, disabled=number in disabled, privileged=number in privileged)

    # ---- parts

    def moved(self, items: Iterable[Stamp], since: str) -> set[int]:
        """Return the ids whose LastUpdated is not the one that was kept; their names are noted."""
        listed = list(items)
        found = super().moved(listed, since)
        self.called.update((item.id, item.name) for item in listed if item.id in found)
        return found

    def read_since(self, since: str) -> None:
        """Read what changed since then, the latest page of it is known: all users, where a third or more changed."""
        third = 1 + self.kept.count() // PAGE // _SHARE
        last = self.newest(third).items if third > 1 else []
        moved = self.moved(last, since)
        if len(moved) == len(last):
            self.count = 0
            self.full(self.before)
            return
        for number in range(2, third):
            moved |= self.moved(self.newest(number).items, since)
        self.read_chosen(moved | self.called.keys())

    def read_chosen(self, wanted: set[int]) -> None:
        """Read users again, with their flags."""
        names = {number: {name} for number, name in self.called.items() if number in wanted}
        for known in self.known_users(wanted):
            names.setdefault(known.id, set()).add(known.name)
        found: set[int] = set()
        for chosen in chosen_users(self.rest, self.group_id, {number: names.get(number, ()) for number in wanted}):
            began = chosen.began or self.meta.began
            self.take(Page([seen.item for seen in chosen.users], None, full=False, began=began, date=began))
            for seen in chosen.users:
                found.add(seen.item.id)
                _put(self.disabled, seen.item.id, seen.disabled)
                _put(self.privileged, seen.item.id, seen.privileged)
        self.drop(wanted - found)

    def take(self, page: Page[WireUser]) -> None:
        """Take over a page of whole users; of a read of all, note what finds out their flags."""
        super().take(page)
        if not self.replace:
            self.called.update((item.id, item.name) for item in page.items)
            return
        for item in page.items:
            self.ids.append(item.id)
            if item.reference != item.name:
                self.odd[item.id] = item.reference
            elif item.name in self.group:
                self.privileged.add(item.id)
                self.same_name[item.name] = item.id

    def take_more(self) -> None:
        """Take over the users that came meanwhile."""
        for page in pages.whole_users(self.rest, len(self.ids), self.ids[-1]):
            self.take(page)

    def meet_odd(self) -> None:
        """Ask alone for users that the group's members may be mistaken for."""
        doubtful = {*self.odd, *(self.same_name[name] for name in self.odd.values() if name in self.same_name)}
        for number in doubtful:
            item = pages.one_user(self.rest, number)
            _put(self.privileged, number, item is not None and flags_of(item)[1])

    def settle(self, find: Callable[[], set[int]], again: Callable[[], None]) -> None:
        """Find out who is disabled; ``again`` prepares another try, where users came or changed meanwhile."""
        for _ in range(_TRIES):
            try:
                self.disabled = find()
            except Moved:
                again()
            else:
                return
        self.disabled = find()

    def disabled_now(self) -> set[int]:
        """Find out who is disabled of those that are known; read again who was taken for something else."""
        aside = self.gone | self.fresh.keys()
        kept = [known for known in self.kept.read(Known) if known.id not in aside]
        before = {known.id for known in kept if known.disabled} | (self.disabled & self.fresh.keys())
        ids = sorted({*(known.id for known in kept), *self.fresh})
        found = disabled_users(self.rest, ids, self.names, before)
        self.read_chosen(found ^ before)
        return self.disabled

    def names(self, numbers: Collection[int]) -> dict[int, str]:
        """Return the names of users that were read, or are kept."""
        if self.replace:
            rows = (row for number, row in self.rows if number in numbers)
            return {known.id: known.name for known in decode_rows(rows, Known)}
        kept = {known.id: known.name for known in self.known_users(numbers)}
        return kept | {number: self.called[number] for number in numbers if number in self.called}

    def known_users(self, numbers: Collection[int]) -> Iterator[Known]:
        """Yield those of these users that are kept."""
        return self.kept.pick(numbers, Known)

    def count_disabled(self) -> int:
        """Return how many users are disabled, by what was kept and what was read."""
        replaced = self.known_users(self.gone | self.fresh.keys())
        return self.before.disabled - sum(known.disabled for known in replaced) + len(self.disabled & self.fresh.keys())


class UserReader(KeepingReader[UserSchema, UserWork, UserSnapshot]):
    """Reads the users of one RT."""

    def scope(self, schema: UserSchema) -> str:
        """Return the name of the snapshot: by API user."""
        return f"rt:{self._url}:user:{self._rest.user or schema.me}:users"

    def names(self, schema: UserSchema, numbers: Collection[int]) -> dict[int, str]:
        """Return the names that kept users had when they were last read; none where they cannot be decoded."""
        kept = Kept(self._store, self.scope(schema))
        try:
            return {known.id: known.name for known in kept.pick(numbers, Known)}
        except msgspec.MsgspecError:
            return {}

    def _work(self, schema: UserSchema, kept: Kept, rows: Rows, progress: Progress | None) -> UserWork:
        return UserWork(self._rest, schema, kept, rows, progress)

    def _keep(self, work: UserWork, schema: UserSchema) -> UserSnapshot:
        re_read, meta = work.keep(), work.meta
        users = KeptObjects(work.kept, job_class(schema), work.count)
        return UserSnapshot(users, meta.began, meta.full, work.how, re_read, work.misses)


def _put(numbers: set[int], number: int, there: bool) -> None:  # noqa: FBT001 - a flag is its value
    (numbers.add if there else numbers.discard)(number)
