from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
import pytest

from syncd.host.errors import ConfigurationError, NotPermitted, Unavailable
from syncd.host.http import Reply, Request
from syncd.systems.google.users import DirectoryUser, DirectoryUsers
from unit.google.asking import connected, error
from unit.http_server import Answer, Script, Seen, Stub, json_answer
from unit.virtual_clock import VirtualClock


@contextmanager
def asking(script: Script) -> Iterator[tuple[DirectoryUsers, Stub]]:
    clock = VirtualClock()
    with connected(script, clock) as (client, stub):
        yield DirectoryUsers(client, "C0synth01", clock=clock), stub


def user(number: int, **fields: object) -> dict[str, object]:
    return {"id": f"{number}", "primaryEmail": f"u{number:05}@example.org", "orgUnitPath": "/Students", **fields}


def page(numbers: Sequence[int], token: str = "") -> Answer:
    body: dict[str, object] = {"kind": "x", "etag": '"e"'}
    if numbers:
        body["users"] = [user(number) for number in numbers]
    return json_answer(body | ({"nextPageToken": token} if token else {}))


def ids(users: Sequence[DirectoryUser]) -> list[str]:
    return [found.id for found in users]


def asked(stub: Stub) -> list[Seen]:
    """Return the requests for pages, without those for the last user."""
    return [seen for seen in stub.seen if "sortOrder" not in seen.query]


def test_a_list_is_all_pages_in_order_with_a_mask_and_ends_with_the_last_user() -> None:
    told: list[tuple[str, int, int | None]] = []
    with asking([page([3]), page([1, 2], "t1"), page([3], "t2"), page([])]) as (users, stub):
        found = users.list(progress=lambda *said: told.append(said))
    assert ids(found) == ["1", "2", "3"]
    last, *pages = stub.seen
    assert {seen.path for seen in stub.seen} == {"/admin/directory/v1/users"}
    assert last.query == {
        "customer": "C0synth01",
        "fields": "users(id,primaryEmail)",
        "maxResults": "1",
        "orderBy": "email",
        "prettyPrint": "false",
        "projection": "basic",
        "sortOrder": "DESCENDING",
    }
    assert [seen.query.get("pageToken") for seen in pages] == [None, "t1", "t2"]
    assert pages[0].query == {
        "customer": "C0synth01",
        "fields": "nextPageToken,users(archived,externalIds,id,name(familyName,givenName),orgUnitPath,primaryEmail,"
        "suspended)",
        "maxResults": "500",
        "orderBy": "email",
        "prettyPrint": "false",
        "projection": "basic",
    }
    assert told == [("Google users", 2, None), ("Google users", 3, None), ("Google users", 3, None)]


@pytest.mark.parametrize("body", [b"{}", b'{"kind": "admin#directory#users"}', b'{"users": []}'])
def test_a_customer_without_users_is_an_empty_list(body: bytes) -> None:
    with asking([Answer(body=body)]) as (users, _):
        assert users.list() == []


def test_a_user_is_read_whole_and_absent_fields_are_empty() -> None:
    whole = user(
        1,
        name={"givenName": "José", "familyName": "Ñúñez", "fullName": "José Ñúñez"},
        suspended=True,
        archived=True,
        externalIds=[
            {"type": "organization", "value": " 000123 "},
            {"type": "custom", "customType": "lunch", "value": "9"},
            {"type": "organization", "value": ""},
            {"type": "Organization", "value": "000123"},
        ],
        unknownField={"x": 1},
    )
    bare = {"id": "2", "primaryEmail": "b@example.org"}
    with asking([json_answer({"users": [bare]}), json_answer({"users": [whole, bare]})]) as (users, _):
        one, other = users.list()
    assert (one.given_name, one.family_name, one.primary_email) == ("José", "Ñúñez", "u00001@example.org")
    assert (one.suspended, one.archived, one.organization_ids) == (True, True, ("000123",))
    assert other == DirectoryUser(id="2", primary_email="b@example.org")
    assert other.organization_ids == ()


def test_numbers_that_are_no_text_and_several_different_ones_are_all_told() -> None:
    numbers = [{"type": "organization", "value": 17}, {"type": "organization", "value": "18"}]
    with asking([json_answer({"users": [user(1, externalIds=numbers)]})]) as (users, _):
        assert users.list()[0].organization_ids == ("17", "18")


def test_org_units_are_searched_once_each_with_their_children() -> None:
    places = {"/A": ["/A", "/a/Sub", "/Gone"], "/B's": ["/B's"]}

    def answer(seen: Seen) -> Answer:
        place = next(path for path in places if path.replace("'", "\\'") in seen.query["query"])
        found = [user(n + 10 * len(place), orgUnitPath=path) for n, path in enumerate(places[place])]
        return json_answer({"users": found[::-1] if "sortOrder" in seen.query else found})

    with asking(answer) as (users, stub):
        found = users.list(org_units=["/A/", "/a/Sub", "B's"], query="isSuspended=false")
    assert [each.org_unit_path for each in found] == ["/A", "/a/Sub", "/B's"]
    queries = [seen.query["query"] for seen in asked(stub)]
    assert queries == ["orgUnitPath='/A' isSuspended=false", "orgUnitPath='/B\\'s' isSuspended=false"]


def test_children_are_left_out_by_their_paths() -> None:
    paths = ["/A", "/A/Sub", "/A/Sub/Deep", "/AB"]
    listed = json_answer({"users": [user(n, orgUnitPath=path) for n, path in enumerate(paths)]})
    with asking([listed]) as (users, stub):
        assert ids(users.list(org_units=["/A", "/a/sub/deep"], include_children=False)) == ["0", "2"]
    assert [seen.query["query"] for seen in asked(stub)] == ["orgUnitPath='/A'"]


@pytest.mark.parametrize(("children", "found"), [(True, ["0", "1"]), (False, ["0"])])
def test_the_root_is_everybody_or_those_right_below_it(children: bool, found: list[str]) -> None:  # noqa: FBT001
    listed = json_answer({"users": [user(0, orgUnitPath="/"), user(1, orgUnitPath="/A")]})
    with asking([listed]) as (users, stub):
        assert ids(users.list(org_units=["/", "/A"], include_children=True)) == ["0", "1"]
        assert ids(users.list(org_units=["/"], include_children=children)) == found
    assert all("query" not in seen.query for seen in stub.seen)


def test_an_org_unit_by_its_id_is_refused_before_anything_is_asked() -> None:
    with asking([page([1])]) as (users, stub):
        with pytest.raises(ConfigurationError, match="write the path of id:03x"):
            users.list(org_units=["/A", "id:03x"])
        assert stub.seen == []


@pytest.mark.parametrize(
    "bad",
    [
        Answer(body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        Answer(body=b'{"users": [{"id": "9", "primaryEm'),
        Answer(body=b""),
        Answer(body=b"[]"),
        json_answer({"users": [{"primaryEmail": "no-id@example.org"}]}),
        json_answer({"users": [{"id": "no address"}]}),
        json_answer({"error": {"code": 500}}),
        page([1]),
        page([8, 8]),
        page([9], "t1"),
        page([3, 4]),
    ],
    ids=[
        "a web page",
        "half a page",
        "nothing",
        "a list",
        "user without id",
        "user without address",
        "error in 200",
        "user of an earlier page",
        "user twice on a page",
        "repeated token",
        "last user missing",
    ],
)
def test_a_list_that_is_not_whole_gives_nothing(bad: Answer) -> None:
    with asking([page([5]), page([1, 2], "t1"), bad]) as (users, stub):
        with pytest.raises(Unavailable) as caught:
            users.list()
        assert len(stub.seen) == 3
    assert (caught.value.code, caught.value.exit_status) == ("google.incomplete", 75)
    assert caught.value.operation == "list users"
    assert "@" not in caught.value.sentence


def test_a_list_that_is_empty_though_somebody_is_last_gives_nothing() -> None:
    with asking([page([5]), page([])]) as (users, _), pytest.raises(Unavailable, match="ended early: 0 users"):
        users.list()


def test_a_page_token_refused_for_good_starts_the_list_again() -> None:
    refused = error(400, "invalid", "Invalid Input: t1")
    script = [page([3]), page([1], "t1"), *[refused] * 3, page([1, 2], "t1"), page([3])]
    with asking(script) as (users, stub):
        assert ids(users.list()) == ["1", "2", "3"]
        assert len(stub.seen) == len(script)


def test_pages_become_smaller_when_google_allows_fewer() -> None:
    refused = error(400, "invalidParameter", "Invalid value '500'. Values must be within the range: [1, 250]")
    with asking([page([2]), refused, page([1], "t"), page([2])]) as (users, stub):
        assert ids(users.list()) == ["1", "2"]
    assert [seen.query["maxResults"] for seen in stub.seen] == ["1", "500", "250", "250"]


def test_a_query_that_google_rejects_is_quoted_as_it_was_sent() -> None:
    with (
        asking([error(400, "invalid", "Invalid Input: INVALID_OU_ID")]) as (users, _),
        pytest.raises(ConfigurationError, match=r"query \"orgUnitPath='/Nowhere'\""),
    ):
        users.list(org_units=["/Nowhere"])


def test_a_refused_administrator_is_told_which_role_is_missing() -> None:
    with (
        asking([error(403, "forbidden", "Not Authorized to access this resource/api")]) as (users, _),
        pytest.raises(NotPermitted, match="an admin role that covers users"),
    ):
        users.list()


def test_org_units_in_which_nobody_is_found_are_named_with_one_request_each() -> None:
    def answer(seen: Seen) -> Answer:
        return page([1] if seen.query.get("query") in (None, "orgUnitPath='/A' x") else [])

    with asking(answer) as (users, stub):
        assert users.nobody_in(org_units=["/A/", "B"], query="x") == ["/B"]
        assert users.nobody_in() == []
        assert users.nobody_in(query="y") == ["/"]
    assert len(stub.seen) == 4
    assert {seen.query["maxResults"] for seen in stub.seen} == {"1"}


class Pages:
    """A client that answers with synthetic pages, without a network."""

    def __init__(self, users: int) -> None:
        self.requests = 0
        self._users = users

    def send(self, request: Request) -> Reply:
        self.requests += 1
        params = dict(request.params)
        if "sortOrder" in params:
            return Reply(200, {}, msgspec.json.encode({"users": [user(self._users - 1)]}), 1)
        first = int(params.get("pageToken", "0"))
        last = min(first + int(params["maxResults"]), self._users)
        body: dict[str, object] = {"users": [user(number) for number in range(first, last)]}
        return Reply(
            200, {}, msgspec.json.encode(body | ({"nextPageToken": str(last)} if last < self._users else {})), 1
        )


def test_ten_thousand_users_take_twenty_one_requests_and_share_their_org_unit() -> None:
    client = Pages(10_000)
    found = DirectoryUsers(client, "my_customer").list()  # type: ignore[arg-type]
    assert (len(found), client.requests) == (10_000, 21)
    assert len({id(each.org_unit_path) for each in found}) == 1
