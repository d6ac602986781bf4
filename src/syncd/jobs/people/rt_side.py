"""The users of RT as the other side: how they are found again, who of them is protected, and how they are written."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import Protocol

import msgspec

from syncd.jobs.people.roster_side import text_key
from syncd.jobs.sides.rt_writer import SYSTEM, RtWriter, numbers
from syncd.reconcile.model import Action
from syncd.reconcile.sides import KeyRule, Side
from syncd.reconcile.values import Known
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import custom_name
from syncd.systems.rt.users.records import User, getter
from syncd.systems.rt.users.schema import UserSchema
from syncd.systems.rt.write import Answer

SYSTEM_USERS = ("RT_System", "Nobody", "root")
"""Users that every RT has and cannot do without (RT 5.0.3, observed)."""


def user_side(users: Sequence[User], schema: UserSchema, id_field: str, match: Sequence[str]) -> Side[User]:
    """Return users as a side, with the match keys named (``id``, ``email``, ``name``)."""
    readers: dict[str, Callable[[User], Known]] = {
        "id": getter(schema, id_field),
        "email": attrgetter("email"),
        "name": attrgetter("name"),
    }
    return Side(
        system=SYSTEM,
        noun="user",
        records=users,
        ident=lambda user: str(user.id),
        label=lambda user: str(user.id),
        keys=tuple(KeyRule[User](name=kind, read=readers[kind], normalise=text_key) for kind in match),
    )


class Protection:
    """Who is never touched. ``patterns`` are of names and addresses, without case; ``me`` is the API user's number."""

    def __init__(self, patterns: Iterable[str], me: int) -> None:
        self._patterns = [pattern.casefold() for pattern in patterns]
        self._system = {name.casefold() for name in SYSTEM_USERS}
        self._me = me

    def why(self, user: User) -> str | None:
        """Return why a user is protected, None for one who is not."""
        if user.id == self._me:
            return "it is the API user itself"
        if user.name.casefold() in self._system:
            return "it is one of RT's own users"
        texts = [text.casefold() for text in (user.name, user.email) if text]
        for pattern in self._patterns:
            if any(fnmatchcase(text, pattern) for text in texts):
                return "jobs.rt-users.protected names it"
        return None


class Users(Protocol):
    """The part of the RT adapter that the writer uses; fields by name, values as they read."""

    def update_user(self, user: int, changes: Mapping[str, Known]) -> Answer:
        """Change fields of one user."""

    def create_user(self, fields: Mapping[str, Known]) -> int:
        """Create a user and return its number."""

    def read_users(self, ids: Collection[int]) -> Mapping[int, User]:
        """Read users in bulk."""


Widen = Callable[[Collection[str]], tuple[Users, UserSchema]]
"""Returns what knows these custom fields, too; raises ConfigurationError where RT does not have them all."""


class UserWriter(RtWriter):
    """Writes users. ``widen`` is asked for custom fields that only an earlier run, which is undone, has written."""

    def __init__(self, users: Users, schema: UserSchema, concurrency: int, widen: Widen) -> None:
        super().__init__(concurrency)
        self._users = users
        self._schema = schema
        self._widen = widen

    def knows(self, field: str) -> bool:
        """Return whether a field is one that was asked for; all but custom fields are."""
        return custom_name(field) is None or field in self._schema.fields

    def widen(self, fields: Collection[str]) -> None:
        """Ask RT for further custom fields."""
        self._users, self._schema = self._widen(fields)

    def update(self, action: Action) -> None:
        """Change a user."""
        self._users.update_user(int(action.object), action.after)

    def create(self, action: Action) -> int:
        """Create a user."""
        return self._users.create_user(action.after)

    def read_back(self, actions: Sequence[Action], objects: Mapping[str, str]) -> Mapping[str, Mapping[str, Known]]:
        """Read the present values, many users a request."""
        actions = self.readable(actions)
        places = numbers(actions, objects)
        now = self._users.read_users(sorted(set(places.values())))
        readers = {name: getter(self._schema, name) for action in actions for name in action.after}
        return {
            action.id: {name: readers[name](now[places[action.id]]) for name in action.after}
            for action in actions
            if places.get(action.id) in now
        }

    def same(self, field: str, wanted: Known, found: Known) -> bool:
        """Compare in RT's spelling."""
        return self._schema.reads_back(field, wanted) == found


def user_writer(rt: RequestTracker, schema: UserSchema, concurrency: int) -> UserWriter:
    """Return a writer of users for a job's fields; it can undo runs that wrote other fields, too."""

    def widen(names: Collection[str]) -> tuple[Users, UserSchema]:
        need = schema.need
        wider = rt.user_preflight(msgspec.structs.replace(need, write=(*need.write, *sorted(names))))
        return rt.user_writer(wider), wider

    return UserWriter(rt.user_writer(schema), schema, concurrency, widen)
