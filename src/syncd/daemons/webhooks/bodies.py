"""What the bodies of webhooks may be, and the events that they become.

A body is read strictly: a field that is not known, or is there twice, is refused with its name rather than passed over,
as a misspelt ``action`` would make another check of it. What is kept is what was understood, written anew.
"""

import json
import secrets
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from syncd.state.inbox.records import NewEvent, asset_created

SENDER = "webhook"
STUDENT_CHECK = "student-check"

_LONGEST_FAULT = 300  # characters; the name of an unknown field is the sender's

_DIGITS = Meta(pattern=r"^[1-9][0-9]{0,8}(?![\s\S])", description="The number as text, as Perl often writes it.")
# A number, as 17.0 is an integer in JSON too; RT has 32 bits for them.
_Number: TypeAlias = Annotated[float, Meta(ge=1, le=2**31 - 1, multiple_of=1)]
AssetId: TypeAlias = _Number | Annotated[str, _DIGITS]
Key: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Name: TypeAlias = Annotated[str, Meta(max_length=1024)]
Notes: TypeAlias = Annotated[str, Meta(max_length=10_000)]
Timestamp: TypeAlias = Annotated[str, Meta(max_length=64)] | float


class AssetCreated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """RT has made an asset. Only its number is kept: all else is read in RT, when it is needed."""

    asset_id: AssetId
    event: Literal["asset-created"] = "asset-created"
    name: Name | None = None
    catalog: Name | float | None = None
    timestamp: Timestamp | None = None

    def new_event(self, message_id: str) -> NewEvent:  # noqa: ARG002 - as all bodies have it
        """Return the event; its key is the asset, so that the listener and the poll tell of it once."""
        return asset_created(int(self.asset_id), SENDER)


class StudentCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody asks what a student has, or takes devices back; one of the three ids says whom or what it is about."""

    student_id: Key | None = None
    asset_id: AssetId | None = None
    serial: Key | None = None
    event: Literal["student-check"] = "student-check"
    action: Literal["report", "check-in"] = "report"
    damage: Notes = ""
    broken_screen: bool = False
    checked_by: Name = ""
    timestamp: Timestamp | None = None

    def __post_init__(self) -> None:
        """Refuse what is about nothing, or about two things."""
        given = [name for name in ("student_id", "asset_id", "serial") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"one of student_id, asset_id and serial is needed, not {' and '.join(given) or 'none'}")
        if any(not (getattr(self, name) or " ").strip() for name in ("student_id", "serial") if name in given):
            raise ValueError(f"{given[0]} is blank")
        if self.action == "report" and (self.damage or self.broken_screen):
            raise ValueError("damage is told with the action check-in, and a report would not keep it")

    def new_event(self, message_id: str) -> NewEvent:
        """Return the event; without an id of the sender each one is another: a device may come back twice a day."""
        kept = {name: value for name in _KEPT if (value := getattr(self, name)) not in (None, "", False)}
        if self.asset_id is not None:
            kept["asset_id"] = int(self.asset_id)
        return NewEvent(
            kind=STUDENT_CHECK,
            sender=SENDER,
            key=message_id or secrets.token_hex(16),
            object=self._object(),
            body=msgspec.json.encode(kept),
        )

    def _object(self) -> str:
        if self.asset_id is not None:
            return f"asset:{int(self.asset_id)}"
        return f"student:{self.student_id}" if self.student_id else f"serial:{(self.serial or '').strip().upper()}"


_KEPT = ("student_id", "asset_id", "serial", "action", "damage", "broken_screen", "checked_by")

Body: TypeAlias = AssetCreated | StudentCheck

_DECODERS: dict[type[Body], msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (AssetCreated, StudentCheck)
}


def read(kind: type[Body], text: bytes) -> Body:
    """Return what a body says. Raises ValueError, with a sentence for its sender."""
    try:
        body: Body = _DECODERS[kind].decode(text)
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(f"the body cannot be used: {str(error)[:_LONGEST_FAULT]}") from None
    _DOUBLES.decode(text.decode())
    return body


def _refuse_doubles(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len({*names}) != len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the body has {double} twice")


_DOUBLES = json.JSONDecoder(object_pairs_hook=_refuse_doubles)
"""Only looks for them: msgspec takes the last one."""
