"""Writing custom field values on an object, with RT's sentences; nothing here is all-or-nothing."""

from collections.abc import Sequence
from typing import Any

from syncd.sandbox.rt.context import Context
from syncd.sandbox.rt.records import Asset, Change, CustomField, User
from syncd.sandbox.rt.values import Invalid, canonical, check, spoken, zone_of
from syncd.sandbox.rt.wire import crash

Sentence = str | None


def find_applied(context: Context, record: Asset | User, key: str) -> CustomField | None:
    """Return the custom field of an object that a key means, None where the user sees none like it."""
    if not context.may_see_fields_of(record):
        return None
    return meant(context.world.applied_fields(record), key)


def meant(applied: Sequence[CustomField], key: str) -> CustomField | None:
    """Return the field that a key means: its id, else its name in any case."""
    by_id = next((field for field in applied if str(field.id) == key), None)
    return by_id or next((field for field in applied if field.name.lower() == key.lower()), None)


def update_values(context: Context, record: Asset | User, values: Any) -> list[Sentence]:  # noqa: ANN401
    """Write values field by field; unknown fields are passed over without a sentence."""
    if not values and not isinstance(values, list):
        return []
    if not isinstance(values, dict):
        raise crash()
    sentences: list[Sentence] = []
    for key, value in values.items():
        field = find_applied(context, record, key)
        if field is None:
            continue
        write = _Write(context, record, field)
        sentences += write.single(value) if field.single else write.many(value)
    return sentences


def set_initial(context: Context, record: Asset | User, field: CustomField, value: Any) -> None:  # noqa: ANN401
    """Store the values of a new object, one after the other; raises Invalid with RT's sentence."""
    write = _Write(context, record, field)
    for one in value if isinstance(value, list) else [value]:
        if one is None:
            continue
        text = "1" if one is True else _text(one)
        stored = write.checked(canonical(field, text, write.zone))
        kept = [] if field.single else record.values.get(field.id, [])
        if stored not in kept:
            context.world.set_values(record, field.id, [*kept, stored])


class _Write:
    """One custom field of one object, being written."""

    def __init__(self, context: Context, record: Asset | User, field: CustomField) -> None:
        self.context, self.record, self.field = context, record, field
        self.zone = zone_of(context.user.timezone)

    @property
    def stored(self) -> list[str]:
        return self.record.values.get(self.field.id, [])

    def single(self, value: Any) -> list[Sentence]:  # noqa: ANN401
        old = self.stored[0] if self.stored else ""
        if value is None and old not in {"", "0"}:
            return [self._clear(old)]
        if isinstance(value, list):
            value = value[0] if value else None
        text = "" if value is None else _text(value)
        try:
            new = canonical(self.field, text, self.zone)
            if old and new == old:
                return []
            self.checked(new)
        except Invalid as refusal:
            return [str(refusal)]
        self._store([new], old, new)
        return [self._changed(old, new)]

    def _changed(self, old: str, new: str) -> str:
        name, before, after = self.field.name, self._spoken(old), self._spoken(new)
        if not old:
            return f"{name} {after} added"
        return f"{name} {before} changed to {after}" if new else f"{name} {before} deleted"

    def many(self, value: Any) -> list[Sentence]:  # noqa: ANN401
        wanted = value if isinstance(value, list) else [value]
        texts = ["" if one is None else _text(one) for one in wanted]
        surplus = {text: texts.count(text) for text in texts}
        for text in self.stored:
            surplus[text] = surplus.get(text, 0) - 1
        keys = list(dict.fromkeys(texts))
        if None in wanted and "" not in wanted:
            keys.append("")  # a null and the empty text are two keys for RT, with one count
        sentences: list[Sentence] = []
        for key in keys:
            sentences += [self._add(key) for _ in range(surplus[key])]
        for key in sorted(surplus):
            sentences += [self._remove(key) for _ in range(-surplus[key])]
        return sentences

    def _add(self, text: str) -> Sentence:
        try:
            new = canonical(self.field, text, self.zone)
            if new and new in self.stored:
                return None
            self.checked(new)
        except Invalid as refusal:
            return str(refusal)
        self._store([*self.stored, new], "", new)
        return f"{self._spoken(new)} added as a value for {self.field.name}"

    def _clear(self, old: str) -> str:
        """Remove the value by its text, which RT reads in the user's zone once more; so it may not find it."""
        timed = self.field.type in {"Date", "DateTime"}
        if timed and self._permitted() and canonical(self.field, old, self.zone) != old:
            return f"Custom field value {old} could not be found for custom field {self.field.name}"
        return self._remove(old)

    def _remove(self, text: str) -> str:
        if not self._permitted():
            return "Permission Denied"
        left = list(self.stored)
        if text in left:
            left.remove(text)
            self._store(left, text, "")
        return f"{self._spoken(text)} is no longer a value for custom field {self.field.name}"

    def checked(self, new: str) -> str:
        """Return a canonical value that may be stored, or raise Invalid with RT's sentence."""
        try:
            self._check_permitted()
            check(self.field, new)
            self._check_unique(new)
        except Invalid as refusal:
            raise Invalid(f"Could not add a new value to custom field '{self.field.name}': {refusal}") from None
        return new

    def _check_permitted(self) -> None:
        if not self._permitted():
            raise Invalid("Permission Denied")

    def _check_unique(self, new: str) -> None:
        if not self.field.unique or not new or not isinstance(self.record, Asset):
            return
        if self.context.world.with_value(self.field.id, new) - {self.record.id}:
            raise Invalid(f"'{new}' is not a unique value")

    def _permitted(self) -> bool:
        catalog = self.record.catalog if isinstance(self.record, Asset) else None
        return self.context.may("ModifyCustomField", catalog)

    def _store(self, values: list[str], old: str, new: str) -> None:
        world = self.context.world
        world.set_values(self.record, self.field.id, values)
        world.log(self.record, self.context.user.id, Change("CustomField", str(self.field.id), old, new))

    def _spoken(self, stored: str) -> str:
        return spoken(self.field, stored, self.zone)


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool | dict | list):
        raise crash()
    return str(value)
