"""RT 5's queries: what they find, and how much more than was asked for."""

import pytest

from services.rest2 import Json, Rest2, criterion, ids

ALL = criterion("id", 0, ">")
LOOKUP = "RT::Catalog-RT::Asset"
SERIAL = "CF.{Serial Number}"


@pytest.fixture(scope="module", autouse=True)
def _assets(rt: Rest2) -> None:
    """Assets 4 to 6: one in the other catalog, one whose MAC is RT's stored empty value, one deleted."""
    rt.create("asset", Catalog=3, Name="switch", CustomFields={"Serial Number": "NG0001"})
    rt.create("asset", Catalog=2, Name="blank", CustomFields={"MAC Address": "", "Tags": ["Loaner", "Spare"]})
    gone = rt.create("asset", Catalog=2, Name="gone", CustomFields={"Serial Number": "5CD9999999"})
    rt.put(f"/asset/{gone}", Status="deleted")


def find(rt: Rest2, *criteria: Json, who: str = "rt-sync") -> list[str]:
    return ids(rt.search("/assets", *criteria, who=who, orderby="id", per_page="100"))


def sql(rt: Rest2, query: str, who: str = "rt-sync") -> list[str]:
    return ids(rt.get("/assets", who, query=query, orderby="id", per_page="100"))


EVERY = ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ([ALL], EVERY),
        ([criterion("Catalog", "2")], ["1", "2", "3", "5"]),
        ([criterion("Catalog", 3)], ["4"]),
        ([criterion("Catalog", "Chromebooks")], []),
        ([criterion("Name", "W12-0001")], ["1"]),
        ([criterion("Name", "w12-0001")], []),
        ([criterion("Name", "w12", "LIKE")], ["1", "2", "3"]),
        ([criterion("Name", "W%2", "LIKE")], ["1", "2", "3"]),
        ([criterion("Name", "W12", "STARTSWITH")], ["1", "2", "3"]),
        ([criterion("Name", "0002", "endswith")], ["2"]),
        ([criterion("Name", ["W12-0001", "switch", "no"], "IN")], ["1", "4"]),
        ([criterion("Description", "Chromebook 1")], ["1"]),
        ([criterion("Status", "in-use", "!=")], ["4", "5"]),
        ([criterion("id", [1, "3", 99999], "IN")], ["1", "3"]),
        ([criterion("id", [1, 2, 3, 4], "NOT IN")], ["5"]),
        ([criterion("id", [], "IN")], []),
        ([criterion("id", "1,2", "IN")], []),
        ([criterion("id", "abc")], []),
        ([criterion("id", 1, "WAT")], []),
        ([criterion("Creator", 1)], ["1", "2", "3"]),
        ([criterion("Creator", "RT_System")], []),
    ],
)
def test_columns_are_searched(rt: Rest2, criteria: list[Json], expected: list[str]) -> None:
    assert find(rt, *criteria) == expected


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ([criterion(SERIAL, "5CD0000001")], ["1"]),
        ([criterion(SERIAL, "5cd0000001")], ["1"]),
        ([criterion("CF.{2}", "5CD0000001")], ["1"]),
        ([criterion("CustomField.{Serial Number}", "5CD0000001")], ["1"]),
        ([criterion("cf.{serial number}", "5CD0000001")], ["1"]),
        ([criterion("CF.{2}", ["5CD0000001", "5cd0000003", "no"], "IN")], ["1", "3"]),
        ([criterion("CF.{2}", "5CD", "LIKE")], ["1", "2", "3"]),
        ([criterion("CF.{2}", "5CD", "NOT LIKE")], ["4", "5"]),
        ([criterion("CF.{2}", "5CD0000001", "!=")], ["2", "3", "4", "5"]),
        ([criterion("CF.{2}", "0002", "ENDSWITH")], ["2"]),
        ([criterion("CF.{2}", "5CD0000002", "<")], ["1"]),
        ([criterion("CF.{2}", "NULL", "IS")], ["5"]),
        ([criterion("CF.{2}", "NULL", "IS NOT")], ["1", "2", "3", "4"]),
        ([criterion("CF.{MAC Address}", "NULL", "IS NOT")], ["5"]),
        ([criterion("CF.{2}", "")], []),
        ([criterion("CF.{2}", [], "IN")], []),
        ([criterion("CF.{2}", ["5CD0000001"])], []),
        ([criterion("CF.{Tags}", "spare")], ["5"]),
    ],
)
def test_custom_fields_are_searched_by_name_or_id(rt: Rest2, criteria: list[Json], expected: list[str]) -> None:
    assert find(rt, *criteria) == expected


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ([criterion("id", 1), criterion("id", 2)], ["1", "2"]),
        ([criterion("Name", "W12-0001"), criterion("Name", "switch")], ["1", "4"]),
        ([criterion("CF.{2}", "5CD0000001"), criterion("CF.{2}", "NG0001")], ["1", "4"]),
        ([criterion("Name", "W12", "LIKE"), criterion("id", 2)], ["2"]),
        ([criterion("CF.{2}", "5CD", "LIKE"), criterion("CF.{Model}", "HP", "LIKE")], ["1", "2", "3"]),
        ([criterion("Catalog", 2), criterion("CF.{2}", "NG0001")], []),
        # A range needs an aggregator: without one the two ends are joined by OR.
        ([criterion("id", 1, ">"), criterion("id", 4, "<")], EVERY),
        ([criterion("id", 1, ">"), criterion("id", 4, "<", entry_aggregator="AND")], ["2", "3"]),
        ([criterion("id", 1, ">", entry_aggregator="AND"), criterion("id", 4, "<")], EVERY),
    ],
)
def test_criteria_on_one_field_join_by_or_and_fields_by_and(
    rt: Rest2, criteria: list[Json], expected: list[str]
) -> None:
    assert find(rt, *criteria) == expected


@pytest.mark.parametrize(
    "dropped",
    [
        criterion("Owner", "s1001"),
        criterion("HeldBy", "s1001"),
        criterion("CF.{No Such Field}", "x"),
        criterion("CF.{}", "x"),
        criterion("CF.2", "x"),
        criterion("CF.Serial Number", "x"),
        criterion("name", "W12-0001"),
        criterion("Bogus", "x"),
        criterion("CF.{2}", None),
        {"field": "id"},
        {"value": 1},
    ],
)
def test_what_rt_does_not_understand_it_drops_and_finds_more(rt: Rest2, dropped: Json) -> None:
    assert find(rt, dropped) == []
    assert find(rt, criterion("Catalog", 3), dropped) == ["4"]


def test_times_compare_as_utc_text(rt: Rest2) -> None:
    before, after = "2020-01-01 00:00:00", "2999-01-01 00:00:00"
    assert find(rt, criterion("LastUpdated", before, ">")) == EVERY
    assert find(rt, criterion("LastUpdated", after, ">")) == []
    stamp = rt.get("/asset/1")["LastUpdated"]
    assert "1" not in find(rt, criterion("LastUpdated", f"{stamp[:10]}T00:00:00Z", ">"))  # T is beyond the blank
    assert "1" in find(rt, criterion("LastUpdated", f"{stamp[:10]} 00:00:00", ">"))


def test_the_newer_of_two_fields_with_one_name_hides_the_older_from_queries_by_name(rt: Rest2) -> None:
    number = rt.create("customfield", Name="Serial Number", Type="Freeform", MaxValues=1, LookupType=LOOKUP)
    try:
        assert find(rt, criterion(SERIAL, "5CD0000001")) == []
        assert find(rt, criterion("CF.{2}", "5CD0000001")) == ["1"]
        assert sql(rt, f"{SERIAL} = '5CD0000001'") == ["1"]
        assert rt.put("/asset/1", CustomFields={"Serial Number": "5CD0000001"}) == []
    finally:
        rt.put(f"/customfield/{number}", Disabled=1)


def test_a_deleted_asset_is_found_by_no_query_and_still_read(rt: Rest2) -> None:
    assert find(rt, criterion("id", 6)) == []
    assert find(rt, criterion("Status", "deleted")) == []
    assert find(rt, criterion("CF.{2}", "5CD9999999")) == []
    assert sql(rt, "id = 6") == []
    assert rt.search("/assets", criterion("id", 6), find_disabled_rows="1")["total"] == 0
    assert rt.get("/asset/6")["Status"] == "deleted"


def test_who_may_not_see_custom_fields_everywhere_cannot_search_them_by_json(rt: Rest2) -> None:
    for user in ("rt-catalog", "rt-blind"):
        assert find(rt, criterion("CF.{2}", "5CD0000001"), who=user) == []
        wider = find(rt, criterion("CF.{2}", "5CD0000001"), criterion("Catalog", 2), who=user)
        assert wider == ["1", "2", "3", "5"]
        assert sql(rt, "CF.{Serial Number} = '5CD0000001'", who=user) == ["1"]


def test_a_form_carries_assetsql_but_no_json(rt: Rest2) -> None:
    answer = rt.send("POST", "/assets", data={"query": "id = 2"})
    assert ids(answer.json()) == ["2"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("id > 0", EVERY),
        ("id = 2", ["2"]),
        ("id=2", ["2"]),
        ("id > 1 AND id < 4", ["2", "3"]),
        ("id = 1 OR id = 4", ["1", "4"]),
        ("(id = 1 OR id = 4) AND Status = 'in-use'", ["1"]),
        ("Catalog = 'Network Gear'", ["4"]),
        ("Catalog = 'network gear'", []),
        ("Catalog = 3", ["4"]),
        ("CF.{Serial Number} = '5cd0000001'", ["1"]),
        ("'CF.{Serial Number}' = '5CD0000001'", ["1"]),
        ("CF.2 = '5CD0000001'", ["1"]),
        ("CF.{Serial Number} LIKE '5CD'", ["1", "2", "3"]),
        ("CF.{Serial Number} IS NULL", ["5"]),
        ('Name = "switch"', ["4"]),
        ("Name LIKE 'w12'", ["1", "2", "3"]),
        ("Status = '__Active__'", EVERY),
        ("HeldBy.Name = 's1001'", ["1"]),
        ("HeldBy IS NULL", ["2", "3", "4", "5"]),
        ("Owner.Name = 'Nobody'", EVERY),
        ("Owner = 'Nobody'", []),
        ("LastUpdated > '500 weeks ago'", EVERY),
        ("LastUpdated < '500 weeks ago'", []),
        ("CF.{No Such Field} = 'x'", []),
        ("CF.{No Such Field} = 'x' OR id = 1", ["1"]),
        ("(id = 1", ["1"]),
        ("id = 1)", ["1"]),
        ("id = 1 AND", ["1"]),
    ],
)
def test_assetsql_finds(rt: Rest2, query: str, expected: list[str]) -> None:
    assert sql(rt, query) == expected


@pytest.mark.parametrize(
    "garbage",
    [
        "foo",
        "id",
        "id =",
        "syntax error here",
        "id IN (1, 2)",
        "CF.{Serial Number} IN ('a')",
        "CF.'Serial Number' = 'x'",
        "CustomField.{Serial Number} LIKE 'x'",
    ],
)
def test_assetsql_that_rt_cannot_read_finds_every_asset(rt: Rest2, garbage: str) -> None:
    assert sql(rt, garbage) == EVERY


def test_assetsql_with_an_unknown_field_is_400(rt: Rest2) -> None:
    for query in ("Bogus = 'x'", "'Serial Number' = 'x'", "id = 1 AND Bogus = 'x'"):
        answer = rt.send("GET", "/assets", params=[("query", query)])
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("No dispatch method for class ''")
