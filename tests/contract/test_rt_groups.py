"""Groups that somebody made in RT, as the adapter reads them; on both servers."""

import pytest

from contract.rt_trackers import Connect
from services.rest2 import Rest2
from syncd.host.errors import ConfigurationError, NotFound, NotPermitted


def number_of(rt: Rest2, name: str) -> int:
    return int(rt.get(f"/user/{name}", "root")["id"])


def group(rt: Rest2, name: str, *members: int) -> int:
    """Make a group with these members, as root does."""
    number = int(rt.create("group", "root", Name=name))
    if members:
        put = rt.send("PUT", f"/group/{number}/members", "root", json=[str(member) for member in members])
        assert put.status_code == 200, put.text
    return number


def test_the_enabled_users_of_a_group_are_read_with_their_addresses(rt: Rest2, connect: Connect) -> None:
    for name, email in (("g-ada", "Ada@example.org"), ("g-bo", ""), ("g-gone", "gone@example.org")):
        rt.create("user", "root", Name=name, EmailAddress=email)
    group(rt, "Technicians", *(number_of(rt, name) for name in ("g-ada", "g-bo", "g-gone")))
    rt.put("/user/g-gone", "root", Disabled=1)
    users = connect().groups.users("technicians")
    assert {(person.id, person.name, person.email) for person in users} == {
        (number_of(rt, "g-ada"), "g-ada", "Ada@example.org"),
        (number_of(rt, "g-bo"), "g-bo", ""),
    }


def test_a_group_of_more_than_a_page_is_read_whole(rt: Rest2, connect: Connect, page_size: int) -> None:
    names = [f"many-{number}" for number in range(page_size + 1)]
    for name in names:
        rt.create("user", "root", Name=name, EmailAddress=f"{name}@example.org")
    group(rt, "Many", *(number_of(rt, name) for name in names))
    assert sorted(person.name for person in connect().groups.users("Many")) == names


def test_a_group_without_members_has_none(rt: Rest2, connect: Connect) -> None:
    group(rt, "Nobody yet")
    assert connect().groups.users("Nobody yet") == []


@pytest.mark.parametrize("name", ["No such group", "Privileged", "%"])
def test_a_group_that_nobody_made_is_not_there(connect: Connect, name: str) -> None:
    with pytest.raises(NotFound, match="RT has no group"):
        connect().groups.users(name)


def test_groups_within_are_refused_by_name(rt: Rest2, connect: Connect) -> None:
    group(rt, "Outer", group(rt, "Inner"))
    with pytest.raises(ConfigurationError, match="'Outer' of RT has groups among its members"):
        connect().groups.users("Outer")


def test_who_may_see_no_group_is_told_the_right(rt: Rest2, connect: Connect) -> None:
    group(rt, "Hidden")
    with pytest.raises(NotPermitted, match="SeeGroup"):
        connect("rt-blind").groups.users("Hidden")
