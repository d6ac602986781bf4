"""Student check: what a student has, and devices that come back.

A report looks up the student in the roster and in RT, and lists the devices with what is overdue. A check-in unsets
owner and holders of the device (of all of the student's, where none is named) through plan and guard, opens a ticket
where damage is told, and keeps a row for the list of check-ins. The same event is carried out once, however often it
is tried.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date

import msgspec

from syncd.host.errors import DataError
from syncd.jobs.checking.finding import Finder, Found
from syncd.jobs.checking.options import HOLDERS, OWNER, StudentCheckOptions
from syncd.jobs.checking.records import Answer, Asked, Device
from syncd.jobs.connecting import rt_of
from syncd.jobs.context import RunContext
from syncd.jobs.observe import traffic_of
from syncd.jobs.sides.rt_assets import AssetFields, AssetWriter
from syncd.jobs.unsettled import unsettled
from syncd.reconcile.model import Action, Comparison, make_action
from syncd.reconcile.ports import Traffic, Writer
from syncd.reconcile.run import Done, Runner
from syncd.state.checkins import CheckIn
from syncd.state.inbox.records import Event
from syncd.state.ledger import rfc3339
from syncd.systems.rt.assets import NOBODY, Asset
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.pages import newest_stamps
from syncd.systems.rt.tickets import NewTicket, Tickets

NAME = "student-check"
SYSTEMS = ("rt",)

log = logging.getLogger(__name__)


class StudentCheck:
    """Answers student checks, one after the other, over one connection to RT."""

    def __init__(self, options: StudentCheckOptions, context: RunContext, rt: RequestTracker) -> None:
        self._options = options
        self._context = context
        self._rt = rt
        self._finder = Finder(options, rt, context.store.rosters)

    def handle(self, event: Event, *, last: bool) -> bytes:  # noqa: ARG002 - another try changes nothing here
        """Carry out the check that an event asks for; return the answer as JSON. Raises as ``answer`` does."""
        try:
            asked = msgspec.convert(msgspec.json.decode(event.body) | {"event": event.id}, Asked)
        except (msgspec.MsgspecError, TypeError) as error:
            raise DataError(
                f"event {event.id} asks for no student check ({error}); drop it.",
                code="check.body",
                object=event.object,
            ) from error
        return msgspec.json.encode(self.answer(asked))

    def check(self) -> None:
        """Raise what keeps every check from being answered: RT is away, or is not as the options say."""
        self._rt.preflight(self._options.need())
        self._rt.user_preflight(self._options.user_need())
        Tickets(self._rt.rest).check_queue(self._options.repair_queue)

    def answer(self, asked: Asked) -> Answer:
        """Carry out a check. Raises DataError for what is not there, Refused by the guard, and what RT raises."""
        if begun := self._context.store.checkins.of(asked.event):
            return self._finish(asked, begun, Answer(action=asked.action, student=None, devices=[]))
        found = self._finder.find(asked)
        devices = self._devices(found)
        answer = Answer(action=asked.action, student=found.student, devices=devices)
        if asked.action == "report":
            return answer
        return self._check_in(asked, found, answer)

    def _devices(self, found: Found) -> list[Device]:
        today = self._context.clock.now().astimezone().date()
        return [self._finder.device(asset, found.student, today) for asset in found.assets]

    def _check_in(self, asked: Asked, found: Found, answer: Answer) -> Answer:
        assets = [found.asked] if found.asked is not None else [*found.assets]
        assets = [asset for asset in assets if _kept(asset) or (asked.damaged and asset is found.asked)]
        if self._options.mode == "plan":
            return msgspec.structs.replace(answer, planned=[asset.id for asset in assets])
        if not assets:
            if asked.damaged:
                raise _nothing_damaged(asked)
            return answer
        if asked.damaged:
            Tickets(self._rt.rest).check_queue(self._options.repair_queue)
        rows = [self._row(asked, asset, found, self._today()) for asset in assets]
        self._context.store.checkins.begin(rows)
        return self._finish(asked, rows, answer)

    def _today(self) -> date:
        return self._context.clock.now().astimezone().date()

    def _row(self, asked: Asked, asset: Asset, found: Found, today: date) -> CheckIn:
        device, student = self._finder.device(asset, found.student, today), found.student
        person = self._finder.lookup.people.get(asset.owner)
        owner = (student.name if student else "") or (person.name if person else "")
        return CheckIn(
            event=asked.event,
            asset=asset.id,
            at=rfc3339(self._context.clock.now()),
            name=asset.name,
            type=device.type,
            serial=device.serial,
            student=student.id if student else "",
            previous_owner=owner if _kept(asset) else "",
            description=asked.damage.strip(),
            broken_screen=asked.broken_screen,
            checked_by=asked.checked_by.strip(),
        )

    def _finish(self, asked: Asked, rows: Sequence[CheckIn], answer: Answer) -> Answer:
        """Do what a check-in has begun; each step is found done where it was done before."""
        assets = [row.asset for row in rows]
        done = self._unset(asked.event, assets)
        ticket = self._ticket(asked, rows) if asked.damaged else 0
        self._context.store.checkins.finish(asked.event, ticket)
        return msgspec.structs.replace(answer, checked_in=assets, run=done.summary.id, ticket=ticket)

    def _unset(self, event: str, assets: Sequence[int]) -> Done:
        job = UnsetJob(event, assets, self._finder, self._rt)
        done = Runner(job, self._context.store.ledger, self._options.limits, progress=self._context.progress).apply()
        if done.error is not None:
            self._context.store.checkins.forget(event)
            raise done.error
        if error := unsettled(done, "the check-in was not done:", code="check.unproven", object=event):
            raise error
        return done

    def _ticket(self, asked: Asked, rows: Sequence[CheckIn]) -> int:
        names = ", ".join(row.name or str(row.asset) for row in rows[:3])
        return Tickets(self._rt.rest).open(
            NewTicket(
                queue=self._options.repair_queue,
                subject=f"Device check-in: {names} [{asked.event}]"[:200],
                content=_told(asked, rows),
                assets=[row.asset for row in rows],
            )
        )


class UnsetJob:
    """Takes owner and holders from some assets; a job of the engine, so that guard and audit log have it."""

    name = NAME

    def __init__(self, event: str, assets: Sequence[int], finder: Finder, rt: RequestTracker) -> None:
        self._event = event
        self._assets = assets
        self._finder = finder
        self._rt = rt
        self._writer = rt.writer(finder.schema)

    def observe_and_compare(self) -> Comparison:
        """Read the assets as they are now. Raises DataError for one that is not there any more."""
        schema = self._finder.schema
        now = self._writer.read_assets(self._assets)
        if missing := sorted({*self._assets} - now.keys()):
            raise DataError(
                f"asset {missing[0]} is not in the catalogs any more; check in what is left by itself.",
                code="check.no_asset",
                object=str(missing[0]),
            )
        total = newest_stamps(self._rt.rest, [catalog.id for catalog in schema.catalogs]).total
        actions = [self._action(now[number]) for number in self._assets if _kept(now[number])]
        size = len(now) if total is None else total
        return Comparison(actions=actions, listings=[], counts={"assets": len(now)}, populations={"rt": size})

    def _action(self, asset: Asset) -> Action:
        before: dict[str, str | tuple[str, ...] | None] = {}
        if asset.owner != NOBODY:
            before[OWNER] = str(asset.owner)
        if asset.holders and not asset.groups:
            before[HOLDERS] = tuple(map(str, asset.holders))
        return make_action(
            kind="clear",
            system="rt",
            object=str(asset.id),
            label=asset.name or str(asset.id),
            before=before,
            after=dict.fromkeys(before),
            reason=f"checked in by event {self._event}",
        )

    def writers(self) -> Mapping[str, Writer]:
        """Return the writer of RT."""
        return {"rt": AssetWriter(self._writer, AssetFields(self._finder.schema, self._writer.people), "", 1)}

    def compensate(self, action: Action, created: str) -> Action | None:
        """Return nothing: nothing is created."""
        del action, created
        return None

    def traffic(self) -> Mapping[str, Traffic]:
        """Return what was asked so far."""
        return traffic_of({"rt": self._rt.client.stats})


@contextmanager
def open_handler(options: StudentCheckOptions, context: RunContext) -> Iterator[StudentCheck]:
    """Connect to RT; no request is made yet."""
    with ExitStack() as stack:
        yield StudentCheck(options, context, rt_of(stack, context, NAME))


def _kept(asset: Asset) -> bool:
    """Whether somebody has an asset; what a group holds stays with it."""
    return asset.owner != NOBODY or bool(asset.holders and not asset.groups)


def _nothing_damaged(asked: Asked) -> DataError:
    return DataError(
        f"the student {asked.student_id} has no device that the damage could be of; name the device by its asset_id.",
        code="check.no_device",
        object=asked.student_id,
    )


def _told(asked: Asked, rows: Sequence[CheckIn]) -> str:
    devices = "\n".join(f"- {row.name} (asset {row.asset}, serial {row.serial or 'unknown'})" for row in rows)
    screen = "The screen is broken.\n" if asked.broken_screen else ""
    student = f"Student: {rows[0].student}\n" if rows[0].student else ""
    return f"{asked.damage.strip()}\n{screen}\n{student}Devices:\n{devices}\n".lstrip("\n")
