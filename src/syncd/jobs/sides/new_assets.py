"""New assets for devices that Request Tracker does not have: one for each serial number, once and for all."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.host.errors import ConfigurationError
from syncd.jobs.sides.rt_assets import CATALOG, SYSTEM
from syncd.reconcile.keys import Rejected, serial_key
from syncd.reconcile.mapping import Field
from syncd.reconcile.model import Action, Listing, make_action
from syncd.reconcile.values import Known, Unknown, Value
from syncd.state.external_ids import Link
from syncd.state.records import ActionResult
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset

Taken = Mapping[str, str]
"""Serial key to why no asset may be made for it: "asset 12 in another catalog has this serial"."""

Arriving = Callable[[str, str], Value]
"""Tells how a text reads in a field of RT once RT has it, or why RT would not take it."""

NAME = "Name"
PEOPLE = ("Owner.EmailAddress", "HeldBy.EmailAddress")
_NO_USER = Unknown("RT has no single user with this address")


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A field that RT owns from now on, and the device field that follows it.

    A new asset begins with what the device has. ``clear``: else the next run would empty the device's field.
    """

    field: str
    device_field: str
    read: Callable[[Device], str]
    clear: bool


@dataclass(frozen=True, kw_only=True)
class NewAssets:
    """What new assets are made of.

    ``fixed`` are values for where Google has none; ``seeds`` are the fields that RT owns, ``mapped`` those that
    Google owns. ``users`` gives RT's spelling of the e-mail addresses that one user has, by address without case;
    ``names`` are the asset names in use, without case.
    """

    catalog: str
    serial_field: str
    mac_field: str | None
    fixed: Mapping[str, str]
    seeds: Sequence[Seed]
    mapped: Sequence[Field[Device, Asset]]
    arriving: Arriving
    users: Mapping[str, str]
    names: Collection[str]
    taken: Taken

    def plan(self, devices: Iterable[Device]) -> tuple[list[Action], list[Listing]]:
        """Return a create for each device, and a listing for each that must not or cannot have one."""
        actions: list[Action] = []
        listings: list[Listing] = []
        given: set[str] = set()
        for device in devices:
            name = asset_name(device)
            values = self._values(device, name)
            why = self._obstacle(device, name, given) or self._loss(device, values)
            if why:
                listings.append(_listing(device, why))
            else:
                given.add(name.casefold())
                actions.append(self._create(device, name, values))
        return actions, listings

    def _obstacle(self, device: Device, name: str, given: Collection[str]) -> str | None:
        key = serial_key(device.serial_number)
        if isinstance(key, Rejected):
            return f"its serial {key.reason}"
        if key in self.taken:
            return self.taken[key]
        if name.isdecimal():
            return f"RT takes no name of digits only, {name}"
        if name.casefold() in self.names or name.casefold() in given:
            return f"another asset is named {name}"
        return None

    def _loss(self, device: Device, values: Mapping[str, Value]) -> str | None:
        """Return what the asset would lack so that it, or the device at the next run, would be wrong."""
        serial = values[self.serial_field]
        if isinstance(serial, Unknown):
            return f"RT does not take its serial: {serial.reason}"
        for seed in self.seeds:
            value = values.get(seed.field)
            if seed.clear and seed.read(device).strip() and (value is None or isinstance(value, Unknown)):
                because = value.reason if isinstance(value, Unknown) else f"{seed.field} is not set at a create"
                return f"the device would lose its {seed.device_field}: {because}"
        return None

    def _values(self, device: Device, name: str) -> dict[str, Value]:
        texts = dict(self.fixed)
        texts |= {seed.field: text for seed in self.seeds if (text := seed.read(device).strip()) and _settable(seed)}
        if self.mac_field and device.mac_address:
            texts[self.mac_field] = device.mac_address
        texts |= {NAME: name, self.serial_field: device.serial_number.strip()}
        values = {field: self._arriving(field, text) for field, text in texts.items()}
        return values | {field.name: value for field in self.mapped if (value := field.read_source(device))}

    def _arriving(self, field: str, text: str) -> Value:
        if field not in PEOPLE:
            return self.arriving(field, text)
        address = self.users.get(text.casefold())
        if address is None:
            return _NO_USER
        return (address,) if field.startswith("HeldBy") else address

    def _create(self, device: Device, name: str, values: Mapping[str, Value]) -> Action:
        after: dict[str, Known] = {
            field: value for field, value in values.items() if value and not isinstance(value, Unknown)
        }
        return make_action(
            kind="create",
            system=SYSTEM,
            object=str(serial_key(device.serial_number)),
            label=name,
            before={},
            after={CATALOG: self.catalog, **after},
            reason="no asset has its serial",
            source=device.device_id,
        )


def asset_name(device: Device) -> str:
    """Return the name of a new asset: the asset id that Google has, so that none is lost, else the serial."""
    return device.annotated_asset_id.strip() or device.serial_number.strip()


def check_fixed(fixed: Mapping[str, str], arriving: Arriving) -> None:
    """Raise ConfigurationError for the fixed values that RT would not take."""
    wrong = [value.reason for field, text in fixed.items() if isinstance(value := arriving(field, text), Unknown)]
    if wrong:
        raise ConfigurationError(f"new_assets cannot be used: {'; '.join(wrong)}", code="config.new_assets")


def _settable(seed: Seed) -> bool:
    return seed.field in PEOPLE or seed.field.startswith("CF.")


def _listing(device: Device, why: str) -> Listing:
    return Listing(
        state="not_created",
        system="google",
        object=device.device_id,
        label=device.serial_number.strip(),
        why=f"no asset is made for it: {why}",
    )


def serial_keys(serials: Iterable[str]) -> set[str]:
    """Return the usable serial keys among serials."""
    return {key for key in map(serial_key, serials) if isinstance(key, str)}


def had_links(links: Iterable[Link], keys: Collection[str]) -> Taken:
    """Return those of the serial keys that were matched with an asset once."""
    return {
        key: f"asset {link.right_id} had its serial and RT shows it no longer"
        for link in links
        if link.match_key.startswith("serial:") and (key := link.match_key.removeprefix("serial:")) in keys
    }


def had_creates(histories: Iterable[Sequence[tuple[Action, ActionResult]]]) -> Taken:
    """Return the serials that an asset was created for.

    A create that came to nothing is not one: had RT made the asset after all, it would have been matched.
    """
    return {
        action.object: f"asset {result.object} was created for it by run {result.run} and RT shows it no longer"
        for history in histories
        for action, result in history
        if action.kind == "create" and result.object
    }


def elsewhere(found: Mapping[str, Sequence[int]]) -> Taken:
    """Return the serials that assets of other catalogs have."""
    return {
        key: f"asset {', '.join(map(str, ids))} in another catalog has its serial"
        for serial, ids in found.items()
        if isinstance(key := serial_key(serial), str)
    }
