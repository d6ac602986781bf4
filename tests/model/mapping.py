"""Which side owns what: the options that a run gets, and by hand what they come to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from syncd.jobs.options import FieldRule
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.reconcile.guard import Limits

SERIAL, MAC = "CF.{Serial Number}", "CF.{MAC Address}"
LOCATION, UNIT, VERSION = "CF.{Location}", "CF.{OU}", "CF.{OS Version}"
MODEL, UNIQUE, OTHER = "CF.{Model}", "CF.{Google ID (unique)}", "CF.{Internal Name}"


@dataclass(frozen=True)
class Follows:
    """A field that follows one of the other system. ``clear``: an empty source empties it."""

    system: str
    field: str
    source: str
    clear: bool = False


@dataclass(frozen=True)
class Mapping:
    """What is mapped. ``unique``: into a field that RT refuses a second time, after it took the fields before."""

    name: Literal["Name", "CF.{Internal Name}"] = "Name"
    user: Literal["owner", "holder", "nobody"] = "owner"
    location: Literal["off", "followed", "cleared", "turned"] = "off"
    unit: bool = False
    version: bool = False
    unique: bool = False
    creates: bool = False
    macs: bool = False
    deprovisioned: bool = False

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses of devices that take part."""
        return ("ACTIVE", "DISABLED", *(["DEPROVISIONED"] if self.deprovisioned else []))

    def followers(self) -> Iterator[Follows]:
        """Yield the owned fields."""
        yield Follows("google", "annotatedAssetId", self.name)
        if self.user != "nobody":
            role = {"owner": "Owner", "holder": "HeldBy"}[self.user]
            yield Follows("google", "annotatedUser", f"{role}.EmailAddress", clear=True)
        if self.location in ("followed", "cleared"):
            yield Follows("google", "annotatedLocation", LOCATION, clear=self.location == "cleared")
        if self.unit:
            yield Follows("google", "orgUnitPath", UNIT)
        if self.version:
            yield Follows("rt", VERSION, "osVersion")
        if self.location == "turned":
            yield Follows("rt", LOCATION, "annotatedLocation")
        if self.unique:
            yield Follows("rt", UNIQUE, "model", clear=True)

    def owned(self) -> set[tuple[str, str]]:
        """Return system and name of each owned field."""
        return {(rule.system, rule.field) for rule in self.followers()}

    def options(self, limits: Limits) -> ChromebooksOptions:
        """Return the job's options."""
        rules: dict[str, dict[str, Any]] = {"google": {"annotatedUser": False}, "rt": {}}
        for follows in self.followers():
            rules[follows.system][follows.field] = FieldRule(source=follows.source, clear=follows.clear)
        return ChromebooksOptions(
            catalogs=("Chromebooks",),
            limits=limits,
            statuses=self.statuses,
            match=("serial", "mac") if self.macs else ("serial",),
            to_google=rules["google"],
            to_rt=rules["rt"],
            missing_assets="create" if self.creates else "report",
            new_assets={"Status": "new"},
        )
