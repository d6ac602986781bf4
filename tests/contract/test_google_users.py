"""Users of the stand-in: as Google's documents describe them, and as the project's own adapter reads them."""

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
from syncd.host.errors import ConfigurationError, Unavailable
from syncd.sandbox.faults import Rule
from syncd.sandbox.google import PRESETS, GoogleApp
from syncd.systems.google import Google
from syncd.systems.google.checks import open_checks
from syncd.systems.google.options import USERS_READ, GoogleOptions
from unit.virtual_clock import VirtualClock

URL = "/admin/directory/v1/users"


def pupil(number: int, unit: str = "/Students", **more: object) -> dict[str, Any]:
    name = {"givenName": "Ada", "familyName": f"O'Neil {number}", "fullName": f"Ada O'Neil {number}"}
    address = f"s{number:04}@example.org"
    return {"id": f"2{number:020}", "primaryEmail": address, "name": name, "orgUnitPath": unit, **more}


@pytest.fixture
def google() -> Iterator[Running]:
    data = tenant()
    data["users"] += [pupil(number) for number in range(1000)]
    data["users"] += [pupil(1000, "/Chromebooks"), pupil(1001, "/Chromebooks/High School", archived=True)]
    with running(GoogleApp.from_tenant(data)) as sandbox:
        yield sandbox


@pytest.fixture
def connect(google: Running, tmp_path: Path) -> Iterator[Callable[..., Google]]:
    with connecting(google, tmp_path, [USERS_READ]) as connect:
        yield connect


def listed(google: Running, **query: str) -> list[str]:
    """Return who is on the one page of a list."""
    answer = google.ask("GET", URL, params={"customer": "my_customer", "maxResults": "500", **query})
    assert answer.status_code == 200, answer.text
    return [user["primaryEmail"].partition("@")[0] for user in answer.json().get("users", [])]


# -- the stand-in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("orgUnitPath='/Chromebooks'", ["s1000", "s1001"]),
        ("orgUnitPath='/chromebooks/high school'", ["s1001"]),
        ('orgUnitPath="/Chromebooks/High School"', ["s1001"]),
        ("orgUnitPath=/Staff isAdmin=true", ["admin"]),
        ("orgUnitPath=/ email:t*", ["teacher"]),
        ("email=jnunez@example.org", ["student2"]),
        ("email:nunez", ["student2"]),
        ("isSuspended=True", ["student7"]),
        ("isArchived=true", ["s1001"]),
        ("externalId=S20001", ["student1"]),
        ("externalId:2000 givenName:jos*", ["student2"]),
        ("familyName='O\\'Neil 7'", ["s0007"]),
        ("familyName='O\\'Teacher'", ["teacher"]),
        ("name='Ada Admin'", ["admin"]),
        ("orgDepartment=technology", ["admin"]),
        ("orgTitle:director", ["admin"]),
        ("synthetic", ["student1"]),
        ("email=nobody@example.org", []),
    ],
)
def test_a_query_finds(google: Running, query: str, found: list[str]) -> None:
    assert listed(google, query=query) == found


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("orgUnitPath='/Nowhere'", (400, "invalid")),
        ("orgUnitPath:/Students", (400, "invalid")),
        ("orgUnitPath='id:03ph8a2z1chrome'", (400, "invalid")),
        ("isSuspended=yes", (400, "invalid")),
        ("isSuspended:true", (400, "invalid")),
        ("externalId:S2*", (400, "invalid")),
        ("nonsense=1", (400, "invalid")),
        ("familyName='open", (400, "invalid")),
        ("familyName='a'b", (400, "invalid")),
        ("manager=admin@example.org", (501, "notImplemented")),
        ("Student.grade=10", (501, "notImplemented")),
    ],
)
def test_a_query_that_is_none_or_not_emulated_is_refused(google: Running, query: str, refusal: tuple[int, str]) -> None:
    assert refused(google.ask("GET", URL, params={"customer": "my_customer", "query": query})) == refusal


def test_pages_stay_stable_in_the_order_asked_for(google: Running) -> None:
    asked = {"customer": "my_customer", "maxResults": "500", "orderBy": "email", "sortOrder": "DESCENDING"}
    first = google.ask("GET", URL, params=asked).json()
    google.app.tenant.users.remove("s0001@example.org")
    google.app.tenant.users.put("aaa@example.org", pupil(5000, primaryEmail="aaa@example.org"))
    rest: list[dict[str, Any]] = []
    token = first["nextPageToken"]
    while token:
        page = google.ask("GET", URL, params={**asked, "pageToken": token}).json()
        rest, token = rest + page["users"], page.get("nextPageToken")
    addresses = [user["primaryEmail"] for user in first["users"] + rest]
    assert len(addresses) == 1006
    assert addresses == sorted(set(addresses), reverse=True)
    assert "aaa@example.org" not in addresses


def test_what_the_document_forbids_is_refused(google: Running) -> None:
    wrong = [
        {"maxResults": "501"},
        {"maxResults": "0"},
        {"projection": "FULL"},
        {"projection": "custom"},
        {"orderBy": "id"},
        {"sortOrder": "down"},
        {"viewType": "mine"},
        {"fields": "users(mail)"},
    ]
    for query in wrong:
        answer = google.ask("GET", URL, params={"customer": "my_customer", **query})
        assert refused(answer) == (400, "invalidParameter"), query
    assert refused(google.ask("GET", URL)) == (400, "badRequest")
    assert refused(google.ask("GET", URL, params={"domain": "elsewhere.example"})) == (403, "forbidden")
    assert refused(google.ask("GET", URL, params={"customer": "my_customer", "pageToken": "0"})) == (400, "invalid")
    assert len(google.discovery.violations) == len(wrong) - 1, "a mask of schemas is told of in prose only"


def test_what_a_school_defined_itself_is_in_full_alone_and_nobody_is_deleted(google: Running) -> None:
    one = {"customer": "my_customer", "query": "email=student1@example.org"}
    assert "customSchemas" not in google.ask("GET", URL, params=one).json()["users"][0]
    full = google.ask("GET", URL, params={**one, "projection": "full"}).json()["users"][0]
    assert full["customSchemas"] == {"Student": {"grade": "10", "homeroom": "12"}}
    assert "customSchemas" not in google.ask("GET", f"{URL}/student1@example.org").json()
    assert google.ask("GET", f"{URL}/{full['id']}", params={"projection": "full"}).json() == full
    assert listed(google, showDeleted="true") == []
    assert google.ask("GET", f"{URL}/nosuch@example.org").status_code == 404


def test_a_user_is_found_by_any_of_its_addresses_and_by_its_id(google: Running) -> None:
    other = pupil(2000, aliases=["Maiden@example.org"], nonEditableAliases=["s2000@example.org.test-google-a.com"])
    google.app.tenant.users.put("s2000@example.org", other)
    for key in ("S2000@example.org", "maiden@example.org", "s2000@example.org.test-google-a.com", other["id"]):
        assert google.ask("GET", f"{URL}/{key}").json()["id"] == other["id"]


# -- the adapter --------------------------------------------------------------------------------------------


def test_all_users_come_in_pages_of_five_hundred_that_google_describes(
    google: Running, connect: Callable[..., Google]
) -> None:
    users = {user.id: user for user in connect().users.list()}
    kept = list(google.app.tenant.users.values())
    assert users.keys() == {user["id"] for user in kept}
    for user in kept:
        read = users[user["id"]]
        assert read.primary_email == user["primaryEmail"]
        assert (read.given_name, read.family_name) == (user["name"]["givenName"], user["name"]["familyName"])
        assert (read.suspended, read.archived) == (user.get("suspended", False), user.get("archived", False))
        assert read.org_unit_path == user["orgUnitPath"]
        assert read.organization_ids == tuple(each["value"] for each in user.get("externalIds", ()))
    assert google.server.counts == {("POST", "token"): 1, ("GET", "users.list"): 4}
    assert google.discovery.violations == []


def test_org_units_and_queries_are_searched_for(google: Running, connect: Callable[..., Google]) -> None:
    users = connect().users
    units = ("/Chromebooks", "/chromebooks/high school", "/Staff")
    found = [user.primary_email.partition("@")[0] for user in users.list(org_units=units)]
    assert found == ["s1000", "s1001", "admin", "teacher"]
    exact = users.list(org_units=["/Chromebooks"], include_children=False)
    assert [user.org_unit_path for user in exact] == ["/Chromebooks"]
    assert [user.suspended for user in users.list(org_units=["/Students"], query="isSuspended=true")] == [True]
    assert len(users.list(org_units=["/"])) == 1007
    assert google.discovery.violations == []
    with pytest.raises(ConfigurationError, match="INVALID_OU_ID"):
        users.list(org_units=["/Nowhere"])


def test_the_doctor_sees_somebody_in_each_org_unit_or_names_it(google: Running, tmp_path: Path) -> None:
    google.app.write_credentials(tmp_path, google.server.url)
    credentials = Credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)}, keyring=False)
    options = GoogleOptions(delegated_user=ADMIN, api_root=f"{google.server.url}/")

    def found(*org_units: str, query: str = "") -> dict[str, tuple[str, str]]:
        with ExitStack() as closing:
            means = Means(credentials=credentials, environ={}, clock=VirtualClock(), closing=closing)
            checks = open_checks(options, means)
            probes = chain(checks.probes(), checks.for_users("j", USERS_READ, org_units=org_units, query=query))
            return {each.check: (each.state, each.found) for each in examine(probes) if each.area == "j"}

    assert found() == {
        "google token": ("ok", f"Google gives one for {USERS_READ}"),
        "google users": ("ok", "somebody is found in the tenant"),
    }
    assert found("/Staff", "/Students", query="isAdmin=true")["google users"] == (
        "warning",
        "nobody is found in /Students",
    )
    assert found("/Nowhere")["google users"][0] == "failed"
    google.app.settings.scopes = frozenset()
    assert {name: state for name, (state, _) in found().items()} == {
        "google token": "failed",
        "google users": "skipped",
    }
    assert google.discovery.violations == []


@pytest.mark.parametrize("name", ["quota", "backend_error", "bad_gateway_html", "dropped_connection", "rate_text"])
def test_a_failure_that_passes_is_got_over(google: Running, connect: Callable[..., Google], name: str) -> None:
    google.server.faults.add(msgspec.structs.replace(PRESETS[name], times=1, after=2))
    assert len(connect().users.list()) == 1007
    assert google.server.faults.listing()[0]["used"] == 1


def test_a_page_in_the_middle_that_stays_broken_gives_nothing(google: Running, connect: Callable[..., Google]) -> None:
    google.server.faults.add(Rule(route="users[?].*pageToken=", cut=True))
    with pytest.raises(Unavailable):
        connect(attempts=2).users.list()


def test_the_scope_to_read_users_is_enough_and_no_other_is(google: Running, connect: Callable[..., Google]) -> None:
    google.app.settings.scopes = frozenset({USERS_READ})
    assert len(connect().users.list(query="isAdmin=true")) == 1
    token = google.app.account.issue(ADMIN, frozenset({USERS_READ.replace("user", "orgunit")}))
    assert google.ask("GET", URL, headers={"Authorization": f"Bearer {token}"}).status_code == 403
