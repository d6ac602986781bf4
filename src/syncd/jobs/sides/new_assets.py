"""New assets for devices that Request Tracker does not have: one for each serial number, once and for all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.jobs.sides.rt_assets import CATALOG, SYSTEM
from syncd.reconcile.keys import Rejected, serial_key
from syncd.reconcile.mapping import Field
from syncd.reconcile.model import Action, Listing, make_action
from syncd.reconcile.values import Unknown, Value
from syncd.state.external_ids import Link
from syncd.state.records import ActionResult
from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset

Taken = Mapping[str, str]
"""Serial key to why no asset may be made for it: "asset 12 in another catalog has this serial"."""


@dataclass(frozen=True, kw_only=True)
class NewAssets:
    """What new assets are made of.

    ``fixed`` are fields with the same value for all; ``mapped`` are those that Google owns. ``arriving`` tells how
    a text reads once RT has it. ``owners`` gives RT's spelling of the e-mail addresses that one user has; ``names``
    are the asset names in use, without case.
    """

    catalog: str
    serial_field: str
    mac_field: str | None
    fixed: Mapping[str, str]
    mapped: Sequence[Field[Device, Asset]]
    arriving: Callable[[str, str], Value]
    owners: Mapping[str, str]
    names: frozenset[str]
    taken: Taken

    def plan(self, devices: Iterable[Device]) -> tuple[list[Action], list[Listing]]:
        """Return a create for each device, and a listing for each that must not or cannot have one."""
        actions: list[Action] = []
        listings: list[Listing] = []
        given: set[str] = set()
        for device in devices:
            name = asset_name(device)
            why = self._obstacle(device, name, given)
            if why:
                listings.append(_listing(device, why))
            else:
                given.add(name.casefold())
                actions.append(self._create(device, name))
        return actions, listings

    def _obstacle(self, device: Device, name: str, given: set[str]) -> str | None:
        key = serial_key(device.serial_number)
        if isinstance(key, Rejected):
            return f"no asset is made for it: its serial {key.reason}"
        if key in self.taken:
            return f"no asset is made for it: {self.taken[key]}"
        if name.isdecimal():
            return f"no asset is made for it: RT takes no name of digits only, {name}"
        if name.casefold() in self.names or name.casefold() in given:
            return f"no asset is made for it: another asset is named {name}"
        return None

    def _create(self, device: Device, name: str) -> Action:
        texts = {**self.fixed, "Name": name, self.serial_field: device.serial_number.strip()}
        if self.mac_field:
            texts[self.mac_field] = device.mac_address
        if owner := self.owners.get(device.annotated_user.casefold()):
            texts["Owner.EmailAddress"] = owner
        values = {field: self.arriving(field, text) for field, text in texts.items() if text}
        values |= {field.name: field.read_source(device) for field in self.mapped}
        after = {field: value for field, value in values.items() if value and not isinstance(value, Unknown)}
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


def _listing(device: Device, why: str) -> Listing:
    return Listing(
        state="not_created", system="google", object=device.device_id, label=device.serial_number.strip(), why=why
    )


def serial_keys(serials: Iterable[str]) -> Iterable[str]:
    """Return the usable serial keys among serials."""
    return [key for key in map(serial_key, serials) if isinstance(key, str)]


def had_links(links: Iterable[Link]) -> Taken:
    """Return the serials that were matched with an asset once."""
    return {
        link.match_key.removeprefix("serial:"): f"asset {link.right_id} had its serial and RT shows it no longer"
        for link in links
        if link.match_key.startswith("serial:")
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
