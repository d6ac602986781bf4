"""People and users in the frame of a comparison: who takes part, who is whom, who has left, who is not touched."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from syncd.jobs.people.crossing import Crossing
from syncd.jobs.people.options import RtUsersOptions
from syncd.jobs.people.roster_side import Entry, entries, roster_side
from syncd.jobs.people.rt_side import Protection, user_side
from syncd.jobs.sides.rt_writer import SYSTEM
from syncd.reconcile.mapping import Flow
from syncd.reconcile.match import Match, match
from syncd.reconcile.model import Listing
from syncd.reconcile.values import Known
from syncd.systems.rosters.person import Person
from syncd.systems.rt.users.records import User, getter
from syncd.systems.rt.users.schema import UserSchema

PROTECTED, DISABLED, CONFLICT = "protected", "disabled", "conflict"
"""States of listings for users that are not touched; those that have no person any more are protected."""

Pair = tuple[Entry, User, str]


@dataclass(frozen=True)
class Frame:
    """A comparison that has all but its actions.

    ``found`` has all there is, ``pairs`` are those that are compared; ``aside`` says why others are not touched.
    ``missing`` are people without a user, ``left`` users whose person is in no source. ``unmanaged`` users have no id
    of the school and never had a person: customers, say.
    """

    found: Match[Entry, User]
    pairs: Sequence[Pair]
    aside: Sequence[Listing]
    missing: Sequence[Entry]
    left: Sequence[User]
    unmanaged: int
    crossing: Crossing

    @property
    def flow(self) -> Flow[Entry, User]:
        """The fields of users that the roster owns."""
        return Flow(source=self.found.left, target=self.found.right, fields=self.crossing.fields())

    def conflicts(self) -> list[Listing]:
        """Return a line for each person and user in conflict, and for each person without any key.

        Of users without a key nothing is said: most users of RT are no pupils.
        """
        found = self.found
        rejected = [(entry, why) for entry, why in found.rejected_left if not found.left.usable(entry)]
        told = replace(found, only_left=[], only_right=[], rejected_left=rejected, rejected_right=[])
        return told.listings()

    @property
    def managed(self) -> int:
        """The number of users that the job is about, those that people lack among them."""
        return len(self.found.pairs) + len(self.left) + len(self.missing)


def frame(
    options: RtUsersOptions, schema: UserSchema, people: Iterable[Person], users: Sequence[User], known: Collection[str]
) -> Frame:
    """Match people and users, and sort out who is not touched.

    ``known``: numbers of users that had a person in an earlier run.
    """
    records = entries(people, options.rules)
    found = match(roster_side(records, options.match), user_side(users, schema, options.id_field, options.match))
    sorting = _Sorting(options, Protection(options.protected, schema.me), getter(schema, options.id_field))
    aside = [*sorting.aside(found.pairs)]
    untouched = {listing.object for listing in aside}
    gone = [*found.only_right, *(user for user, _ in found.rejected_right if str(user.id) in known)]
    return Frame(
        found=found,
        pairs=[pair for pair in found.pairs if str(pair[1].id) not in untouched],
        aside=[*aside, *sorting.staying(gone)],
        missing=[*found.only_left, *(entry for entry, _ in found.rejected_left if found.left.usable(entry))],
        left=[user for user in gone if sorting.may_leave(user)],
        unmanaged=len(users) - len(found.pairs) - len(gone) - len(found.conflicts_right),
        crossing=Crossing(options, schema, records, users, {entry.ident: user.id for entry, user, _ in found.pairs}),
    )


@dataclass(frozen=True)
class _Sorting:
    options: RtUsersOptions
    protection: Protection
    school_id: Callable[[User], Known]

    def aside(self, pairs: Iterable[Pair]) -> Iterator[Listing]:
        """Yield a line for each user that has a person and is not touched."""
        for entry, user, key in pairs:
            state, why = self._verdict(entry, user, key)
            if why:
                yield Listing(state=state, system=SYSTEM, object=str(user.id), label=str(user.id), why=why)

    def _verdict(self, entry: Entry, user: User, key: str) -> tuple[str, str | None]:
        if why := self.protection.why(user):
            return PROTECTED, why
        if user.privileged and entry.person.role == "student":
            return PROTECTED, "it is a privileged user, and its person is a student"
        if key == "name" and not entry.person.id and self.school_id(user):
            return (
                CONFLICT,
                f"it has an id of the school and person {entry.ident} has none: one name makes them not one",
            )
        if user.disabled and self.options.disabled_users == "report":
            return DISABLED, 'it is disabled in RT, its person is in the roster, and disabled_users = "report"'
        return "", None

    def may_leave(self, user: User) -> bool:
        """Return whether a user can be disabled."""
        return not user.disabled and self._stays(user) is None

    def staying(self, users: Iterable[User]) -> Iterator[Listing]:
        """Yield a line for each user that has no person any more, and is not disabled for it."""
        for user in users:
            if not user.disabled and (why := self._stays(user)):
                told = f"in no source of the roster, and not disabled: {why}"
                yield Listing(state=PROTECTED, system=SYSTEM, object=str(user.id), label=str(user.id), why=told)

    def _stays(self, user: User) -> str | None:
        """Return why a user is never disabled: RT does not tell administrators from other privileged users."""
        return self.protection.why(user) or ("it is a privileged user" if user.privileged else None)
