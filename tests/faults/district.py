"""A small district whose Chromebooks are synced by whole runs, in this process and in virtual time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import NamedTuple

import msgspec

from faults.kinds import Fault
from faults.lab import ALWAYS, FAST, Lab, Route
from faults.runs import Phase, Run, System
from syncd.host.errors import IntegrationError
from syncd.jobs.chromebooks import NAME, ChromebookJob
from syncd.jobs.context import RunContext
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.reconcile.apply import no_progress
from syncd.reconcile.guard import Limits
from syncd.reconcile.model import State
from syncd.reconcile.ports import Writer
from syncd.reconcile.run import Runner
from syncd.state.store import Store, open_store
from syncd.systems.google.options import GoogleOptions
from syncd.systems.rt.options import RtOptions

_OPTIONS = {
    "catalogs": ["Chromebooks"],
    "match": ["serial"],
    "missing_assets": "create",
    "new_assets": {"Status": "new"},
    "to_google": {"annotatedLocation": "CF.{Location}"},
    "to_rt": {"CF.{OU}": "orgUnitPath", "CF.{Google Status}": "status", "CF.{OS Version}": "osVersion"},
}
_ROUTES: dict[tuple[System, Phase], Route] = {
    ("google", "read"): Route("GET", r"/devices/chromeos\?"),
    ("google", "write"): Route("PATCH", "/devices/chromeos/"),
    ("rt", "read"): Route("POST", r"/assets\?.*per_page=100"),
    ("rt", "write"): Route("PUT", "/asset/"),
    ("rt", "create"): Route("POST", "/asset$"),
}
_OF_SYSTEM = {"google": "^/admin/", "rt": "^/rt/"}
_LOCATION = "CF.{Location}"
_number = count(1)


class Came(NamedTuple):
    """What came of a run: as it says itself, and what the store keeps."""

    said: Run
    kept: Run


class District:
    """The district, the store of its runs, and one device with its asset that things happen to."""

    def __init__(self, lab: Lab, store: Store) -> None:
        self.lab = lab
        self.store = store
        self._schema: object = None
        self._options = msgspec.convert(_OPTIONS, ChromebooksOptions)
        self.device, self.asset = self._pair()

    def _pair(self) -> tuple[str, int]:
        """Return an active device and its asset."""
        world = self.lab.rt_app.world
        serials = {asset.values[self.lab.known.serial_field][0]: number for number, asset in world.assets.items()}
        devices = self.lab.google_app.tenant.devices.values()
        found = next(each for each in devices if each["status"] == "ACTIVE" and each["serialNumber"] in serials)
        return found["deviceId"], serials[found["serialNumber"]]

    # -- what the job has to do

    def drift(self, system: System, phase: Phase) -> str:
        """Let one thing differ, so that the next run writes to this system; return what it is to write."""
        if phase != "create":
            return self.differ(system, self.device, self.asset)
        text = f"X{next(_number):06d}"
        twin = self.lab.google_app.device(self.device)
        self.lab.google_app.enrol(
            {**twin, "deviceId": f"new-{text}", "serialNumber": text, "annotatedAssetId": text, "annotatedUser": ""}
        )
        return text

    def differ(self, system: System, device: str, asset: int) -> str:
        """Let a device and its asset differ in what this system is to be told."""
        text = f"X{next(_number):06d}"
        if system == "rt":
            self.lab.google_app.edit(device, osVersion=text)
        else:
            with self.lab.opened() as systems:
                systems.rt.writer(self.lab.known.assets).update_asset(asset, {_LOCATION: text})
        return text

    def newcomer(self) -> int:
        """Enrol a device, let a run make its asset, and return that."""
        text = self.drift("rt", "create")
        self.run()
        assets, field = self.lab.rt_app.world.assets, self.lab.known.serial_field
        return next(number for number, asset in assets.items() if text in asset.values.get(field, ()))

    def device_of(self, asset: int) -> str:
        """Return the device of an asset that ``newcomer`` made."""
        (serial,) = self.lab.rt_app.world.assets[asset].values[self.lab.known.serial_field]
        return f"new-{serial}"

    def there(self, system: System, phase: Phase, text: str) -> int:
        """Return how often a text is where it was to be written."""
        if system == "google":
            return int(self.lab.google_app.device(self.device).get("annotatedLocation") == text)
        assets = self.lab.rt_app.world.assets
        if phase == "create":
            return sum(text in asset.values.get(self.lab.known.serial_field, ()) for asset in assets.values())
        return sum(text in values for values in assets[self.asset].values.values())

    # -- runs

    def struck(self, system: System, phase: Phase, fault: Fault) -> Came:
        """Run the job while a fault lasts."""
        with self.lab.struck(fault, _ROUTES[system, phase], ALWAYS):
            return self.run()

    def struck_from(self, system: System, phase: Phase, fault: Fault) -> Came:
        """Run the job; from the first such request on, whatever is asked of the system is struck."""
        with self.lab.struck(fault, replace(_ROUTES[system, phase], and_all_after=_OF_SYSTEM[system])):
            return self.run()

    def run(self, between: Callable[[], object] = lambda: None) -> Came:
        """Plan and apply; ``between`` reading and writing something may happen."""
        with self.lab.opened() as systems:
            context = RunContext(
                google=msgspec.convert({"delegated_user": "admin@example.org", **FAST}, GoogleOptions),
                rt=msgspec.convert({"url": f"{self.lab.url}/rt", **FAST}, RtOptions),
                credentials=self.lab.credentials,
                store=self.store,
                clock=self.lab.clock,
                progress=no_progress,
            )
            job = ChromebookJob(self._options, context, systems.google, systems.rt)
            job.__dict__["writers"] = _after(between, job.writers)
            # Preflight is half of what a small run asks, and its requests have cells of their own.
            self._schema = job.__dict__["_schema"] = self._schema or job._schema
            return Came(self._said(Runner(job, self.store.ledger, Limits())), self._kept())

    def _said(self, runner: Runner) -> Run:
        try:
            done = runner.apply()
        except IntegrationError as error:
            return Run("failed", int(error.exit_status), error.code)
        told = [(outcome.code, outcome.state) for outcome in done.outcomes]
        return Run(done.summary.result, int(done.exit_status), *_only(told))

    def _kept(self) -> Run:
        record = self.store.ledger.newest(NAME)
        assert record is not None
        kept = [(result.code, result.state) for _, result in self.store.ledger.actions(record.id)]
        return Run(record.result, 0, *_only(kept, record.code))


def _after(first: Callable[[], object], writers: Callable[[], Mapping[str, Writer]]) -> Callable[[], object]:
    """Return what gives the writers, and lets something happen before."""

    def get() -> Mapping[str, Writer]:
        first()
        return writers()

    return get


def _only(actions: Sequence[tuple[str, State]], code: str = "") -> tuple[str, State | None]:
    """Return code and state of the one action, or that there is none."""
    assert len(actions) <= 1
    return actions[0] if actions else (code, None)


@contextmanager
def district(folder: Path) -> Iterator[District]:
    """Run a district whose sides agree."""
    with Lab(folder).running() as lab, open_store(folder / "state") as store:
        made = District(lab, store)
        made.run()
        yield made
