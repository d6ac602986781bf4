"""RT 5's catalogs and custom fields."""

import pytest

from services.rest2 import Json, Rest2, criterion, ids

LOOKUP = criterion("LookupType", "RT::Catalog-RT::Asset")


def test_catalogs_are_listed_by_name(rt: Rest2) -> None:
    answer = rt.get("/catalogs/all", fields="Name,Lifecycle,Disabled")
    assert [(item["id"], item["Name"]) for item in answer["items"]] == [
        ("2", "Chromebooks"),
        ("1", "General assets"),
        ("3", "Network Gear"),
    ]
    assert {(item["Lifecycle"], item["Disabled"]) for item in answer["items"]} == {("assets", "0")}
    assert rt.get("/catalogs")["total"] == 0
    assert ids(rt.search("/catalogs", criterion("Name", "Chromebooks"))) == ["2"]
    assert rt.search("/catalogs", criterion("Nope", "x"))["total"] == 0


def test_a_user_with_rights_on_one_catalog_sees_that_one(rt: Rest2) -> None:
    answer = rt.get("/catalogs/all", "rt-catalog")
    assert (ids(answer), answer["total"]) == (["2"], None)


def test_a_catalog_is_read_by_id_or_exact_name(rt: Rest2) -> None:
    assert rt.get("/catalog/2")["Name"] == rt.get("/catalog/Chromebooks")["Name"] == "Chromebooks"
    assert rt.get("/catalog/2")["id"] == 2


def test_custom_fields_need_a_query_and_are_all_text(rt: Rest2) -> None:
    assert rt.get("/customfields")["total"] == 0
    fields = "Name,Type,LookupType,MaxValues,Pattern,Disabled,UniqueValues,Values"
    answer = rt.search("/customfields", LOOKUP, fields=fields, per_page="100")
    assert answer["total"] == 25
    serial, battery = answer["items"][0], answer["items"][12]
    assert serial == {
        "type": "customfield",
        "id": "2",
        "_url": f"{rt.api}/customfield/2",
        "Name": "Serial Number",
        "Type": "Freeform",
        "LookupType": "RT::Catalog-RT::Asset",
        "MaxValues": "1",
        "Pattern": "",
        "Disabled": "0",
        "UniqueValues": "0",
        "Values": "",
    }
    assert battery["Pattern"] == r"(?#Digits)^[\d.]*$"
    assert ids(rt.search("/customfields", criterion("Name", "ou"))) == ["11"]
    assert ids(rt.search("/customfields", criterion("Type", "Select"), criterion("id", 8, "<"))) == ["6", "7"]


def test_the_fields_of_a_catalog_are_those_applied_to_it(rt: Rest2) -> None:
    answer = rt.get("/catalog/3/customfields", fields="Name,Type,MaxValues", per_page="100")
    assert [item["Name"] for item in answer["items"]] == [
        "Serial Number",
        "MAC Address",
        "Manufacturer",
        "Model",
        "Type",
        "Funding Source",
        "Location",
    ]
    assert rt.get("/catalog/2/customfields", per_page="100")["total"] == 25
    assert rt.search("/catalog/2/customfields", per_page="100")["total"] == 25
    assert rt.get("/catalog/99/customfields")["total"] == 0


@pytest.mark.parametrize("who", ["rt-catalog", "rt-blind"])
def test_without_the_right_everywhere_definitions_are_hidden(rt: Rest2, who: str) -> None:
    for answer in (rt.search("/customfields", LOOKUP, who=who), rt.get("/catalog/2/customfields", who)):
        assert (answer["items"], answer["total"], answer["pages"]) == ([], None, None)


def test_a_select_has_its_values_and_a_combobox_does_not(rt: Rest2) -> None:
    select = rt.get("/customfield/7")
    assert select["Values"] == ["District", "ESSER", "Grant", "Title I"]
    assert (select["id"], select["Type"], select["EntryHint"]) == (7, "Select", "Select one value")
    assert "Values" not in rt.get("/customfield/4")
    items = rt.get("/customfield/4/values")["items"]
    assert [item["name"] for item in items] == ["Acer", "Dell", "HP", "Lenovo"]
    assert items[0] == {
        "type": "customfieldvalue",
        "id": 1,
        "name": "Acer",
        "_url": f"{rt.api}/customfield/4/value/1",
    }
    assert rt.get("/customfield/3/values")["items"] == []


def test_fields_are_made_even_twice_but_are_applied_nowhere(rt: Rest2) -> None:
    body: Json = {"Name": "New", "Type": "Select", "MaxValues": 1, "LookupType": "RT::Catalog-RT::Asset"}
    first, second = (rt.create("customfield", **body) for _ in range(2))
    assert first != second
    rt.create(f"customfield/{second}/value", Name="v1", SortOrder=1)
    assert rt.get(f"/customfield/{second}")["Values"] == ["v1"]
    assert second not in ids(rt.get("/catalog/2/customfields", per_page="100"))
    # By its name, or by its number in a process of RT that has not read it yet.
    assert rt.put(f"/customfield/{first}", Disabled=1)[0] in (
        "CustomField New: Disabled",
        f"CustomField {first}: Disabled",
    )
    assert rt.send("POST", "/customfield", "rt-readonly", json=body).status_code == 403


def test_a_catalog_is_made_once(rt: Rest2) -> None:
    number = rt.create("catalog", Name="Tablets", Lifecycle="assets")
    assert rt.get(f"/catalog/{number}")["Name"] == "Tablets"
    again = rt.send("POST", "/catalog", json={"Name": "Tablets", "Lifecycle": "assets"})
    assert again.status_code == 400
