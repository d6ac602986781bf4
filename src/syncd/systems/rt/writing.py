"""What the writers of assets and of users have in common: values in the one form RT stores as meant, and its answers.

RT 5.0.3, observed: a refused update answers 200 with a sentence, an unknown field is dropped without one, and a PUT is
not atomic.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from textwrap import shorten
from typing import Any, Generic, TypeVar

import msgspec

from syncd.host.errors import Unavailable, WriteRefused
from syncd.systems.rt import forms
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.schema import Fields, Value, texts_of

REFUSAL = re.compile(
    r"Permission Denied$|^No permission to |^Invalid value for custom field|^Could not |^Couldn't |"
    r"isn't a valid status|: You can't change status|: Illegal value for |^Asset .*: Catalog .* does not exist|"
    r"Input must match |is not a unique value|does not apply to this object|^One, and only one, of |"
    r" could not be found for custom field |^Custom field .* not found$|^Invalid |"
    r"^User .*: (Name in use|Email address in use|Invalid syntax for email address|empty name)$|"
    r"^User .*: (\w+ could not be set to |Can not modify system users)"
)
CHANGE = re.compile(
    r": \w+ changed from |: Asset deleted$|^Owner set to |^Member (added|deleted)| changed to | added$|"
    r" added as a value for | is no longer a value for custom field | deleted$|^User (disabled|enabled)$|"
    r"^That user is now (un)?privileged$"
)
_NAMED = re.compile(r"^User .*?: ", re.DOTALL)
"""How a sentence starts that names a person; the label has the number."""

LOST = ("rt.server_error", "rt.answer_lost", "rt.not_json")
"""Codes of errors after which a create may have happened."""

F = TypeVar("F", bound=Fields)


class Answer(msgspec.Struct, frozen=True):
    """What RT said to an update. ``proven`` is false where only a read can tell whether everything was written."""

    proven: bool
    sentences: tuple[str, ...] = ()


class FieldWriter(ABC, Generic[F]):
    """Writes fields of objects."""

    def __init__(self, rest: Rest, schema: F) -> None:
        self._rest = rest
        self._schema = schema

    def _update(
        self,
        path: str,
        label: str,
        changes: Mapping[str, Value],
        body: Mapping[str, Any],
        remedy: Callable[[list[str]], str],
    ) -> Answer:
        """PUT an object; after a 500, or an answer that tells nothing, it is unproven: RT may have done part of it."""
        try:
            reply = self._rest.write("PUT", path, body, "update", label)
            told = self._rest.written(reply, list[str | None], "update", label)
        except Unavailable as error:
            if error.code not in ("rt.server_error", "rt.answer_lost"):
                raise
            return Answer(proven=False, sentences=(error.sentence,))
        return _read_answer(label, [sentence for sentence in told if sentence], changes, remedy)

    def _refuse_bad(self, label: str, changes: Mapping[str, Value]) -> None:
        for field, value in changes.items():
            if why := self._schema.refusal(field, value):
                raise WriteRefused(f"{label}: {why}.", code="rt.value", object=label)

    @abstractmethod
    def _plain(self, label: str, field: str, value: Value) -> dict[str, Any]:
        """Return what is sent for a field that is no custom field; ``unwritable`` for one that cannot be."""

    def _body(self, label: str, changes: Mapping[str, Value]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for field, value in changes.items():
            if field in self._schema.fields:
                custom[str(self._schema.fields[field].id)] = self._custom_value(field, value)
            else:
                body |= self._plain(label, field, value)
        return {**body, "CustomFields": custom} if custom else body

    def _custom_value(self, field: str, value: Value) -> str | list[str] | None:
        definition = self._schema.fields[field]
        stored = self._schema.reads_back(field, value)
        if definition.multi:
            return [self._sent(definition.type, text) for text in texts_of(stored)]
        if isinstance(stored, str):
            return self._sent(definition.type, stored)
        # null clears a single value; "" and [] would leave an empty value behind. But RT looks for a time that is to
        # be cleared in the user's zone, and finds it in UTC only: elsewhere "" makes it "Not set" (RT 5.0.3, observed).
        return "" if definition.type == "DateTime" and self._schema.timezone != "UTC" else None

    def _sent(self, kind: str, text: str) -> str:
        if kind == "DateTime":
            return forms.written_moment(text, self._schema.zone) or text
        return forms.written_day(text) if kind == "Date" else text


def unwritable(label: str, field: str) -> WriteRefused:
    """Return the error for a field that is only read."""
    return WriteRefused(f"{label}: {field} cannot be written.", code="rt.field", object=label)


def _read_answer(
    label: str, sentences: list[str], changes: Mapping[str, Value], remedy: Callable[[list[str]], str]
) -> Answer:
    refusals = [sentence for sentence in sentences if REFUSAL.search(sentence) and not CHANGE.search(sentence)]
    if refusals:
        told = shorten("; ".join(_NAMED.sub("", sentence) for sentence in refusals), 500, placeholder=" ...")
        raise WriteRefused(
            f"RT refused to update {label}: {told}{remedy(refusals)}.",
            code="rt.refused",
            system="rt",
            operation="update",
            object=label,
        )
    # RT cuts and respells values after it made its sentence, so that even these only show that it did something.
    done = sum(1 for sentence in sentences if CHANGE.search(sentence))
    return Answer(proven=done >= len(changes) > 0, sentences=tuple(sentences))
