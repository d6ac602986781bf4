"""Who holds what: users of RT joined with people of the roster."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from syncd.host.errors import Unavailable
from syncd.jobs.exporting.holdings import Device, Holdings
from syncd.state.rosters import FIELDS
from syncd.state.scratch import Scratch

User = tuple[int, str, str, str]


def person(ident: str, email: str = "", user_name: str = "") -> tuple[Any, ...]:
    values = {"id": ident, "email": email, "user_name": user_name, "graduation_year": 0, "active": True}
    return tuple(values.get(field, "") for field in FIELDS)


@contextmanager
def holdings(people: Iterable[tuple[Any, ...]], users: Iterable[User]) -> Iterator[Holdings]:
    """Give holdings in which each user has a device of the user's number."""
    with Holdings(people) as found:
        known = [*users]
        found.take_users(known)
        found.take_devices((user, user, f"A{user}", f"S{user}", "") for user in {user for user, *_ in known})
        yield found


def held(people: Iterable[tuple[Any, ...]], *users: User) -> dict[str, list[str]]:
    with holdings(people, users) as found:
        return {ident: [device.name for device in devices] for ident, devices in found.by_person()}


def test_the_id_goes_before_the_address_and_that_before_the_name() -> None:
    ann = person("1", "ann@example.org", "ann")
    by_id, by_email, by_name = (7, "1", "", "x"), (8, "", "ann@example.org", "y"), (9, "", "", "ann")
    assert held([ann], by_name, by_email, by_id) == {"1": ["A7"]}
    assert held([ann], by_name, by_email) == {"1": ["A8"]}
    assert held([ann], by_name) == {"1": ["A9"]}


def test_addresses_and_names_are_found_in_any_case() -> None:
    assert held([person("1", "Änn@Example.org")], (7, "", "änn@example.ORG", "")) == {"1": ["A7"]}
    assert held([person("1", user_name="ÄNN")], (7, "", "", "änn")) == {"1": ["A7"]}


def test_a_user_with_the_id_of_somebody_else_is_not_found_by_a_weaker_key() -> None:
    assert held([person("1", "ann@example.org")], (7, "2", "ann@example.org", "")) == {}


def test_each_user_is_of_one_person_only() -> None:
    people = [person("1", "shared@example.org"), person("2", user_name="bo")]
    assert held(people, (7, "", "shared@example.org", "bo")) == {"1": ["A7"]}


def test_all_users_with_the_id_of_a_person_count() -> None:
    assert held([person("1")], (7, "1", "", "a"), (8, "1", "", "b")) == {"1": ["A7", "A8"]}


def test_a_user_with_several_ids_is_of_all_of_them() -> None:
    assert held([person("1"), person("2")], (7, "1", "", "a"), (7, "2", "", "a")) == {"1": ["A7"], "2": ["A7"]}


def test_nothing_is_joined_by_what_is_empty() -> None:
    assert held([person("1"), person("2")], (7, "", "", "")) == {}


def test_people_come_by_rising_ids_with_their_devices_by_name() -> None:
    with Holdings([person("10"), person("9"), person("é")]) as found:
        found.take_users([(1, "9", "", ""), (2, "10", "", ""), (3, "é", "", "")])
        found.take_devices([(5, 1, "B", "", "x"), (6, 1, "A", "s", ""), (7, 2, "C", "", ""), (8, 3, "D", "", "")])
        assert list(found.by_person()) == [
            ("10", [Device("C", "", "")]),
            ("9", [Device("A", "s", ""), Device("B", "", "x")]),
            ("é", [Device("D", "", "")]),
        ]


def test_holders_are_told_with_their_names_and_whether_they_have_an_id() -> None:
    with holdings([person("1")], [(7, "1", "", "Ann"), (8, "", "", "Bo")]) as found:
        assert list(found.holders()) == [("7", True), ("8", False)]
        assert [found.login(user) for user in ("7", "8", "9")] == ["Ann", "Bo", ""]
        assert found.of_user(8) == [Device("A8", "S8", "")]


def test_a_full_disk_is_told_in_one_sentence() -> None:
    with Scratch("CREATE TABLE t (x TEXT);") as scratch:
        scratch.run("PRAGMA max_page_count = 20")
        with pytest.raises(Unavailable, match="no room for a temporary file"):
            scratch.fill("INSERT INTO t VALUES (?)", (("x" * 10_000,) for _ in range(100)))
