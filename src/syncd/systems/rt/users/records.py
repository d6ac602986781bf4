"""Users: as RT sends them, as the snapshot keeps them, and as a job reads them.

A kept row is the whole record in compact JSON, so that all jobs share one snapshot. A job decodes rows into a class of
its own that has only the fields it wants.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, cast

import msgspec

from syncd.host.errors import NotPermitted
from syncd.systems.rt.assets import CustomFieldValues, custom_values
from syncd.systems.rt.schema import CustomField, Value
from syncd.systems.rt.users.schema import COLUMNS, FLAGS, UserSchema

FIELDS: Final = {"fields": ",".join(("id", *COLUMNS, "LastUpdated", "CustomFields"))}
"""What is asked of RT for a whole record; lists never tell of Disabled and Privileged (RT 5.0.3, observed)."""


class WireUser(msgspec.Struct):
    """A user as RT sends it: an item of a list, or alone (then with its flags, where AdminUsers is held).

    ``WHOLE`` is this class with an attribute for each column; None and "" are the same to RT.
    """

    id: int = 0
    name: str = msgspec.field(name="Name", default="")
    url: str = msgspec.field(name="_url", default="")
    updated: str = msgspec.field(name="LastUpdated", default="")
    custom_fields: list[CustomFieldValues] | str = msgspec.field(name="CustomFields", default="")
    disabled: int | None = msgspec.field(name="Disabled", default=None)
    privileged: int | None = msgspec.field(name="Privileged", default=None)

    @property
    def reference(self) -> str:
        """The name by which RT refers to the user elsewhere.

        It lacks the start of a name that begins with ``$Organization`` and a dash (RT 5.0.3, observed).
        """
        return self.name if self.url.endswith(f"/user/{self.name}") else self.url.partition("/user/")[2]


WHOLE: Final = cast(
    "type[WireUser]",
    msgspec.defstruct(
        "WholeUser",
        [
            (attribute, str | None, msgspec.field(name=column, default=""))
            for column, (attribute, _) in COLUMNS.items()
            if attribute != "name"
        ],
        bases=(WireUser,),
    ),
)


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


class Known(msgspec.Struct, gc=False):
    """What the reader itself wants of a kept user."""

    id: int
    name: str = ""
    disabled: bool = False


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


def encode_user(item: WireUser, fields: Mapping[int, CustomField]) -> bytes:
    """Return the row of a user, without its flags; errors as ``assets.encode_asset``."""
    row: dict[str, Any] = {"id": item.id, "updated": item.updated}
    row.update((attribute, text) for attribute, _ in COLUMNS.values() if (text := getattr(item, attribute)))
    row.update(custom_values(f"user {item.id}", item.custom_fields, fields))
    return msgspec.json.encode(row)


def with_flags(row: bytes, *, disabled: bool, privileged: bool) -> bytes:
    """Return a row of ``encode_user`` with flags."""
    flags = (b',"disabled":true' if disabled else b"") + (b',"privileged":true' if privileged else b"")
    return row[:-1] + flags + row[-1:] if flags else row


def flags_of(item: WireUser) -> tuple[bool, bool]:
    """Return whether a user that was read alone is disabled and privileged; NotPermitted where RT does not tell."""
    if item.disabled is None or item.privileged is None:
        raise NotPermitted(
            "RT does not show whether users are disabled: the API user lost AdminUsers.", code="rt.forbidden"
        )
    return bool(item.disabled), bool(item.privileged)
