"""RT 5's lists: paging, order, fields, totals, and what each user sees of them."""

import pytest

from services.rest2 import Rest2, criterion, ids

ALL = criterion("id", 0, ">")
MORE = 22  # assets that are made, beside the three there are


@pytest.fixture(scope="module", autouse=True)
def _more_assets(rt: Rest2) -> None:
    for number in range(MORE):
        rt.create("asset", Catalog="Chromebooks", Name=f"L-{number:03d}", Owner="s1002", HeldBy=["s1001", "s1002"])
    rt.create("asset", Catalog="Network Gear", Name="A-switch")


def test_a_list_says_twenty_items_unless_asked_and_a_hundred_at_most(rt: Rest2) -> None:
    answer = rt.search("/assets", ALL)
    assert {key: answer[key] for key in ("count", "page", "pages", "per_page", "total")} == {
        "count": 20,
        "page": 1,
        "pages": 2,
        "per_page": 20,
        "total": MORE + 4,
    }
    assert rt.search("/assets", ALL, per_page="500")["per_page"] == 100


@pytest.mark.parametrize("size", ["0", "-1", "abc", "3.5"])
def test_a_size_that_is_no_positive_number_is_twenty(rt: Rest2, size: str) -> None:
    assert rt.search("/assets", ALL, per_page=size)["per_page"] == 20


@pytest.mark.parametrize("page", ["0", "-1", "abc"])
def test_a_page_that_is_no_positive_number_is_the_first(rt: Rest2, page: str) -> None:
    answer = rt.search("/assets", ALL, page=page, per_page="2", orderby="id")
    assert (answer["page"], ids(answer)) == (1, ["1", "2"])


def test_a_page_past_the_end_is_empty_and_names_the_last_one(rt: Rest2) -> None:
    answer = rt.search("/assets", ALL, page="99", per_page="10", orderby="id")
    assert (answer["count"], answer["items"], answer["page"], answer["pages"]) == (0, [], 99, 3)
    assert answer["prev_page"].endswith("&page=3")
    assert "next_page" not in answer


def test_items_are_references_with_text_ids_and_a_single_object_has_a_number(rt: Rest2) -> None:
    items = rt.search("/assets", criterion("id", 1))["items"]
    assert items == [{"type": "asset", "id": "1", "_url": f"{rt.api}/asset/1"}]
    assert rt.get("/asset/1")["id"] == 1


def test_a_list_of_nothing_has_a_float_for_pages(rt: Rest2) -> None:
    answer = rt.search("/assets", criterion("id", 99999))
    assert (answer["total"], answer["count"], answer["pages"]) == (0, 0, 0.0)
    assert isinstance(answer["pages"], float)


def test_no_query_and_an_empty_one_find_no_assets(rt: Rest2) -> None:
    assert rt.get("/assets")["total"] == 0
    assert rt.search("/assets")["total"] == 0


def test_the_next_page_works_however_odd_it_looks(rt: Rest2) -> None:
    first = rt.send("GET", "/assets", params=[("page", "1"), ("query", "id > 0"), ("per_page", "9"), ("orderby", "id")])
    path = first.json()["next_page"].removeprefix(rt.api)
    assert "?=&query=id" in path
    second = rt.get(path)
    assert (second["page"], ids(second)[0]) == (2, "10")


def test_assets_come_by_name_with_capitals_first_unless_an_order_is_asked_for(rt: Rest2) -> None:
    rt.create("asset", Catalog="Chromebooks", Name="a-small")
    by_name = [item["Name"] for item in rt.search("/assets", ALL, fields="Name", per_page="100")["items"]]
    assert by_name == sorted(by_name)
    assert (by_name[0], by_name[-1]) == ("A-switch", "a-small")
    down = rt.search("/assets", ALL, orderby="id", order="DESC", per_page="3")
    assert ids(down) == sorted(ids(down), key=int, reverse=True)


def test_an_unknown_column_to_order_by_leaves_a_total_and_no_items(rt: Rest2) -> None:
    answer = rt.search("/assets", ALL, orderby="Nope")
    assert answer["total"] > 20
    assert answer["items"] == []


def test_two_columns_order_by_turns(rt: Rest2) -> None:
    params = [("orderby", "Status"), ("orderby", "id"), ("order", "ASC"), ("order", "DESC"), ("per_page", "100")]
    answer = rt.send("POST", "/assets", params=params, json=[ALL]).json()
    assert ids(answer)[:3] == ["3", "2", "1"]  # in-use comes before new


def test_a_user_with_rights_on_one_catalog_sees_its_assets_and_no_total(rt: Rest2) -> None:
    answer = rt.search("/assets", ALL, who="rt-catalog", per_page="100", fields="Catalog", orderby="id")
    assert (answer["total"], answer["pages"]) == (None, None)
    assert {item["Catalog"]["id"] for item in answer["items"]} == {"2"}
    short = rt.search("/assets", ALL, who="rt-catalog", per_page="2", orderby="id", page="2")
    assert short["count"] == 2
    assert not {"next_page", "prev_page"} & set(short)


# -- fields


def test_fields_come_with_the_items_and_an_unknown_one_is_empty_text(rt: Rest2) -> None:
    names = "Name,Status,Catalog,Owner,HeldBy,Contact,Description,Nope"
    (item,) = rt.search("/assets", criterion("id", 1), fields=names)["items"]
    nobody = {"type": "user", "id": "Nobody", "_url": f"{rt.api}/user/Nobody"}
    holder = {"type": "user", "id": "s1001", "_url": f"{rt.api}/user/s1001"}
    assert item == {
        "type": "asset",
        "id": "1",
        "_url": f"{rt.api}/asset/1",
        "Name": "W12-0001",
        "Status": "in-use",
        "Catalog": {"type": "catalog", "id": "2", "_url": f"{rt.api}/catalog/2"},
        "Owner": nobody,
        "HeldBy": [holder],
        "Contact": [],
        "Description": "Chromebook 1",
        "Nope": "",
    }


def test_an_id_that_is_asked_for_becomes_a_number(rt: Rest2) -> None:
    (item,) = rt.search("/assets", criterion("id", 1), fields="id")["items"]
    assert item["id"] == 1


def test_of_two_fields_parameters_the_last_counts(rt: Rest2) -> None:
    answer = rt.send("POST", "/assets", params=[("fields", "Name"), ("fields", "Status")], json=[criterion("id", 1)])
    assert {"Name", "Status"} & set(answer.json()["items"][0]) == {"Status"}


def test_custom_fields_come_inline_empty_ones_too(rt: Rest2) -> None:
    (item,) = rt.search("/assets", criterion("id", 1), fields="Name,CustomFields")["items"]
    whole = rt.get("/asset/1")
    by_id = {field["id"]: field for field in item["CustomFields"]}
    assert by_id == {field["id"]: field for field in whole["CustomFields"]}
    assert len(item["CustomFields"]) == 25
    serial = next(field for field in item["CustomFields"] if field["id"] == "2")
    assert serial == {
        "type": "customfield",
        "id": "2",
        "name": "Serial Number",
        "values": ["5CD0000001"],
        "_url": f"{rt.api}/customfield/2",
    }
    assert next(field["values"] for field in item["CustomFields"] if field["name"] == "Location") == []


def test_only_fields_of_the_catalog_are_there(rt: Rest2) -> None:
    (switch,) = rt.search("/assets", criterion("Name", "A-switch"), fields="CustomFields")["items"]
    names = {field["name"] for field in switch["CustomFields"]}
    assert names == {"Serial Number", "MAC Address", "Manufacturer", "Model", "Type", "Funding Source", "Location"}


def test_people_come_inline_with_number_name_and_address(rt: Rest2) -> None:
    wanted = {"fields[Owner]": "id,Name,EmailAddress", "fields[HeldBy]": "id,Name,EmailAddress"}
    (item,) = rt.search("/assets", criterion("Name", "L-000"), fields="Owner,HeldBy", **wanted)["items"]
    users = {name: rt.get(f"/user/{name}")["id"] for name in ("s1001", "s1002")}
    expected = [
        {
            "type": "user",
            "id": number,
            "_url": f"{rt.api}/user/{name}",
            "Name": name,
            "EmailAddress": f"{name}@students.example.test",
        }
        for name, number in users.items()
    ]
    assert item["Owner"] == expected[1]
    assert sorted(item["HeldBy"], key=lambda user: str(user["Name"])) == expected


def test_sub_objects_without_their_field_are_passed_over(rt: Rest2) -> None:
    (item,) = rt.search("/assets", criterion("id", 1), **{"fields[Owner]": "Name"})["items"]
    assert set(item) == {"type", "id", "_url"}


def test_sub_objects_may_be_catalogs_custom_fields_and_fields_of_people(rt: Rest2) -> None:
    wanted = {"fields[Catalog]": "Name", "fields[CustomFields]": "Type,MaxValues", "fields[HeldBy]": "CustomFields"}
    (item,) = rt.search("/assets", criterion("id", 1), fields="Catalog,CustomFields,HeldBy", **wanted)["items"]
    assert item["Catalog"]["Name"] == "Chromebooks"
    assert {f["name"]: (f["Type"], f["MaxValues"]) for f in item["CustomFields"]}["Tags"] == ("Select", "0")
    assert {f["name"]: f["values"] for f in item["HeldBy"][0]["CustomFields"]}["Student ID"] == ["100001"]


def test_a_single_object_is_always_whole_but_may_fill_its_single_references(rt: Rest2) -> None:
    params = [
        ("fields", "Name"),
        ("fields[Catalog]", "Name"),
        ("fields[Creator]", "RealName"),
        ("fields[HeldBy]", "Name"),
    ]
    whole = rt.send("GET", "/asset/4", params=params).json()
    assert whole["Catalog"]["Name"] == "Chromebooks"
    assert whole["Creator"]["RealName"] == "Sync Robot"
    assert all(set(holder) == {"type", "id", "_url"} for holder in whole["HeldBy"])
    assert "Status" in whole


def test_without_the_right_to_see_them_custom_fields_are_empty_text(rt: Rest2) -> None:
    (item,) = rt.search("/assets", criterion("id", 1), who="rt-blind", fields="CustomFields")["items"]
    assert item["CustomFields"] == ""
    assert rt.get("/asset/1", "rt-blind")["CustomFields"] == []


def test_rights_on_a_catalog_show_custom_fields_of_its_assets(rt: Rest2) -> None:
    (item,) = rt.search("/assets", criterion("id", 1), who="rt-catalog", fields="CustomFields")["items"]
    assert len(item["CustomFields"]) == 25
