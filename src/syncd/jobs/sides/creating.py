"""New assets for devices without one: what the job, RT and the store know of each before it is planned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from syncd.jobs.sides.frame import Frame, Terms
from syncd.jobs.sides.google_devices import DEVICE_FIELDS
from syncd.jobs.sides.new_assets import (
    PEOPLE,
    Arriving,
    NewAssets,
    Seed,
    Taken,
    check_fixed,
    elsewhere,
    had_creates,
    had_links,
    serial_keys,
)
from syncd.jobs.sides.rt_assets import SYSTEM, AssetFields
from syncd.reconcile.mapping import Flow
from syncd.reconcile.model import Action, Listing
from syncd.state.store import Store
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset, People
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import Schema


class NewTerms(Terms, Protocol):
    """What of a job's options decides about new assets."""

    @property
    def new_assets(self) -> Mapping[str, str]:
        """Values for where Google has none."""


@dataclass(frozen=True)
class Creating:
    """Plans the new assets of a job."""

    job: str
    terms: NewTerms
    rt: RequestTracker
    schema: Schema
    store: Store

    def plan(self, laid: Frame, people: People, names: Callable[[], set[str]]) -> tuple[list[Action], list[Listing]]:
        """Return a create for each device without an asset, and a listing for each that must not or cannot have one.

        ``names`` gives the asset names in use, without case; it is asked only where there is such a device.
        """
        arriving = AssetFields(self.schema, people).arriving
        check_fixed(self.terms.new_assets, arriving)
        devices = laid.found.only_left
        return self._new_assets(devices, names(), laid.to_rt, arriving).plan(devices) if devices else ([], [])

    def _new_assets(
        self, devices: Sequence[Device], names: set[str], to_rt: Flow[Device, Asset], arriving: Arriving
    ) -> NewAssets:
        terms = self.terms
        seeds = [
            Seed(field=rule.source, device_field=name, read=DEVICE_FIELDS[name].read, clear=rule.clear)
            for name, rule in terms.device_rules.items()
        ]
        people = {seed.read(device).strip() for seed in seeds if seed.field in PEOPLE for device in devices}
        return NewAssets(
            catalog=str(self.schema.catalogs[0].id),
            serial_field=terms.serial_field,
            mac_field=terms.mac_fields[0] if "mac" in terms.match else None,
            fixed=terms.new_assets,
            seeds=seeds,
            mapped=to_rt.fields,
            arriving=arriving,
            users=self.rt.users_by_email(people),
            names=names,
            taken=self._taken([device.serial_number.strip() for device in devices]),
        )

    def _taken(self, serials: Sequence[str]) -> Taken:
        """Return the serials that must have no new asset: RT has them elsewhere, or had an asset for them once."""
        keys = serial_keys(serials)
        cf = self.schema.custom_field(self.terms.serial_field)
        return {
            **had_links(self.store.external_ids.links(self.job, former=True), keys),
            **had_creates(self.store.ledger.history(SYSTEM, key) for key in keys),
            **elsewhere(self.rt.writer(self.schema).find_assets(cf.id, serials, anywhere=True)),
        }
