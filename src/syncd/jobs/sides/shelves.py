"""Single devices and assets that were looked up by their keys, and what is known to be all that has a key."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from syncd.jobs.sides.google_devices import device_side
from syncd.jobs.sides.population import Population
from syncd.jobs.sides.rt_assets import AssetFields, asset_side
from syncd.reconcile.keys import Rejected
from syncd.reconcile.ports import Progress
from syncd.reconcile.sides import KeyRule
from syncd.reconcile.values import texts
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset
from syncd.systems.rt.lookup import AssetLookup, Looked, Stranger
from syncd.systems.rt.schema import Schema
from syncd.systems.rt.snapshot import AssetSnapshot

SERIAL, MAC = "serial", "mac"
MOST_KEYS = 300
"""Keys that RT is asked for; beyond these, reading it as a run does is cheaper."""

R = TypeVar("R")
Keys = set[tuple[str, str]]
"""Kinds of key and normalised keys."""


class _Shelf(Generic[R]):
    """Records of one side by their ids. ``asked`` are the keys of which all holders are here."""

    def __init__(self, rules: Sequence[KeyRule[R]], ident: Callable[[R], str]) -> None:
        self._rules: Mapping[str, KeyRule[R]] = {rule.name: rule for rule in rules}
        self._ident = ident
        self.records: dict[str, R] = {}
        self.asked: Keys = set()

    def keys(self, record: R, kind: str) -> set[str]:
        """Return the usable keys of one kind that a record has."""
        rule = self._rules.get(kind)
        return self._usable(kind, texts(rule.read(record))) if rule else set()

    def _usable(self, kind: str, raw: Iterable[str]) -> set[str]:
        verdicts = map(self._rules[kind].normalise, raw)
        return {key for key in verdicts if not isinstance(key, Rejected)}

    def known(self, kinds: Iterable[str]) -> Keys:
        """Return all usable keys of some kinds."""
        return {(kind, key) for kind in kinds for record in self.records.values() for key in self.keys(record, kind)}

    def put(self, records: Iterable[R]) -> list[str]:
        """Take records in, in their order; return their ids."""
        fresh = {self._ident(record): record for record in records}
        self.records = {ident: record for ident, record in self.records.items() if ident not in fresh} | fresh
        return [*fresh]

    def ask(self, wanted: Keys) -> None:
        """Take in all that have one of these keys, as far as the system can be asked for them."""
        new = wanted - self.asked
        for kind in {kind for kind, _ in new}:
            keys = {key for of, key in new if of == kind}
            if self._look_up(kind, keys):
                self.asked.update((kind, key) for key in keys)

    def _having(self, records: Iterable[R], kind: str, keys: Collection[str]) -> list[R]:
        return [record for record in records if not self.keys(record, kind).isdisjoint(keys)]

    def _look_up(self, kind: str, keys: Collection[str]) -> bool:
        raise NotImplementedError


class DeviceShelf(_Shelf[Device]):
    """Devices that the job takes. ``outside`` are those that its filters leave out."""

    def __init__(self, population: Population, progress: Progress) -> None:
        side = device_side([], (SERIAL, MAC))
        super().__init__(side.keys, side.ident)
        self._population = population
        self._progress = progress
        self._all: list[Device] | None = None
        self.outside: dict[str, Device] = {}

    @property
    def whole(self) -> bool:
        """Whether all devices were read."""
        return self._all is not None

    def in_order(self) -> list[Device]:
        """Return the devices, in the order of a run where it is known."""
        if self._all is None:
            return [*self.records.values()]
        return [device for device in self._all if device.device_id in self.records]

    def read_all(self) -> list[Device]:
        """Read all devices that the job takes, once; what is asked from now on is answered by these."""
        if self._all is None:
            self._all = self._population.whole(self._progress)
            self.asked.clear()
        return self._all

    def look_outside(self, serial: str) -> None:
        """Look for a serial number among the devices that the job's filters leave out."""
        if self._population.filtered:
            found = self._population.outside_too(serial)
            self.outside |= {device.device_id: device for device in found if device.device_id not in self.records}

    def find(self, device_id: str) -> bool:
        """Take in the device with this id; false where there is none."""
        device = self._population.with_id(device_id)
        if device is None:
            return False
        if self._takes(device):
            self.put([device])
        else:
            self.outside[device.device_id] = device
        return True

    def with_asset_id(self, text: str) -> list[Device]:
        """Return the devices that the job takes whose annotated asset id has this text in it."""
        return self._population.with_asset_id(text)

    def _takes(self, device: Device) -> bool:
        """Return whether the job takes a device; one without a serial number can only be looked for in the list."""
        if not self._population.filtered:
            return True
        [key] = self.keys(device, SERIAL) or {""}
        found = self._population.with_serial(key) if key else self.read_all()
        return any(each.device_id == device.device_id for each in found)

    def _look_up(self, kind: str, keys: Collection[str]) -> bool:
        """Ask for serial numbers one by one; Google cannot be asked for MAC addresses."""
        if self._all is not None:
            self.put(self._having(self._all, kind, keys))
        elif kind == SERIAL:
            self.put(device for key in sorted(keys) for device in self._population.with_serial(key))
        else:
            return False
        return True


class AssetShelf(_Shelf[Asset]):
    """Assets of the job's catalogs. ``strangers`` are those of others; ``read`` reads RT as a run does."""

    def __init__(
        self,
        lookup: AssetLookup,
        schema: Schema,
        serial_field: str,
        mac_fields: Sequence[str],
        read: Callable[[], AssetSnapshot],
    ) -> None:
        self.lookup = lookup
        self.fields = AssetFields(schema, lookup.people)
        side = asset_side([], self.fields, serial_field, mac_fields, (SERIAL, MAC) if mac_fields else (SERIAL,))
        super().__init__(side.keys, side.ident)
        self._names = {SERIAL: (serial_field,), MAC: tuple(mac_fields)}
        self._read = read
        self._all: list[Asset] | None = None
        self.strangers: dict[str, Stranger] = {}

    @property
    def whole(self) -> bool:
        """Whether all assets were read."""
        return self._all is not None

    def in_order(self) -> list[Asset]:
        """Return the assets in the order of a run."""
        return sorted(self.records.values(), key=lambda asset: asset.id)

    def take(self, found: Looked) -> list[str]:
        """Take in what was looked up; return the ids."""
        theirs = {str(stranger.id): stranger for stranger in found.strangers}
        self.strangers |= theirs
        return [*self.put(found.assets), *theirs]

    def names_like(self, names: Collection[str]) -> set[str]:
        """Return the names in use, without case, as far as they may be one of these."""
        found = self.lookup.named(names)
        return {asset.name.casefold() for asset in (found.assets if found else self._read_all())}

    def _look_up(self, kind: str, keys: Collection[str]) -> bool:
        names = self._names[kind]
        few = len(keys) <= MOST_KEYS and all(map(self.lookup.finds_by, names))
        if not (self._all is None and few and all(self._find(name, kind, keys) for name in names)):
            self.put(self._having(self._read_all(), kind, keys))
        return True

    def _find(self, name: str, kind: str, keys: Collection[str]) -> bool:
        """Look for keys in one field; false where RT cannot be asked."""
        found = self.lookup.having(name, keys)
        if found is None:
            return False
        strangers = [each for each in found.strangers if not self.stranger_keys(each, kind).isdisjoint(keys)]
        self.take(Looked(self._having(found.assets, kind, keys), strangers))
        return True

    def _read_all(self) -> list[Asset]:
        if self._all is None:
            snapshot = self._read()
            self.lookup.people.update(snapshot.people)
            self._all = [*snapshot.assets]
        return self._all

    def stranger_texts(self, stranger: Stranger, kind: str) -> tuple[str, ...]:
        """Return the raw keys of one kind that a stranger has."""
        named = filter(self.lookup.finds_by, self._names[kind])
        return tuple(text for name in named for text in self.lookup.texts(stranger, name))

    def stranger_keys(self, stranger: Stranger, kind: str) -> set[str]:
        """Return the usable keys of one kind that a stranger has."""
        return self._usable(kind, self.stranger_texts(stranger, kind))
