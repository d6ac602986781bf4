"""What the jobs of batteries have in common: a source of reports on one side, the assets of RT on the other.

They are matched by serial number. Actions: one PUT for an asset whose battery is another than RT says. What a source
does not know is never written, nor is what is older than RT's own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

from syncd.host.errors import DataError
from syncd.host.garbage import no_garbage
from syncd.host.http import HttpStats
from syncd.jobs.batteries import frame as frames
from syncd.jobs.batteries.explaining import explained
from syncd.jobs.batteries.frame import Frame, frame
from syncd.jobs.batteries.history import rows_of
from syncd.jobs.batteries.options import BatteryOptions
from syncd.jobs.batteries.reports import BatteryReport
from syncd.jobs.context import RunContext
from syncd.jobs.observe import side_by_side, traffic_of
from syncd.jobs.sides.rt_assets import SYSTEM, AssetFields, asset_writer
from syncd.reconcile.diff import diff
from syncd.reconcile.explain import Explanation
from syncd.reconcile.model import Action, Comparison
from syncd.reconcile.ports import Progress, Traffic, Writer
from syncd.state.figures import SnapshotTimes
from syncd.systems.rt.assets import slices
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import Schema
from syncd.systems.rt.snapshot import AssetSnapshot

STATES = (
    frames.OLDER,
    frames.NO_BATTERY,
    frames.POLICY_OFF,
    frames.NOT_RECENT,
    frames.NOT_IN_SOURCE,
    frames.UNKNOWN,
)
"""States of listings that a run counts, besides those of a match."""

_NAMES = ("Name",)
_SLICE = 2_000
"""Whole assets that are in memory at a time."""


class Source(Protocol):
    """Where reports come from.

    ``system`` is what listings and the history call it; ``stats`` has what was asked of other systems for it.
    """

    @property
    def system(self) -> str:
        """Its short name."""

    @property
    def stats(self) -> Mapping[str, HttpStats]:
        """Requests by system."""

    def read(self, progress: Progress) -> Sequence[BatteryReport]:
        """Return the report of each device, whole or not at all; ``progress`` raises where nobody waits any more."""


class BatteryJob:
    """One run of a job."""

    def __init__(
        self, name: str, options: BatteryOptions, context: RunContext, source: Source, rt: RequestTracker
    ) -> None:
        self.name = name
        self._options = options
        self._context = context
        self._source = source
        self._rt = rt

    @cached_property
    def _schema(self) -> Schema:
        return self._rt.preflight(self._options.need())

    def observe_and_compare(self) -> Comparison:
        """Read both sides whole, side by side, note what devices report, and compare."""
        reports, snapshot = self._observe()
        self._remember(reports, snapshot)
        with no_garbage():
            laid = self._frame(reports, snapshot, _NAMES)
            return self._comparison(laid, snapshot)

    def explain(self, sought: str) -> Explanation:
        """Read both sides, and tell what a run would do with a device or an asset."""
        reports, snapshot = self._observe()
        laid = self._frame(reports, snapshot, self._mapped)
        read = dict.fromkeys((self._source.system, *self._source.stats), "all devices")
        cases = explained(sought, laid)
        return Explanation(job=self.name, sought=sought, cases=cases, read={**read, SYSTEM: "all assets"})

    def writers(self) -> Mapping[str, Writer]:
        """Return the writer of RT."""
        concurrency = self._context.need_rt(self.name).concurrency
        return {SYSTEM: asset_writer(self._rt, self._schema, self._options.serial_field, concurrency)}

    def compensate(self, action: Action, created: str) -> Action | None:  # noqa: ARG002 - nothing is created
        """Undo a create: there are none."""
        return None

    def traffic(self) -> Mapping[str, Traffic]:
        """Return what was asked so far, by system."""
        return traffic_of({**self._source.stats, SYSTEM: self._rt.client.stats})

    def _observe(self) -> tuple[Sequence[BatteryReport], AssetSnapshot]:
        schema, context = self._schema, self._context
        return side_by_side(
            self._source.read,
            lambda progress: self._rt.reader.read(schema, full=context.full_read, progress=progress),
            context.progress,
        )

    @property
    def _mapped(self) -> tuple[str, ...]:
        return (*_NAMES, *self._options.to_rt)

    def _frame(self, reports: Sequence[BatteryReport], snapshot: AssetSnapshot, held: Sequence[str]) -> Frame:
        """Match both sides; of the assets these fields are held, besides the serial number."""
        options, now = self._options, self._context.clock.now()
        assets = [*snapshot.assets.select((options.serial_field, *held))]
        return frame(self._source.system, options, reports, assets, AssetFields(self._schema, snapshot.people), now)

    def _remember(self, reports: Sequence[BatteryReport], snapshot: AssetSnapshot) -> None:
        store = self._context.store
        store.batteries.history.note(rows_of(reports, self._source.system), self._options.noise_percent)
        store.figures.note_snapshot(self.name, SYSTEM, SnapshotTimes(as_of=snapshot.as_of, full=snapshot.full))

    def _comparison(self, laid: Frame, snapshot: AssetSnapshot) -> Comparison:
        """Compare all pairs, some at a time: whole assets of a large fleet are not in memory together."""
        found, listings, compared = laid.found, laid.listings(), 0
        actions: list[Action] = []
        partners = {asset.id: report for report, asset, _ in found.pairs}
        for some in slices(snapshot.assets.select(self._mapped), _SLICE):
            pairs = laid.compared((partners[asset.id], asset, "") for asset in some if asset.id in partners)
            changes, unknown = diff(laid.flow, pairs.pairs)
            compared += len(pairs.pairs)
            actions += changes
            listings += (*pairs.aside, *pairs.stale, *unknown)
        states = Counter(listing.state for listing in listings)
        counts = {
            **{state: number for state, number in found.counts().items() if state != f"only_{SYSTEM}"},
            "in_sync": compared - len(actions),
            "changed": len(actions),
            **{state: states[state] for state in STATES},
        }
        sizes = {self._source.system: len(found.left.records), SYSTEM: len(found.right.records)}
        return Comparison(
            actions=actions,
            listings=listings,
            counts=counts,
            populations={SYSTEM: sizes[SYSTEM]},
            sources=sizes,
        )


def damaged(problem: Exception) -> DataError:
    """Return the error for an imported report that cannot be read."""
    return DataError(
        f"an imported report of a battery cannot be read ({problem}); import the files anew.",
        code="state.damaged",
        object="battery import",
    )
