"""The student check, from the question to what RT has afterwards: the real Request Tracker 5, and the stand-in."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.rest2 import Rest2, criterion
from syncd.host.clock import SystemClock
from syncd.host.credentials import Credentials
from syncd.host.errors import ConfigurationError, DataError, Refused, Unavailable
from syncd.jobs.checking.options import StudentCheckOptions
from syncd.jobs.checking.records import Answer, Asked
from syncd.jobs.context import RunContext
from syncd.jobs.student_check import StudentCheck, open_handler
from syncd.reconcile.guard import ClearLimit, Limits
from syncd.state.inbox.records import Event
from syncd.state.store import Store, open_store
from syncd.systems.rt.options import RtOptions
from syncd.systems.rt.tickets import Tickets
from unit.state.sample import an_import, person

ADA, HER_ID = "s1001", "100001"
SPAN = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
ROOMY = Limits(clear=ClearLimit(percent=100, count=50))

Open = Callable[..., StudentCheck]
fresh = map("event-{}".format, itertools.count())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "state") as store:
        ada = person(1, id=HER_ID, given_name="Ada", family_name="Student", user_name=ADA, email="", school="North")
        gone = person(2, id="100002", given_name="Ben", family_name="Left", user_name="s1002", email="", active=False)
        store.rosters.take(an_import(), [[ada, gone]], lambda _counts: True)
        yield store


@pytest.fixture
def open_(rt: Rest2, store: Store) -> Iterator[Open]:
    context = RunContext(
        google=None,
        rt=RtOptions(url=rt.url, rate=1000.0),
        credentials=Credentials({"RT_TOKEN": rt.tokens["rt-sync"]}, keyring=False),
        store=store,
        clock=SystemClock(),
        progress=lambda *_: None,
    )
    with ExitStack() as stack:

        def opened(**more: Any) -> StudentCheck:  # noqa: ANN401
            fields: dict[str, Any] = {"catalogs": ("Chromebooks",), "mode": "apply", "limits": ROOMY, **more}
            return stack.enter_context(open_handler(StudentCheckOptions(**fields), context))

        yield opened
        empty_hands(rt)


def empty_hands(rt: Rest2) -> None:
    """Take from everybody what a test gave."""
    assets = rt.search("/assets", criterion("id", 0, ">"), fields="Owner,HeldBy", per_page="100")
    assert assets["pages"] == 1
    for item in assets["items"]:
        if item["Owner"]["id"] != "Nobody" or item["HeldBy"]:
            rt.put(f"/asset/{item['id']}", Owner="Nobody", HeldBy=[])


def asset(rt: Rest2, name: str, **fields: Any) -> int:  # noqa: ANN401
    serial = fields.pop("serial", f"SER{name}")
    values = {"Serial Number": serial, **fields.pop("values", {})}
    return int(rt.create("asset", Name=name, Catalog="Chromebooks", CustomFields=values, **fields))


def ask(check: StudentCheck, action: str = "report", **more: Any) -> Answer:  # noqa: ANN401
    return check.answer(msgspec.convert({"event": next(fresh), "action": action, **more}, Asked))


def people_of(rt: Rest2, number: int) -> tuple[str, list[str]]:
    found = rt.get(f"/asset/{number}")
    return found["Owner"]["id"], [holder["id"] for holder in found["HeldBy"]]


def event(body: bytes) -> Event:
    """Return an event as the listener keeps it."""
    now = datetime.now(UTC)
    told: dict[str, Any] = {"id": next(fresh), "kind": "student-check", "sender": "webhook", "key": "k", "object": "o"}
    told |= {"received": now, "next_try": now, "lease_until": None, "result": None, "finished": None}
    return Event(**told, body=body, state="working", attempts=1, holder="h", code="", error="")


def test_an_event_is_answered_in_json(rt: Rest2, open_: Open) -> None:
    number = asset(rt, "J-1", Owner=ADA)
    check = open_()
    check.check()
    body = msgspec.json.encode({"asset_id": number, "action": "check-in", "checked_by": "desk"})
    answer = msgspec.json.decode(check.handle(event(body), last=False), type=Answer)
    assert (answer.action, answer.checked_in) == ("check-in", [number])


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"action": "burn"}', b'{"asset_id": "x"}'])
def test_an_event_that_asks_for_nothing_is_not_tried_again(open_: Open, body: bytes) -> None:
    with pytest.raises(DataError, match="asks for no student check"):
        open_().handle(event(body), last=False)


def test_what_every_check_needs_is_looked_at_by_itself(open_: Open) -> None:
    with pytest.raises(ConfigurationError, match="No Such Field"):
        open_(id_field="CF.{No Such Field}").check()


def test_a_report_says_who_it_is_and_what_is_overdue(rt: Rest2, open_: Open) -> None:
    due = {"AUE Date": "2020-05-01"}
    one, two = (
        asset(rt, "R-1", Owner=ADA, values=due),
        asset(rt, "R-2", HeldBy=[ADA], values={"AUE Date": "2100-01-01"}),
    )
    answer = ask(open_(due_field="CF.{AUE Date}", type_field="CF.{Type}"), student_id=HER_ID)
    assert answer.student is not None
    assert (answer.student.name, answer.student.school, answer.student.users) == ("Ada Student", "North", (ADA,))
    mine = {device.asset: device for device in answer.devices if device.asset in (one, two)}
    assert (mine[one].name, mine[one].serial, mine[one].overdue) == ("R-1", "SERR-1", "was due on 2020-05-01")
    assert (mine[two].due, mine[two].overdue) == ("2100-01-01", "")
    assert (answer.checked_in, answer.run) == ([], "")
    assert people_of(rt, one) == (ADA, [])


def test_a_device_leads_to_whoever_has_it(rt: Rest2, open_: Open) -> None:
    number, other = asset(rt, "L-1", Owner=ADA), asset(rt, "L-2", Owner=ADA)
    check = open_()
    for asked in ({"asset_id": number}, {"serial": " serl-1 "}):
        answer = ask(check, **asked)
        assert answer.student is not None
        assert answer.student.id == HER_ID
        assert {number, other} <= {device.asset for device in answer.devices}


def test_what_somebody_holds_who_has_left_is_overdue(rt: Rest2, open_: Open) -> None:
    number = asset(rt, "G-1", Owner="s1002")
    (device,) = [each for each in ask(open_(), student_id="100002").devices if each.asset == number]
    assert device.overdue == "has left the school"


def test_a_check_in_takes_one_device_and_leaves_the_others(rt: Rest2, open_: Open, store: Store) -> None:
    number, other = asset(rt, "C-1", Owner=ADA, HeldBy=[ADA]), asset(rt, "C-2", Owner=ADA)
    answer = ask(open_(), "check-in", asset_id=number, checked_by="desk 1")
    assert (answer.checked_in, answer.ticket) == ([number], 0)
    assert people_of(rt, number) == ("Nobody", [])
    assert people_of(rt, other) == (ADA, [])
    (row,) = store.checkins.between(*SPAN)
    assert (row.asset, row.name, row.previous_owner, row.student) == (number, "C-1", "Ada Student", HER_ID)
    ((action, result),) = store.ledger.actions(answer.run)
    assert (action.object, result.state, set(action.after)) == (str(number), "verified", {"Owner", "HeldBy"})


def test_a_student_checks_in_everything(rt: Rest2, open_: Open) -> None:
    numbers = [asset(rt, f"E-{number}", Owner=ADA) for number in range(3)]
    answer = ask(open_(), "check-in", student_id=HER_ID)
    assert set(numbers) <= set(answer.checked_in)
    assert all(people_of(rt, number) == ("Nobody", []) for number in numbers)
    again = ask(open_(), "check-in", student_id=HER_ID)
    assert (again.checked_in, again.run) == ([], "")


def test_damage_makes_one_ticket_about_the_device(rt: Rest2, open_: Open, store: Store) -> None:
    number = asset(rt, "D-1", Owner=ADA)
    answer = ask(open_(), "check-in", asset_id=number, damage="keys are missing", broken_screen=True)
    found = rt.get(f"/ticket/{answer.ticket}")
    assert found["Subject"].startswith("Device check-in: D-1 [event-")
    assert [link["id"] for link in found["_hyperlinks"] if link["ref"] == "refers-to"] == [str(number)]
    (row,) = store.checkins.between(*SPAN)
    assert (row.ticket, row.description, row.broken_screen) == (answer.ticket, "keys are missing", True)


def test_damage_of_a_device_that_nobody_has_is_kept_too(rt: Rest2, open_: Open) -> None:
    number = asset(rt, "D-2")
    answer = ask(open_(), "check-in", asset_id=number, damage="found in the rain")
    assert answer.ticket > 0
    assert ask(open_(), "check-in", asset_id=number) == Answer(action="check-in", student=None, devices=[])


def test_damage_that_no_device_can_have_is_not_lost_in_silence(open_: Open) -> None:
    with pytest.raises(DataError, match="has no device that the damage could be of"):
        ask(open_(), "check-in", student_id="100002", damage="cracked")


def test_a_planned_check_in_changes_nothing(rt: Rest2, open_: Open, store: Store) -> None:
    number = asset(rt, "N-1", Owner=ADA)
    answer = ask(open_(mode="plan"), "check-in", asset_id=number, damage="x")
    assert (answer.planned, answer.checked_in, answer.ticket) == ([number], [], 0)
    assert people_of(rt, number) == (ADA, [])
    assert list(store.checkins.between(*SPAN)) == []


def test_the_guard_holds_a_check_in_of_too_many(rt: Rest2, open_: Open, store: Store) -> None:
    numbers = [asset(rt, f"Z-{number}", Owner=ADA) for number in range(2)]
    tight = Limits(clear=ClearLimit(percent=100, count=1))
    with pytest.raises(Refused):
        ask(open_(limits=tight), "check-in", student_id=HER_ID)
    assert all(people_of(rt, number) == (ADA, []) for number in numbers)
    assert list(store.checkins.between(*SPAN)) == []


@pytest.mark.parametrize("step", ["unset", "ticket", "finish"])
def test_a_check_in_that_was_cut_off_is_finished_as_it_began(
    rt: Rest2, open_: Open, store: Store, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = asset(rt, f"X-{step}", Owner=ADA)
    asked = Asked(event=f"cut-{step}-{rt.url}", action="check-in", asset_id=number, damage="broken")

    def cut(*_: object) -> None:
        raise Unavailable("cut off", code="test.cut")

    target, name = {
        "unset": (StudentCheck, "_unset"),
        "ticket": (Tickets, "open"),
        "finish": (store.checkins, "finish"),
    }[step]
    with monkeypatch.context() as patch:
        patch.setattr(target, name, cut)
        with pytest.raises(Unavailable, match="cut off"):
            open_().answer(asked)
    answer = open_().answer(asked)
    again = open_().answer(asked)
    assert (answer.checked_in, again.checked_in, again.ticket) == ([number], [number], answer.ticket)
    assert people_of(rt, number) == ("Nobody", [])
    (row,) = store.checkins.between(*SPAN)
    assert (row.previous_owner, row.ticket) == ("Ada Student", answer.ticket)
    subject = rt.get(f"/ticket/{answer.ticket}")["Subject"]
    assert Tickets(open_()._rt.rest).find("Device Repair", subject) == [answer.ticket]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"student_id": "999999"}, "nobody has the id 999999"),
        ({"asset_id": 99_999}, "asset 99999 is not in RT"),
        ({"serial": "NOSUCHSERIAL"}, "the serial number NOSUCHSERIAL names no single asset: no asset has it"),
        ({"serial": "0000"}, "the serial number '0000'"),
    ],
)
def test_what_is_not_there_is_told_and_never_tried_again(open_: Open, asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        ask(open_(), **asked)


def test_a_serial_of_two_assets_is_named_with_both(rt: Rest2, open_: Open) -> None:
    numbers = [asset(rt, f"T-{number}", serial="TWICE001") for number in range(2)]
    with pytest.raises(DataError, match=f"T-0 \\({numbers[0]}\\), T-1 \\({numbers[1]}\\)"):
        ask(open_(), serial="TWICE001")


def test_a_missing_queue_is_told_before_anything_is_changed(rt: Rest2, open_: Open) -> None:
    number = asset(rt, "Q-1", Owner=ADA)
    with pytest.raises(ConfigurationError, match='no queue "Nope"'):
        ask(open_(repair_queue="Nope"), "check-in", asset_id=number, damage="x")
    assert people_of(rt, number) == (ADA, [])
