"""The batteries of a fleet: of each device the newest that is known, with what RT says of the device."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from sys import intern
from typing import NamedTuple

import msgspec

from syncd.jobs.batteries.reports import known_serial
from syncd.jobs.batteries.words import Words
from syncd.jobs.exporting.sheets import BETWEEN, Cell
from syncd.reconcile.values import Known, texts
from syncd.state.battery_history import HistoryRow

COLUMNS = (
    *("serial", "asset", "asset_status", "model", "school", "percent", "status", "category", "cycles"),
    *("full_charge_mah", "design_mah", "batteries", "source", "reported", "age_days"),
)
"""The columns of every export. ``reported``: when the device first said what the row has; ``age_days`` since then."""

BY_MODEL = ("model", "devices", "measured", "median_percent", "lowest_percent", "replace_soon")
"""The first columns of the summary by model; one for each category follows."""

NO_MODEL = "model not known"


class Labels(NamedTuple):
    """What RT says of a device; empty for one that is not in RT."""

    asset: str = ""
    status: str = ""
    model: str = ""
    school: str = ""


class Device(msgspec.Struct, frozen=True, gc=False):
    """A device with its newest battery report. ``serial`` is the device's id where it has no serial number."""

    serial: str
    labels: Labels
    percent: float | None
    health: str
    cycles: int | None
    full_charge: int | None
    design: int | None
    batteries: int
    source: str
    reported: datetime


class Fleet:
    """All devices that a battery was reported of, by their serial numbers."""

    def __init__(self, rows: Iterable[HistoryRow], assets: Mapping[str, Labels], words: Words, now: datetime) -> None:
        """``now`` (aware) is what the age of a report is told by."""
        self.words = words
        self.devices = sorted((_device(row, assets) for row in rows), key=lambda device: device.serial)
        self._now = now

    @property
    def newest(self) -> datetime | None:
        """When the newest report was made."""
        return max((device.reported for device in self.devices), default=None)

    @property
    def models(self) -> dict[str, str]:
        """The model of each device."""
        return {device.serial: device.labels.model for device in self.devices}

    def to_replace(self) -> list[Device]:
        """Return the devices whose battery is to be replaced soon: by model and school, the worst first."""
        return sorted(filter(self._worn, self.devices), key=_shelf)

    def _worn(self, device: Device) -> bool:
        return self.words.to_replace(device.percent, device.health)

    def cells(self, devices: Iterable[Device]) -> Iterator[Sequence[Cell]]:
        """Yield the cells of devices, as COLUMNS names them."""
        statuses, category = self.words.statuses, self.words.category
        for device in devices:
            yield (
                device.serial,
                *device.labels,
                device.percent,
                statuses.get(device.health, device.health),
                category(device.percent),
                device.cycles,
                device.full_charge,
                device.design,
                device.batteries,
                device.source,
                device.reported,
                max(0, (self._now - device.reported).days),  # the clock of a device may be ahead
            )

    def by_model(self) -> Iterator[Sequence[Cell]]:
        """Yield the summary of each model: the one with most devices first."""
        found: dict[str, list[Device]] = {}
        for device in self.devices:
            found.setdefault(device.labels.model or NO_MODEL, []).append(device)
        for model, devices in sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0])):
            yield model, *self._summary(devices)

    @property
    def by_model_header(self) -> tuple[str, ...]:
        """The columns of the summary by model."""
        return (*BY_MODEL, *(name for name, _ in self.words.ranked))

    def _summary(self, devices: Sequence[Device]) -> Iterator[Cell]:
        known = [device.percent for device in devices if device.percent is not None]
        counts = Counter(map(self.words.category, known))
        yield len(devices)
        yield len(known)
        yield round(median(known), 1) if known else None
        yield min(known, default=None)
        yield sum(map(self._worn, devices))
        yield from (counts[name] for name, _ in self.words.ranked)


def labels_of(assets: Iterable[tuple[Known, Labels]]) -> dict[str, Labels]:
    """Return what RT says of each serial number; ``assets`` are serial numbers as RT has them, by rising ids.

    Of several assets with one serial number all names are told, and else what the first one says.
    """
    found: dict[str, Labels] = {}
    for serials, labels in assets:
        for serial in filter(None, map(known_serial, texts(serials))):
            first = found.get(serial)
            name = f"{first.asset}{BETWEEN}{labels.asset}" if first else labels.asset
            found[serial] = (first or labels)._replace(asset=name)
    return found


def label(status: str, model: str, school: str, asset: str) -> Labels:
    """Return labels; what many devices have in common is held once."""
    return Labels(asset, intern(status), intern(model), intern(school))


def _device(row: HistoryRow, assets: Mapping[str, Labels]) -> Device:
    return Device(
        row.device,
        assets.get(row.device, _NOT_IN_RT),
        row.percent,
        row.health,
        row.cycles,
        row.full_charge,
        row.design,
        1 + len(row.others),
        row.source,
        row.time.astimezone(UTC),
    )


_NOT_IN_RT = Labels()


def _shelf(device: Device) -> tuple[str, str, float, str]:
    """Order devices as somebody goes round with new batteries; one without a percentage is the last of its kind."""
    percent = float("inf") if device.percent is None else device.percent
    return device.labels.model, device.labels.school, percent, device.serial
