"""How RT 5 creates and updates assets: strict the one, piecemeal the other."""

import pytest

from services.rest2 import Json, Rest2, criterion, told


def refusal(rt: Rest2, **fields: object) -> tuple[int, str]:
    answer = rt.send("POST", "/asset", json={"Catalog": "Chromebooks", **fields})
    return answer.status_code, answer.json()["message"]


@pytest.fixture
def asset(rt: Rest2) -> str:
    return rt.create("asset", Catalog=2, Name="W", CustomFields={"Serial Number": "w1"})


# -- create


def test_a_create_answers_a_reference_and_a_location(rt: Rest2) -> None:
    fields = {"Serial Number": "5CD9990100", "Tags": ["Loaner", "Spare"], "type": "chromebook", "5": "G8"}
    body = {"Name": "N1", "Catalog": "Chromebooks", "Status": "ALLOCATED", "Owner": "s1001", "HeldBy": ["s1002"]}
    answer = rt.send("POST", "/asset", json={**body, "CustomFields": fields})
    number = answer.json()["id"]
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"/REST/2.0/asset/{number}")
    assert answer.json() == {"type": "asset", "id": number, "_url": f"{rt.api}/asset/{number}"}
    made = rt.get(f"/asset/{number}")
    assert (made["Status"], made["Owner"]["id"], made["HeldBy"][0]["id"]) == ("allocated", "s1001", "s1002")
    assert rt.values(number) == {
        "Serial Number": ["5CD9990100"],
        "Tags": ["Loaner", "Spare"],
        "Type": ["Chromebook"],
        "Model": ["G8"],
    }


VALUE = "Couldn't add custom field value on create: "


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"Catalog": None}, 400, "Invalid Catalog"),
        ({"Catalog": "chromebooks"}, 403, "Permission Denied"),
        ({"Catalog": "Nope"}, 403, "Permission Denied"),
        ({"Catalog": 99}, 403, "Permission Denied"),
        ({"Name": "12345"}, 400, "Invalid Name (names may not be all digits)"),
        ({"Name": None}, 400, "Asset create failed: Object could not be created"),
        ({"Status": "bogus"}, 400, "Status 'bogus' isn't a valid status for assets."),
        ({"Status": "deleted"}, 400, "New assets cannot have status 'deleted'."),
        ({"CustomFields": {"Nope": "x"}}, 400, f"{VALUE}Custom field Nope not found"),
        ({"Catalog": 3, "CustomFields": {"OU": "x"}}, 400, f"{VALUE}Custom field 11 does not apply to this object"),
        ({"CustomFields": {"Type": "bogus"}}, 400, f"{VALUE}Invalid value for custom field"),
        ({"CustomFields": {"LAN IP": "10.1.2.300"}}, 400, f"{VALUE}Invalid value for custom field"),
        (
            {"CustomFields": {"Battery Cycle Count": "abc"}},
            400,
            f"{VALUE}Could not add a new value to custom field 'Battery Cycle Count': Input must match [Digits]",
        ),
        ({"Owner": "nosuch"}, 400, "Invalid value for Owner"),
        ({"HeldBy": ["nosuch"]}, 400, "Couldn't load user: Couldn't find row"),
    ],
)
def test_a_create_is_refused_whole(rt: Rest2, fields: Json, status: int, message: str) -> None:
    rt.create("asset", Catalog=2)
    newest = rt.search("/assets", criterion("id", 0, ">"), orderby="id", order="DESC", per_page="1")["items"]
    assert refusal(rt, **{"CustomFields": {"Serial Number": "left"}, **fields}) == (status, message)
    again = rt.search("/assets", criterion("id", 0, ">"), orderby="id", order="DESC", per_page="1")["items"]
    assert again == newest
    assert rt.search("/assets", criterion("CF.{2}", "left"))["total"] == 0


def test_a_unique_value_is_taken_whatever_its_case(rt: Rest2) -> None:
    rt.create("asset", Catalog=2, CustomFields={"Google ID (unique)": "U1"})
    sentence = "Could not add a new value to custom field 'Google ID (unique)': 'u1' is not a unique value"
    assert refusal(rt, CustomFields={"Google ID (unique)": "u1"}) == (400, VALUE + sentence)
    other = rt.create("asset", Catalog=2)
    assert rt.put(f"/asset/{other}", CustomFields={"Google ID (unique)": "u1"}) == [sentence]


def test_custom_fields_as_a_list_crash_a_create(rt: Rest2) -> None:
    fields = [{"name": "Serial Number", "values": ["x"]}]
    answer = rt.send("POST", "/asset", json={"Catalog": 2, "CustomFields": fields})
    assert (answer.status_code, answer.content) == (500, b"")


def test_a_name_may_be_missing_taken_or_too_long(rt: Rest2) -> None:
    assert rt.get(f"/asset/{rt.create('asset', Catalog=2)}")["Name"] == ""
    first, second = (rt.create("asset", Catalog=2, Name="twice") for _ in range(2))
    assert first != second
    assert rt.get(f"/asset/{rt.create('asset', Catalog=2, Name='x' * 300)}")["Name"] == "x" * 255
    assert rt.get(f"/asset/{rt.create('asset', Catalog=2, Name='é' * 300)}")["Name"] == "é" * 127


def test_a_holder_with_an_unknown_address_becomes_a_user(rt: Rest2) -> None:
    number = rt.create("asset", Catalog=2, HeldBy=["fresh@example.test"])
    assert rt.get(f"/asset/{number}")["HeldBy"][0]["id"] == "fresh@example.test"
    assert rt.get("/user/fresh@example.test")["EmailAddress"] == "fresh@example.test"
    known = rt.create("asset", Catalog=2, HeldBy=["s1001@students.example.test"], Owner=["s1002"])
    assert rt.get(f"/asset/{known}")["HeldBy"][0]["id"] == "s1001"
    assert rt.get(f"/asset/{known}")["Owner"]["id"] == "s1002"


def test_a_create_takes_nothing_and_numbers_as_they_are(rt: Rest2) -> None:
    nothing: Json = {"Serial Number": None, "MAC Address": "", "Tags": [], "Model": 0}
    number = rt.create("asset", Catalog=2, Owner=None, HeldBy=None, CustomFields=nothing)
    assert rt.values(number) == {"MAC Address": [None], "Model": ["0"]}


# -- update


def test_an_update_says_what_changed_and_nothing_for_what_did_not(rt: Rest2, asset: str) -> None:
    path = f"/asset/{asset}"
    assert told(rt.put(path, Name="X", Description="a")) == [
        "Description changed from (no value) to 'a'",
        "Name changed from 'W' to 'X'",
    ]
    assert rt.put(path, Name="X", Description="a", CustomFields={"Serial Number": "w1"}) == []
    assert told(rt.put(path, Description="b", CustomFields={"Serial Number": "w2"})) == [
        "Description changed from 'a' to 'b'",
        "Serial Number w1 changed to w2",
    ]
    assert told(rt.put(path, Description="")) == ["Description changed from 'b' to (no value)"]


@pytest.mark.parametrize(
    "fields",
    [
        {"Bogus": 1, "id": 9, "Creator": "root"},
        {"Description": {"a": 1}},
        {"Description": ["x"]},
        {"Description": True},
        {"Description": None},
        {"Name": None, "Status": None},
        {"CustomFields": {"Nope": "x"}},
        {"CustomFields": None},
    ],
)
def test_what_cannot_be_written_is_passed_over_in_silence(rt: Rest2, asset: str, fields: Json) -> None:
    before = rt.send("GET", f"/asset/{asset}")
    assert rt.put(f"/asset/{asset}", **fields) == []
    after = rt.send("GET", f"/asset/{asset}")
    assert after.headers["ETag"] == before.headers["ETag"]
    assert after.json()["LastUpdated"] == before.json()["LastUpdated"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"Name": "123"}, "Illegal value for Name"),
        ({"Catalog": "Nope"}, "Catalog Nope does not exist"),
        ({"Status": "bogus"}, "Status 'bogus' isn't a valid status for this asset."),
        ({"Status": ""}, "Status '' isn't a valid status for this asset."),
        ({"Status": "recycled"}, "You can't change status from 'new' to 'recycled'."),
        ({"CustomFields": {"Type": "bogus"}}, "Invalid value for custom field"),
        ({"CustomFields": {"LAN IP": "nope"}}, "Invalid value for custom field"),
    ],
)
def test_a_refused_update_is_200_with_a_sentence(rt: Rest2, asset: str, fields: Json, sentence: str) -> None:
    assert told(rt.put(f"/asset/{asset}", **fields)) == [sentence]


def test_a_good_field_beside_a_bad_one_is_written(rt: Rest2, asset: str) -> None:
    sentences = rt.put(f"/asset/{asset}", CustomFields={"OU": "/Ok", "Battery Cycle Count": "abc"})
    refused = "Could not add a new value to custom field 'Battery Cycle Count': Input must match [Digits]"
    assert sorted(map(str, sentences)) == [refused, "OU /Ok added"]
    assert rt.values(asset)["OU"] == ["/Ok"]


def test_a_crash_leaves_what_came_before_it(rt: Rest2, asset: str) -> None:
    answer = rt.send("PUT", f"/asset/{asset}", json={"Description": "left", "HeldBy": ["nosuch"]})
    assert (answer.status_code, answer.content) == (500, b"")
    assert rt.get(f"/asset/{asset}")["Description"] == "left"


@pytest.mark.parametrize("value", [{"a": 1}, True])
@pytest.mark.parametrize("field", ["MAC Address", "Tags"])
def test_an_object_or_a_boolean_for_a_custom_field_crashes(rt: Rest2, asset: str, field: str, value: object) -> None:
    answer = rt.send("PUT", f"/asset/{asset}", json={"CustomFields": {field: value}})
    assert (answer.status_code, answer.content) == (500, b"")


def test_the_lifecycle_decides_and_its_links_say_what_is_next(rt: Rest2, asset: str) -> None:
    path = f"/asset/{asset}"

    def next_ones() -> set[tuple[str, str]]:
        links = rt.get(path)["_hyperlinks"]
        return {(link["to"], link["label"]) for link in links if link["ref"] == "lifecycle"}

    assert next_ones() == {("allocated", "Allocate"), ("in-use", "Now in-use"), ("stolen", "Report stolen")}
    assert told(rt.put(path, Status="In-Use")) == ["Status changed from 'new' to 'in-use'"]
    assert told(rt.put(path, Status="recycled")) == ["Status changed from 'in-use' to 'recycled'"]
    assert next_ones() == {("allocated", "Allocate")}
    assert told(rt.put(path, Status="deleted")) == ["You can't change status from 'recycled' to 'deleted'."]
    rt.put(path, Status="allocated")
    assert told(rt.put(path, Status="deleted")) == ["Asset deleted"]
    assert told(rt.put(path, Status="new")) == ["You can't change status from 'deleted' to 'new'."]


def test_a_move_hides_fields_that_the_other_catalog_lacks_and_back_shows_them(rt: Rest2, asset: str) -> None:
    rt.put(f"/asset/{asset}", CustomFields={"OU": "/kept"})
    moved = rt.put(f"/asset/{asset}", Catalog="Network Gear")
    assert told(moved) == ["Catalog changed from Chromebooks to Network Gear"]
    assert rt.values(asset) == {"Serial Number": ["w1"]}
    assert rt.put(f"/asset/{asset}", CustomFields={"OU": "/lost"}) == []
    rt.put(f"/asset/{asset}", Catalog={"type": "catalog", "id": "2", "_url": "any"})
    assert rt.values(asset) == {"Serial Number": ["w1"], "OU": ["/kept"]}


def test_query_parameters_of_a_write_count_as_fields(rt: Rest2, asset: str) -> None:
    answer = rt.send("PUT", f"/asset/{asset}", params=[("Description", "from the query")], json={})
    assert told(answer.json()) == ["Description changed from (no value) to 'from the query'"]


def test_without_rights_an_update_is_200_and_denied(rt: Rest2) -> None:
    asset = rt.create("asset", Catalog=2, Name="D", HeldBy=["s1001"], CustomFields={"Tags": ["Loaner"], "Model": "m"})
    path, denied, no_right = f"/asset/{asset}", "Permission Denied", "No permission to modify this asset"
    assert told(rt.put(path, "rt-readonly", Description="x")) == [denied]
    assert told(rt.put(path, "rt-readonly", Status="allocated", Name="y")) == [denied, denied]
    assert rt.put(path, "rt-readonly", CustomFields={"OU": "/x"}) == [
        "Could not add a new value to custom field 'OU': Permission Denied"
    ]
    assert rt.put(path, "rt-readonly", CustomFields={"Model": None}) == [denied]
    assert rt.put(path, "rt-readonly", CustomFields={"Tags": []}) == [denied]
    assert rt.put(path, "rt-readonly", Owner="s1001", HeldBy=["s1002"]) == [no_right] * 3
    assert rt.put(path, "rt-blind", CustomFields={"OU": "/x"}) == []
    assert told(rt.put(path, "rt-catalog", Description="x", Catalog="3")) == [
        denied,
        "Description changed from (no value) to 'x'",
    ]
    assert rt.put(path, "rt-catalog", CustomFields={"OU": "/x"}, Owner="s1001") == ["OU /x added", "Owner set to s1001"]


def test_what_a_user_may_do_shows_in_the_links(rt: Rest2) -> None:
    def refs(path: str, who: str) -> set[str]:
        return {link["ref"] for link in rt.get(path, who)["_hyperlinks"]}

    assert (
        refs("/asset/1", "rt-sync") == refs("/asset/1", "rt-catalog") == {"self", "customfield", "history", "lifecycle"}
    )
    assert refs("/asset/1", "rt-readonly") == {"self", "customfield", "history"}
    assert refs("/asset/1", "rt-blind") == {"self", "history"}
    assert refs("/catalog/2", "rt-sync") == refs("/catalog/2", "rt-catalog") == {"self", "create"}
    assert refs("/catalog/2", "rt-readonly") == {"self"}


# -- roles


def test_an_owner_is_set_by_name_number_address_or_reference(rt: Rest2, asset: str) -> None:
    path, number = f"/asset/{asset}", rt.get("/user/s1002")["id"]
    assert rt.put(path, Owner="s1001") == ["Owner set to s1001"]
    assert rt.put(path, Owner="s1001") == ["s1001 is already Owner"]
    assert rt.put(path, Owner=number) == ["Owner set to s1002"]
    assert rt.put(path, Owner="s1001@students.example.test") == ["Owner set to s1001"]
    reference = {"type": "user", "id": "s1002", "_url": f"{rt.api}/user/s1002"}
    assert rt.put(path, Owner=reference) == ["Owner set to s1002"]
    assert rt.put(path, Owner="Nobody") == ["Owner set to Nobody"]
    assert rt.get(path)["Owner"]["id"] == "Nobody"


def test_an_owner_cannot_be_nothing_or_unknown(rt: Rest2, asset: str) -> None:
    sentence = "One, and only one, of Principal/PrincipalId/User/Group is required"
    nothings: tuple[object, ...] = (None, "", [])
    for nothing in nothings:
        assert rt.put(f"/asset/{asset}", Owner=nothing) == [sentence]
    assert rt.put(f"/asset/{asset}", Owner="nosuch") == ["Could not find or create user 'nosuch'"]


def test_holders_are_replaced_as_a_whole(rt: Rest2, asset: str) -> None:
    path = f"/asset/{asset}"
    assert rt.put(path, HeldBy=["s1001"]) == ["Member added: s1001"]
    assert rt.put(path, HeldBy="s1002") == ["Member added: s1002", "Member deleted"]
    assert rt.put(path, HeldBy=["s1002", "s1001", "s1002"]) == ["s1002 is already Held By", "Member added: s1001"]
    assert {user["id"] for user in rt.get(path)["HeldBy"]} == {"s1001", "s1002"}
    assert rt.put(path, HeldBy=[]) == ["Member deleted"] * 2


@pytest.mark.parametrize("holders", [None, "", ["nosuch"], [99999]])
def test_an_unknown_holder_crashes_an_update(rt: Rest2, asset: str, holders: object) -> None:
    answer = rt.send("PUT", f"/asset/{asset}", json={"HeldBy": holders})
    assert (answer.status_code, answer.content) == (500, b"")
