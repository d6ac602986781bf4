from datetime import timedelta

import pytest

from syncd.state.inbox import store as inbox_store
from syncd.state.inbox.records import Event, State, asset_created
from syncd.state.inbox.store import Inbox, new_ids
from unit.inbox.sample import LEASE, NOW, later, new


def claimed(inbox: Inbox, seconds: float = 0, holder: str = "a", *kinds: str) -> str:
    event = inbox.claim(holder, later(seconds), LEASE, kinds)
    return "" if event is None else event.key


def ids(inbox: Inbox, *keys: str, of: str = "") -> list[str]:
    return [receipt.id for receipt in inbox.accept([new(key, of) for key in keys], NOW)]


def test_what_was_accepted_is_there_as_it_came(inbox: Inbox) -> None:
    (receipt,) = inbox.accept([new("k", "asset:17", body=b'{"asset_id":17}')], NOW)
    assert inbox.get(receipt.id) == Event(
        id=receipt.id,
        kind="asset-created",
        sender="webhook",
        key="k",
        object="asset:17",
        body=b'{"asset_id":17}',
        received=NOW,
        state="waiting",
        attempts=0,
        next_try=NOW,
        holder="",
        lease_until=None,
        code="",
        error="",
        result=None,
        finished=None,
    )
    assert inbox.get("another") is None


def test_the_same_key_gives_the_first_id_in_one_batch_and_later(inbox: Inbox) -> None:
    one, two, again = inbox.accept([new("k"), new("l"), new("k", body=b"[]")], NOW)
    assert (one.duplicate, two.duplicate, again.duplicate) == (False, False, True)
    assert again.id == one.id
    (late,) = inbox.accept([new("k")], later(3600))
    assert (late.id, late.duplicate) == (one.id, True)
    assert inbox.counts() == {("asset-created", "waiting"): 2}


def test_a_key_is_one_of_its_kind(inbox: Inbox) -> None:
    receipts = inbox.accept([new("k"), new("k", kind="student-check")], NOW)
    assert [receipt.duplicate for receipt in receipts] == [False, False]


def test_a_duplicate_of_what_is_done_gives_its_id(inbox: Inbox) -> None:
    (first,) = ids(inbox, "k")
    claimed(inbox)
    assert inbox.finish(first, "a", NOW, b"{}")
    assert inbox.accept([new("k")], NOW)[0].id == first
    assert claimed(inbox, 9999) == ""


def test_nothing_is_accepted_from_nothing(inbox: Inbox) -> None:
    assert inbox.accept([], NOW) == []


def test_ids_sort_by_their_time_and_differ() -> None:
    made = [new_ids(later(number), 1)[0] for number in range(50)]
    assert sorted(made) == made
    assert len({*new_ids(NOW, 50), *new_ids(NOW, 50)}) == 100
    assert {len(each) for each in new_ids(NOW, 3)} == {32}


def test_the_oldest_is_claimed_first(inbox: Inbox) -> None:
    ids(inbox, "1", "2")
    assert [claimed(inbox), claimed(inbox), claimed(inbox)] == ["1", "2", ""]


def test_a_claim_counts_as_an_attempt_and_names_its_holder(inbox: Inbox) -> None:
    ids(inbox, "1")
    event = inbox.claim("worker 7", later(5), LEASE)
    assert event is not None
    assert (event.state, event.attempts, event.holder) == ("working", 1, "worker 7")
    assert (event.lease_until, event.next_try) == (later(65), later(65))


def test_events_of_one_object_are_worked_on_one_after_the_other(inbox: Inbox) -> None:
    first, _ = ids(inbox, "1", "2", of="asset:17")
    assert [claimed(inbox), claimed(inbox)] == ["1", ""]
    inbox.finish(first, "a", NOW, b"")
    assert claimed(inbox) == "2"


def test_what_waits_for_its_next_try_holds_up_its_object_and_no_other(inbox: Inbox) -> None:
    first, _ = ids(inbox, "1", "2", of="asset:17")
    ids(inbox, "other")
    claimed(inbox)
    assert inbox.retry(first, "a", later(30), "rt.not_found", "asset 17 is not there yet.")
    assert [claimed(inbox, 29), claimed(inbox, 29), claimed(inbox, 30)] == ["other", "", "1"]
    event = inbox.get(first)
    assert event is not None
    assert (event.attempts, event.code, event.error) == (2, "rt.not_found", "asset 17 is not there yet.")


def test_a_try_that_was_none_of_the_events_is_not_counted(inbox: Inbox) -> None:
    [first] = ids(inbox, "1")
    for counted, attempts in ((False, 1), (False, 1), (True, 1), (True, 2)):
        event = inbox.claim("a", NOW, LEASE)
        assert event is not None
        assert event.attempts == attempts
        assert inbox.retry(first, "a", NOW, "rt.unavailable", "RT is not available.", counted=counted)


def test_a_new_asset_is_one_event_whoever_tells_of_it(inbox: Inbox) -> None:
    told = [asset_created(17, "webhook"), asset_created(17, "poll"), asset_created(18, "poll")]
    first, again, other = inbox.accept(told, NOW)
    assert (first.id, again.duplicate, other.duplicate) == (again.id, True, False)
    event = inbox.claim("a", NOW, LEASE)
    assert event is not None
    assert (event.kind, event.object, event.sender) == ("asset-created", "asset:17", "webhook")


def test_a_dead_letter_lets_the_next_of_its_object_go_on(inbox: Inbox) -> None:
    first, _ = ids(inbox, "1", "2", of="asset:17")
    claimed(inbox)
    assert inbox.bury(first, "a", later(1), "rt.refused", "no.")
    event = inbox.get(first)
    assert event is not None
    assert (event.state, event.finished, event.holder) == ("dead", later(1), "")
    assert claimed(inbox, 1) == "2"


def test_a_lease_that_ran_out_is_taken_over(inbox: Inbox) -> None:
    (first,) = ids(inbox, "1")
    claimed(inbox)
    assert claimed(inbox, 59, "b") == ""
    assert claimed(inbox, 60, "b") == "1"
    assert not inbox.finish(first, "a", later(61), b"late")
    assert not inbox.retry(first, "a", later(61), "", "")
    assert not inbox.bury(first, "a", later(61), "", "")
    assert not inbox.extend(first, "a", later(600))
    assert inbox.finish(first, "b", later(61), b"mine")
    event = inbox.get(first)
    assert event is not None
    assert (event.result, event.attempts, event.finished) == (b"mine", 2, later(61))


def test_a_lease_can_be_prolonged(inbox: Inbox) -> None:
    (first,) = ids(inbox, "1")
    claimed(inbox)
    assert inbox.extend(first, "a", later(600))
    assert claimed(inbox, 599, "b") == ""
    assert claimed(inbox, 600, "b") == "1"


def test_only_the_kinds_that_are_asked_for_are_claimed(inbox: Inbox) -> None:
    inbox.accept([new("1"), new("2", kind="student-check")], NOW)
    assert claimed(inbox, 0, "a", "student-check") == "2"
    assert claimed(inbox, 0, "a", "student-check") == ""
    assert inbox.next_due(["student-check"]) == later(60)
    assert claimed(inbox) == "1"


def test_when_the_next_one_is_due_is_told(inbox: Inbox) -> None:
    assert inbox.next_due() is None
    (first,) = ids(inbox, "1")
    assert inbox.next_due() == NOW
    claimed(inbox)
    assert inbox.next_due() == later(60)
    inbox.retry(first, "a", later(30), "", "")
    assert inbox.next_due() == later(30)


def test_the_oldest_that_waits_is_told(inbox: Inbox) -> None:
    assert inbox.oldest_waiting() is None
    ids(inbox, "1")
    inbox.accept([new("2")], later(5))
    assert inbox.oldest_waiting() == NOW
    claimed(inbox)
    assert inbox.oldest_waiting() == later(5)


def test_what_is_put_back_by_hand_is_due_at_once_with_all_its_attempts(inbox: Inbox) -> None:
    (first,) = ids(inbox, "1")
    claimed(inbox)
    assert not inbox.requeue(first, NOW)
    inbox.bury(first, "a", NOW, "x", "y")
    assert inbox.requeue(first, later(9))
    event = inbox.get(first)
    assert event is not None
    assert (event.state, event.attempts, event.next_try, event.finished) == ("waiting", 0, later(9), None)
    assert claimed(inbox, 9) == "1"


def test_what_waits_for_a_retry_can_be_tried_at_once(inbox: Inbox) -> None:
    (first,) = ids(inbox, "1")
    claimed(inbox)
    inbox.retry(first, "a", later(3600), "x", "y")
    assert inbox.requeue(first, later(1))
    assert claimed(inbox, 1) == "1"


def test_what_is_done_is_not_done_again_by_hand(inbox: Inbox) -> None:
    (first,) = ids(inbox, "1")
    claimed(inbox)
    inbox.finish(first, "a", NOW, b"")
    assert not inbox.requeue(first, NOW)
    assert not inbox.drop(first, NOW)
    assert not inbox.requeue("unknown", NOW)


def test_an_old_event_that_is_put_back_goes_before_younger_ones_of_its_object(inbox: Inbox) -> None:
    first, second, _ = ids(inbox, "1", "2", "3", of="asset:17")
    claimed(inbox)
    inbox.bury(first, "a", NOW, "", "")
    claimed(inbox)
    assert inbox.requeue(first, NOW)
    assert claimed(inbox) == "", "the second is being worked on"
    inbox.retry(second, "a", NOW, "", "")
    assert claimed(inbox) == "1"


def test_what_was_dropped_is_not_worked_on_and_says_by_whom(inbox: Inbox) -> None:
    first, second = ids(inbox, "1", "2", of="asset:17")
    assert inbox.drop(first, later(1))
    event = inbox.get(first)
    assert event is not None
    assert (event.state, event.code, event.error) == ("dropped", "event.dropped", "dropped by operator")
    assert claimed(inbox, 1) == "2"
    assert not inbox.drop(second, NOW), "it is being worked on"
    assert inbox.requeue(first, later(2))


def test_events_are_listed_newest_first_page_by_page(inbox: Inbox) -> None:
    all_ids = ids(inbox, *"12345")
    assert [event.id for event in inbox.list()] == all_ids[::-1]
    assert [event.id for event in inbox.list(limit=2)] == all_ids[:2:-1]
    assert [event.key for event in inbox.list(limit=2, before=all_ids[3])] == ["3", "2"]
    assert inbox.list(before="unknown") == []


@pytest.mark.parametrize("state", ["waiting", "working", "done", "dead", "dropped"])
def test_events_are_listed_by_state_and_kind(inbox: Inbox, state: State) -> None:
    (done, dead, dropped, *_) = ids(inbox, "done", "dead", "dropped", "working", "waiting")
    for _ in range(4):
        inbox.claim("a", NOW, LEASE)
    inbox.finish(done, "a", NOW, b"")
    inbox.bury(dead, "a", NOW, "", "")
    inbox.retry(dropped, "a", NOW, "", "")
    inbox.drop(dropped, NOW)
    assert [event.key for event in inbox.list([state])] == [state]
    assert [event.key for event in inbox.list([state, "done"])] == [*dict.fromkeys([state, "done"])]
    assert inbox.list([state], kind="student-check") == []
    assert inbox.counts()["asset-created", state] == 1


def test_what_was_done_long_ago_leaves_and_nothing_else(inbox: Inbox) -> None:
    done, dead, dropped, recent = ids(inbox, "done", "dead", "dropped", "recent")
    ids(inbox, "waiting")
    for _ in range(4):
        inbox.claim("a", NOW, LEASE)
    inbox.finish(done, "a", later(1), b"")
    inbox.bury(dead, "a", later(1), "", "")
    inbox.retry(dropped, "a", NOW, "", "")
    inbox.drop(dropped, later(1))
    inbox.finish(recent, "a", later(100), b"")
    assert inbox.prune(NOW - timedelta(days=1)) == 0
    assert inbox.prune(later(50)) == 2
    assert {event.key for event in inbox.list()} == {"dead", "recent", "waiting"}
    assert sum(inbox.counts().values()) == 3
    assert not inbox.accept([new("done")], later(60))[0].duplicate


def test_many_old_events_leave_in_several_transactions(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_store, "PRUNED_AT_A_TIME", 3)
    inbox.accept([new(str(number)) for number in range(8)], NOW)
    for event in inbox.list():
        inbox.drop(event.id, NOW)
    assert inbox.prune(later(1)) == 8
    assert inbox.list() == []
