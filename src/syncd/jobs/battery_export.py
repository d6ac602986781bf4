"""Export the health of a fleet's batteries: a row for each device, a workbook, or a picture.

Sources: the history of batteries that the jobs keep, and the assets of Request Tracker, through their kept snapshot.
Nothing is changed in either.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, BinaryIO, get_args

import msgspec

from syncd.host.errors import DataError
from syncd.jobs.batteries.words import no_report, words_of
from syncd.jobs.connecting import rt_of
from syncd.jobs.context import RunContext
from syncd.jobs.exporting.fleet import COLUMNS, Fleet, Labels, label, labels_of
from syncd.jobs.exporting.fleet_figures import Stack, Trend, groups, histogram, trend
from syncd.jobs.exporting.fleet_options import BatteryExportOptions
from syncd.jobs.exporting.fleet_workbook import write_fleet, write_to_replace
from syncd.jobs.exporting.picture import PictureFormat, Shown, draw
from syncd.jobs.exporting.sheets import Cell
from syncd.reconcile.values import as_text
from syncd.state.battery_history import BatteryHistory, HistoryRow
from syncd.systems.rt.assets import getter
from syncd.systems.rt.client import RequestTracker

if TYPE_CHECKING:
    from syncd.jobs.settings import JobsOptions

NAME = "export battery"
LOCK = "export-battery"
PICTURES: tuple[PictureFormat, ...] = get_args(PictureFormat)


class Tally(msgspec.Struct, frozen=True):
    """What an export is of. ``unknown``: devices that RT has no asset for; ``measured``: those with a percentage."""

    devices: int
    measured: int
    unknown: int
    replace_soon: int


class BatteryExport:
    """An export that has read all that it needs of others."""

    header: Sequence[str] = COLUMNS

    def __init__(self, fleet: Fleet, history: BatteryHistory) -> None:
        self.fleet = fleet
        self._history = history

    def rows(self, *, replace_soon: bool) -> Iterator[Sequence[Cell]]:
        """Yield a row for each device, by serial number; or those to replace soon, by model and school."""
        return self.fleet.cells(self.fleet.to_replace() if replace_soon else self.fleet.devices)

    def write_workbook(self, file: BinaryIO, *, replace_soon: bool) -> None:
        """Write all sheets with their charts, or the list of those to replace soon alone."""
        if replace_soon:
            write_to_replace(file, self.fleet)
        else:
            write_fleet(file, self.fleet, *self._figures())

    def draw(self, file: BinaryIO, form: PictureFormat) -> None:
        """Draw the picture. Raises ConfigurationError ``export.no_matplotlib``."""
        fleet = self.fleet
        shown = Shown(*self._figures(), len(fleet.devices), fleet.newest, fleet.words.replace_below)
        draw(file, form, shown)

    def _figures(self) -> tuple[Sequence[Stack], Trend]:
        devices = self.fleet.devices
        stacks = histogram(devices, self.fleet.words)
        return stacks, trend(self._history.all(), groups(devices), self.fleet.newest)

    @property
    def tally(self) -> Tally:
        """What is counted of it."""
        devices = self.fleet.devices
        return Tally(
            len(devices),
            sum(device.percent is not None for device in devices),
            sum(not device.labels.asset for device in devices),
            len(self.fleet.to_replace()),
        )


@contextmanager
def open_export(options: BatteryExportOptions, jobs: "JobsOptions", context: RunContext) -> Iterator[BatteryExport]:
    """Read the history and RT, and return what is to be written; ``jobs`` say how batteries are spoken of.

    Raises DataError (``battery.none``) where no report of a battery was kept yet.
    """
    history = context.store.batteries.history
    rows = newest_known(history)
    if not rows:
        raise DataError(no_report("of any battery", jobs), code="battery.none")
    words = words_of(jobs, options.replace_below)
    with ExitStack() as stack:
        assets = read_assets(rt_of(stack, context, NAME), options, context)
        yield BatteryExport(Fleet(rows, assets, words, context.clock.now()), history)


def newest_known(history: BatteryHistory) -> list[HistoryRow]:
    """Return the newest row of each device.

    A percentage that the newest does not tell is that of the last row of the same battery that did.
    """
    rows = list(history.newest())
    blank = {row.device: row for row in rows if row.percent is None}
    for old in history.all() if blank else ():
        row = blank.get(old.device)
        if row and old.percent is not None and old.battery == row.battery:
            known = {"percent": old.percent, "full_charge": old.full_charge, "design": old.design}
            blank[old.device] = msgspec.structs.replace(row, **known)
    return [blank.get(row.device, row) for row in rows]


def read_assets(rt: RequestTracker, options: BatteryExportOptions, context: RunContext) -> dict[str, Labels]:
    """Return what RT says of each serial number."""
    schema = rt.preflight(options.need())
    snapshot = rt.reader.read(schema, full=context.full_read, progress=context.progress)
    serial = getter(schema, options.serial_field, {})
    status = getter(schema, "Status", {})
    model, school = (
        getter(schema, field, {}) if field else lambda _: None for field in (options.model_field, options.school_field)
    )
    return labels_of(
        (serial(asset), label(as_text(status(asset)), as_text(model(asset)), as_text(school(asset)), asset.name))
        for asset in snapshot.assets.select(options.fields)
    )


def told(tally: Tally) -> str:
    """Return what was written, in one clause."""
    return (
        f"{tally.devices:,} devices, {tally.measured:,} with a percentage, {tally.replace_soon:,} to replace soon, "
        f"{tally.unknown:,} not in RT"
    )


def file_name(*, replace_soon: bool, suffix: str) -> str:
    """Return how an export is called in a folder."""
    return f"battery{'-replace-soon' if replace_soon else ''}.{suffix}"
