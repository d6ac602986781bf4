"""What RT 5 makes of custom field values."""

import pytest

from services.rest2 import Rest2, criterion


@pytest.fixture
def asset(rt: Rest2) -> str:
    return rt.create("asset", Catalog=2, Name="V")


def write(
    rt: Rest2, asset: str, field: str, value: object, who: str = "rt-sync"
) -> tuple[list[str | None], list[str | None]]:
    """Return the sentences of a write, and what is read afterwards."""
    sentences = rt.put(f"/asset/{asset}", who, CustomFields={field: value})
    return sentences, rt.values(asset, who).get(field, [])


def test_a_single_value_is_set_changed_and_cleared(rt: Rest2, asset: str) -> None:
    field = "MAC Address"
    assert write(rt, asset, field, "A") == (["MAC Address A added"], ["A"])
    assert write(rt, asset, field, "A") == ([], ["A"])
    assert write(rt, asset, field, "a") == (["MAC Address A changed to a"], ["a"])
    assert write(rt, asset, field, ["F", "G"]) == (["MAC Address a changed to F"], ["F"])
    assert write(rt, asset, field, 0) == (["MAC Address F changed to 0"], ["0"])
    assert write(rt, asset, field, "x") == (["MAC Address 0 changed to x"], ["x"])
    assert write(rt, asset, field, None) == (["x is no longer a value for custom field MAC Address"], [])


def test_null_over_nothing_and_empty_text_leave_a_stored_empty_value(rt: Rest2, asset: str) -> None:
    field = "MAC Address"
    assert write(rt, asset, field, None) == (["MAC Address  added"], [None])
    assert write(rt, asset, field, None) == (["MAC Address  added"], [None])
    assert write(rt, asset, field, "C") == (["MAC Address C added"], ["C"])
    assert write(rt, asset, field, "") == (["MAC Address C deleted"], [None])
    assert write(rt, asset, field, "D") == (["MAC Address D added"], ["D"])
    assert write(rt, asset, field, []) == (["MAC Address D deleted"], [None])
    assert rt.search("/assets", criterion("CF.{MAC Address}", "NULL", "IS NOT"), criterion("id", asset))["total"] == 1


def test_many_values_are_the_set_that_was_sent(rt: Rest2, asset: str) -> None:
    added = "{} added as a value for Tags".format
    gone = "{} is no longer a value for custom field Tags".format
    assert write(rt, asset, "Tags", ["Loaner", "Spare"]) == ([added("Loaner"), added("Spare")], ["Loaner", "Spare"])
    assert write(rt, asset, "Tags", ["Spare", "Loaner"])[0] == []
    assert write(rt, asset, "Tags", "Cart") == ([added("Cart"), gone("Loaner"), gone("Spare")], ["Cart"])
    assert write(rt, asset, "Tags", ["Cart", "Loaner", "Cart"]) == ([None, added("Loaner")], ["Cart", "Loaner"])
    assert write(rt, asset, "Tags", ["bogus", "Cart", "Loaner"])[0] == ["Invalid value for custom field"]
    assert write(rt, asset, "Tags", []) == ([gone("Cart"), gone("Loaner")], [])
    assert write(rt, asset, "Tags", []) == ([], [])


def test_another_spelling_of_a_present_choice_loses_it(rt: Rest2, asset: str) -> None:
    write(rt, asset, "Tags", ["Cart"])
    assert write(rt, asset, "Tags", ["cart"]) == ([None, "Cart is no longer a value for custom field Tags"], [])


def test_nothing_in_a_field_of_many_is_one_or_two_empty_values(rt: Rest2, asset: str) -> None:
    assert write(rt, asset, "Tags", None) == ([" added as a value for Tags"] * 2, [None, None])
    assert write(rt, asset, "Tags", [])[1] == []
    assert write(rt, asset, "Tags", "") == ([" added as a value for Tags"], [None])


def test_choices_ignore_case_and_read_back_as_defined(rt: Rest2, asset: str) -> None:
    assert write(rt, asset, "Type", "chromebook") == (["Type Chromebook added"], ["Chromebook"])
    assert write(rt, asset, "Type", "CHROMEBOOK") == ([], ["Chromebook"])
    assert write(rt, asset, "Manufacturer", "Acme") == (["Manufacturer Acme added"], ["Acme"])


def test_keys_are_names_in_any_case_or_ids(rt: Rest2, asset: str) -> None:
    assert rt.put(f"/asset/{asset}", CustomFields={"serial number": "s"}) == ["Serial Number s added"]
    assert rt.put(f"/asset/{asset}", CustomFields={"2": "t"}) == ["Serial Number s changed to t"]


@pytest.mark.parametrize("text", [" pad ", "two\nlines", "é😀漢", "x" * 5000, "'\"<&>%", "0007"])
def test_text_is_kept_as_it_is(rt: Rest2, asset: str, text: str) -> None:
    assert write(rt, asset, "Notes", text)[1] == [text]


def test_addresses_are_written_in_their_short_form(rt: Rest2, asset: str) -> None:
    assert write(rt, asset, "LAN IP", "010.001.002.003")[1] == ["10.1.2.3"]
    assert write(rt, asset, "LAN IP", "2001:DB8::0001")[1] == ["2001:db8::1"]
    assert rt.search("/assets", criterion("CF.{LAN IP}", "2001:db8::1"))["total"] == 1


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z"),
        ("2026-01-02 03:04", "2026-01-02T03:04:00Z"),
        ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T00:00:00Z"),
        ("2026-01-02T03:04:05.678Z", "2026-01-02T00:00:00Z"),
        ("2026-01-02", "2026-01-02T00:00:00Z"),
        ("1/2/2026", "2026-02-01T00:00:00Z"),
        ("2026-01-02T03:04:05+05:00", "2026-01-01T22:04:05Z"),
        ("2026-01-02T03:04:05-0800", "2026-01-02T00:00:00Z"),
        ("2026-13-45", "2027-02-14T00:00:00Z"),
        ("1700000000", "1970-01-01T00:00:00Z"),
        ("garbage", "1970-01-01T00:00:00Z"),
    ],
)
def test_a_time_is_read_in_rts_own_way(rt: Rest2, asset: str, sent: str, read: str) -> None:
    assert write(rt, asset, "Last Sync", sent)[1] == [read]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2026-07-02 03:04:05", "2026-07-02T10:04:05Z"),
        ("2026-01-02 03:04:05", "2026-01-02T11:04:05Z"),
        ("2026-01-02T03:04:05+00:00", "2026-01-02T11:04:05Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T08:00:00Z"),
        ("2026-03-08 02:30:00", "2026-03-08T10:30:00Z"),
        ("2026-11-01 01:30:00", "2026-11-01T08:30:00Z"),
        ("2026-11-01 06:00:24", "2026-11-01T13:00:24Z"),
        ("2026-11-01 08:59:59", "2026-11-01T15:59:59Z"),
        ("2026-11-01 09:00:00", "2026-11-01T17:00:00Z"),
        ("2026-01-02T04:04:05+01:00", "2026-01-02T11:04:05Z"),
        ("garbage", "1970-01-01T00:00:00Z"),
    ],
)
def test_a_time_is_read_in_the_zone_of_the_user_who_writes(rt: Rest2, asset: str, sent: str, read: str) -> None:
    assert write(rt, asset, "Last Sync", sent, "rt-west")[1] == [read]


def test_a_time_is_cleared_by_users_in_utc_only(rt: Rest2, asset: str) -> None:
    field, not_set = "Last Sync", "1970-01-01T00:00:00Z"
    rt.put(f"/asset/{asset}", CustomFields={field: "2026-05-01 06:00:24"})
    missed = f"Custom field value 2026-05-01 06:00:24 could not be found for custom field {field}"
    assert write(rt, asset, field, None, "rt-west") == ([missed], ["2026-05-01T06:00:24Z"])
    unset = f"{field} Thu Apr 30 23:00:24 2026 changed to Not set"
    assert write(rt, asset, field, "", "rt-west") == ([unset], [not_set])
    assert write(rt, asset, field, None) == ([f"Not set is no longer a value for custom field {field}"], [])
    assert write(rt, asset, field, None) == ([f"{field} Not set added"], [not_set])


def test_sentences_tell_times_in_words(rt: Rest2, asset: str) -> None:
    assert write(rt, asset, "Last Sync", "2026-01-02 03:04:05")[0] == ["Last Sync Fri Jan 02 03:04:05 2026 added"]
    changed = "Last Sync Fri Jan 02 03:04:05 2026 changed to Not set"
    assert write(rt, asset, "Last Sync", "garbage")[0] == [changed]


@pytest.mark.parametrize("sent", ["2029-06-30", "2029-06-30T00:00:00Z", "2029-06-30 23:04:05", "2029-06-30 12:00:00"])
def test_a_date_has_no_zone(rt: Rest2, asset: str, sent: str) -> None:
    assert write(rt, asset, "AUE Date", sent)[1] == ["2029-06-30"]
    assert write(rt, asset, "AUE Date", sent, "rt-west") == ([], ["2029-06-30"])


@pytest.mark.parametrize("sent", ["6/30/2029", "June 2029", "2029-06"])
def test_other_spellings_of_a_date_become_another_date(rt: Rest2, asset: str, sent: str) -> None:
    (read,) = write(rt, asset, "AUE Date", sent)[1]
    assert read is not None
    assert not read.startswith("2029-06")


def test_a_date_that_cannot_be_read_is_the_day_time_began(rt: Rest2, asset: str) -> None:
    assert write(rt, asset, "AUE Date", "garbage")[1] == ["1970-01-01"]
    assert write(rt, asset, "AUE Date", "rubbish", "rt-west")[1] == ["1969-12-31"]
    number = rt.create("asset", Catalog=2, CustomFields={"Last Sync": "garbage"})
    assert rt.values(number)["Last Sync"] == ["1970-01-01T00:00:00Z"]
