"""RT 5's users: reading, searching, making, changing, disabling."""

import time

import pytest

from services.rest2 import Json, Rest2, criterion, ids, told

EVERYBODY = [
    "Nobody",
    "root",
    "rt-blind",
    "rt-catalog",
    "rt-readonly",
    "rt-sync",
    "rt-west",
    "RT_System",
    "s1001",
    "s1002",
]


def wait_a_second() -> None:
    time.sleep(1.05)


def find(rt: Rest2, *criteria: Json, who: str = "rt-sync", **params: str) -> list[str]:
    return ids(rt.search("/users", *criteria, who=who, per_page="100", **params))


def test_all_users_come_by_name_whatever_the_case(rt: Rest2) -> None:
    assert ids(rt.get("/users")) == EVERYBODY
    assert find(rt) == EVERYBODY


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ([criterion("Name", "S1001")], ["s1001"]),
        ([criterion("Name", ["s1001", "S1002"], "IN")], ["s1001", "s1002"]),
        ([criterion("Name", "s10", "LIKE")], ["s1001", "s1002"]),
        ([criterion("EmailAddress", "S1001@students.example.test")], ["s1001"]),
        ([criterion("EmailAddress", "@students.example.test", "ENDSWITH")], ["s1001", "s1002"]),
        ([criterion("RealName", "Ada Student")], ["s1001"]),
        ([criterion("CF.{Student ID}", "100002")], ["s1002"]),
        ([criterion("Name", "nobody-at-all")], []),
    ],
)
def test_users_are_searched_ignoring_case(rt: Rest2, criteria: list[Json], expected: list[str]) -> None:
    assert find(rt, *criteria) == expected


@pytest.mark.parametrize(
    "dropped",
    [
        criterion("id", 1),
        criterion("LastUpdated", "2020-01-01", ">"),
        criterion("Created", "2020-01-01", ">"),
        criterion("CF.{No Such Field}", "x"),
        criterion("Nope", "x"),
        criterion("Name", None),
    ],
)
def test_a_query_with_nothing_left_finds_everybody(rt: Rest2, dropped: Json) -> None:
    assert find(rt, dropped) == EVERYBODY
    assert find(rt, criterion("Name", "s1001"), dropped) == ["s1001"]


def test_who_may_not_administer_users_searches_three_columns(rt: Rest2) -> None:
    assert find(rt, criterion("Name", "s1001"), who="rt-readonly") == ["s1001"]
    assert find(rt, criterion("City", "x"), who="rt-readonly") == EVERYBODY
    assert find(rt, criterion("City", "x")) == []


def test_anything_but_json_finds_everybody(rt: Rest2) -> None:
    assert ids(rt.get("/users", query="Name = 's1001'")) == EVERYBODY
    answer = rt.send("POST", "/users", data={"query": '[{"field":"Name","value":"s1001"}]'})
    assert ids(answer.json()) == EVERYBODY


def test_a_user_is_read_by_name_or_number(rt: Rest2) -> None:
    user = rt.get("/user/S1001")
    assert (user["Name"], user["EmailAddress"], user["Disabled"], user["Privileged"]) == (
        "s1001",
        "s1001@students.example.test",
        "0",
        0,
    )
    assert {f["name"]: f["values"] for f in user["CustomFields"]} == {
        "Student ID": ["100001"],
        "Grade": ["7"],
        "Graduation Year": ["2031"],
        "School": [],
    }
    assert rt.get(f"/user/{user['id']}")["Name"] == "s1001"


def test_without_the_right_to_administer_users_little_is_shown(rt: Rest2) -> None:
    assert set(rt.get("/user/s1001", "rt-readonly")) == {
        "Name",
        "EmailAddress",
        "RealName",
        "Privileged",
        "_hyperlinks",
    }
    assert "CustomFields" in rt.get("/user/rt-readonly", "rt-readonly")


def test_lists_do_not_tell_who_is_disabled(rt: Rest2) -> None:
    (item,) = rt.search("/users", criterion("Name", "s1001"), fields="id,Name,EmailAddress,Disabled,Privileged")[
        "items"
    ]
    assert item["EmailAddress"] == "s1001@students.example.test"
    assert isinstance(item["id"], int)
    assert (item["Disabled"], item["Privileged"]) == ("", "")


def test_lists_are_in_no_order_by_disabled_and_tell_how_many_they_have(rt: Rest2) -> None:
    rt.create("user", Name="d1", Disabled=1)
    name = criterion("Name", ["s1001", "d1"], "IN")
    assert (rt.search("/users", name)["total"], rt.search("/users", name, find_disabled_rows="1")["total"]) == (1, 2)
    assert (ids(rt.search("/users", name, orderby="Disabled")), rt.search("/users", name)["total"]) == ([], 1)
    assert rt.search("/users", name, find_disabled_rows="0")["total"] == 1
    rt.send("PUT", "/user/d1", json={"Name": "gone-d1"})


def test_users_can_be_listed_by_when_they_changed_last(rt: Rest2) -> None:
    rt.create("user", Name="u0")
    wait_a_second()
    for change in (
        {"CustomFields": {"Grade": "1"}},
        {"Disabled": 1},
        {"Disabled": 0},
        {"Privileged": 1},
        {"Lang": "de"},
    ):
        before = rt.get("/user/u0")["LastUpdated"]
        wait_a_second()
        assert rt.put("/user/u0", **change) != []
        assert rt.get("/user/u0")["LastUpdated"] > before
        listed = rt.search(
            "/users",
            fields="id,Name,LastUpdated",
            orderby="LastUpdated",
            order="DESC",
            per_page="1",
            find_disabled_rows="1",
        )
        assert listed["items"][0]["Name"] == "u0"
    rt.put("/user/u0", Privileged=0, Name="gone-u0")


def test_a_user_whose_name_has_a_line_break_is_listed_without_anything(rt: Rest2) -> None:
    assert rt.send("POST", "/user", json={"Name": "two\nlines"}).status_code == 500
    made = rt.search("/transactions", criterion("Type", "Create"), fields="ObjectId", orderby="id", order="DESC")
    number = made["items"][0]["ObjectId"]
    listed = rt.search("/users", criterion("Name", "two", "STARTSWITH"), fields="id,Name")
    assert (listed["items"], listed["count"], listed["total"]) == ([None], 1, 1)
    assert rt.get(f"/user/{number}")["Name"] == "two\nlines"
    rt.put(f"/user/{number}", Name="gone-lines")


def test_the_group_of_the_privileged_has_all_of_them_by_name(rt: Rest2) -> None:
    rt.create("user", Name="p1", Privileged=1, Disabled=1)
    rt.create("user", Name="555001", Privileged=1)
    query = [criterion("Domain", "SystemInternal"), criterion("Name", "Privileged")]
    found = rt.search("/groups", *query, fields="id,Name,Domain")
    assert [(item["Name"], item["Domain"], item["type"]) for item in found["items"]] == [
        ("Privileged", "SystemInternal", "group")
    ]
    number = found["items"][0]["id"]
    members = [member["id"] for member in rt.get(f"/group/{number}")["Members"]]
    assert {"root", "rt-sync", "rt-readonly", "p1", "555001"} <= set(members)
    assert not {"s1001", "Nobody", "RT_System"} & set(members)
    assert rt.search("/groups", *query, who="rt-readonly", fields="Name")["total"] is None
    assert rt.search("/groups", *query, who="rt-readonly")["items"] == []
    assert rt.send("GET", f"/group/{number}", "rt-readonly").status_code == 403
    assert rt.send("GET", "/group/999999").status_code == 404
    assert rt.search("/groups", criterion("Domain", "SystemInternal"))["total"] == 3
    rt.send("PUT", "/user/p1", json={"Name": "gone-p1"})


def test_members_of_a_made_group_are_added_once_and_told_by_name(rt: Rest2) -> None:
    number = rt.create("group", "root", Name="Technicians")
    one, two = (str(rt.get(f"/user/{name}")["id"]) for name in ("s1001", "s1002"))
    path = f"/group/{number}/members"
    assert rt.send("PUT", path, "root", json=[one]).json() == ["Member added: s1001"]
    again = rt.send("PUT", path, "root", json=[two, one]).json()
    assert again == ["Member added: s1002", "Group already has member: s1001"]
    assert [member["id"] for member in rt.get(f"/group/{number}")["Members"]] == ["s1001", "s1002"]


def test_a_reference_lacks_the_organization_at_the_start_of_a_name(rt: Rest2) -> None:
    answer = rt.send("POST", "/user", json={"Name": "rt.test-foo", "Privileged": 1})
    assert answer.json()["id"] == "foo"
    (item,) = rt.search("/users", criterion("Name", "rt.test-foo"), fields="id,Name")["items"]
    assert (item["Name"], item["_url"].rpartition("/")[2]) == ("rt.test-foo", "foo")
    assert "foo" in [member["id"] for member in rt.get("/group/4")["Members"]]


def test_a_user_is_made_and_answers_by_name(rt: Rest2) -> None:
    body = {"Name": "u1", "EmailAddress": "u1@example.test", "RealName": "U", "CustomFields": {"Student ID": "7"}}
    answer = rt.send("POST", "/user", json=body)
    assert (answer.status_code, answer.json()["id"]) == (201, "u1")
    number = answer.headers["Location"].rpartition("/")[2]
    user = rt.get(f"/user/{number}")
    assert (user["Name"], user["Disabled"], user["Privileged"], str(user["id"])) == ("u1", "0", 0, number)
    assert {f["name"]: f["values"] for f in user["CustomFields"]}["Student ID"] == ["7"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Name": "S1001"}, "Name in use"),
        ({"Name": "u2", "EmailAddress": "S1001@students.example.test"}, "Email address in use"),
        ({"RealName": "x"}, "Must specify 'Name' attribute"),
        ({"Name": "u2", "EmailAddress": "not an address"}, "Invalid syntax for email address"),
        ({"Name": "u2", "Password": "abc"}, "Password needs to be at least 5 characters long"),
    ],
)
def test_a_user_that_cannot_be_is_400(rt: Rest2, body: Json, message: str) -> None:
    answer = rt.send("POST", "/user", json=body)
    assert (answer.status_code, answer.json()) == (400, {"message": message})
    assert rt.send("GET", "/user/u2").status_code == 404


def test_bad_custom_field_values_of_a_new_user_are_lost_in_silence(rt: Rest2) -> None:
    rt.create("user", Name="u3", CustomFields={"Nope": "x", "School": "bogus", "Grade": "9"})
    fields = rt.get("/user/u3")["CustomFields"]
    assert {f["name"]: f["values"] for f in fields if f["values"]} == {"Grade": ["9"]}


def test_an_address_alone_makes_a_user_of_that_name_and_flags_count(rt: Rest2) -> None:
    assert rt.create("user", EmailAddress="only@example.test") == "only@example.test"
    rt.create("user", Name="u4", Privileged=1, Disabled=1)
    user = rt.get("/user/u4")
    assert (int(user["Disabled"]), user["Privileged"]) == (1, 1)


def test_a_name_of_digits_cannot_be_asked_for(rt: Rest2) -> None:
    answer = rt.send("POST", "/user", json={"Name": "99999"})
    assert rt.send("GET", "/user/99999").status_code == 404
    assert rt.get(f"/user/{answer.headers['Location'].rpartition('/')[2]}")["Name"] == "99999"


def test_a_name_of_digits_is_taken_for_a_number(rt: Rest2) -> None:
    rt.create("user", Name="99000")
    number = rt.get("/user/s1002")["id"]
    answers = [rt.send("POST", "/user", json={"Name": name}) for name in (str(number), "99000")]
    assert [(answer.status_code, answer.json()["message"]) for answer in answers] == [
        (400, "Name in use"),
        (400, "Could not create user"),
    ]
    assert told(rt.put("/user/s1001", Name=str(number))) == ["Name in use"]
    assert told(rt.put("/user/s1001", Name="99000")) == ["Name could not be set to 99000."]
    assert told(rt.put("/user/s1001", Name="")) == ["empty name"]
    assert rt.get("/user/s1001")["Name"] == "s1001"


def test_columns_keep_so_many_octets(rt: Rest2) -> None:
    long = {
        "RealName": "é" * 99,
        "NickName": "x" * 99,
        "Organization": " " + "😀" * 99,
        "City": "c" * 101,
        "Zip": "z" * 17,
    }
    rt.create("user", Name="n" * 201, **long)
    whole = rt.get(f"/user/{'n' * 200}")
    assert [len(whole[column]) for column in long] == [60, 16, 50, 100, 16]
    assert rt.send("POST", "/user", json={"Name": "n" * 202}).json() == {"message": "Could not create user"}
    fields = ",".join(long)
    (item,) = rt.search("/users", criterion("Name", "n" * 200), fields=fields)["items"]
    assert {column: item[column] for column in long} == {column: whole[column] for column in long}
    rt.put(f"/user/{'n' * 200}", Name="gone-n")


def test_rts_own_users_are_disabled_but_not_changed(rt: Rest2) -> None:
    assert told(rt.put("/user/1", RealName="x")) == ["Can not modify system users"]
    assert rt.put("/user/Nobody", Disabled=1) == ["User disabled"]
    assert rt.put("/user/Nobody", Disabled=0) == ["User enabled"]


def test_a_user_is_changed_with_sentences(rt: Rest2) -> None:
    rt.create("user", Name="u5", EmailAddress="u5@example.test", RealName="A")
    path = "/user/u5"
    assert told(rt.put(path, RealName="B", CustomFields={"Grade": "9"})) == [
        "RealName changed from 'A' to 'B'",
        "Grade 9 added",
    ]
    assert told(rt.put(path, RealName="B", CustomFields={"Grade": "10"})) == ["Grade 9 changed to 10"]
    assert rt.put(path, RealName="B", Nope=1, EmailAddress=None) == []
    assert told(rt.put(path, EmailAddress="s1001@students.example.test")) == ["Email address in use"]
    assert told(rt.put(path, Name="s1001")) == ["Name in use"]
    assert told(rt.put(path, EmailAddress="")) == ["EmailAddress changed from 'u5@example.test' to (no value)"]
    assert told(rt.put(path, Timezone="America/New_York")) == ["Timezone changed from (no value) to 'America/New_York'"]
    assert rt.put(path, CustomFields={"School": "bogus", "Nope": "x"}) == ["Invalid value for custom field"]
    assert told(rt.put(path, "rt-readonly", RealName="Q")) == ["Permission Denied"]
    assert told(rt.put(path, Name="u5b")) == ["Name changed from 'u5' to 'u5b'"]
    assert rt.send("PUT", path, json={"RealName": "C"}).status_code == 404


def test_a_user_is_disabled_by_numbers_only_and_hides_from_searches(rt: Rest2) -> None:
    rt.create("user", Name="u6")
    path, name = "/user/u6", criterion("Name", "u6")
    for word in (True, "true", "false"):
        assert rt.put(path, Disabled=word) == []
    assert rt.put(path, Disabled=1) == ["User disabled"]
    assert rt.put(path, Disabled="1") == ["That is already the current value"]
    assert find(rt, name) == []
    assert find(rt, name, find_disabled_rows="1") == ["u6"]
    assert int(rt.get(path)["Disabled"]) == 1
    assert rt.put(path, Disabled=0) == ["User enabled"]
    assert rt.put(path, Privileged=1) == ["That user is now privileged"]
    assert rt.send("DELETE", path).status_code == 204
    assert int(rt.get(path)["Disabled"]) == 1
    assert rt.send("DELETE", path, "rt-readonly").status_code == 500


def test_a_disabled_user_may_own_and_hold(rt: Rest2) -> None:
    rt.create("user", Name="u7", Disabled=1)
    assert "Owner set to u7" in rt.put("/asset/1", Owner="u7", HeldBy=["u7"])
    assert rt.get("/asset/1")["HeldBy"][0]["id"] == "u7"
