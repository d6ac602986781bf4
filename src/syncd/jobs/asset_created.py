"""A new asset of RT: it gets the next tag of its sequence, the fields that it begins with, and its Chromebook's care.

An asset that has a tag is left alone. All that is done to it is idempotent: its tag is reserved before RT is asked for
anything, so that the same event, told or tried again, gives it no second one.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import msgspec

from syncd.host import logs
from syncd.host.errors import Busy, DataError, IntegrationError, NotFound, Unavailable
from syncd.jobs.connecting import rt_of
from syncd.jobs.context import RunContext
from syncd.jobs.observe import traffic_of
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.jobs.sides.rt_assets import SYSTEM, AssetFields
from syncd.jobs.tagging.chromebook import CHROMEBOOKS, Chromebooks, Reconciled
from syncd.jobs.tagging.naming import JOB, NamingJob, check_defaults
from syncd.jobs.tagging.options import AssetCreatedOptions, SequenceOptions, choose
from syncd.jobs.unsettled import unsettled
from syncd.reconcile.guard import Limits
from syncd.reconcile.run import Done, Runner
from syncd.state.inbox.records import Event, NotYet
from syncd.state.lock import JobLock
from syncd.systems.rt.assets import Asset
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.newcomers import Newcomer, Newcomers
from syncd.systems.rt.pages import HIDDEN
from syncd.systems.rt.schema import Schema

NAME = JOB
SYSTEMS = (SYSTEM,)

_OBJECT = re.compile(r"asset:([1-9][0-9]{0,17})")


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result of an event.

    ``state``: ``tagged``; or why it was left alone: ``has_tag``, ``no_sequence``, ``hidden``, ``deleted``. ``before``
    is the name that it had, ``run`` the run in the audit log.
    """

    asset: int
    state: str
    tag: str = ""
    before: str = ""
    run: str = ""
    chromebooks: Reconciled | None = None


class AssetCreated:
    """Handles the events of new assets, one after the other, over one connection to each system."""

    def __init__(
        self, options: AssetCreatedOptions, context: RunContext, rt: RequestTracker, chromebooks: Chromebooks | None
    ) -> None:
        self._options = options
        self._context = context
        self._rt = rt
        self._newcomers = Newcomers(rt.rest)
        self._chromebooks = chromebooks
        self._schemas: dict[str, Schema] = {}
        self._asked = traffic_of({SYSTEM: rt.client.stats})

    def handle(self, event: Event, *, last: bool = False) -> bytes:
        """Do what a new asset needs, and return what became of it, a ``Told`` in JSON.

        ``last``: there is no other try after this one. Raises NotYet while RT does not show the asset, or its fields
        are not filled in; NotFound (``asset.never_appeared``) when that takes too long.
        """
        number = _number(event)
        self._asked = traffic_of({SYSTEM: self._rt.client.stats})
        found = self._newcomers.find(number)
        told = self._absent(number, event) if found is None else self._present(found, event, last=last)
        return msgspec.json.encode(told)

    def check(self) -> None:
        """Raise what keeps every event from being handled: RT is down, or is not as the options say."""
        self._newcomers.check()
        self._check_catalogs()

    def _check_catalogs(self) -> None:
        """Raise what is wrong with the catalogs that have sequences; looked up once for each connection."""
        for catalog in self._options.catalogs:
            self._schema(catalog)

    # -- what RT has

    def _absent(self, number: int, event: Event) -> Told:
        status = self._newcomers.status(number)
        if status == HIDDEN:
            # Of a catalog that is not ours, or the API user has lost its rights on ours.
            self._check_catalogs()
        if status:
            return Told(asset=number, state=HIDDEN if status == HIDDEN else "deleted")
        minutes = self._options.appear_minutes
        if self._age(event) < timedelta(minutes=minutes):
            raise NotYet(f"RT has no asset {number} so far.", code="asset.not_yet", object=event.object)
        raise NotFound(
            f"asset {number} has not appeared in RT within {minutes:g} min: its create was undone, or somebody else's "
            "event named it; drop the event, or look for the asset and try again.",
            code="asset.never_appeared",
            system="rt",
            object=event.object,
        )

    def _present(self, found: Newcomer, event: Event, *, last: bool) -> Told:
        sequences = self._options.of_catalog(found.catalog, found.catalog_id)
        if not sequences:
            # Of a catalog that is not ours, or ours has another name now.
            self._check_catalogs()
            return Told(asset=found.id, state="no_sequence")
        asset = found.read(schema := self._schema(sequences[0].catalog))
        if self._options.tagged(found.name):
            told = Told(asset=found.id, state="has_tag", tag=found.name)
        elif (sequence := self._sequence(sequences, asset, schema, event)) is None:
            told = Told(asset=found.id, state="no_sequence")
        else:
            told = self._name(asset, sequence, schema, event)
        if self._chromebooks is None or not self._chromebooks.takes(found.catalog, found.catalog_id):
            return told
        cared_for = self._care(self._chromebooks, asset, schema, last=last)
        return msgspec.structs.replace(told, chromebooks=cared_for)

    def _sequence(
        self, sequences: list[SequenceOptions], asset: Asset, schema: Schema, event: Event
    ) -> SequenceOptions | None:
        read = AssetFields(schema, {}).peek
        values = {name: read(name)(asset) for sequence in sequences for name in sequence.when}
        sequence, is_open = choose(sequences, values)
        if is_open and self._age(event) < timedelta(seconds=self._options.fill_seconds):
            raise NotYet(
                f"asset {asset.id} lacks a field so far that its tag depends on.",
                code="asset.not_filled",
                object=event.object,
            )
        return sequence

    def _age(self, event: Event) -> timedelta:
        return self._context.clock.now() - event.received

    # -- what is done to it

    def _name(self, asset: Asset, sequence: SequenceOptions, schema: Schema, event: Event) -> Told:
        tags = self._context.store.tags
        job = NamingJob(event.id, asset, sequence, schema, self._rt, self._newcomers, tags, self._asked)
        done = self._run(lambda started: Runner(job, on_start=started, **self._runner(Limits())).apply())
        if done.error is not None:
            raise done.error
        what = f"asset {asset.id} did not get its tag:"
        if error := unsettled(done, what, code="asset.unproven", object=event.object):
            raise error
        tag = str(done.plan.actions[0].after["Name"])
        return Told(asset=asset.id, state="tagged", tag=tag, before=asset.name, run=done.summary.id)

    def _care(self, chromebooks: Chromebooks, asset: Asset, schema: Schema, *, last: bool) -> Reconciled:
        """Let the job chromebooks look at an asset; what it cannot do now, its next run does."""
        if not AssetFields(schema, {}).peek(chromebooks.options.serial_field)(asset):
            return Reconciled(state="no_serial", why="it has no serial number yet; the next run looks at it")
        try:
            done = self._reconcile(chromebooks, asset.id)
        except (Busy, Unavailable) as error:
            if not last:
                raise
            return Reconciled(state="not_yet", why=f"{error.sentence} ({error.code}) The next run looks at it.")
        except IntegrationError as error:
            return Reconciled(state="not_yet", why=f"{error.sentence} ({error.code}) The next run looks at it.")
        return Reconciled(state=done.summary.result, why=done.summary.error, run=done.summary.id)

    def _reconcile(self, chromebooks: Chromebooks, asset: int) -> Done:
        job, options = chromebooks.job(asset), self._runner(chromebooks.options.limits)
        with JobLock(self._context.store.path.parent, CHROMEBOOKS):
            if chromebooks.mode == "apply":
                return self._run(lambda started: Runner(job, on_start=started, **options).apply())
            return self._run(lambda started: Runner(job, on_start=started, **options).plan())

    def _run(self, run: Callable[[Callable[[str], None]], Done]) -> Done:
        """Run a job; the journal's records of it carry its id."""
        try:
            return run(lambda started: logs.set_run(NAME, started))
        finally:
            logs.set_run()

    def _runner(self, limits: Limits) -> Mapping[str, Any]:
        ledger, progress = self._context.store.ledger, self._context.progress
        return {"ledger": ledger, "limits": limits, "progress": progress, "clock": self._context.clock}

    def _schema(self, catalog: str) -> Schema:
        """Return what RT has of what the sequences of a catalog need; looked up once for each connection."""
        if catalog not in self._schemas:
            job = self._chromebooks.options if self._chromebooks is not None else None
            schema = self._rt.preflight(self._options.need(catalog, job))
            for each in self._options.sequences:
                if each.catalog == catalog:
                    check_defaults(each, schema)
            self._schemas[catalog] = schema
        return self._schemas[catalog]


@contextmanager
def open_handler(
    options: AssetCreatedOptions, context: RunContext, chromebooks: ChromebooksOptions | None
) -> Iterator[AssetCreated]:
    """Connect to the systems; no request is made yet. ``chromebooks``: the options of that job, where it is wanted."""
    with ExitStack() as stack:
        rt = rt_of(stack, context, NAME)
        wanted = Chromebooks(chromebooks, context, stack) if options.chromebooks and chromebooks else None
        yield AssetCreated(options, context, rt, wanted)


def _number(event: Event) -> int:
    found = _OBJECT.fullmatch(event.object)
    if found is None:
        raise DataError(
            f"event {event.id} is about {event.object!r}, which is no asset; drop it.",
            code="asset.no_number",
            object=event.object,
        )
    return int(found[1])
