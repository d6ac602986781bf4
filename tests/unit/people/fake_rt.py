"""An RT that has users and nothing else, in memory, and a roster in a store beside it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, cast

import msgspec

from syncd.host.clock import SystemClock
from syncd.host.credentials import Credentials
from syncd.host.http import HttpStats
from syncd.jobs.context import RunContext
from syncd.jobs.people.options import RtUsersOptions
from syncd.jobs.rt_users import RtUsersJob
from syncd.reconcile.guard import ClearLimit, CreateLimit, DisableLimit, Limits, UpdateLimit
from syncd.reconcile.run import Runner
from syncd.reconcile.values import Known
from syncd.state.rosters import Import
from syncd.state.store import Store
from syncd.systems.rosters.person import FIELDS, Person
from syncd.systems.rt.options import RtOptions
from syncd.systems.rt.schema import CustomField
from syncd.systems.rt.users.records import User, job_class
from syncd.systems.rt.users.schema import COLUMNS, UserNeed, UserSchema
from syncd.systems.rt.users.snapshot import UserSnapshot
from syncd.systems.rt.write import Answer
from unit.rt.fake_rt import NOW

ME = 27
ID, GRADE, HOUSE = "CF.{Student ID}", "CF.{Grade}", "CF.{House}"
DEFINITIONS = {
    ID: CustomField(1, "Student ID", "Freeform", 1),
    GRADE: CustomField(2, "Grade", "Freeform", 1),
    HOUSE: CustomField(3, "House", "Select", 1, values=("Red", "Blue")),
}
FREE = Limits(
    create=CreateLimit(percent=100, count=1000),
    update=UpdateLimit(percent=100, count=1000),
    clear=ClearLimit(percent=100, count=1000),
    disable=DisableLimit(percent=100, count=1000),
    shrink=100,
)
"""Limits that let everything pass, save a source that is suddenly empty."""


def person(number: int, **changes: Any) -> Person:  # noqa: ANN401
    """Return a student; the id is six digits."""
    usual = {
        "id": f"{number:06}",
        "given_name": f"Given{number}",
        "family_name": "Synth",
        "user_name": f"s{number}",
        "email": f"s{number}@example.org",
        "grade": "9",
    }
    return Person(**usual | changes)


class FakeRt:
    """Takes users as RT does; ``refuses`` says why a write is refused, ``drops`` are fields that a create loses."""

    def __init__(self, users: Iterable[dict[str, Any]] = ()) -> None:
        self.client = type("Client", (), {"stats": HttpStats()})()
        self.users: dict[int, dict[str, Any]] = {}
        self.writes: list[tuple[str, Mapping[str, Known]]] = []
        self.refuses: Callable[[Mapping[str, Known]], Exception | None] = lambda _: None
        self.drops: Collection[str] = ()
        self.user_reader = self
        for user in users:
            self.add(**user)

    def add(self, **fields: Any) -> int:  # noqa: ANN401
        """Add a user by RT's names of its fields, and ``number``; return the number."""
        number: int = fields.pop("number", 0) or max([100, *self.users]) + 1
        self.users[number] = {"Disabled": "0", "Privileged": "0", **fields}
        return number

    def user_preflight(self, need: UserNeed) -> UserSchema:
        wanted = {field: DEFINITIONS[field] for field in need.fields if field in DEFINITIONS}
        return UserSchema(
            need=need, version="5.0.3", custom_fields=tuple(DEFINITIONS.values()), fields=wanted, me=ME, privileged=4
        )

    def read(self, schema: UserSchema, *, full: bool, progress: Any) -> UserSnapshot:  # noqa: ANN401, ARG002
        self.schema = schema
        progress("RT users", len(self.users), None)
        users = [self._user(number) for number in sorted(self.users)]
        return UserSnapshot(users=users, as_of=NOW, full=NOW, how="cold", re_read=0)

    def user_writer(self, schema: UserSchema) -> "FakeRt":
        self.schema = schema
        return self

    def update_user(self, user: int, changes: Mapping[str, Known]) -> Answer:
        self.writes.append((str(user), changes))
        if error := self.refuses(changes):
            raise error
        self.users[user] |= changes
        return Answer(proven=False)

    def create_user(self, fields: Mapping[str, Known]) -> int:
        self.writes.append(("new", fields))
        if error := self.refuses(fields):
            raise error
        return self.add(**{name: value for name, value in fields.items() if name not in self.drops})

    def read_users(self, ids: Collection[int]) -> Mapping[int, User]:
        return {number: self._user(number) for number in ids if number in self.users}

    def _user(self, number: int) -> User:
        kind = job_class(self.schema)
        values = self.users[number]
        plain = {COLUMNS[name][0]: value or "" for name, value in values.items() if name in COLUMNS}
        flags = {name.lower(): values[name] == "1" for name in ("Disabled", "Privileged")}
        custom = {DEFINITIONS[name].attribute: value for name, value in values.items() if name in self.schema.fields}
        found: dict[str, Any] = plain | flags | custom
        return kind(id=number, **{name: value for name, value in found.items() if name in kind.__struct_fields__})


class World:
    """A job between a roster and a fake RT."""

    def __init__(
        self, store: Store, people: Iterable[Person] | None = (), users: Iterable[dict[str, Any]] = ()
    ) -> None:
        self.store = store
        self.rt = FakeRt(users)
        self.url = "http://rt.invalid"
        if people is not None:
            self.roster(*people)

    def roster(self, *people: Person) -> None:
        """Import people as the whole roster."""
        rows = [tuple(getattr(one, name) for name in FIELDS) for one in people]
        new = Import(
            roster="students",
            scope="",
            extent="full",
            content=str(hash(people)),
            reading="",
            file="test.csv",
            format="test",
        )
        self.store.rosters.take(new, [rows] if rows else [], lambda _: True)

    def job(self, **options: Any) -> RtUsersJob:  # noqa: ANN401
        context = RunContext(
            google=None,
            rt=RtOptions(url=self.url),
            credentials=Credentials({}, keyring=False),
            store=self.store,
            clock=SystemClock(),
            progress=lambda *_: None,
        )
        return RtUsersJob(msgspec.convert(options, RtUsersOptions), context, None, cast("Any", self.rt))

    def runner(self, **options: Any) -> Runner:  # noqa: ANN401
        return Runner(self.job(**options), self.store.ledger, FREE)

    def apply(self, **options: Any) -> Any:  # noqa: ANN401
        """Apply, and forget the writes before."""
        self.rt.writes.clear()
        return self.runner(**options).apply()
