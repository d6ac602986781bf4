"""The records of a synthetic district: RT's users, catalogs, custom fields and assets, and where the sides differ."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

Device = dict[str, Any]
"""A device as Google's JSON has it."""
OrgUnit = dict[str, Any]
"""An org unit as Google's JSON has it."""
CfValue = str | tuple[str, ...]

CHROMEBOOKS = "Chromebooks"
NETWORK_GEAR = "Network Gear"
NOBODY = "Nobody"
DOMAIN = "example.org"


@dataclass(frozen=True, slots=True)
class User:
    """An RT user; ``email`` may be empty. ``custom_fields`` holds values by name; one without a value is left out."""

    login: str
    real_name: str
    email: str
    disabled: bool = False
    privileged: bool = False
    custom_fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalog:
    """An RT asset catalog."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class CustomField:
    """An RT custom field of assets.

    ``type`` is RT's (Freeform, Select, Text, Date, DateTime); ``max_values`` 1 or 0 (many); ``values`` are what a
    Select offers; ``catalogs`` are the names of those it applies to.
    """

    name: str
    type: str = "Freeform"
    max_values: int = 1
    pattern: str = ""
    values: tuple[str, ...] = ()
    catalogs: tuple[str, ...] = (CHROMEBOOKS,)


@dataclass(frozen=True, slots=True)
class Asset:
    """An RT asset. ``owner`` and ``held_by`` are logins (``Nobody`` for none).

    ``custom_fields`` holds values by name: text, or a tuple for fields with many values; DateTime as RT prints it
    (``2026-11-18T14:05:01Z``, UTC), Date as ``2030-06-01``. A field without a value is left out.
    """

    name: str
    catalog: str = CHROMEBOOKS
    status: str = "in-use"
    owner: str = NOBODY
    held_by: tuple[str, ...] = ()
    description: str = ""
    custom_fields: dict[str, CfValue] = field(default_factory=dict)

    @property
    def serial(self) -> str:
        """The serial number as RT has it, perhaps untidy, perhaps empty."""
        return str(self.custom_fields.get("Serial Number", ""))

    def without(self, *names: str) -> Self:
        """Return the asset with no values in these custom fields."""
        return replace(self, custom_fields={name: v for name, v in self.custom_fields.items() if name not in names})


@dataclass(frozen=True, slots=True)
class Case:
    """One disagreement: its kind, and the records that are part of it (Google device ids, asset names)."""

    kind: str
    devices: tuple[str, ...]
    assets: tuple[str, ...]
    serials: tuple[str, ...]


CATALOGS = (
    Catalog(CHROMEBOOKS, "Student and staff Chromebooks"),
    Catalog(NETWORK_GEAR, "Switches and access points"),
)
STATUSES = ("ACTIVE", "DISABLED", "DEPROVISIONED", "PRE_PROVISIONED")
_BOTH = (CHROMEBOOKS, NETWORK_GEAR)
CUSTOM_FIELDS = (
    CustomField("Serial Number", catalogs=_BOTH),
    CustomField("MAC Address", catalogs=_BOTH),
    CustomField("Model", catalogs=_BOTH),
    CustomField("OS Version"),
    CustomField("Last Sync", "DateTime"),
    CustomField("AUE Date", "Date"),
    CustomField("OU"),
    CustomField("Google Status", "Select", values=STATUSES),
    CustomField("Google Device ID"),
    CustomField("Recent Users", max_values=0),
    CustomField("Last User"),
    CustomField("Location", catalogs=_BOTH),
    CustomField("Notes", "Text"),
    CustomField("Type"),
    CustomField("Manufacturer", catalogs=_BOTH),
    CustomField("Tags", "Select", max_values=0, values=("1:1", "cart", "loaner", "spare", "staff")),
    CustomField("Battery Cycle Count", pattern=r"(?#Digits)^[\d.]*$"),
)
