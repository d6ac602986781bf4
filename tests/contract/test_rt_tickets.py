"""Tickets and the assets that somebody has: the real Request Tracker 5, and the stand-in."""

from typing import Any

import pytest

from contract.rt_trackers import Connect
from services.rest2 import Rest2
from syncd.host.errors import ConfigurationError, DataError, WriteRefused
from syncd.systems.rt.lookup import AssetLookup
from syncd.systems.rt.schema import Need
from syncd.systems.rt.tickets import NewTicket, Tickets

QUEUE = "Device Repair"


def asset(rt: Rest2, name: str, catalog: str = "Chromebooks", **fields: Any) -> int:  # noqa: ANN401
    return int(rt.create("asset", Name=name, Catalog=catalog, **fields))


def user(rt: Rest2, name: str) -> int:
    return int(rt.get(f"/user/{name}")["id"])


def lookup(connect: Connect) -> AssetLookup:
    tracker = connect()
    return tracker.lookup(tracker.preflight(Need(catalogs=("Chromebooks",), read=("Name", "Owner", "HeldBy"))))


def test_a_ticket_refers_to_its_assets_and_is_opened_once(rt: Rest2, connect: Connect) -> None:
    number, other = asset(rt, "T-1"), asset(rt, "T-2")
    tickets = Tickets(connect().rest)
    new = NewTicket(
        queue=QUEUE, subject="Check-in of T-1: it's 5f2a", content="cracked\nscreen", assets=(number, other)
    )
    assert tickets.find(QUEUE, new.subject) == []
    opened = tickets.open(new)
    assert tickets.open(new) == opened
    found = rt.get(f"/ticket/{opened}")
    assert found["Subject"] == new.subject
    links = [link["id"] for link in found["_hyperlinks"] if link["ref"] == "refers-to"]
    assert sorted(links) == [str(number), str(other)]


def test_a_queue_that_is_not_there_is_told_before_a_ticket_is_lost(connect: Connect) -> None:
    tickets = Tickets(connect().rest)
    tickets.check_queue("device repair")
    with pytest.raises(ConfigurationError, match='RT has no queue "Nope"'):
        tickets.check_queue("Nope")


def test_who_may_not_open_tickets_is_told_so(connect: Connect) -> None:
    tickets = Tickets(connect("rt-readonly").rest)
    with pytest.raises(WriteRefused, match="No permission to create tickets"):
        tickets.open(NewTicket(queue=QUEUE, subject="not mine", content=""))


@pytest.mark.parametrize("subject", ["a\nb", "a\\"])
def test_a_subject_that_would_end_the_quotation_is_refused(connect: Connect, subject: str) -> None:
    with pytest.raises(DataError, match="cannot be looked for in RT"):
        Tickets(connect().rest).find(QUEUE, subject)


def test_the_assets_of_people_are_those_they_own_or_hold_in_the_catalogs(rt: Rest2, connect: Connect) -> None:
    one, two = user(rt, "s1001"), user(rt, "s1002")
    owned, held = asset(rt, "P-1", Owner="s1002"), asset(rt, "P-2", HeldBy=["s1002"])
    both = asset(rt, "P-3", Owner="s1002", HeldBy=["s1001", "s1002"])
    asset(rt, "P-4")
    asset(rt, "P-5", "Network Gear", Owner="s1002")
    lookup_ = lookup(connect)
    found = {found.id: found for found in lookup_.with_people([two])}
    assert {owned, held, both} <= set(found)
    assert found[both].holders == (one, two)
    assert not {name.name for name in found.values()} & {"P-4", "P-5"}
    assert {person.name for person in lookup_.people.values()} >= {"s1001", "s1002"}
    assert lookup_.with_people([]) == []


def test_the_assets_of_somebody_with_many_come_in_pages(rt: Rest2, connect: Connect, page_size: int) -> None:
    login = rt.create("user", Name="hoarder")
    wanted = [asset(rt, f"M-{number}", Owner=login) for number in range(2 * page_size + 1)]
    assert [found.id for found in lookup(connect).with_people([user(rt, login)])] == wanted
