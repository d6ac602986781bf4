"""Chromebooks: devices of Google Admin and assets of Request Tracker keep each other right.

Sources: ChromeOS devices (Directory API) and the assets of some RT catalogs. They are matched by serial number,
then by MAC address. RT owns the annotated fields of a device, Google owns the asset fields that are mapped to it;
``to_google`` and ``to_rt`` say which. Actions: one PATCH for a changed device, moves between organisational units
in batches, one PUT for a changed asset, and, when asked for, a new asset for a device that has none.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from syncd.jobs.context import RunContext
from syncd.jobs.observe import side_by_side
from syncd.jobs.options import FieldNames, FieldRule, JobOptions, Rules, merge_rules, ownership_circles, rule_problems
from syncd.jobs.sides import crossing
from syncd.jobs.sides.creating import Creating
from syncd.jobs.sides.frame import Frame, frame
from syncd.jobs.sides.google_devices import DEVICE_FIELDS, DeviceWriter
from syncd.jobs.sides.links import DeviceLinks
from syncd.jobs.sides.rt_assets import DELETED, AssetFields, AssetWriter
from syncd.reconcile.diff import diff
from syncd.reconcile.explain import Explanation
from syncd.reconcile.match import Match, flip
from syncd.reconcile.model import Action, Comparison, Listing, make_action
from syncd.reconcile.ports import Progress, Traffic, Writer
from syncd.state.figures import SnapshotTimes
from syncd.systems.google import Google, open_google
from syncd.systems.google.devices import Device
from syncd.systems.google.options import DEVICES_READ, DEVICES_WRITE
from syncd.systems.rt.assets import Asset, slices
from syncd.systems.rt.client import RequestTracker, open_rt
from syncd.systems.rt.schema import READABLE, Kind, Need, Schema, custom_name
from syncd.systems.rt.snapshot import AssetSnapshot, KeptAssets

NAME = "chromebooks"
SYSTEMS = ("google", "rt")

DEFAULT_TO_GOOGLE = {
    "annotatedAssetId": FieldRule(source="Name"),
    "annotatedUser": FieldRule(source="Owner.EmailAddress", clear=True),
}


def _is_custom(name: str) -> bool:
    return custom_name(name) is not None


KEYS: tuple[Kind, ...] = ("text", "multi")
"""What an asset field that holds match keys may be."""

_CUSTOM = "a custom field is written CF.{Name}"
_RT_FIELDS = FieldNames(tuple(READABLE), _is_custom, _CUSTOM)
_CUSTOM_FIELDS = FieldNames(others=_is_custom, hint=_CUSTOM)
_SETTABLE = FieldNames(("Status",), _is_custom, _CUSTOM)
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

    def __post_init__(self) -> None:
        """Refuse what names no field and what would do nothing or harm, all of it at once."""
        problems = (*self._rule_problems(), *self._key_problems(), *self._scope_problems())
        if problems:
            raise ValueError("; ".join(problems))

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
        new = (*self.key_fields, *self.new_assets, *filter(_is_custom, sources)) if self.creates else ()
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
        uses += [(name, crossing.FITTING[DEVICE_FIELDS[rule.source].type]) for name, rule in self.asset_rules.items()]
        found: dict[str, tuple[Kind, ...]] = {}
        for name, kinds in uses:
            if _is_custom(name):
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


_HELD = 6
"""Most fields of an asset that are held in memory for a whole fleet."""

_PAIRS = 2_000
"""Pairs that are compared at a time, where not all fields are held."""


@contextmanager
def open_job(options: ChromebooksOptions, context: RunContext) -> Iterator["ChromebookJob"]:
    """Connect to Google and RT; no request is made yet."""
    store, clock = context.store, context.clock
    with ExitStack() as stack:
        google = open_google(
            context.need_google(NAME),
            context.credentials,
            scopes=[DEVICES_WRITE if options.device_rules else DEVICES_READ],
            state_dir=store.path.parent,
            circuit_memory=store.circuits,
            clock=clock,
        )
        stack.callback(google.close)
        rt = open_rt(
            context.need_rt(NAME),
            context.credentials,
            snapshots=store.snapshots,
            state_dir=store.path.parent,
            circuit_memory=store.circuits,
            clock=clock,
        )
        stack.callback(rt.close)
        yield ChromebookJob(options, context, google, rt)


class ChromebookJob:
    """One run of the job."""

    name = NAME

    def __init__(self, options: ChromebooksOptions, context: RunContext, google: Google, rt: RequestTracker) -> None:
        self._options = options
        self._context = context
        self._google = google
        self._rt = rt

    @cached_property
    def _schema(self) -> Schema:
        return self._rt.preflight(self._options.need())

    def observe_and_compare(self) -> Comparison:
        """Read both sides whole, side by side, and compare them."""
        schema = self._schema
        devices, assets = side_by_side(
            self._list_devices,
            lambda progress: self._rt.reader.read(schema, full=self._context.full_read, progress=progress),
            self._context.progress,
        )
        return self._compare(devices, assets)

    def explain(self, sought: str) -> Explanation:
        """Read what has to do with a device or asset, and judge it as a run would."""
        from syncd.jobs.sides.explaining import explained  # noqa: PLC0415 - no run needs it

        creates = self._creating().plan if self._options.creates else None
        cases, read = explained(
            sought, self._options, self._google.devices, self._rt, self._schema, creates, self._context.progress
        )
        return Explanation(job=NAME, sought=sought, cases=cases, read=read)

    def writers(self) -> Mapping[str, Writer]:
        """Return the writers of both systems."""
        assets = self._rt.writer(self._schema)
        return {
            "google": DeviceWriter(self._google.devices, self._context.need_google(NAME).concurrency),
            "rt": AssetWriter(
                assets,
                AssetFields(self._schema, assets.people),
                self._options.serial_field,
                self._context.need_rt(NAME).concurrency,
            ),
        }

    def compensate(self, action: Action, created: str) -> Action | None:
        """Undo a create: RT deletes no asset, its status says that it is gone."""
        return make_action(
            kind="disable",
            system="rt",
            object=created,
            label=action.label,
            before={"Status": action.after.get("Status")},
            after={"Status": DELETED},
            reason="created by the run that is undone",
            source=action.id,
        )

    def traffic(self) -> Mapping[str, Traffic]:
        """Return what was asked so far, by system."""
        stats = {"google": self._google.client.stats, "rt": self._rt.client.stats}
        return {
            system: Traffic(requests=asked.requests, retries=asked.retries, codes=dict(asked.by_code))
            for system, asked in stats.items()
        }

    def _list_devices(self, progress: Progress) -> list[Device]:
        return self._google.devices.list(
            fields=self._options.wire_fields(),
            org_units=self._options.org_units,
            include_children=self._options.include_child_org_units,
            query=self._options.query,
            counted=True,
            progress=progress,
        )

    def _compare(self, devices: Sequence[Device], snapshot: AssetSnapshot) -> Comparison:
        held = self._held_fields()
        assets = [*snapshot.assets.select(held)]
        laid = frame(self._options, devices, assets, AssetFields(self._schema, snapshot.people))
        found = laid.found
        self._remember(found, snapshot)
        device_actions: list[Action] = []
        asset_actions: list[Action] = []
        differences: list[Listing] = []
        for pairs in self._pairs(found, snapshot, held):
            actions, listings = diff(laid.to_google, flip(pairs))
            device_actions += actions
            differences += listings
            actions, listings = diff(laid.to_rt, pairs)
            asset_actions += actions
            differences += listings
        creates, not_created = self._creates(laid, snapshot)
        # Pairs by their assets, which device actions come from.
        changed = {action.source for action in device_actions} | {action.object for action in asset_actions}
        listings = [*laid.listings(), *differences, *not_created]
        return Comparison(
            actions=[*device_actions, *asset_actions, *creates],
            listings=listings,
            counts=_counts(found, changed, listings, len(laid.sorted_out.excluded)),
            populations={"google": len(found.left.records), "rt": len(snapshot.assets)},
            sources={"google": len(devices), "rt": len(snapshot.assets)},
        )

    def _held_fields(self) -> tuple[str, ...]:
        """Return the fields that assets are matched by, and those that are compared where they are few."""
        keys = ("Name", *self._options.key_fields)
        everything = tuple(dict.fromkeys((*keys, *self._options.compared_fields)))
        return everything if len(everything) <= _HELD else keys

    def _pairs(
        self, found: Match[Device, Asset], snapshot: AssetSnapshot, held: Collection[str]
    ) -> Iterator[Sequence[tuple[Device, Asset, str]]]:
        """Yield the pairs with all that is compared; some at a time where it is too much for a fleet to be held."""
        compared = self._options.compared_fields
        if compared <= set(held):
            yield found.pairs
            return
        devices = {asset.id: device for device, asset, _ in found.pairs}
        for some in slices(snapshot.assets.select(("Name", *compared)), _PAIRS):
            yield [(devices[asset.id], asset, "") for asset in some if asset.id in devices]

    def _remember(self, found: Match[Device, Asset], snapshot: AssetSnapshot) -> None:
        store = self._context.store
        links = DeviceLinks(found)
        store.external_ids.record(NAME, links, self._context.clock.now(), links.digest())
        store.figures.note_snapshot(NAME, "rt", SnapshotTimes(as_of=snapshot.as_of, full=snapshot.full))

    def _creates(self, laid: Frame, snapshot: AssetSnapshot) -> tuple[list[Action], list[Listing]]:
        if not self._options.creates:
            return [], []
        return self._creating().plan(laid, snapshot.people, lambda: _names(snapshot.assets))

    def _creating(self) -> Creating:
        return Creating(NAME, self._options, self._rt, self._schema, self._context.store)


def _names(assets: KeptAssets) -> set[str]:
    return {asset.name.casefold() for asset in assets.select(("Name",))}


def _counts(
    found: Match[Device, Asset], changed: set[str], listings: Sequence[Listing], excluded: int
) -> dict[str, int]:
    states = Counter(listing.state for listing in listings)
    return {
        **found.counts(),
        "in_sync": len(found.pairs) - len(changed),
        "changed": len(changed),
        "excluded": excluded,
        **{state: states[state] for state in ("superseded", "unknown", "not_created")},
    }
