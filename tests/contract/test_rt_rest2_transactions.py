"""RT 5's transactions as a change feed: what each change leaves, who sees it, and what paging hides."""

import pytest

from services.rest2 import Json, Rest2, criterion, ids

FIELDS = "Type,Field,OldValue,NewValue,ObjectType,ObjectId,Creator"
ASSETS = criterion("ObjectType", "RT::Asset")
PEOPLE = criterion("ObjectType", "RT::User")


def newest(rt: Rest2) -> int:
    found = rt.search("/transactions", criterion("id", 0, ">"), orderby="id", order="DESC", per_page="1")
    return int(found["items"][0]["id"])


def feed(rt: Rest2, since: int, *criteria: Json, who: str = "rt-sync", **params: str) -> list[Json]:
    wanted = {"fields": FIELDS, "orderby": "id", "per_page": "100", **params}
    items: list[Json] = rt.search("/transactions", criterion("id", since, ">"), *criteria, who=who, **wanted)["items"]
    return items


def changes(items: list[Json]) -> list[tuple[str, str, str, str]]:
    return [(item["Type"], item["Field"], item["OldValue"], item["NewValue"]) for item in items]


@pytest.fixture
def asset(rt: Rest2) -> str:
    return rt.create("asset", Catalog=2, Name="T", CustomFields={"Serial Number": "t1"}, HeldBy=["s1001"])


def test_a_create_is_one_line_whatever_it_held(rt: Rest2) -> None:
    last = newest(rt)
    asset = rt.create("asset", Catalog=2, Owner="s1001", HeldBy=["s1002"], CustomFields={"OU": "/x", "Tags": ["Cart"]})
    (line,) = feed(rt, last, ASSETS)
    assert changes([line]) == [("Create", "", "", "")]
    assert (line["ObjectId"], line["ObjectType"], line["Creator"]["id"]) == (asset, "RT::Asset", "rt-sync")


def test_every_change_of_an_asset_is_a_line(rt: Rest2, asset: str) -> None:
    numbers = {name: str(rt.get(f"/user/{name}")["id"]) for name in ("s1001", "s1002", "Nobody")}
    last, path = newest(rt), f"/asset/{asset}"
    for fields in (
        {"Name": "T2"},
        {"Description": "d"},
        {"Status": "in-use"},
        {"Catalog": 3},
        {"Owner": "s1002"},
        {"Owner": "Nobody"},
        {"HeldBy": ["s1002"]},
        {"Contact": ["s1001"]},
        {"CustomFields": {"Serial Number": "t2"}},
        {"CustomFields": {"Serial Number": None}},
        {"CustomFields": {"Serial Number": None}},
    ):
        rt.put(path, **fields)
    items = feed(rt, last, ASSETS)
    assert {item["ObjectId"] for item in items} == {asset}
    assert [int(item["id"]) for item in items] == sorted(int(item["id"]) for item in items)
    assert changes(items) == [
        ("Set", "Name", "T", "T2"),
        ("Set", "Description", "", "d"),
        ("Status", "Status", "new", "in-use"),
        ("Set", "Catalog", "2", "3"),
        ("SetWatcher", "Owner", numbers["Nobody"], numbers["s1002"]),
        ("SetWatcher", "Owner", numbers["s1002"], numbers["Nobody"]),
        ("AddWatcher", "HeldBy", "", numbers["s1002"]),
        ("DelWatcher", "HeldBy", numbers["s1001"], ""),
        ("AddWatcher", "Contact", "", numbers["s1001"]),
        ("CustomField", "2", "t1", "t2"),
        ("CustomField", "2", "t2", ""),
        ("CustomField", "2", "", ""),
    ]


def test_a_delete_shows_in_the_feed_only(rt: Rest2, asset: str) -> None:
    last = newest(rt)
    rt.put(f"/asset/{asset}", Status="deleted")
    assert changes(feed(rt, last, ASSETS)) == [("Status", "Status", "new", "deleted")]
    assert rt.search("/assets", criterion("id", asset))["total"] == 0


def test_changes_of_people_are_their_own(rt: Rest2) -> None:
    rt.create("user", Name="t-person", EmailAddress="t-person@example.test")
    last = newest(rt)
    rt.put("/user/t-person", RealName="R", EmailAddress="t2@example.test", CustomFields={"Grade": "9"})
    rt.put("/user/t-person", Disabled=1)
    rt.put("/user/t-person", Disabled=0)
    assert feed(rt, last, ASSETS) == []
    assert changes(feed(rt, last, PEOPLE)) == [
        ("Set", "EmailAddress", "t-person@example.test", "t2@example.test"),
        ("Set", "RealName", "", "R"),
        ("CustomField", "28", "", "9"),
        ("Disabled", "", "", ""),
        ("Enabled", "", "", ""),
    ]


def test_nothing_new_is_an_empty_page_and_there_is_never_a_total(rt: Rest2) -> None:
    answer = rt.search("/transactions", criterion("id", newest(rt), ">"), ASSETS)
    assert answer == {"count": 0, "total": None, "pages": None, "per_page": 20, "page": 1, "items": []}
    some = rt.search("/transactions", criterion("id", 0, ">"), per_page="2")
    assert (some["count"], some["total"], some["pages"]) == (2, None, None)
    assert "next_page" not in some


def test_the_feed_is_narrowed_by_type_object_and_id(rt: Rest2, asset: str) -> None:
    last = newest(rt)
    rt.put(f"/asset/{asset}", Name="A", Description="B", Status="in-use")
    rt.put("/asset/1", Description=f"after {last}")
    assert len(feed(rt, last, ASSETS, criterion("Type", "Status"))) == 1
    assert len(feed(rt, last, ASSETS, criterion("ObjectId", asset))) == 3
    assert len(feed(rt, last, ASSETS, criterion("Field", "Description"))) == 2
    assert len(feed(rt, last, ASSETS, criterion("Field", ["Description", "Status", "Catalog"], "IN"))) == 3
    wanted = [last + 1, last + 3]
    only = rt.search("/transactions", criterion("id", wanted, "IN"), orderby="id")
    assert ids(only) == [str(number) for number in wanted]
    query = f"ObjectType = 'RT::Asset' AND Type = 'Status' AND id > {last}"
    assert rt.get("/transactions", query=query)["count"] == 1


def test_two_ends_of_an_id_range_are_joined_by_or(rt: Rest2) -> None:
    answer = rt.search("/transactions", criterion("id", 5, ">"), criterion("id", 7, "<"), orderby="id", per_page="3")
    assert int(ids(answer)[0]) < 5


def test_no_query_and_unknown_criteria_find_no_transactions(rt: Rest2) -> None:
    assert rt.get("/transactions")["count"] == 0
    assert rt.search("/transactions")["count"] == 0
    assert rt.search("/transactions", criterion("Nope", "x"))["count"] == 0


@pytest.mark.parametrize(
    ("query", "message"),
    [("garbage", "Incomplete query"), ("id > ", "Incomplete query"), ("Nope = 1", "Unknown field: Nope")],
)
def test_garbage_is_400_here(rt: Rest2, query: str, message: str) -> None:
    answer = rt.send("GET", "/transactions", params=[("query", query)])
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


def test_lines_a_user_may_not_see_leave_holes_and_empty_pages_before_full_ones(rt: Rest2, asset: str) -> None:
    last = newest(rt)
    for number in range(3):
        rt.put(f"/asset/{asset}", CustomFields={"OU": f"/{number}"})
    rt.put(f"/asset/{asset}", Description="seen")
    pages = [feed(rt, last, ASSETS, who="rt-blind", per_page="2", page=str(page)) for page in (1, 2)]
    assert [changes(page) for page in pages] == [[], [("Set", "Description", "", "seen")]]
    assert len(feed(rt, last, ASSETS, who="rt-catalog")) == 4


def test_lines_of_another_catalog_and_of_people_are_left_out(rt: Rest2) -> None:
    last = newest(rt)
    rt.create("asset", Catalog=3)
    rt.create("user", Name="t-unseen")
    assert feed(rt, last, ASSETS, who="rt-catalog") == []
    assert feed(rt, last, PEOPLE, who="rt-readonly") == []
    assert len(feed(rt, last)) >= 2


def test_a_single_line_names_its_object(rt: Rest2, asset: str) -> None:
    rt.put(f"/asset/{asset}", CustomFields={"OU": "/single"})
    number = newest(rt)
    line = rt.get(f"/transaction/{number}")
    assert (line["id"], line["Type"], line["Object"]["id"], line["Field"]["id"]) == (number, "CustomField", asset, "11")
    assert rt.send("GET", f"/transaction/{number}", "rt-blind").status_code == 403


def test_histories_tell_of_one_object(rt: Rest2, asset: str) -> None:
    rt.put(f"/asset/{asset}", Name="H")
    lines = rt.get(f"/asset/{asset}/history", fields=FIELDS, orderby="id")
    assert changes(lines["items"]) == [("Create", "", "", ""), ("Set", "Name", "T", "H")]
    assert (lines["total"], lines["pages"]) == (None, None)
    assert rt.get("/asset/999/history")["items"] == []
    assert changes(rt.get("/user/s1002/history", fields=FIELDS)["items"]) == [("Create", "", "", "")]


def test_last_updated_moves_with_a_change_by_whom_it_was(rt: Rest2) -> None:
    before = rt.get("/asset/1")
    assert before["LastUpdatedBy"]["id"] in {"RT_System", "rt-sync"}
    rt.put("/asset/1", "rt-west", HeldBy=["s1002"])
    after = rt.get("/asset/1")
    assert after["LastUpdated"] >= before["LastUpdated"]
    assert after["LastUpdatedBy"]["id"] == "rt-west"
    found = rt.search("/assets", criterion("LastUpdated", before["LastUpdated"][:10], ">"), per_page="1")
    assert found["total"] >= 1
