"""Chromebooks: devices of Google Admin and assets of Request Tracker keep each other right.

Sources: ChromeOS devices (Directory API) and the assets of some RT catalogs. They are matched by serial number,
then by MAC address. RT owns the annotated fields of a device, Google owns the asset fields that are mapped to it;
``to_google`` and ``to_rt`` say which. Actions: one PATCH for a changed device, moves between organisational units
in batches, one PUT for a changed asset, and, when asked for, a new asset for a device that has none.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property

from syncd.host.garbage import no_garbage
from syncd.jobs.connecting import google_of, rt_of
from syncd.jobs.context import RunContext
from syncd.jobs.observe import side_by_side, traffic_of
from syncd.jobs.sides.creating import Creating
from syncd.jobs.sides.frame import Frame, frame
from syncd.jobs.sides.glance import Glance
from syncd.jobs.sides.google_devices import DeviceWriter
from syncd.jobs.sides.links import DeviceLinks
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.jobs.sides.rt_assets import DELETED, AssetFields, asset_writer
from syncd.jobs.sides.shared_texts import with_shared_texts
from syncd.reconcile.diff import diff
from syncd.reconcile.explain import Explanation
from syncd.reconcile.match import Match, flip
from syncd.reconcile.model import Action, Comparison, Listing, make_action
from syncd.reconcile.ports import Progress, Traffic, Writer
from syncd.state.figures import SnapshotTimes
from syncd.systems.google import Google
from syncd.systems.google.devices import Device
from syncd.systems.google.options import DEVICES_READ, DEVICES_WRITE
from syncd.systems.rt.assets import Asset, attributes
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import Schema
from syncd.systems.rt.snapshot import AssetSnapshot, KeptAssets

NAME = "chromebooks"
SYSTEMS = ("google", "rt")

_HELD = 6
"""Most fields of an asset that are held in memory for a whole fleet."""


@contextmanager
def open_job(options: ChromebooksOptions, context: RunContext) -> Iterator["ChromebookJob"]:
    """Connect to Google and RT; no request is made yet."""
    with ExitStack() as stack:
        google = google_of(stack, context, NAME, [DEVICES_WRITE if options.device_rules else DEVICES_READ])
        rt = rt_of(stack, context, NAME)
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
        with no_garbage():
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
        concurrency = self._context.need_rt(NAME).concurrency
        return {
            "google": DeviceWriter(self._google.devices, self._context.need_google(NAME).concurrency),
            "rt": asset_writer(self._rt, self._schema, self._options.serial_field, concurrency),
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
        return traffic_of({"google": self._google.client.stats, "rt": self._rt.client.stats})

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
        fields, held = AssetFields(self._schema, snapshot.people), self._held_fields()
        glance = None
        if self._options.compared_fields <= set(held):
            assets = [*with_shared_texts(snapshot.assets.select(held), devices, self._twins())]
        else:
            glance = Glance(
                self._options, devices, snapshot.assets, fields, held, sorted(self._options.compared_fields)
            )
            assets = glance.assets
        laid = frame(self._options, devices, assets, fields)
        found = laid.found
        self._remember(found, snapshot)
        device_actions: list[Action] = []
        asset_actions: list[Action] = []
        differences: list[Listing] = []
        for pairs in glance.doubtful(found.pairs) if glance else [found.pairs]:
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

    def _twins(self) -> dict[str, str]:
        """Return the attributes of assets whose texts devices mostly have too, by the devices' attributes."""
        fields = [(self._options.serial_field, "serial_number"), ("Name", "annotated_asset_id")]
        fields += [(field, "mac_address") for field in self._options.mac_fields[:1] if "mac" in self._options.match]
        return {attribute: twin for field, twin in fields for attribute in attributes(self._schema, field)}

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
