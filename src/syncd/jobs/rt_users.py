"""RT users: the people of the roster have a user in Request Tracker, kept right, and disabled when they leave.

Sources: the imported roster, roster files, Google's Directory, joined to one record for each person. People and users
are matched by the school's own id, then by e-mail address, then by user name. Actions: one POST for a new user, one
PUT for one that differs, is back, or has left. Nobody is deleted, and protected users are never touched.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property

from syncd.jobs.connecting import google_of, rt_of
from syncd.jobs.context import RunContext
from syncd.jobs.observe import side_by_side, traffic_of
from syncd.jobs.people import leavers, new_users
from syncd.jobs.people.combine import combine
from syncd.jobs.people.explaining import READ, explained
from syncd.jobs.people.frame import DISABLED, PROTECTED, Frame, frame
from syncd.jobs.people.links import had_a_person, links_of, right_system
from syncd.jobs.people.options import RtUsersOptions
from syncd.jobs.people.rt_side import user_writer
from syncd.jobs.people.sources import People, active_in
from syncd.jobs.sides.rt_writer import SYSTEM
from syncd.reconcile.diff import diff
from syncd.reconcile.explain import Explanation
from syncd.reconcile.model import Action, Comparison, Listing, make_action
from syncd.reconcile.ports import Traffic, Writer
from syncd.state.figures import SnapshotTimes
from syncd.systems.google import Google
from syncd.systems.google.options import USERS_READ
from syncd.systems.rosters.person import Person
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.users.schema import UserNeed, UserSchema
from syncd.systems.rt.users.snapshot import UserSnapshot

NAME = "rt-users"
SYSTEMS = ("rt",)

STATES = (
    leavers.ABSENT,
    new_users.MISSING,
    new_users.NOT_CREATED,
    "conflict",
    "rejected",
    "unknown",
    PROTECTED,
    DISABLED,
)
"""States of listings that a run counts."""

Sources = Sequence[tuple[str, Sequence[Person]]]


def need(options: RtUsersOptions) -> UserNeed:
    """Return what the job asks of RT."""
    fields = ("Name", "EmailAddress", "Disabled", "Privileged", options.id_field)
    return UserNeed(
        read=fields,
        write=tuple(dict.fromkeys((*options.rules, "Disabled", *_privileged(options)))),
        create=options.creates,
        kinds={options.id_field: ("text", "multi")},
    )


def _privileged(options: RtUsersOptions) -> tuple[str, ...]:
    return ("Privileged",) if options.privileged_roles else ()


@contextmanager
def open_job(options: RtUsersOptions, context: RunContext) -> Iterator["RtUsersJob"]:
    """Connect to RT, and to Google where a source is there; no request is made yet."""
    with ExitStack() as stack:
        google = google_of(stack, context, NAME, [USERS_READ]) if "google" in options.systems else None
        yield RtUsersJob(options, context, google, rt_of(stack, context, NAME))


class RtUsersJob:
    """One run of the job."""

    name = NAME

    def __init__(self, options: RtUsersOptions, context: RunContext, google: Google | None, rt: RequestTracker) -> None:
        self._options = options
        self._context = context
        self._google = google
        self._rt = rt

    @cached_property
    def _schema(self) -> UserSchema:
        return self._rt.user_preflight(need(self._options))

    @property
    def _here(self) -> str:
        return right_system(self._context.need_rt(NAME).url)

    def observe_and_compare(self) -> Comparison:
        """Read both sides whole, side by side, and compare them."""
        sources, snapshot = self._observe()
        laid = self._frame(sources, snapshot)
        self._remember(laid, snapshot)
        return self._compare(laid, sources, len(snapshot.users))

    def explain(self, sought: str) -> Explanation:
        """Read both sides, and tell what a run would do with a person or a user, by id, address or name."""
        sources, snapshot = self._observe()
        laid = self._frame(sources, snapshot)
        return Explanation(job=NAME, sought=sought, cases=explained(sought, laid, self._actions(laid)), read=READ)

    def writers(self) -> Mapping[str, Writer]:
        """Return the writer of RT."""
        return {SYSTEM: user_writer(self._rt, self._schema, self._context.need_rt(NAME).concurrency)}

    def compensate(self, action: Action, created: str) -> Action | None:
        """Undo a create: RT deletes no user, one that is disabled can do nothing."""
        return make_action(
            kind="disable",
            system=SYSTEM,
            object=created,
            label=action.label,
            before={"Disabled": "0"},
            after={"Disabled": "1"},
            reason="created by the run that is undone",
            source=action.id,
        )

    def traffic(self) -> Mapping[str, Traffic]:
        """Return what was asked so far, by system."""
        stats = {"rt": self._rt.client.stats} | ({"google": self._google.client.stats} if self._google else {})
        return traffic_of(stats)

    def _observe(self) -> tuple[Sources, UserSnapshot]:
        schema, context = self._schema, self._context
        people = People(self._options, context.store.rosters, self._google, context.clock.now().astimezone().date())
        return side_by_side(
            people.read,
            lambda progress: self._rt.user_reader.read(schema, full=context.full_read, progress=progress),
            context.progress,
        )

    def _frame(self, sources: Sources, snapshot: UserSnapshot) -> Frame:
        store = self._context.store
        known = had_a_person(store.external_ids.links(NAME, former=True), self._here, store.ledger.applied(NAME))
        return frame(
            self._options, self._schema, combine(sources, self._options.field_precedence), [*snapshot.users], known
        )

    def _actions(self, laid: Frame) -> tuple[list[Action], list[Listing]]:
        """Return what has to be done, and lines for all that is left as it is."""
        changes, unknown = diff(laid.flow, laid.pairs)
        made, not_made = self._new(laid)
        gone, absent = self._leavers(laid)
        return [*changes, *made, *gone], [*laid.conflicts(), *laid.aside, *unknown, *not_made, *absent]

    def _new(self, laid: Frame) -> tuple[list[Action], list[Listing]]:
        if self._options.creates:
            return new_users.plan(laid.missing, laid.crossing)
        return [], new_users.report(laid.missing)

    def _leavers(self, laid: Frame) -> tuple[list[Action], list[Listing]]:
        needed = self._options.absent_runs
        before = leavers.absences(self._context.store.ledger, NAME, needed - 1)
        return leavers.plan(laid.left, before, needed, disable=self._options.leavers == "disable")

    def _remember(self, laid: Frame, snapshot: UserSnapshot) -> None:
        store = self._context.store
        store.external_ids.record(NAME, links_of(laid.found, self._here), self._context.clock.now())
        store.figures.note_snapshot(NAME, SYSTEM, SnapshotTimes(as_of=snapshot.as_of, full=snapshot.full))

    def _compare(self, laid: Frame, sources: Sources, users: int) -> Comparison:
        actions, listings = self._actions(laid)
        changed = {action.object for action in actions if action.kind in ("update", "clear")}
        states = Counter(listing.state for listing in listings)
        return Comparison(
            actions=actions,
            listings=listings,
            counts={
                "matched": len(laid.found.pairs),
                "in_sync": len(laid.pairs) - len(changed),
                "changed": len(changed),
                "unmanaged": laid.unmanaged,
                **{state: states[state] for state in STATES},
            },
            populations={SYSTEM: laid.managed},
            sources={**{name: active_in(people) for name, people in sources}, SYSTEM: users},
        )
