"""Any order of accepting, working, failing and deciding by hand: the inbox does what its rules say, row by row."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from syncd.state.inbox.store import open_inbox
from unit.inbox.sample import LEASE, later, new

LEASE_SECONDS = int(LEASE.total_seconds())


@dataclass
class Told:
    """What is known of an event."""

    id: str
    of: str
    state: str = "waiting"
    due: int = 0
    holder: str = ""


class InboxMachine(RuleBasedStateMachine):
    """Compares the inbox with a list of what was told to it, by the rules in plain words."""

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory(prefix="syncd-inbox-")
        self.inbox = open_inbox(Path(self.folder.name), actor="test")
        self.events: list[Told] = []
        self.now = 0
        self.claims = 0

    def teardown(self) -> None:
        if hasattr(self, "inbox"):
            self.inbox.close()
            self.folder.cleanup()

    @rule(objects=st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
    def accept(self, objects: list[str]) -> None:
        first = len(self.events)
        news = [new(str(first + at), of) for at, of in enumerate(objects)]
        for receipt, event in zip(self.inbox.accept(news, later(self.now)), news, strict=True):
            self.events.append(Told(receipt.id, event.object, due=self.now))
        again = self.inbox.accept(news, later(self.now))
        assert [receipt.id for receipt in again] == [event.id for event in self.events[first:]]

    @rule(seconds=st.integers(1, 2 * LEASE_SECONDS))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def claim(self) -> None:
        self.claims += 1
        holder = f"holder {self.claims}"
        claimed = self.inbox.claim(holder, later(self.now), LEASE)
        may = {event.id for event in self._claimable()}
        assert (claimed is None) == (not may)
        if claimed is not None:
            assert claimed.id in may
            event = self._known(claimed.id)
            event.state, event.holder, event.due = "working", holder, self.now + LEASE_SECONDS

    @precondition(lambda self: any(event.state == "working" for event in self.events))
    @rule(data=st.data(), how=st.sampled_from(["finish", "retry", "bury", "extend"]), seconds=st.integers(0, 90))
    def end(self, data: st.DataObject, how: str, seconds: int) -> None:
        event = data.draw(st.sampled_from([each for each in self.events if each.state == "working"]))
        at = later(self.now + seconds)
        assert not self.inbox.finish(event.id, "another", at, b"")
        if how == "finish":
            assert self.inbox.finish(event.id, event.holder, later(self.now), b"{}")
            event.state = "done"
        elif how == "bury":
            assert self.inbox.bury(event.id, event.holder, later(self.now), "x", "y")
            event.state = "dead"
        elif how == "retry":
            assert self.inbox.retry(event.id, event.holder, at, "x", "y")
            event.state, event.due = "waiting", self.now + seconds
        else:
            assert self.inbox.extend(event.id, event.holder, at)
            event.due = self.now + seconds

    @precondition(lambda self: self.events)
    @rule(data=st.data(), requeue=st.booleans())
    def decide(self, data: st.DataObject, requeue: bool) -> None:  # noqa: FBT001 - hypothesis gives it
        event = data.draw(st.sampled_from(self.events))
        if requeue:
            assert self.inbox.requeue(event.id, later(self.now)) == (event.state in ("waiting", "dead", "dropped"))
            if event.state in ("waiting", "dead", "dropped"):
                event.state, event.due = "waiting", self.now
        else:
            assert self.inbox.drop(event.id, later(self.now)) == (event.state in ("waiting", "dead"))
            if event.state in ("waiting", "dead"):
                event.state = "dropped"

    @invariant()
    def nothing_is_lost_or_counted_wrongly(self) -> None:
        if not hasattr(self, "inbox"):
            return
        kept = {event.id: event.state for event in self.inbox.list(limit=1000)}
        assert kept == {event.id: event.state for event in self.events}
        counts = {state: number for (_, state), number in self.inbox.counts().items()}
        assert counts == {state: [*kept.values()].count(state) for state in {*kept.values()}}
        due = [event.due for event in self._heads()]
        assert self.inbox.next_due() == (later(min(due)) if due else None)

    def _heads(self) -> list[Told]:
        """Of each object the one that is worked on, else the oldest that is open."""
        open_ = [event for event in self.events if event.state in ("waiting", "working")]
        heads = []
        for of in {event.of for event in open_}:
            mine = [event for event in open_ if event.of == of]
            heads.append(next((event for event in mine if event.state == "working"), mine[0]))
        return heads

    def _claimable(self) -> list[Told]:
        due = [event for event in self._heads() if event.due <= self.now]
        first = min((event.due for event in due), default=0)
        return [event for event in due if event.due == first]

    def _known(self, event_id: str) -> Told:
        return next(event for event in self.events if event.id == event_id)


TestInbox = InboxMachine.TestCase
TestInbox.settings = settings(max_examples=12, stateful_step_count=40, deadline=None)


def test_a_lease_is_a_whole_number_of_seconds() -> None:
    assert timedelta(seconds=LEASE_SECONDS) == LEASE
