"""The stand-in's objects, as RT's tables have them. Times are ``YYYY-MM-DD HH:MM:SS`` in UTC."""

from typing import Final, NamedTuple

import msgspec

SYSTEM: Final = 1
NOBODY: Final = 6
ROOT: Final = 14

ASSET: Final = "RT::Asset"
USER: Final = "RT::User"
ASSET_FIELDS: Final = "RT::Catalog-RT::Asset"
USER_FIELDS: Final = "RT::User"

Values = dict[int, list[str]]
"""Stored custom field values by field id; ``""`` is RT's stored empty value, which reads as null."""


class User(msgspec.Struct, kw_only=True):
    """A person or robot. ``rights`` are global, ``catalog_rights`` are by catalog; ``columns`` are the rare ones."""

    id: int
    name: str
    real_name: str = ""
    email: str = ""
    password: str = ""
    token: str = ""
    disabled: bool = False
    privileged: bool = False
    timezone: str = ""
    columns: dict[str, str] = {}
    rights: list[str] = []
    catalog_rights: dict[int, list[str]] = {}
    values: Values = {}
    created: str = ""
    updated: str = ""
    creator: int = SYSTEM
    updated_by: int = SYSTEM


class Group(msgspec.Struct, kw_only=True):
    """Users that somebody put together; ``members`` are their ids, and those of groups within."""

    id: int
    name: str
    members: list[int] = []


class Catalog(msgspec.Struct, kw_only=True):
    """A catalog of assets; ``custom_fields`` are the ids of those applied to it."""

    id: int
    name: str
    description: str = ""
    lifecycle: str = "assets"
    custom_fields: list[int] = []
    created: str = ""
    updated: str = ""
    creator: int = SYSTEM
    updated_by: int = SYSTEM


class CustomField(msgspec.Struct, kw_only=True):
    """A custom field definition; ``max_values`` 0 means many. ``values`` are (id, name) of a Select or Combobox."""

    id: int
    name: str
    type: str
    lookup_type: str = ASSET_FIELDS
    max_values: int = 1
    pattern: str = ""
    unique: bool = False
    description: str = ""
    disabled: bool = False
    sort_order: int = 0
    values: list[tuple[int, str]] = []
    created: str = ""
    updated: str = ""
    creator: int = SYSTEM
    updated_by: int = SYSTEM

    @property
    def single(self) -> bool:
        """Whether it holds one value at most."""
        return self.max_values == 1


class Asset(msgspec.Struct, kw_only=True):
    """An asset; people are user ids."""

    id: int
    name: str
    catalog: int
    status: str = "new"
    description: str = ""
    owner: int = NOBODY
    held_by: list[int] = []
    contact: list[int] = []
    values: Values = {}
    created: str = ""
    updated: str = ""
    creator: int = SYSTEM
    updated_by: int = SYSTEM


class Transaction(msgspec.Struct, kw_only=True, gc=False):
    """One line of RT's history."""

    id: int
    object_type: str
    object_id: int
    type: str
    field: str = ""
    old: str = ""
    new: str = ""
    creator: int = SYSTEM
    created: str = ""


class Ticket(msgspec.Struct, kw_only=True):
    """A ticket; ``assets`` are the ids of those that it refers to."""

    id: int
    queue: str
    subject: str
    content: str = ""
    assets: list[int] = []
    creator: int = SYSTEM
    created: str = ""
    updated: str = ""


class Change(NamedTuple):
    """What a line of history says happened."""

    type: str
    field: str = ""
    old: str = ""
    new: str = ""


Record = User | Group | Catalog | CustomField | Asset | Ticket | Transaction
