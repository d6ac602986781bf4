"""The Chromebook of one asset: what a run of the job would do to it, done at once, by the same comparison."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import msgspec

from syncd.jobs.context import RunContext
from syncd.jobs.observe import traffic_since
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.jobs.sides.rt_assets import SYSTEM
from syncd.jobs.tagging.naming import JOB
from syncd.reconcile.explain import Case, Explains
from syncd.reconcile.model import Action, Comparison
from syncd.reconcile.ports import Traffic, Writer
from syncd.reconcile.run import Job

CHROMEBOOKS = "chromebooks"


class Reconciled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of it. ``state``: a run's result, or ``no_serial``, ``not_yet``; ``run`` is the run, if any."""

    state: str
    why: str = ""
    run: str = ""


@dataclass(frozen=True)
class OneChromebook:
    """A job of the engine for one asset; ``whole`` is the job for all of them, not run but asked."""

    whole: Job
    asset: int
    asked: Mapping[str, Traffic]

    name = JOB

    def observe_and_compare(self) -> Comparison:
        """Read what has to do with the asset, and plan what a run would do to it and to its device.

        One asset is no population: the guard lets one object of each kind pass, and compares no sizes.
        """
        assert isinstance(self.whole, Explains)
        ours = [case for case in self.whole.explain(str(self.asset)).cases if self._is_in(case)]
        actions = {action.id: action for case in ours for action in case.actions if self._touches(action)}
        return Comparison(
            actions=[*actions.values()],
            listings=[],
            counts={case.state: 1 for case in ours},
            populations={},
        )

    def _is_in(self, case: Case) -> bool:
        return any((record.system, record.id) == (SYSTEM, str(self.asset)) for record in case.records)

    def _touches(self, action: Action) -> bool:
        """Whether an action is of the asset, or follows it: a conflict shows the records of others, too."""
        return action.source == str(self.asset) or (action.system, action.object) == (SYSTEM, str(self.asset))

    def writers(self) -> Mapping[str, Writer]:
        """Return the writers of both systems."""
        return self.whole.writers()

    def compensate(self, action: Action, created: str) -> Action | None:
        """Return what undoes a create, of which there is none."""
        return self.whole.compensate(action, created)

    def traffic(self) -> Mapping[str, Traffic]:
        """Return what was asked for this asset, by system."""
        return traffic_since(self.asked, self.whole.traffic())


class Chromebooks:
    """The job chromebooks as new assets need it."""

    def __init__(self, options: ChromebooksOptions, context: RunContext, stack: ExitStack) -> None:
        from syncd.jobs.chromebooks import open_job  # noqa: PLC0415 - Google's part, for those who want it

        self.options = options
        self.mode = options.mode
        self._job = stack.enter_context(open_job(options, context))

    def takes(self, catalog: str, number: int) -> bool:
        """Whether the job looks at a catalog."""
        return catalog in self.options.catalogs or str(number) in self.options.catalogs

    def job(self, asset: int) -> OneChromebook:
        """Return the job for one asset."""
        return OneChromebook(self._job, asset, self._job.traffic())
