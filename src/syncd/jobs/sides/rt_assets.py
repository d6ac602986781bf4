"""Assets of Request Tracker as one side of a comparison."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from syncd.jobs.sides import rt_writer
from syncd.jobs.sides.rt_writer import RtWriter, numbers
from syncd.reconcile.keys import mac_key, mac_keys, serial_key, serial_keys
from syncd.reconcile.model import Action
from syncd.reconcile.sides import KeyRule, Side
from syncd.reconcile.values import Known, Unknown, Value, texts
from syncd.systems.rt.assets import NOBODY, Asset, People, getter
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import Schema, custom_name
from syncd.systems.rt.write import Answer

SYSTEM = rt_writer.SYSTEM
CATALOG = "Catalog"
"""Field of a create that names the catalog; every other field is one of the asset."""
DELETED = "deleted"
"""Status of an asset that is gone, in RT's stock lifecycle."""


@dataclass(frozen=True, slots=True)
class AssetFields:
    """How fields of assets are read and what RT makes of a value, for one reading of RT."""

    schema: Schema
    people: People

    def reader(self, field: str) -> Callable[[Asset], Value]:
        """Return a function that reads a field; nobody is empty, and somebody who cannot be told is unknown."""
        read = self.peek(field)
        role, _, part = field.partition(".")
        if role == "Owner":
            return _owner(read, Unknown(f"the owner has no {_PARTS[part]}"))
        if role == "HeldBy":
            return _holder(read, Unknown(f"the holder has no {_PARTS[part]}"))
        return read

    def peek(self, field: str) -> Callable[[Asset], Known]:
        """Return a quick function that reads a field as far as it is known."""
        return getter(self.schema, field, self.people)

    def arriving(self, field: str, text: str) -> Value:
        """Return how a text will read once RT has stored it, or why RT would not take it."""
        refusal = self.schema.refusal(field, text)
        return Unknown(refusal) if refusal else self.schema.reads_back(field, text)


def asset_side(
    assets: Sequence[Asset], fields: AssetFields, serial_field: str, mac_fields: Sequence[str], match: Sequence[str]
) -> Side[Asset]:
    """Return assets as a side, with the match keys named (``serial``, ``mac``)."""
    rules = {
        "serial": KeyRule(
            name="serial", read=_texts([serial_field], fields), normalise=serial_key, normalise_all=serial_keys
        )
    }
    if "mac" in match:
        rules["mac"] = KeyRule(name="mac", read=_texts(mac_fields, fields), normalise=mac_key, normalise_all=mac_keys)
    return Side(
        system=SYSTEM,
        noun="asset",
        records=assets,
        ident=lambda asset: str(asset.id),
        label=lambda asset: asset.name or str(asset.id),
        keys=tuple(rules[name] for name in match),
    )


class Assets(Protocol):
    """The part of the RT adapter that the writer uses; fields by name, values as they read."""

    def prepare(self, changes: Iterable[Mapping[str, Known]]) -> None:
        """Look up in bulk the people that changes name."""

    def update_asset(self, asset: int, changes: Mapping[str, Known]) -> Answer:
        """Change fields of one asset."""

    def create_asset(self, catalog: int, fields: Mapping[str, Known], *, key: str) -> int:
        """Create an asset and return its id; ``key`` is the field to find it by when the answer is lost."""

    def read_assets(self, ids: Collection[int]) -> Mapping[int, Asset]:
        """Read assets in bulk; deleted ones are left out."""


Widen = Callable[[Collection[str]], tuple[Assets, AssetFields]]
"""Returns what knows these custom fields, too; raises ConfigurationError where RT does not have them all."""


class AssetWriter(RtWriter):
    """Writes assets. ``widen`` is asked for custom fields that only an earlier run, which is undone, has written."""

    def __init__(
        self, assets: Assets, fields: AssetFields, serial_field: str, concurrency: int, widen: Widen | None = None
    ) -> None:
        super().__init__(concurrency)
        self._assets = assets
        self._fields = fields
        self._serial_field = serial_field
        self._widen = widen

    def batches(self, actions: Sequence[Action]) -> Iterable[Sequence[Action]]:
        """RT takes assets one by one; the people that they name are looked up together."""
        batches = super().batches(actions)
        self._assets.prepare(action.after for action in actions)
        return batches

    def knows(self, field: str) -> bool:
        """Return whether a field is one that was asked for; all but custom fields are."""
        return custom_name(field) is None or field in self._fields.schema.fields

    def widen(self, fields: Collection[str]) -> None:
        """Ask RT for further custom fields."""
        if self._widen:
            self._assets, self._fields = self._widen(fields)

    def update(self, action: Action) -> None:
        """Change an asset."""
        self._assets.update_asset(int(action.object), action.after)

    def create(self, action: Action) -> int:
        """Create an asset."""
        fields = {name: value for name, value in action.after.items() if name != CATALOG}
        return self._assets.create_asset(int(str(action.after[CATALOG])), fields, key=self._serial_field)

    def read_back(self, actions: Sequence[Action], objects: Mapping[str, str]) -> Mapping[str, Mapping[str, Known]]:
        """Read the present values, a hundred assets a request.

        RT finds no deleted asset (RT 5.0.3, observed), so one that was to be deleted and is not found is deleted.
        """
        actions = self.readable(actions)
        places = numbers(actions, objects)
        now = self._assets.read_assets(sorted(set(places.values())))
        values = {
            action.id: self._values(action, now[places[action.id]])
            for action in actions
            if places.get(action.id) in now
        }
        return values | {
            action.id: {"Status": DELETED}
            for action in actions
            if action.id not in values and action.after == {"Status": DELETED}
        }

    def same(self, field: str, wanted: Known, found: Known) -> bool:
        """Compare in RT's spelling."""
        return self._fields.schema.reads_back(field, wanted) == found

    def _values(self, action: Action, asset: Asset) -> dict[str, Known]:
        return {name: self._read(name, asset) for name in action.after}

    def _read(self, name: str, asset: Asset) -> Known:
        return str(asset.catalog) if name == CATALOG else getter(self._fields.schema, name, self._fields.people)(asset)


def asset_writer(rt: RequestTracker, schema: Schema, serial_field: str, concurrency: int) -> AssetWriter:
    """Return a writer of assets for a job's fields; it can undo runs that wrote other fields, too."""

    def knowing(schema: Schema) -> tuple[Assets, AssetFields]:
        assets = rt.writer(schema)
        return assets, AssetFields(schema, assets.people)

    def widen(names: Collection[str]) -> tuple[Assets, AssetFields]:
        need = schema.need
        return knowing(rt.preflight(msgspec.structs.replace(need, write=(*need.write, *sorted(names)))))

    return AssetWriter(*knowing(schema), serial_field, concurrency, widen)


def _texts(names: Sequence[str], fields: AssetFields) -> Callable[[Asset], Known]:
    """Return a function that gives all texts of some fields."""
    readers = [fields.peek(name) for name in names]
    if len(readers) == 1:
        return readers[0]
    return lambda asset: tuple(text for read in readers for text in texts(read(asset)))


_PARTS = {"": "number", "Name": "login name", "EmailAddress": "e-mail address"}
_SEVERAL_HOLDERS = Unknown("the asset has several holders")
_GROUP_HOLDS = Unknown("a group holds the asset")


def _owner(read: Callable[[Asset], Known], missing: Unknown) -> Callable[[Asset], Value]:
    """Tell an owner who cannot be named from an asset that nobody owns."""

    def named(asset: Asset) -> Value:
        value = read(asset)
        return missing if value is None and asset.owner != NOBODY else value

    return named


def _holder(read: Callable[[Asset], Known], missing: Unknown) -> Callable[[Asset], Value]:
    """Take the holder where there is one; which of several is meant, or who in a group, cannot be told."""

    def named(asset: Asset) -> Value:
        if asset.groups:
            return _GROUP_HOLDS
        if len(asset.holders) > 1:
            return _SEVERAL_HOLDERS
        told = texts(read(asset))
        return told[0] if told else missing if asset.holders else None

    return named
