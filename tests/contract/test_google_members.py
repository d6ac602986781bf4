"""Members of groups in the stand-in: as Google describes them, and as the project's own adapter treats them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contract.google_sandbox import ADMIN, Running, connecting, refused, running, tenant
from syncd.host.checks.engine import Means, examine
from syncd.host.credentials import Credentials
from syncd.host.errors import NotFound, NotPermitted, Unavailable, WriteRefused
from syncd.sandbox.faults import Rule
from syncd.sandbox.google import PRESETS, GoogleApp
from syncd.systems.google import Google
from syncd.systems.google.checks import open_checks
from syncd.systems.google.options import MEMBERS_READ, MEMBERS_WRITE, GoogleOptions
from unit.virtual_clock import VirtualClock

CLUB, TEAM = "club@example.org", "team@example.org"
URL = f"/admin/directory/v1/groups/{CLUB}/members"


def pupil(number: int, **more: object) -> dict[str, Any]:
    name = {"givenName": "Ada", "familyName": str(number), "fullName": f"Ada {number}"}
    return {
        "id": f"2{number:020}",
        "primaryEmail": f"s{number:04}@example.org",
        "name": name,
        "orgUnitPath": "/",
        **more,
    }


def group(number: int, address: str, *aliases: str) -> dict[str, Any]:
    return {
        "kind": "admin#directory#group",
        "id": f"g{number}",
        "email": address,
        "name": address,
        "aliases": [*aliases],
    }


@pytest.fixture
def google() -> Iterator[Running]:
    data = tenant()
    data["users"] += [pupil(number) for number in range(450)]
    data["users"].append(pupil(450, aliases=["maiden@example.org"], suspended=True))
    data["groups"] = [group(1, CLUB, "society@example.org"), group(2, TEAM)]
    data["members"] = [{"group": "g1", "id": f"2{n:020}", "role": "MEMBER", "type": "USER"} for n in range(410)]
    with running(GoogleApp.from_tenant(data)) as sandbox:
        yield sandbox


@pytest.fixture
def connect(google: Running, tmp_path: Path) -> Iterator[Callable[..., Google]]:
    with connecting(google, tmp_path, [MEMBERS_WRITE]) as connect:
        yield connect


# -- the stand-in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "refusal"),
    [
        ("GET", "/admin/directory/v1/groups/nosuch@example.org/members", None, (404, "notFound")),
        ("GET", f"{URL}?maxResults=201", None, (400, "invalidParameter")),
        ("GET", f"{URL}?fields=members(mail)", None, (400, "invalidParameter")),
        ("GET", f"{URL}/s0411@example.org", None, (404, "notFound")),
        ("POST", URL, {"email": "s0000@example.org"}, (409, "duplicate")),
        ("POST", URL, {"email": "nobody@example.org"}, (404, "notFound")),
        ("POST", URL, {"role": "MEMBER"}, (400, "required")),
        ("POST", URL, {"email": "s0411@example.org", "role": "BOSS"}, (400, "invalid")),
        ("POST", URL, {"mail": "s0411@example.org"}, (400, "badRequest")),
        ("DELETE", f"{URL}/s0411@example.org", None, (404, "notFound")),
    ],
)
def test_what_google_refuses_is_refused(
    google: Running, method: str, path: str, body: dict[str, str] | None, refusal: tuple[int, str]
) -> None:
    assert refused(google.ask(method, path, json=body)) == refusal


def test_a_member_is_found_by_any_of_its_addresses_and_shown_by_the_first(google: Running) -> None:
    google.ask("POST", URL, json={"email": "Maiden@example.org"})
    shown = google.ask("GET", f"{URL}/maiden@example.org").json()
    assert (shown["email"], shown["status"], shown["role"]) == ("s0450@example.org", "SUSPENDED", "MEMBER")
    assert google.ask("GET", f"{URL}/{shown['id']}").json()["id"] == shown["id"]
    assert google.ask("GET", URL.replace(CLUB, "society@example.org")).status_code == 200
    assert refused(google.ask("POST", URL, json={"email": "s0450@example.org"})) == (409, "duplicate")


def test_a_page_has_two_hundred_members_where_no_number_is_asked_for(google: Running) -> None:
    assert len(google.ask("GET", URL).json()["members"]) == 200


def test_a_group_and_somebody_of_another_domain_can_be_members(google: Running) -> None:
    assert google.ask("POST", URL, json={"email": TEAM}).json()["type"] == "GROUP"
    other = google.ask("POST", URL, json={"email": "Parent@example.net"}).json()
    assert (other["type"], other["email"]) == ("USER", "Parent@example.net")
    assert google.ask("DELETE", f"{URL}/parent@example.net").status_code == 204
    assert google.ask("GET", f"{URL}/{other['id']}").status_code == 404


# -- the adapter --------------------------------------------------------------------------------------------


def test_all_members_come_in_pages_of_two_hundred_that_google_describes(
    google: Running, connect: Callable[..., Google]
) -> None:
    members = connect().members.list(CLUB)
    assert [member.email for member in members] == [f"s{number:04}@example.org" for number in range(410)]
    assert {(member.role, member.type, member.status) for member in members} == {("MEMBER", "USER", "ACTIVE")}
    assert google.server.counts == {("POST", "token"): 1, ("GET", "members.list"): 3}
    assert google.discovery.violations == []


def test_a_member_comes_and_goes(google: Running, connect: Callable[..., Google]) -> None:
    members = connect().members
    assert not members.has_any(TEAM)
    added = members.insert(TEAM, "maiden@example.org", "team/1")
    assert (added.email, added.role) == ("s0450@example.org", "MEMBER")
    assert members.list(TEAM) == [added] == [members.find(TEAM, "MAIDEN@example.org", "team/1")]
    with pytest.raises(WriteRefused) as refusal:
        members.insert(TEAM, "s0450@example.org", "team/1")
    assert refusal.value.code == "google.exists"
    members.delete(TEAM, added.id, "team/1")
    assert members.find(TEAM, "s0450@example.org", "team/1") is None
    with pytest.raises(NotFound):
        members.delete(TEAM, added.id, "team/1")
    assert google.discovery.violations == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda members: members.list("nosuch@example.org"),
        lambda members: members.insert("nosuch@example.org", "s0000@example.org", "nosuch@example.org/7"),
        lambda members: members.insert(TEAM, "nobody@example.org", "nosuch@example.org/7"),
    ],
)
def test_what_is_not_there_is_named_without_anybodys_address(
    connect: Callable[..., Google], ask: Callable[..., object]
) -> None:
    with pytest.raises(NotFound, match="nosuch@example") as caught:
        ask(connect().members)
    assert "s0000" not in caught.value.sentence
    assert "nobody" not in caught.value.sentence


@pytest.mark.parametrize("name", ["quota", "backend_error", "bad_gateway_html", "dropped_connection", "rate_text"])
def test_a_failure_that_passes_is_got_over(google: Running, connect: Callable[..., Google], name: str) -> None:
    google.server.faults.add(msgspec.structs.replace(PRESETS[name], times=1, after=2))
    assert len(connect().members.list(CLUB)) == 410
    assert google.server.faults.listing()[0]["used"] == 1


@pytest.mark.parametrize(
    ("rule", "ask"),
    [
        (Rule(route="members[?].*pageToken=", cut=True), lambda members: members.list(CLUB)),
        (
            Rule(route="members", method="POST", status=200, body="{}"),
            lambda m: m.insert(TEAM, "s0000@example.org", "x"),
        ),
    ],
)
def test_an_answer_that_proves_nothing_is_none(
    google: Running, connect: Callable[..., Google], rule: Rule, ask: Callable[..., object]
) -> None:
    google.server.faults.add(rule)
    with pytest.raises(Unavailable):
        ask(connect(attempts=2).members)


def test_a_right_that_lacks_is_told_with_what_it_has_to_cover(google: Running, connect: Callable[..., Google]) -> None:
    google.server.faults.add(msgspec.structs.replace(PRESETS["forbidden"]))
    with pytest.raises(NotPermitted, match="admin role that covers groups"):
        connect().members.list(CLUB)


def test_the_scope_to_read_members_reads_and_does_not_write(google: Running, tmp_path: Path) -> None:
    google.app.settings.scopes = frozenset({MEMBERS_READ})
    with connecting(google, tmp_path, [MEMBERS_READ]) as connect:
        members = connect().members
        assert len(members.list(CLUB)) == 410
        with pytest.raises(NotPermitted, match="scopes"):
            members.insert(TEAM, "s0000@example.org", "team/1")


def test_the_doctor_sees_each_group_or_names_it(google: Running, tmp_path: Path) -> None:
    google.app.write_credentials(tmp_path, google.server.url)
    credentials = Credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)}, keyring=False)
    options = GoogleOptions(delegated_user=ADMIN, api_root=f"{google.server.url}/")

    def found(*groups: str, scope: str = MEMBERS_READ) -> dict[str, tuple[str, str]]:
        with ExitStack() as closing:
            means = Means(credentials=credentials, environ={}, clock=VirtualClock(), closing=closing)
            checks = open_checks(options, means)
            probes = chain(checks.probes(), checks.for_members("j", scope, groups))
            return {each.check: (each.state, each.found) for each in examine(probes) if each.area == "j"}

    assert found(CLUB, TEAM)[f"google group {CLUB}"] == ("ok", "it has members")
    assert found(CLUB, TEAM)[f"google group {TEAM}"] == ("ok", "it has no member yet")
    assert found("nosuch@example.org")["google group nosuch@example.org"][0] == "failed"
    google.app.settings.scopes = frozenset({MEMBERS_READ})
    lacking = found(CLUB, scope=MEMBERS_WRITE)
    assert {name: state for name, (state, _) in lacking.items()} == {
        "google token": "failed",
        f"google group {CLUB}": "skipped",
    }
