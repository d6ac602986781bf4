"""The rules of a group's membership, on records of their own, and the writer of members."""

from collections.abc import Callable, Sequence

import pytest

from syncd.host.errors import IntegrationError, NotFound, Unavailable, WriteRefused
from syncd.jobs.membership.comparing import EMAIL, Rules, compare, removal
from syncd.jobs.membership.sources import Wanted
from syncd.jobs.membership.writer import WAITS, MemberWriter
from syncd.reconcile.model import Action, make_action
from syncd.systems.google.members import Member
from unit.virtual_clock import VirtualClock

CLUB = "club@example.org"
RULES = Rules(("example.org",), ("board-*@example.org",))


def member(name: str, role: str = "MEMBER", kind: str = "USER", domain: str = "example.org", **more: str) -> Member:
    return Member(id=f"id-{name}", email=f"{name}@{domain}" if name else "", role=role, type=kind, **more)


def wanted(*addresses: str) -> list[Wanted]:
    return [Wanted("roster", str(number), address) for number, address in enumerate(addresses, 1)]


def nobody(_address: str, _about: str) -> Member | None:
    return None


@pytest.mark.parametrize(
    ("source", "present", "actions", "listed"),
    [
        pytest.param(["a@example.org"], [member("a")], [], [], id="who is right stays"),
        pytest.param(["A@Example.ORG"], [member("a")], [], [], id="case is no difference"),
        pytest.param(["a@example.org"], [member("a", status="SUSPENDED")], [], [], id="who is suspended stays"),
        pytest.param(["a@example.org"], [member("a", role="OWNER")], [], [], id="an owner is in already"),
        pytest.param(["a@example.org"], [], ["create 1"], [], id="who lacks is added"),
        pytest.param(["a@example.org", "A@example.org"], [], ["create 1"], [], id="one address is added once"),
        pytest.param(["a@example.org"], [member("a"), member("b")], ["disable id-b"], [], id="who is too many goes"),
        pytest.param(["a@example.org"], [member("a"), member("b", role="OWNER")], [], ["protected"], id="owner"),
        pytest.param(["a@example.org"], [member("a"), member("b", role="MANAGER")], [], ["protected"], id="manager"),
        pytest.param(["a@example.org"], [member("a"), member("b", kind="GROUP")], [], ["protected"], id="nested"),
        pytest.param(["a@example.org"], [member("a"), member("", kind="CUSTOMER")], [], ["protected"], id="everybody"),
        pytest.param(["a@example.org"], [member("a"), member("Board-1")], [], ["protected"], id="pattern"),
        pytest.param(
            ["a@example.org"], [member("a"), member("b", domain="example.net")], [], ["outside"], id="other domain"
        ),
        pytest.param(["a@example.net"], [], [], ["outside"], id="nobody of another domain is added"),
        pytest.param([""], [], [], ["rejected"], id="no address"),
        pytest.param(["Ann"], [], [], ["rejected"], id="an address that is none"),
    ],
)
def test_who_is_added_and_who_is_taken_out(
    source: list[str], present: list[Member], actions: list[str], listed: list[str]
) -> None:
    found = compare(CLUB, wanted(*source), present, RULES, nobody)
    assert [f"{action.kind} {action.object.removeprefix(f'{CLUB}/')}" for action in found.actions] == actions
    assert [listing.state for listing in found.listings] == listed
    told = [*(action.object for action in found.actions), *(listing.object for listing in found.listings)]
    assert all("@" not in object_.partition("/")[2] for object_ in told)


def test_other_domains_take_part_where_they_are_named() -> None:
    rules = Rules(("example.org", "example.net"), ())
    found = compare(CLUB, wanted("a@example.net"), [member("b", domain="example.net")], rules, nobody)
    assert [action.kind for action in found.actions] == ["create", "disable"]


def test_a_member_by_another_address_is_neither_added_nor_taken_out() -> None:
    renamed = member("married")
    asked: list[str] = []

    def find(address: str, _about: str) -> Member | None:
        asked.append(address)
        return renamed if address == "maiden@example.org" else None

    found = compare(CLUB, wanted("maiden@example.org", "new@example.org"), [renamed], RULES, find)
    assert [action.after for action in found.actions] == [{EMAIL: "new@example.org"}]
    assert (found.matched, found.managed) == (1, 2)
    asked.clear()
    many = wanted(*(f"n{number}@example.org" for number in range(5)))
    compare(CLUB, many, [member("boss", role="OWNER")], RULES, find)
    assert asked == [], "five are not asked for since one owner might be one of them"


# -- the writer ---------------------------------------------------------------------------------------------


class FakeMembers:
    """One group; ``errors`` are raised by method, ``lag``: how many readings still show who has left."""

    def __init__(self, *present: Member, lag: int = 0, **errors: IntegrationError) -> None:
        self.present = {one.id: one for one in present}
        self.lag, self.errors, self.gone = lag, errors, dict[str, Member]()

    def list(self, _: str) -> Sequence[Member]:
        self._raise("list")
        self.lag -= 1
        return [*self.present.values(), *(self.gone.values() if self.lag >= 0 else ())]

    def find(self, _group: str, address: str, _about: str) -> Member | None:
        return next((one for one in self.present.values() if one.email == address), None)

    def insert(self, _group: str, address: str, _about: str) -> Member:
        self._raise("insert")
        return self.present.setdefault("id-new", Member(id="id-new", email=address, role="MEMBER", type="USER"))

    def delete(self, _group: str, member: str, _about: str) -> None:
        self._raise("delete")
        self.gone[member] = self.present.pop(member)

    def _raise(self, name: str) -> None:
        if name in self.errors:
            raise self.errors[name]


def adding(address: str = "a@example.org", **before: None) -> Action:
    return make_action(
        kind="create", system="google", object=f"{CLUB}/1", label="", before=before, after={EMAIL: address}, reason=""
    )


def taking_out(name: str = "a") -> Action:
    return removal(f"{CLUB}/id-{name}", "", f"{name}@example.org", "")


EXISTS = WriteRefused("It is there.", code="google.exists")
REFUSED = WriteRefused("No.", code="google.invalid")
MISSING = NotFound("Gone.", code="google.not_found")
DOWN = Unavailable("Later.", code="google.backend")


@pytest.mark.parametrize(
    ("action", "google", "state", "created"),
    [
        pytest.param(adding(), FakeMembers, "verified", f"{CLUB}/id-new", id="added"),
        pytest.param(adding(), lambda: FakeMembers(member("a"), insert=EXISTS), "verified", f"{CLUB}/id-a", id="there"),
        pytest.param(adding(), lambda: FakeMembers(member("a", "OWNER"), insert=EXISTS), "verified", "", id="an owner"),
        pytest.param(adding(), lambda: FakeMembers(insert=EXISTS), "unproven", "", id="there for nobody"),
        pytest.param(adding(), lambda: FakeMembers(insert=DOWN), "unproven", "", id="no answer"),
        pytest.param(taking_out(), lambda: FakeMembers(member("a")), "unproven", "", id="taken out"),
        pytest.param(taking_out(), lambda: FakeMembers(delete=MISSING), "unproven", "", id="gone before"),
    ],
)
def test_a_write_is_verified_as_far_as_google_proves_it(
    action: Action, google: Callable[[], FakeMembers], state: str, created: str
) -> None:
    (outcome,) = MemberWriter(google(), 4, VirtualClock()).write([action])
    assert (outcome.state, outcome.object) == (state, created)


@pytest.mark.parametrize("error", [REFUSED, MISSING])
def test_an_insert_that_is_refused_is_an_error(error: IntegrationError) -> None:
    with pytest.raises(type(error)):
        MemberWriter(FakeMembers(insert=error), 4, VirtualClock()).write([adding()])


@pytest.mark.parametrize(
    ("present", "action", "value"),
    [
        ([member("a")], taking_out(), "a@example.org"),
        ([], taking_out(), None),
        ([member("a", "OWNER")], taking_out(), "OWNER"),
        ([member("A")], adding(), "a@example.org"),
        ([], adding(), None),
    ],
)
def test_read_back_is_the_address_or_the_role_of_who_is_in(
    present: list[Member], action: Action, value: str | None
) -> None:
    found = MemberWriter(FakeMembers(*present), 4, VirtualClock()).read_back([action], {})
    assert found == {action.id: {EMAIL: value}}


def test_a_member_is_read_back_by_its_id_whatever_its_address_is_now() -> None:
    writer = MemberWriter(FakeMembers(member("married")), 4, VirtualClock())
    action = adding("maiden@example.org")
    assert writer.read_back([action], {action.id: f"{CLUB}/id-married"}) == {action.id: {EMAIL: "maiden@example.org"}}


@pytest.mark.parametrize(("lag", "shown"), [(0, None), (2, None), (9, "a@example.org")])
def test_a_list_that_lags_behind_is_read_again_for_a_while(lag: int, shown: str | None) -> None:
    clock = VirtualClock()
    began = clock.monotonic()
    writer = MemberWriter(FakeMembers(member("a"), lag=lag), 4, clock)
    action = taking_out()
    writer.write([action])
    assert writer.read_back([action], {}) == {action.id: {EMAIL: shown}}
    assert clock.monotonic() - began == sum(WAITS[: min(lag, len(WAITS))])


def test_a_group_that_is_gone_hides_no_other() -> None:
    writer = MemberWriter(FakeMembers(list=MISSING), 4, VirtualClock())
    assert writer.read_back([taking_out()], {}) == {}
