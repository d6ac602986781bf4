"""What a job needs of RT, and what RT has: catalogs, custom field definitions, and how values behave in them."""

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from syncd.systems.rt import forms

Kind: TypeAlias = Literal["text", "date", "datetime", "address", "multi", "file"]
"""What a custom field holds. ``multi``: several values of any type; ``text`` has select and combobox fields too."""

Value: TypeAlias = str | tuple[str, ...] | None
"""A field's value; None is empty."""

READABLE = frozenset(
    {"Name", "Status", "LastUpdated", "Owner", "Owner.Name", "Owner.EmailAddress", "HeldBy", "HeldBy.Name"}
    | {"HeldBy.EmailAddress"}
)
"""Fields of an asset besides custom fields. ``Owner`` and ``HeldBy`` alone are numeric user ids, as text."""

WRITABLE = READABLE - {"LastUpdated"}

_CUSTOM = re.compile(r"CF\.\{(.+)\}")
_KINDS: dict[str, Kind] = {
    "Date": "date",
    "DateTime": "datetime",
    "IPAddress": "address",
    "IPAddressRange": "text",
    "Image": "file",
    "Binary": "file",
}


class Wants(msgspec.Struct, frozen=True, kw_only=True):
    """What a job asks of objects of RT.

    ``read`` and ``write``: field names (``Name``, ``CF.{Serial Number}``, ``CF.{2}``). ``kinds``: for a custom field
    the kinds that the job can deal with; without an entry any but ``file``. ``texts``: for a custom field that is
    written all texts that may be, None where they cannot be told before; a Select has to have them.
    """

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    create: bool = False
    kinds: Mapping[str, tuple[Kind, ...]] = {}
    texts: Mapping[str, tuple[str, ...] | None] = {}

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields, each once, in the order of first mention."""
        return tuple(dict.fromkeys((*self.read, *self.write)))


class Need(Wants, frozen=True, kw_only=True):
    """What a job asks of assets. ``catalogs``: names or ids; fields are ``Owner.EmailAddress`` and the like, too."""

    catalogs: tuple[str, ...]

    @property
    def people(self) -> bool:
        """Whether names or e-mail addresses of owners or holders are needed."""
        return self.names or any(field.endswith(".EmailAddress") for field in self.fields)

    @property
    def names(self) -> bool:
        """Whether names of owners or holders are needed."""
        return any(field.endswith(".Name") for field in self.fields)


class Catalog(msgspec.Struct, frozen=True):
    """A catalog of assets."""

    id: int
    name: str


class CustomField(msgspec.Struct, frozen=True, dict=True):
    """A custom field as it is applied to the catalogs.

    ``values``: the select values, None where they are unknown (not a select, not asked for, or not visible).
    ``changed``: when the definition was last changed.
    """

    id: int
    name: str
    type: str
    max_values: int
    pattern: str = ""
    values: tuple[str, ...] | None = None
    changed: str = ""

    @property
    def multi(self) -> bool:
        """Whether it holds several values (RT: MaxValues is not 1; 0 means any number)."""
        return self.max_values != 1

    @property
    def kind(self) -> Kind:
        """What it holds."""
        if self.type in ("Image", "Binary"):
            return "file"
        return "multi" if self.multi else _KINDS.get(self.type, "text")

    @property
    def attribute(self) -> str:
        """Name of the attribute of an Asset that has its value."""
        return f"cf{self.id}"

    @cached_property
    def spellings(self) -> Mapping[str, str]:
        """Lower-case select value to its canonical spelling."""
        return {value.lower(): value for value in self.values or ()}

    @cached_property
    def regex(self) -> re.Pattern[str] | None:
        """The pattern, where Python reads it as Perl does."""
        return forms.compile_pattern(self.pattern)


class Fields(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """The fields of one kind of object as a job needs them, and how values behave in them.

    ``custom_fields`` are all that are applied, not only the needed ones. ``me``: numeric id of the API user, 0 where
    it is not known. ``timezone``: the API user's.
    """

    version: str
    custom_fields: tuple[CustomField, ...]
    fields: Mapping[str, CustomField]
    me: int = 0
    timezone: str = "UTC"

    @cached_property
    def zone(self) -> tzinfo:
        """The API user's time zone."""
        return UTC if self.timezone == "UTC" else ZoneInfo(self.timezone)

    def custom_field(self, field: str) -> CustomField:
        """Return the definition of a needed field ``CF.{X}``; KeyError for one that was not asked for."""
        return self.fields[field]

    @cached_property
    def wanted(self) -> tuple[CustomField, ...]:
        """The custom fields that the job reads or writes, each once, by id."""
        return tuple(sorted({cf.id: cf for cf in self.fields.values()}.values(), key=lambda cf: cf.id))

    @property
    @abstractmethod
    def signature(self) -> str:
        """What a snapshot depends on; another one means that all objects have to be read again."""

    @cached_property
    def definitions(self) -> list[list[object]]:
        """What a snapshot depends on of the custom fields."""
        return [[cf.id, cf.name, cf.type, cf.max_values, cf.pattern, cf.changed] for cf in self.custom_fields]

    def reads_back(self, field: str, value: Value) -> Value:
        """Return how a value reads after RT stored it; the value itself where it would be refused."""
        return self._each(field, value, self._spelling)

    def refusal(self, field: str, value: Value) -> str | None:
        """Return why RT would refuse a value, None where it would take it or that cannot be known."""
        if value is None:
            return self._needed(field)
        texts = value if isinstance(value, tuple) else (value,)
        return next((why for text in texts if (why := self._complaint(field, text))), None)

    @abstractmethod
    def _needed(self, field: str) -> str | None:
        """Return why a plain field cannot be empty, None where it can."""

    @abstractmethod
    def _plain_spelling(self, field: str, text: str) -> str:
        """Return how a plain field reads after it was stored."""

    @abstractmethod
    def _plain_complaint(self, field: str, text: str) -> str | None:
        """Return why a plain field does not take a text."""

    def _each(self, field: str, value: Value, spell: Callable[[str, str], str]) -> Value:
        if not value:
            return None
        if isinstance(value, tuple):
            spelled = {spell(field, text) for text in value if text}
            return tuple(sorted(spelled)) or None
        definition = self.fields.get(field)
        text = spell(field, value)
        return (text,) if definition is not None and definition.multi else text

    def _spelling(self, field: str, text: str) -> str:
        definition = self.fields.get(field)
        if definition is None:
            return self._plain_spelling(field, text)
        return _stored(definition, text) or text

    def _complaint(self, field: str, text: str) -> str | None:
        definition = self.fields.get(field)
        if definition is None:
            return self._plain_complaint(field, text)
        if _stored(definition, text) is None:
            return f"{field} is a field of type {definition.type} and does not take this value"
        if self._left_out(definition, text):
            return f"{field} cannot have a time of the hour that {self.timezone} has twice; a user in UTC could set it"
        if definition.regex and not definition.regex.search(text):
            return f"{field} takes only what matches {forms.pattern_name(definition.pattern)}"
        return None

    def _left_out(self, definition: CustomField, text: str) -> bool:
        timed = definition.type == "DateTime" and self.timezone != "UTC"
        return timed and forms.written_moment(text, self.zone) is None


class Schema(Fields, frozen=True, dict=True, kw_only=True):
    """What preflight found for assets. ``custom_fields`` are those of all the catalogs.

    ``people_feed``: changes of other users show in the transactions. ``unproven``: rights that RT gives no way to
    know before a write.
    """

    need: Need
    catalogs: tuple[Catalog, ...]
    people_feed: bool = False
    unproven: tuple[str, ...] = ()

    @cached_property
    def signature(self) -> str:
        """What a snapshot depends on: catalogs, custom fields, and what shows of people."""
        catalogs = sorted(catalog.id for catalog in self.catalogs)
        return msgspec.json.encode([catalogs, self.definitions, self.people_feed]).decode()

    def _needed(self, field: str) -> str | None:
        return f"{field} cannot be empty" if field == "Status" else None

    def _plain_spelling(self, field: str, text: str) -> str:
        return forms.cut(text, forms.COLUMN) if field == "Name" else text

    def _plain_complaint(self, field: str, text: str) -> str | None:
        # RT: "names may not be all digits".
        bad = field == "Name" and re.fullmatch(r"\d+", text, re.ASCII)
        return f"{field} may not be digits only" if bad else None


def texts_of(value: Value) -> tuple[str, ...]:
    """Return the texts of a value."""
    if not value:
        return ()
    return value if isinstance(value, tuple) else (value,)


def custom_name(field: str) -> str | None:
    """Return the name or id within ``CF.{...}``, None for another field."""
    found = _CUSTOM.fullmatch(field)
    return found.group(1) if found else None


def _stored(definition: CustomField, text: str) -> str | None:
    """Return the spelling that RT stores, None for a value that the type does not take."""
    if definition.type == "Select" and definition.values is not None:
        return forms.select(text, definition.spellings)
    if definition.type == "Date":
        return forms.day(text)
    if definition.type == "DateTime":
        return forms.moment(text)
    if definition.type == "IPAddress":
        return forms.address(text)
    return text
