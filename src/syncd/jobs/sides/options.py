"""Options of the Chromebook job; reading them loads none of the adapters that the job talks through."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from syncd.jobs.asset_fields import asset_fields, is_custom
from syncd.jobs.options import FieldNames, FieldRule, JobOptions, Rules, merge_rules, ownership_circles, rule_problems
from syncd.jobs.sides.google_devices import DEVICE_FIELDS, FieldType
from syncd.systems.rt.schema import READABLE, Kind, Need

DEFAULT_TO_GOOGLE = {
    "annotatedAssetId": FieldRule(source="Name"),
    "annotatedUser": FieldRule(source="Owner.EmailAddress", clear=True),
}


KEYS: tuple[Kind, ...] = ("text", "multi")
"""What an asset field that holds match keys may be."""

FITTING: Mapping[FieldType, tuple[Kind, ...]] = {
    "text": ("text", "multi"),
    "email": ("text", "multi"),
    "mac": ("text", "multi"),
    "org_unit": ("text", "multi"),
    "time": ("datetime", "date", "text", "multi"),
    "date": ("date", "datetime", "text", "multi"),
}
"""The custom fields that can hold what a device field of a type has."""

_RT_FIELDS = asset_fields(*READABLE)
_CUSTOM_FIELDS = asset_fields()
_SETTABLE = asset_fields("Status")
_DEVICE_FIELDS = FieldNames(tuple(DEVICE_FIELDS))
_WRITABLE = FieldNames(tuple(name for name, field in DEVICE_FIELDS.items() if field.writable))


class ChromebooksOptions(JobOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[jobs.chromebooks]``."""

    catalogs: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="RT catalogs that hold the Chromebooks; new assets go to the first."),
    ]
    org_units: Annotated[
        tuple[str, ...], Meta(description="Organisational units to take devices from; empty: the whole tenant.")
    ] = ()
    include_child_org_units: Annotated[bool, Meta(description="Whether units below those count too.")] = True
    query: Annotated[str, Meta(description="Further filter in Google's device query language.")] = ""
    statuses: Annotated[
        tuple[Annotated[str, Meta(pattern="^[A-Z_]+$")], ...],
        Meta(min_length=1, description="Device statuses to include, in capitals; the others are counted as excluded."),
    ] = ("ACTIVE", "DISABLED")
    match: Annotated[
        tuple[Literal["serial", "mac"], ...],
        Meta(min_length=1, description="Keys that make a device and an asset one thing, the strongest first."),
    ] = ("serial", "mac")
    serial_field: Annotated[str, Meta(description="RT field that holds the serial number.")] = "CF.{Serial Number}"
    mac_fields: Annotated[
        tuple[str, ...], Meta(description="RT fields that hold MAC addresses; read when `match` names `mac`.")
    ] = ("CF.{MAC Address}",)
    to_google: Annotated[
        Rules, Meta(description="Device fields that RT owns, and where in RT each comes from; see Mapping.")
    ] = msgspec.field(default_factory=dict)
    to_rt: Annotated[
        Rules, Meta(description="Asset fields that Google owns, and where in Google each comes from; see Mapping.")
    ] = msgspec.field(default_factory=dict)
    missing_assets: Annotated[
        Literal["report", "create"], Meta(description="What to do about a device that RT has no asset for.")
    ] = "report"
    new_assets: Annotated[
        dict[str, str],
        Meta(description="Status and custom fields of assets that are created, where Google has no value for them."),
    ] = msgspec.field(default_factory=lambda: {"Status": "new"})

    def problems(self) -> Iterator[str]:
        """Yield what names no field and what would do nothing or harm."""
        yield from self._rule_problems()
        yield from self._key_problems()
        yield from self._scope_problems()

    def _rule_problems(self) -> Iterator[str]:
        yield from rule_problems("to_google", self.to_google, targets=_WRITABLE, sources=_RT_FIELDS)
        yield from rule_problems("to_rt", self.to_rt, targets=_CUSTOM_FIELDS, sources=_DEVICE_FIELDS)
        yield from ownership_circles(self.device_rules, self.asset_rules)
        for name, rule in (*self.device_rules.items(), *self.asset_rules.items()):
            source = DEVICE_FIELDS.get(rule.source)
            if rule.tolerance_hours and (source is None or source.type != "time"):
                yield f"{name} has tolerance_hours, and {rule.source} is no time"
        unit = self.device_rules.get("orgUnitPath")
        if unit is not None and unit.clear:
            yield "to_google.orgUnitPath cannot be cleared: a device is always in some organisational unit"

    def _key_problems(self) -> Iterator[str]:
        serial = _CUSTOM_FIELDS if self.creates else _RT_FIELDS
        named = [serial.problem("serial_field", self.serial_field)]
        named += [_RT_FIELDS.problem("mac_fields", name) for name in self.mac_fields]
        named += [_SETTABLE.problem("new_assets", name) for name in self.new_assets]
        yield from filter(None, named)
        if len(set(self.match)) < len(self.match):
            yield "match names a key twice"
        if "mac" in self.match and not self.mac_fields:
            yield "match names mac, and mac_fields names no field"
        if self.serial_field in self.new_assets:
            yield f"new_assets names {self.serial_field}, which gets the serial of the device"

    def _scope_problems(self) -> Iterator[str]:
        if not self.include_child_org_units and not self.org_units:
            yield "include_child_org_units = false needs org_units: without them the whole tenant is read"

    @property
    def device_rules(self) -> Mapping[str, FieldRule]:
        """Device fields that RT owns, defaults included."""
        return merge_rules(DEFAULT_TO_GOOGLE, self.to_google)

    @property
    def asset_rules(self) -> Mapping[str, FieldRule]:
        """Asset fields that Google owns."""
        return merge_rules({}, self.to_rt)

    @property
    def key_fields(self) -> tuple[str, ...]:
        """RT fields that hold match keys."""
        return (self.serial_field, *(self.mac_fields if "mac" in self.match else ()))

    @property
    def compared_fields(self) -> frozenset[str]:
        """RT fields that are compared with fields of devices."""
        return frozenset([*(rule.source for rule in self.device_rules.values()), *self.asset_rules])

    @property
    def creates(self) -> bool:
        """Whether missing assets are created."""
        return self.missing_assets == "create"

    def need(self) -> Need:
        """Return what the job asks of RT."""
        sources = tuple(rule.source for rule in self.device_rules.values())
        reads = ("Name", "Status", *self.key_fields, *sources)
        new = (*self.key_fields, *self.new_assets, *filter(is_custom, sources)) if self.creates else ()
        return Need(
            catalogs=tuple(self.catalogs),
            read=reads,
            write=(*self.asset_rules, *new),
            create=self.creates,
            kinds=self._kinds(),
        )

    def _kinds(self) -> dict[str, tuple[Kind, ...]]:
        """Return the kinds of value that each custom field must have one of; a field of several uses suits them all."""
        uses: list[tuple[str, tuple[Kind, ...]]] = [(self.serial_field, ("text",) if self.creates else KEYS)]
        uses += [(name, KEYS) for name in self.mac_fields if "mac" in self.match]
        uses += [(name, FITTING[DEVICE_FIELDS[rule.source].type]) for name, rule in self.asset_rules.items()]
        found: dict[str, tuple[Kind, ...]] = {}
        for name, kinds in uses:
            if is_custom(name):
                found[name] = tuple(kind for kind in found.get(name, kinds) if kind in kinds)
        return found

    def wire_fields(self) -> set[str]:
        """Return the device fields to ask Google for."""
        names = {"serialNumber", "status", *self.device_rules, *(rule.source for rule in self.asset_rules.values())}
        if "mac" in self.match:
            names.add("macAddress")
        if self.creates:
            names.add("annotatedAssetId")
        return {DEVICE_FIELDS[name].wire_name for name in names}
