"""Explain single Chromebooks: the same judgement as in a run, on what has to do with them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from syncd.host.errors import DataError
from syncd.jobs.sides import google_devices, rt_assets
from syncd.jobs.sides.frame import Frame, Terms, frame
from syncd.jobs.sides.new_assets import asset_name
from syncd.jobs.sides.population import Population
from syncd.jobs.sides.shelves import MAC, SERIAL, AssetShelf, DeviceShelf
from syncd.jobs.sides.vicinity import Vicinity, asset_number
from syncd.reconcile.diff import diff
from syncd.reconcile.explain import Aside, Case, Compared, Id, explain
from syncd.reconcile.keys import Rejected, serial_key
from syncd.reconcile.match import flip
from syncd.reconcile.model import Action, Listing
from syncd.reconcile.ports import Progress
from syncd.systems.google.devices import ChromeDevices, Device
from syncd.systems.rt.assets import People
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.lookup import Stranger
from syncd.systems.rt.schema import Schema

Creates = Callable[[Frame, People, Callable[[], set[str]]], tuple[list[Action], list[Listing]]]
"""Plans new assets for devices without a partner, given people and the asset names in use, without case."""

OUTSIDE = "outside"
MERGING = {google_devices.SYSTEM: "deprovision all but one of", rt_assets.SYSTEM: "merge"}


class Scope(Terms, Protocol):
    """What of a job's options decides whom it takes."""

    @property
    def catalogs(self) -> Sequence[str]:
        """RT catalogs."""

    @property
    def org_units(self) -> Sequence[str]:
        """Organisational units; none: all of them."""

    @property
    def include_child_org_units(self) -> bool:
        """Whether units below those count too."""

    @property
    def query(self) -> str:
        """Further filter in Google's device query language."""

    def wire_fields(self) -> set[str]:
        """Return the device fields to ask Google for."""


def explained(
    sought: str,
    scope: Scope,
    devices: ChromeDevices,
    rt: RequestTracker,
    schema: Schema,
    creates: Creates | None,
    progress: Progress,
) -> tuple[list[Case], dict[str, str]]:
    """Return what there is to say about whatever has this name, and how much of each system was read for it.

    ``creates`` is None where the job makes no asset. Raises DataError where nothing has the name.
    """
    population = Population(
        devices=devices,
        fields=scope.wire_fields() | {"orgUnitPath"},
        org_units=scope.org_units,
        include_children=scope.include_child_org_units,
        query=scope.query,
    )
    macs = scope.mac_fields if MAC in scope.match else ()
    assets = AssetShelf(
        rt.lookup(schema), schema, scope.serial_field, macs, lambda: rt.reader.read(schema, progress=progress)
    )
    near = Vicinity(scope, DeviceShelf(population, progress), assets)
    return _Explainer(near, scope.catalogs, creates).cases(sought), near.read


@dataclass(frozen=True)
class _Explainer:
    """Explains what is near a record. ``catalogs`` are those of the job."""

    vicinity: Vicinity
    catalogs: Sequence[str]
    creates: Creates | None

    def cases(self, text: str) -> list[Case]:
        """Return what there is to say about whatever has this name; DataError where nothing has."""
        near = self.vicinity
        sought = near.find(text)
        if not sought:
            raise self._nothing(text)
        near.grow()
        laid = self._frame()
        if self.creates and self._meet_namesakes(laid, sought):
            laid = self._frame()
        to_google, _ = diff(laid.to_google, flip(laid.found.pairs))
        to_rt, _ = diff(laid.to_rt, laid.found.pairs)
        created, not_created = self._created(laid)
        compared = Compared(
            found=laid.found,
            to_left=laid.to_google,
            to_right=laid.to_rt,
            actions=[*to_google, *to_rt, *created],
            listings=[*laid.listings(), *not_created],
            aside=[*self._aside(laid)],
            merging=MERGING,
        )
        cases = explain(compared, sought)
        if not cases:
            raise self._nothing(text)  # what was found went away while it was read
        return cases

    def _frame(self) -> Frame:
        near = self.vicinity
        return frame(near.terms, near.devices.in_order(), near.assets.in_order(), near.assets.fields)

    # -- new assets

    def _meet_namesakes(self, laid: Frame, sought: Sequence[Id]) -> bool:
        """Read the devices whose new assets would have the name of one that is sought: the first of them gets it."""
        side = laid.found.left
        alone = [device for device in laid.found.only_left if (side.system, side.ident(device)) in sought]
        namesakes = [other for device in alone for other in self._namesakes(device)]
        if namesakes:
            self.vicinity.grow_around(namesakes)
        return bool(namesakes)

    def _namesakes(self, device: Device) -> list[Device]:
        name = asset_name(device)
        shelf = self.vicinity.devices
        shelf.ask({(SERIAL, key) for key in _serials(name)})
        found = [*shelf.with_asset_id(name), *shelf.records.values()] if name else []
        return [
            other
            for other in found
            if asset_name(other).casefold() == name.casefold() and other.device_id != device.device_id
        ]

    def _created(self, laid: Frame) -> tuple[list[Action], list[Listing]]:
        assets = self.vicinity.assets
        names = {asset_name(device) for device in laid.found.only_left}

        return self.creates(laid, assets.lookup.people, lambda: assets.names_like(names)) if self.creates else ([], [])

    # -- what takes no part

    def _aside(self, laid: Frame) -> Iterator[Aside]:
        included = {device.device_id for device in laid.sorted_out.included}
        superseded = {listing.object: listing for listing in laid.sorted_out.listings}
        for device in self.vicinity.devices.in_order():
            if device.device_id not in included:
                listing = superseded.get(device.device_id) or self._excluded(device)
                yield _aside_device(laid, device, listing)
        for device in self.vicinity.devices.outside.values():
            yield _aside_device(laid, device, _listing(device, OUTSIDE, self._why_outside(device)))
        yield from map(self._aside_stranger, self.vicinity.assets.strangers.values())

    def _aside_stranger(self, stranger: Stranger) -> Aside:
        why = f"it is in the catalog {stranger.catalog}, and the job takes {', '.join(self.catalogs)}"
        ident, shelf = str(stranger.id), self.vicinity.assets
        listing = Listing(state=OUTSIDE, system=rt_assets.SYSTEM, object=ident, label=stranger.name, why=why)
        keys = {kind: shelf.stranger_texts(stranger, kind) for kind in self.vicinity.terms.match}
        return Aside(listing=listing, name=f"asset {ident} ({stranger.name})", texts=keys)

    def _excluded(self, device: Device) -> Listing:
        statuses = ", ".join(self.vicinity.terms.statuses)
        return _listing(device, "excluded", f"its status is {device.status}, and the job takes {statuses}")

    @staticmethod
    def _why_outside(device: Device) -> str:
        return f"the job's org_units or query leave it out; it is in {device.org_unit_path or 'no organisational unit'}"

    # -- nothing at all

    def _nothing(self, text: str) -> DataError:
        number = asset_number(text.strip())
        status = self.vicinity.assets.lookup.status(number) if number is not None else ""
        if status:
            return DataError(
                f"asset {number} of RT has the status {status}, and RT finds it in no search: no run sees it.",
                code="explain.deleted",
                object=text,
            )
        return DataError(
            f"nothing is called {text!r}: {_where_sought(text)}; syncd devices and syncd assets list what there is.",
            code="explain.not_found",
            object=text,
        )


def _where_sought(text: str) -> str:
    """Say where a text was not found, and where it was not sought."""
    verdict = serial_key(text)
    if isinstance(verdict, Rejected):
        return (
            f"as a serial number it {verdict.reason}, so that it is no key and serial numbers were not searched; no "
            "device of Google has it as its device id, and no asset of RT that the API user may see as its name or id. "
            "A device with such a serial number is found by its device id"
        )
    return (
        "no device of Google has it as its serial number or device id, and no asset of RT that the API user may see as "
        "its serial number, name or id. Type it as one of the two shows it"
    )


def _serials(text: str) -> Iterator[str]:
    key = serial_key(text)
    if isinstance(key, str):
        yield key


def _aside_device(laid: Frame, device: Device, listing: Listing) -> Aside:
    side = laid.found.left
    return Aside(listing=listing, name=side.name(device), texts={rule.name: rule.read(device) for rule in side.keys})


def _listing(device: Device, state: str, why: str) -> Listing:
    return Listing(
        state=state,
        system=google_devices.SYSTEM,
        object=device.device_id,
        label=device.serial_number.strip(),
        why=why,
    )
