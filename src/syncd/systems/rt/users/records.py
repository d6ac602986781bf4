"""Users: as RT sends them, as the snapshot keeps them, and as a job reads them.

A kept row is the whole record in compact JSON, so that all jobs share one snapshot. A job decodes rows into a class of
its own that has only the fields it wants.
"""

from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter

import msgspec

from syncd.systems.rt.schema import Value
from syncd.systems.rt.users.schema import COLUMNS, FLAGS, UserSchema


class User(msgspec.Struct, frozen=True, gc=False):
    """What every job gets of a user; a job's own class adds ``cf<ID>`` for each custom field and the rarer columns.

    ``name`` is the login name; ``updated`` is RT's LastUpdated (UTC, grain one second). Personal data: not for the
    journal.
    """

    id: int
    name: str = ""
    email: str = ""
    real_name: str = ""
    organization: str = ""
    disabled: bool = False
    privileged: bool = False
    updated: str = ""


def job_class(schema: UserSchema) -> type[User]:
    """Return the User class with an attribute for each field that the job needs."""
    rare = [COLUMNS[field][0] for field in schema.need.fields if field in COLUMNS]
    custom = tuple((cf.attribute, cf.multi) for cf in schema.wanted)
    return _job_class(tuple(name for name in rare if name not in User.__struct_fields__), custom)


@lru_cache(maxsize=32)
def _job_class(columns: tuple[str, ...], custom: tuple[tuple[str, bool], ...]) -> type[User]:
    plain = [(name, str, "") for name in columns]
    fields = [(name, (tuple[str, ...] if multi else str) | None, None) for name, multi in custom]
    made = msgspec.defstruct("JobUser", [*plain, *fields], bases=(User,), frozen=True, gc=False)
    assert issubclass(made, User)
    return made


def getter(schema: UserSchema, field: str) -> Callable[[User], Value]:
    """Return a function that reads a needed field of a user; ``Disabled`` and ``Privileged`` are ``"1"`` or ``"0"``."""
    if field in schema.fields:
        return attrgetter(schema.fields[field].attribute)
    if field in FLAGS:
        flag = attrgetter(FLAGS[field])
        return lambda user: "1" if flag(user) else "0"
    read = attrgetter("updated" if field == "LastUpdated" else COLUMNS[field][0])
    return lambda user: read(user) or None
