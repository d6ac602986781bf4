"""Why somebody is a member of a group, or is not."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from syncd.host.errors import DataError
from syncd.jobs.membership.comparing import UNREADABLE, Rules, compare
from syncd.jobs.membership.explaining import Seen, explained
from syncd.jobs.membership.sources import Wanted
from syncd.reconcile.explain import Case
from syncd.reconcile.model import Listing
from syncd.systems.google.members import Member
from unit.cli.commands import FAST, Cli, start
from unit.cli.conftest import logging_as_it_was, nothing_of_this_machine

__all__ = ["logging_as_it_was", "nothing_of_this_machine"]

CLUB, CHOIR = "club@example.org", "choir@example.org"
RULES = Rules(("example.org",), ())


def member(name: str, role: str = "MEMBER") -> Member:
    return Member(id=f"id-{name}", email=f"{name}@example.org", role=role, type="USER")


def person(number: str, address: str) -> Wanted:
    return Wanted("roster", number, address)


def seen(group: str, wanted: Sequence[Wanted], members: Sequence[Member], aliases: Sequence[Member] = ()) -> Seen:
    """Return a group; who is in ``aliases`` has every address that nobody else has."""
    return Seen(wanted, members, compare(group, wanted, members, RULES, lambda *_: next(iter(aliases), None)))


def told(cases: Sequence[Case]) -> list[tuple[str, list[tuple[str, str]], list[str]]]:
    """Return of each case its state, the records with theirs, and what the next run does."""
    return [
        (
            case.state,
            [(record.id, record.state) for record in case.records],
            [f"{action.kind} {action.object}" for action in case.actions],
        )
        for case in cases
    ]


@pytest.mark.parametrize("sought", ["7", "a@example.org", " A@Example.org "])
def test_who_is_in_the_source_and_a_member_is_told_so(sought: str) -> None:
    club = seen(CLUB, [person("7", "A@example.org"), person("8", "b@example.org")], [member("a"), member("b")])
    cases = explained(sought, {CLUB: club}, [])
    assert told(cases) == [("matched", [(f"{CLUB}/7", "matched"), (f"{CLUB}/id-a", "matched")], [])]
    assert [record.why for record in cases[0].records] == ["it is a member", "it is in the source of the group"]


def test_who_lacks_is_added_and_who_is_too_many_goes_group_by_group() -> None:
    groups = {CLUB: seen(CLUB, [person("7", "a@example.org")], []), CHOIR: seen(CHOIR, [], [member("a")])}
    assert told(explained("a@example.org", groups, [])) == [
        ("only_roster", [(f"{CLUB}/7", "only_roster")], [f"create {CLUB}/7"]),
        ("only_google", [(f"{CHOIR}/id-a", "only_google")], [f"disable {CHOIR}/id-a"]),
    ]
    assert told(explained("id-a", groups, []))[-1][2] == [f"disable {CHOIR}/id-a"]


def test_who_is_left_alone_is_told_the_reason() -> None:
    club = seen(CLUB, [person("7", ""), person("8", "c@elsewhere.example")], [member("boss", role="OWNER")])
    assert [case.why for sought in ("7", "8", "boss@example.org") for case in explained(sought, {CLUB: club}, [])] == [
        "it has no e-mail address",
        "its address is of another domain",
        "it has the role OWNER, and only a MEMBER is taken out",
    ]


def test_a_member_by_another_address_is_told_from_both_ends() -> None:
    club = seen(CLUB, [person("7", "old@example.org")], [member("new")], aliases=[member("new")])
    assert [explained(sought, {CLUB: club}, [])[0].why for sought in ("7", "new@example.org")] == [
        "it is a member by another address",
        "it is in the source of the group by another address",
    ]


def test_two_of_the_roster_with_one_address_are_one_member() -> None:
    club = seen(CLUB, [person("7", "a@example.org"), person("8", "A@example.org")], [])
    (case,) = explained("8", {CLUB: club}, [])
    assert told([case]) == [
        ("only_roster", [(f"{CLUB}/8", "only_roster"), (f"{CLUB}/7", "only_roster")], [f"create {CLUB}/7"])
    ]
    assert [record.sought for record in case.records] == [True, False]


def test_a_group_that_cannot_be_read_is_told_beside() -> None:
    club = seen(CLUB, [person("7", "a@example.org")], [])
    trouble = Listing(state=UNREADABLE, system="google", object=CHOIR, label=CHOIR, why="there is no such group")
    assert [case.state for case in explained("7", {CLUB: club}, [trouble])] == ["only_roster", UNREADABLE]
    with pytest.raises(DataError, match=f"of those that can be read now, which {CHOIR} cannot"):
        explained("nobody", {CLUB: club}, [trouble])


def test_nobody_is_an_error_that_says_where_to_look() -> None:
    with pytest.raises(DataError, match=r"nobody is called 'nobody'.*jobs\.groups\.groups"):
        explained("nobody", {CLUB: seen(CLUB, [], [member("a")])}, [])


def test_the_verb_shows_the_groups_of_a_person_and_changes_nothing(tmp_path: Path) -> None:
    group = "high-school@example.org"
    with start(tmp_path / "site", people=40) as site:
        syncd = Cli(site)
        syncd.ended(0, "import", "students", site.roster_file)
        table = f'[jobs.groups.groups]\n"{group}" = {{ type = "roster", schools = ["High School"] }}'
        site.config_file.write_text(f"{site.configuration(google=FAST, rt=FAST)}\n{table}")
        (action, *_) = syncd("plan", "groups", "--json").json["plan"]["actions"]
        site.server.counts.clear()
        shown = syncd.ended(0, "explain", "groups", action["object"].partition("/")[2]).out
        assert f"The next run plans: {action['kind']} google {action['object']}: {action['reason']}" in shown
        assert not {route for method, route in site.server.counts if method != "GET" and route.startswith("members.")}
        site.config_file.write_text(f'{site.config_file.read_text()}\n"nosuch@example.org" = {{ type = "roster" }}')
        shown = syncd.ended(0, "explain", "groups", action["object"].partition("/")[2]).out
        assert shown.startswith("2 groups are to be looked at for ")
        assert "nobody is called" in syncd.ended(65, "explain", "groups", "nosuch@example.org").err
