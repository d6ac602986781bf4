"""All that the stand-in remembers: objects, what they are found by, and their copy in the sandbox's store."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from syncd.sandbox.rt.records import (
    ASSET,
    ASSET_FIELDS,
    USER,
    USER_FIELDS,
    Asset,
    Catalog,
    Change,
    CustomField,
    Group,
    Record,
    Ticket,
    Transaction,
    User,
)
from syncd.sandbox.store import Documents

R = TypeVar("R", User, Group, Catalog, CustomField, Asset, Ticket, Transaction)

_COLLECTIONS: Final[dict[type[Any], str]] = {
    User: "rt.users",
    Group: "rt.groups",
    Catalog: "rt.catalogs",
    CustomField: "rt.custom_fields",
    Asset: "rt.assets",
    Ticket: "rt.tickets",
    Transaction: "rt.transactions",
}
_PRINCIPAL_STEP = 2  # in RT each user takes two ids: the principal, and the group of one that goes with it


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")


class World:
    """The objects of one RT. Callers hold the app's lock; ``flush`` writes what changed to the store as one unit.

    Without ``documents`` they live in memory only. ``version`` rises with every change; ``read`` has the classes of
    which some object was read whole since the start (see ``label``).
    """

    def __init__(self, documents: Documents | None, now: Callable[[], str] = _now) -> None:
        self.now = now
        self.version = 0
        self.read: set[type[Record]] = set()
        self.users: dict[int, User] = {}
        self.groups: dict[int, Group] = {}
        self.catalogs: dict[int, Catalog] = {}
        self.custom_fields: dict[int, CustomField] = {}
        self.assets: dict[int, Asset] = {}
        self.tickets: dict[int, Ticket] = {}
        self.transactions: dict[int, Transaction] = {}
        self.transaction_ids: list[int] = []
        self.history: dict[tuple[str, int], list[int]] = {}
        self._documents = documents
        self._dirty: dict[tuple[str, int], Record] = {}
        self._last_user = 0
        self._names: dict[str, int] = {}
        self._emails: dict[str, int] = {}
        self._live: dict[int, list[int]] = {}
        self._all_live: list[int] = []
        self._value_index: dict[int, dict[str, set[int]]] = {}
        self._load()

    # -- store

    def _load(self) -> None:
        if self._documents is None:
            return
        for kind, name in _COLLECTIONS.items():
            for document in list(self._documents.collection(name).values()):
                self._take(msgspec.convert(document, kind, str_keys=True))
        self._all_live.sort()
        for ids in self._live.values():
            ids.sort()

    def flush(self) -> None:
        """Write changed objects through to the store."""
        if self._documents is None or not self._dirty:
            return
        by_collection: dict[str, list[tuple[str, Any]]] = defaultdict(list)
        for (name, number), record in self._dirty.items():
            by_collection[name].append((str(number), msgspec.to_builtins(record, str_keys=True)))
        self._dirty = {}
        with self._documents.write():
            for name, items in by_collection.items():
                self._documents.collection(name).put_all(items)

    def save(self, record: Record) -> None:
        """Note that an object changed."""
        self.version += 1
        if self._documents is not None:
            self._dirty[_COLLECTIONS[type(record)], record.id] = record

    def add(self, record: R) -> R:
        """Take a new object in."""
        self._take(record)
        self.save(record)
        return record

    def _take(self, record: Record) -> None:
        match record:
            case User():
                self.users[record.id] = record
                self._last_user = max(self._last_user, record.id)
                self._names[record.name.lower()] = record.id
                if record.email:
                    self._emails[record.email.lower()] = record.id
            case Group():
                self.groups[record.id] = record
                self._last_user = max(self._last_user, record.id)
            case Catalog():
                self.catalogs[record.id] = record
            case CustomField():
                self.custom_fields[record.id] = record
            case Asset():
                self.assets[record.id] = record
                self._enter(record)
            case Ticket():
                self.tickets[record.id] = record
            case Transaction():
                self.transactions[record.id] = record
                self.transaction_ids.append(record.id)
                self.history.setdefault((record.object_type, record.object_id), []).append(record.id)

    # -- ids

    def next_user_id(self) -> int:
        """Return the id of the next user or group: both are principals."""
        return self._last_user + _PRINCIPAL_STEP

    def next_asset_id(self) -> int:
        """Return the id of the next asset."""
        return max(next(reversed(self.assets), 0), self._all_live[-1] if self._all_live else 0) + 1

    def next_value_id(self) -> int:
        """Return the id of the next value that a custom field offers; all fields count together."""
        return max((number for field in self.custom_fields.values() for number, _ in field.values), default=0) + 1

    def log(self, record: Asset | User, actor: int, change: Change) -> None:
        """Write a transaction on an object and move its LastUpdated."""
        now = self.now()
        number = self.transaction_ids[-1] + 1 if self.transaction_ids else 1
        object_type = ASSET if isinstance(record, Asset) else USER
        self.add(
            Transaction(
                id=number,
                object_type=object_type,
                object_id=record.id,
                type=change.type,
                field=change.field,
                old=change.old,
                new=change.new,
                creator=actor,
                created=now,
            )
        )
        record.updated, record.updated_by = now, actor
        self.save(record)

    def forget(self, record: Record) -> None:
        """Take back that an object is to be saved: it never came to be."""
        self._dirty.pop((_COLLECTIONS[type(record)], record.id), None)

    def label(self, record: Asset | User) -> str:
        """Return how sentences name an object: by its id until one of its kind was read, as in RT's processes."""
        return f"{type(record).__name__} {record.name if type(record) in self.read else record.id}"

    # -- users

    def user_named(self, name: str) -> User | None:
        """Return a user by login name, ignoring case."""
        return self.users.get(self._names.get(name.lower(), 0))

    def user_with_email(self, email: str) -> User | None:
        """Return a user by e-mail address, ignoring case."""
        return self.users.get(self._emails.get(email.lower(), 0))

    def rename_user(self, user: User, *, name: str | None = None, email: str | None = None) -> None:
        """Change what a user is found by."""
        if name is not None:
            self._names.pop(user.name.lower(), None)
            user.name = name
            self._names[name.lower()] = user.id
        if email is not None:
            self._emails.pop(user.email.lower(), None)
            user.email = email
            if email:
                self._emails[email.lower()] = user.id

    # -- catalogs and custom fields

    def catalog(self, key: object) -> Catalog | None:
        """Return a catalog by id or by its exact name (SQLite compares it with case)."""
        text = str(key)
        if text.isdigit():
            return self.catalogs.get(int(text))
        return next((catalog for catalog in self.catalogs.values() if catalog.name == text), None)

    def applied_fields(self, record: Asset | User) -> list[CustomField]:
        """Return the enabled custom fields that apply to an object."""
        if isinstance(record, User):
            return [f for f in self.custom_fields.values() if f.lookup_type == USER_FIELDS and not f.disabled]
        return self.catalog_fields(record.catalog)

    def catalog_fields(self, catalog: int) -> list[CustomField]:
        """Return the enabled custom fields of a catalog, in its order."""
        fields = self.custom_fields
        return [fields[i] for i in self.catalogs[catalog].custom_fields if not fields[i].disabled]

    def field_named(self, key: str, lookup_type: str = ASSET_FIELDS) -> CustomField | None:
        """Return a custom field by id or name, ignoring case; of two enabled ones with one name the newest wins."""
        if key.isdigit():
            found = self.custom_fields.get(int(key))
            return found if found is not None and found.lookup_type == lookup_type else None
        named = [f for f in self.custom_fields.values() if f.lookup_type == lookup_type and _same(f.name, key)]
        return max(named, key=lambda field: (not field.disabled, field.id), default=None)

    def applied_field_named(self, key: str) -> CustomField | None:
        """Return a custom field of assets by id or name; one that a catalog has is taken before others."""
        used = {number for catalog in self.catalogs.values() for number in catalog.custom_fields}
        named = [f for f in self.custom_fields.values() if f.id in used and key.lower() in {str(f.id), f.name.lower()}]
        return named[0] if named else self.field_named(key)

    # -- assets

    def live(self, catalog: int | None = None) -> list[int]:
        """Return the ids of assets that searches find (not deleted), ascending. Do not change the list."""
        return self._all_live if catalog is None else self._live.get(catalog, [])

    def _enter(self, asset: Asset) -> None:
        if asset.status == "deleted":
            return
        for ids in (self._all_live, self._live.setdefault(asset.catalog, [])):
            if ids and ids[-1] >= asset.id:
                insort(ids, asset.id)
            else:
                ids.append(asset.id)
        for field, index in self._value_index.items():
            _index_values(index, asset, field)

    def _leave(self, asset: Asset) -> None:
        for ids in (self._all_live, self._live.get(asset.catalog, [])):
            position = bisect_left(ids, asset.id)
            if position < len(ids) and ids[position] == asset.id:
                del ids[position]

    def move(self, asset: Asset, *, catalog: int | None = None, status: str | None = None) -> None:
        """Change what decides where searches find an asset."""
        self._leave(asset)
        asset.catalog = asset.catalog if catalog is None else catalog
        asset.status = asset.status if status is None else status
        self._enter(asset)

    def with_value(self, field: int, text: str) -> set[int]:
        """Return the ids of assets that have a value in a custom field, ignoring case. Do not change the set."""
        return self._index_of(field).get(text.lower(), set())

    def _index_of(self, field: int) -> dict[str, set[int]]:
        index = self._value_index.get(field)
        if index is None:
            index = self._value_index[field] = {}
            for asset in self.assets.values():
                _index_values(index, asset, field)
        return index

    def set_values(self, record: Asset | User, field: int, values: Iterable[str]) -> None:
        """Replace the stored values of one custom field of an object."""
        new = list(values)
        index = self._value_index.get(field) if isinstance(record, Asset) else None
        if index is not None:
            for text in record.values.get(field, ()):
                index.get(text.lower(), set()).discard(record.id)
            for text in new:
                index.setdefault(text.lower(), set()).add(record.id)
        if new:
            record.values[field] = new
        else:
            record.values.pop(field, None)
        self.save(record)


def _index_values(index: dict[str, set[int]], asset: Asset, field: int) -> None:
    for text in asset.values.get(field, ()):
        index.setdefault(text.lower(), set()).add(asset.id)


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
