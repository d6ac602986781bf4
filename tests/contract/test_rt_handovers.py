"""Since when somebody has an asset, as RT's transactions tell it: the real Request Tracker 5, and the stand-in."""

from typing import Any

from contract.adapter import tracker
from services.rest2 import Rest2
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.handovers import Handover, Handovers

__all__ = ["tracker"]


def asset(rt: Rest2, name: str, **fields: Any) -> int:  # noqa: ANN401
    return int(rt.create("asset", Name=name, Catalog="Chromebooks", **fields))


def user(rt: Rest2, name: str) -> int:
    return int(rt.get(f"/user/{name}")["id"])


def history(rt: Rest2, number: int, kind: str) -> list[str]:
    """Return the times of an asset's transactions of one type, the newest first."""
    asked = {"fields": "Type,Created", "orderby": "id", "order": "DESC", "per_page": "100"}
    items = rt.get(f"/asset/{number}/history", **asked)["items"]
    return [item["Created"] for item in items if item["Type"] == kind]


def test_an_owner_is_since_the_newest_handover_and_one_from_the_start_since_the_create(
    rt: Rest2, tracker: RequestTracker
) -> None:
    first, second = asset(rt, "H-1", Owner="s1001"), asset(rt, "H-2")
    one, two = user(rt, "s1001"), user(rt, "s1002")
    for owner in ("s1002", "s1001", "Nobody", "s1002"):
        rt.put(f"/asset/{second}", Owner=owner)
    found = list(Handovers(tracker.rest, "owner").of([(first, one), (second, two)]))
    assert found == [
        Handover(second, two, history(rt, second, "SetWatcher")[0]),
        Handover(first, one, history(rt, first, "Create")[0]),
    ]


def test_each_of_several_holders_has_a_time_and_an_owner_is_no_holder(rt: Rest2, tracker: RequestTracker) -> None:
    number = asset(rt, "H-3", HeldBy=["s1001"])
    one, two = user(rt, "s1001"), user(rt, "s1002")
    rt.put(f"/asset/{number}", HeldBy=["s1001", "s1002"])
    rt.put(f"/asset/{number}", Owner="s1001")
    found = set(Handovers(tracker.rest, "holder").of([(number, one), (number, two)]))
    assert found == {
        Handover(number, two, history(rt, number, "AddWatcher")[0]),
        Handover(number, one, history(rt, number, "Create")[0]),
    }


def test_many_assets_cost_a_request_for_each_page(rt: Rest2, tracker: RequestTracker, page_size: int) -> None:
    one = user(rt, "s1001")
    pairs = [(asset(rt, f"H-1{number}", Owner="s1001"), one) for number in range(page_size + 1)]
    before = tracker.client.stats.requests
    assert {found[:2] for found in Handovers(tracker.rest, "owner").of(pairs)} == set(pairs)
    assert tracker.client.stats.requests - before == 2


def test_somebody_who_is_the_owner_no_more_has_no_time(rt: Rest2, tracker: RequestTracker) -> None:
    number = asset(rt, "H-4", Owner="s1001")
    rt.put(f"/asset/{number}", Owner="s1002")
    assert [*Handovers(tracker.rest, "owner").of([(number, user(rt, "s1001"))])] == []


def test_what_happened_since_a_position_is_told_in_one_request(rt: Rest2, tracker: RequestTracker) -> None:
    handovers = Handovers(tracker.rest, "owner")
    number, one, two = asset(rt, "H-5"), user(rt, "s1001"), user(rt, "s1002")
    rt.put(f"/asset/{number}", Owner="s1001")
    position = handovers.position()
    before = tracker.client.stats.requests
    told = handovers.since(position)
    assert told is not None
    assert told[0] == position
    rt.put(f"/asset/{number}", Owner="s1002")
    rt.put(f"/asset/{number}", HeldBy=["s1001"])
    later = handovers.since(position)
    assert later is not None
    assert later[0] > position
    assert [found[:2] for found in later[1] if found.asset == number] == [(number, two), (number, one)]
    assert tracker.client.stats.requests - before <= 4


def test_a_position_that_rt_does_not_know_is_said(tracker: RequestTracker) -> None:
    handovers = Handovers(tracker.rest, "owner")
    assert handovers.since(handovers.position() + 10_000) is None
