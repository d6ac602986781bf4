"""Groups: the members of Google groups follow the roster, or groups of Request Tracker.

Sources: the imported roster by school, grade and role; the members of a group of RT by their e-mail addresses. People
and members are matched by address, in any case, and where that leads nowhere by the other addresses that a member has.
Actions: one POST for each member who lacks, one DELETE for each who is too many. Owners, managers, groups within
groups, and members of other domains are never touched.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from typing import TypeAlias, TypeVar

from syncd.host.errors import ConfigurationError, DataError, IntegrationError, NotFound
from syncd.jobs.connecting import google_of, rt_of
from syncd.jobs.context import RunContext
from syncd.jobs.membership.comparing import (
    EMAIL,
    OUTSIDE,
    PROTECTED,
    REJECTED,
    SYSTEM,
    UNREADABLE,
    Compared,
    Rules,
    compare,
    removal,
)
from syncd.jobs.membership.explaining import READ, Seen, explained
from syncd.jobs.membership.options import GroupsOptions
from syncd.jobs.membership.sources import Sources, Wanted
from syncd.jobs.membership.writer import MemberWriter
from syncd.jobs.observe import side_by_side, traffic_of
from syncd.reconcile.explain import Explanation
from syncd.reconcile.model import Action, Comparison, Listing
from syncd.reconcile.ports import Progress, Traffic, Writer
from syncd.systems.google import Google
from syncd.systems.google.members import Member
from syncd.systems.google.options import MEMBERS_READ, MEMBERS_WRITE
from syncd.systems.rt.client import RequestTracker

NAME = "groups"
SYSTEMS = ("google",)

R = TypeVar("R")
Each: TypeAlias = dict[str, R | IntegrationError]
"""By group what was read of it, or why it could not be."""

STATES = (PROTECTED, OUTSIDE, REJECTED, UNREADABLE)
"""States of listings that a run counts."""


def scope(options: GroupsOptions) -> str:
    """Return the scope that a run needs: to read, and where it applies, to write."""
    return MEMBERS_WRITE if options.mode == "apply" else MEMBERS_READ


@contextmanager
def open_job(options: GroupsOptions, context: RunContext) -> Iterator["GroupsJob"]:
    """Connect to Google, and to RT where a source is there; no request is made yet."""
    with ExitStack() as stack:
        google = google_of(stack, context, NAME, [scope(options)])
        rt = rt_of(stack, context, NAME) if options.rt_groups else None
        may_write = google if options.mode == "apply" else None
        yield GroupsJob(
            options, context, google, rt, lambda: may_write or google_of(stack, context, NAME, [MEMBERS_WRITE])
        )


class GroupsJob:
    """One run of the job. ``open_writing`` gives a Google that may write: to plan, the right to read is enough."""

    name = NAME

    def __init__(
        self,
        options: GroupsOptions,
        context: RunContext,
        google: Google,
        rt: RequestTracker | None,
        open_writing: Callable[[], Google],
    ) -> None:
        self._options = options
        self._context = context
        self._google = google
        self._rt = rt
        self._open_writing = open_writing

    @cached_property
    def _writing(self) -> Google:
        """A Google that may write: it has a token before anything is written, so that a lacking scope ends the run."""
        google = self._open_writing()
        google.authenticator.headers()
        return google

    def observe_and_compare(self) -> Comparison:
        """Read both sides of each group whole, and compare them; a group that cannot be read stops no other."""
        seen, failed = self._observe()
        return self._comparison({group: one.compared for group, one in seen.items()}, failed)

    def explain(self, sought: str) -> Explanation:
        """Read all groups as a run does, and tell of each what it has to do with a person, by id or address."""
        seen, failed = self._observe()
        cases = explained(sought, seen, [_unreadable(group, error) for group, error in failed.items()])
        return Explanation(job=NAME, sought=sought, cases=cases, read=READ, several="groups are to be looked at for")

    def _observe(self) -> tuple[dict[str, Seen], dict[str, IntegrationError]]:
        """Return each group as it was read and compared, and what is wrong with those that cannot be."""
        sources = Sources(self._context.store.rosters, self._rt)
        wanted, members = side_by_side(
            lambda _: self._of_each(lambda group: sources.of(group, self._options.groups[group])),
            self._list_all,
            self._context.progress,
        )
        failed = {group: error for group in wanted for error in [_error(wanted[group], members[group])] if error}
        if len(failed) == len(wanted):
            raise next(iter(failed.values()))
        seen = {group: self._seen(group, wanted[group], members[group]) for group in wanted if group not in failed}
        return seen, failed

    def writers(self) -> Mapping[str, Writer]:
        """Return the writer of Google."""
        concurrency = self._context.need_google(NAME).concurrency
        return {SYSTEM: MemberWriter(self._writing.members, concurrency, self._context.clock)}

    def compensate(self, action: Action, created: str) -> Action | None:
        """Undo an addition: take the member out again."""
        address = action.after[EMAIL]
        assert isinstance(address, str)
        return removal(created, action.label, address, "added by the run that is undone", action.id)

    def traffic(self) -> Mapping[str, Traffic]:
        """Return what was asked so far, by system."""
        rt = {"rt": self._rt.client.stats} if self._rt else {}
        told = traffic_of({SYSTEM: self._google.client.stats, **rt})
        if "_writing" not in self.__dict__ or self._writing is self._google:
            return told
        return told | {SYSTEM: _sum(told[SYSTEM], traffic_of({SYSTEM: self._writing.client.stats})[SYSTEM])}

    def _list_all(self, progress: Progress) -> Each[Sequence[Member]]:
        return self._of_each(lambda group: self._google.members.list(group, progress))

    def _of_each(self, read: Callable[[str], R]) -> Each[R]:
        """Read something of each group; what is wrong with one of them is kept, an outage ends the run."""
        found: Each[R] = {}
        for group in self._options.groups:
            try:
                found[group] = read(group)
            except NotFound as error:
                found[group] = _missing(group, error)
            except (ConfigurationError, DataError) as error:
                found[group] = error
        return found

    def _seen(
        self, group: str, wanted: Sequence[Wanted] | IntegrationError, members: Sequence[Member] | IntegrationError
    ) -> Seen:
        assert not isinstance(wanted, IntegrationError)
        assert not isinstance(members, IntegrationError)
        protected = [pattern.casefold() for pattern in self._options.protected]
        rules = Rules(self._options.domains_of(group), protected)
        compared = compare(group, wanted, members, rules, partial(self._google.members.find, group))
        return Seen(wanted, members, compared)

    def _comparison(self, compared: Mapping[str, Compared], failed: Mapping[str, IntegrationError]) -> Comparison:
        actions = [action for one in compared.values() for action in one.actions]
        listings = [listing for one in compared.values() for listing in one.listings]
        listings += [_unreadable(group, error) for group, error in failed.items()]
        states = Counter(listing.state for listing in listings)
        matched = sum(one.matched for one in compared.values())
        return Comparison(
            actions=actions,
            listings=listings,
            counts={"matched": matched, **{state: states[state] for state in STATES}},
            populations={SYSTEM: sum(one.managed for one in compared.values())},
            sources={**self._last_sizes(failed), **{group: one.size for group, one in compared.items()}},
            troubles=[error.sentence for error in failed.values()],
        )

    def _last_sizes(self, groups: Mapping[str, object]) -> dict[str, int]:
        """Return the sizes that sources had in the last good run: one that was not read now has not shrunk."""
        last = self._context.store.ledger.last_good(NAME)
        return {group: last.sources[group] for group in groups if last and group in last.sources}


def _error(*read: object) -> IntegrationError | None:
    return next((one for one in read if isinstance(one, IntegrationError)), None)


def _missing(group: str, error: NotFound) -> ConfigurationError:
    """Return the error for a group that is not there, of Google or RT, as ``error`` says."""
    return ConfigurationError(
        f'jobs.groups.groups."{group}": {error.sentence.rstrip(".")}; make the group, or correct its name.',
        code="groups.missing",
        system=error.system,
        object=group,
    )


def _unreadable(group: str, error: IntegrationError) -> Listing:
    return Listing(state=UNREADABLE, system=error.system or SYSTEM, object=group, label=group, why=error.sentence)


def _sum(one: Traffic, other: Traffic) -> Traffic:
    return Traffic(
        requests=one.requests + other.requests,
        retries=one.retries + other.retries,
        codes=dict(Counter(one.codes) + Counter(other.codes)),
    )
