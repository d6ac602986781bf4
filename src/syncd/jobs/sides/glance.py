"""Reading the assets of a large fleet in one pass: each is compared at a glance while it is whole.

What is held of all assets is what they are matched by. Nearly every asset has the serial number of one device, spelled
alike, and equals it in every mapped field: that is seen on the way, and only the others are read a second time.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import starmap
from operator import attrgetter

from syncd.jobs.sides import crossing
from syncd.jobs.sides.frame import Terms
from syncd.jobs.sides.rt_assets import AssetFields
from syncd.reconcile.diff import unlike
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset, part_class, slices
from syncd.systems.rt.snapshot import KeptAssets

Pair = tuple[Device, Asset, str]

_SLICE = 2_000
"""Whole assets that are in memory at a time."""


class Glance:
    """One pass over all assets. ``assets`` are those with the fields that are held."""

    def __init__(
        self,
        terms: Terms,
        devices: Iterable[Device],
        kept: KeptAssets,
        fields: AssetFields,
        held: Collection[str],
        compared: Collection[str],
    ) -> None:
        self._kept = kept
        self._compared = ("Name", *compared)
        self._serial = fields.peek(terms.serial_field)
        self._by_serial = {device.serial_number: device for device in devices}
        self._to_google = crossing.to_device(terms.device_rules, fields)
        self._to_rt = crossing.to_asset(terms.asset_rules, fields)
        self._unlike: set[int] = set()
        self.assets = self._read(part_class(fields.schema, held), held)

    def doubtful(self, pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
        """Yield the pairs that may differ, with whole assets, some at a time; the key's name is left out."""
        met = self._by_serial.get
        again = {
            asset.id: device
            for device, asset, _ in pairs
            if asset.id in self._unlike or met(self._serial(asset)) is not device  # type: ignore[arg-type]
        }
        for ids in slices(sorted(again), _SLICE):
            assets = sorted(self._kept.some(ids, self._compared), key=attrgetter("id"))
            yield [(again[asset.id], asset, "") for asset in assets]

    def _read(self, kind: type[Asset], held: Collection[str]) -> list[Asset]:
        found: list[Asset] = []
        values = attrgetter(*kind.__struct_fields__)
        for some in slices(self._kept.select((*held, *self._compared)), _SLICE):
            found.extend(starmap(kind, map(values, some)))
            self._look(some)
        return found

    def _look(self, assets: Sequence[Asset]) -> None:
        """Note the assets that are not plainly equal to the device with their very serial number."""
        met = [(self._by_serial.get(self._serial(asset)), asset) for asset in assets]  # type: ignore[arg-type]
        pairs = [(device, asset) for device, asset in met if device is not None]
        self._unlike.update(asset.id for device, asset in met if device is None)
        if pairs:
            devices, known = zip(*pairs, strict=True)
            places = unlike(self._to_google, known, devices) | unlike(self._to_rt, devices, known)
            self._unlike.update(known[place].id for place in places)
