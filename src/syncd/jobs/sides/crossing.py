"""How values cross between a device and an asset: each arrives in the spelling that the target would show it in."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from syncd.jobs.options import FieldRule
from syncd.jobs.sides.google_devices import DEVICE_FIELDS, DeviceField, same_value
from syncd.jobs.sides.rt_assets import AssetFields
from syncd.reconcile.mapping import Field
from syncd.reconcile.values import Known, Unknown, Value, known
from syncd.systems.google.devices import Device
from syncd.systems.google.orgunits import spelled
from syncd.systems.rt.assets import Asset


def to_device(rules: Mapping[str, FieldRule], assets: AssetFields) -> tuple[Field[Asset, Device], ...]:
    """Return the mapping of the device fields that RT owns."""
    return tuple(_to_device(DEVICE_FIELDS[name], rule, assets) for name, rule in rules.items())


def to_asset(rules: Mapping[str, FieldRule], assets: AssetFields) -> tuple[Field[Device, Asset], ...]:
    """Return the mapping of the asset fields that Google owns."""
    return tuple(_to_asset(name, rule, assets) for name, rule in rules.items())


def _to_device(field: DeviceField, rule: FieldRule, assets: AssetFields) -> Field[Asset, Device]:
    read = assets.reader(rule.source)
    return Field(
        name=field.name,
        source_name=rule.source,
        read_source=_one_text(read, field),
        read_target=lambda device: known(field.read(device)),
        clear=rule.clear,
        same=lambda one, other: same_value(field.type, one, other),
        kind="move" if field.type == "org_unit" else "update",
        peek=(assets.peek(rule.source), field.read),
    )


def _one_text(read: Callable[[Asset], Value], field: DeviceField) -> Callable[[Asset], Value]:
    """Return a reader of what a device field can hold: one text, not too long, an organisational unit as a path."""
    longest = field.longest

    def fitting(asset: Asset) -> Value:
        value = read(asset)
        if type(value) is tuple:
            if len(value) > 1:
                return _SEVERAL
            value = value[0]
        if type(value) is not str:
            return value
        if longest is not None and len(value) > longest:
            return Unknown(f"it has {len(value)} characters and Google takes {longest}")
        return spelled(value) if field.type == "org_unit" else known(value)

    return fitting


_SEVERAL = Unknown("there are several values and the device has room for one")


def _to_asset(name: str, rule: FieldRule, assets: AssetFields) -> Field[Device, Asset]:
    source = DEVICE_FIELDS[rule.source]

    @lru_cache(maxsize=1024)
    def cross(raw: str) -> Value:
        return assets.arriving(name, raw) if raw and not raw.isspace() else None

    return Field(
        name=name,
        source_name=rule.source,
        read_source=lambda device: cross(source.read(device)),
        read_target=assets.reader(name),
        clear=rule.clear,
        same=_same_in_rt(source, rule),
        peek=(_whole_seconds(source.read) if _is_moment(name, source, assets) else source.read, assets.peek(name)),
    )


def _is_moment(name: str, source: DeviceField, assets: AssetFields) -> bool:
    return source.type == "time" and assets.schema.custom_field(name).kind == "datetime"


def _whole_seconds(read: Callable[[Device], str]) -> Callable[[Device], str]:
    """Read a time as RT shows it, where it is in Google's usual form."""

    def told(device: Device) -> str:
        text = read(device)
        return f"{text[:19]}Z" if text[19:20] == "." and text[-1] == "Z" else text

    return told


def _same_in_rt(source: DeviceField, rule: FieldRule) -> Callable[[Known, Known], bool]:
    if source.type != "time" or not rule.tolerance_hours:
        return lambda one, other: same_value(source.type, one, other)
    tolerance = timedelta(hours=rule.tolerance_hours)
    return lambda one, other: _apart(one, other) <= tolerance


def _apart(one: Known, other: Known) -> timedelta:
    try:
        return abs(datetime.fromisoformat(str(one)) - datetime.fromisoformat(str(other)))
    except (ValueError, TypeError):
        return timedelta.max
