"""The job groups: the whole command line on a sandbox, and its options. Its rules: test_membership."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from syncd.host.config import Document, decode
from syncd.host.errors import ConfigurationError
from syncd.jobs.membership.options import GroupsOptions
from syncd.sandbox.faults import Rule
from syncd.sandbox.rt.records import Group
from syncd.sandbox.site import Sandbox
from syncd.systems.google.options import MEMBERS_READ
from unit.cli.commands import FAST, Cli, start
from unit.cli.conftest import logging_as_it_was, nothing_of_this_machine

__all__ = ["logging_as_it_was", "nothing_of_this_machine"]

HIGH, MIDDLE = "high-school@example.org", "middle-school@example.org"
ALL = "limits = { create = { percent = 100 }, disable = { percent = 100 } }"
SCHOOLS = f"""
[jobs.groups.groups]
"{HIGH}" = {{ type = "roster", schools = ["High School"] }}
"{MIDDLE}" = {{ type = "roster", schools = ["middle school"] }}
"""


def configure(site: Sandbox, groups: str = SCHOOLS, more: str = ALL) -> Cli:
    site.config_file.write_text(f"{site.configuration(google=FAST, rt=FAST)}\n[jobs.groups]\n{more}\n{groups}")
    return Cli(site)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Sandbox]:
    """Return a sandbox with 40 students, whose roster is imported."""
    with start(tmp_path / "site", people=40) as sandbox:
        Cli(sandbox).ended(0, "import", "students", sandbox.roster_file)
        sandbox.server.counts.clear()
        yield sandbox


def students(site: Sandbox, school: str) -> set[str]:
    assert site.people is not None
    return {row["email"] for row in site.people.students if row["school"] == school}


def members(site: Sandbox, group: str, role: str = "MEMBER") -> set[str]:
    """Return the addresses of a group's members."""
    tenant = site.google.tenant
    found = tenant.group(group)
    assert found is not None
    inside = [one for one in tenant.members.values() if (one["group"], one["role"]) == (found["id"], role)]
    return {one.get("email") or (tenant.user(one["id"]) or {})["primaryEmail"] for one in inside}


def asked(site: Sandbox) -> Mapping[str, int]:
    counts = {route: count for (_, route), count in site.server.counts.items() if route.startswith("members.")}
    site.server.counts.clear()
    return counts


# -- from end to end ----------------------------------------------------------------------------------------


def test_a_run_follows_the_roster_and_the_next_one_writes_nothing(site: Sandbox) -> None:
    syncd = configure(site)
    before = {group: members(site, group) for group in (HIGH, MIDDLE)}
    checks = [check for check in syncd("doctor", "--json").json["checks"] if check["area"] == "groups"]
    assert {check["state"] for check in checks} == {"ok"}
    plan = syncd("plan", "groups", "--json").json["plan"]
    assert sorted(action["kind"] for action in plan["actions"]) == ["create"] * 4 + ["disable"] * 2
    asked(site)
    run = syncd.ended(0, "apply", "groups", "--json").json["run"]["id"]
    assert (members(site, HIGH), members(site, MIDDLE)) == (
        students(site, "High School"),
        students(site, "Middle School"),
    )
    # Two lists to compare, two to prove who is gone; each lacking address is asked for, as somebody else is there.
    assert asked(site) == {"members.list": 4, "members.get": 4, "members.insert": 4, "members.delete": 2}
    assert syncd.ended(0, "plan", "groups", "--json").json["plan"]["actions"] == []
    assert asked(site) == {"members.list": 2}
    syncd.ended(0, "revert", run, "--apply")
    assert {group: members(site, group) for group in (HIGH, MIDDLE)} == before
    assert syncd("plan", "groups", "--json").json["plan"]["hash"] == plan["hash"]


def test_nobody_is_named_in_the_journal(site: Sandbox) -> None:
    syncd = configure(site)
    result = syncd("--log", "json", "apply", "groups")
    told = " ".join(json.dumps(record) for record in result.records if int(record["PRIORITY"]) <= 6)
    assert f"{HIGH}/" in told
    for address in students(site, "High School") | members(site, MIDDLE):
        assert address not in told


def test_a_group_follows_a_group_of_rt(site: Sandbox) -> None:
    world = site.rt.world
    known = {address: world.user_with_email(address) for address in sorted(students(site, "High School"))}
    within = {address: user.id for address, user in known.items() if user is not None}
    people = [*within][:3]
    world.add(Group(id=world.next_user_id(), name="Technicians", members=[within[one] for one in people]))
    syncd = configure(site, f'[jobs.groups.groups]\n"{HIGH}" = {{ type = "rt-group", rt_group = "technicians" }}')
    plan = syncd("plan", "groups", "--json")
    syncd.ended(0, "apply", "groups", "--approve", plan.json["plan"]["hash"])
    assert members(site, HIGH) == set(people)
    checks = [check for check in syncd("doctor", "--json").json["checks"] if check["check"] == "rt group technicians"]
    assert [(check["state"], check["found"]) for check in checks] == [("ok", "3 users")]


@pytest.mark.parametrize(
    ("table", "told", "status"),
    [
        ('"nosuch@example.org" = { type = "roster" }', "make the group, or correct its name", 78),
        (f'"{HIGH}" = {{ type = "rt-group", rt_group = "Nosuch" }}', "RT has no group 'Nosuch'", 78),
        (f'"{HIGH}" = {{ type = "roster", schools = ["High Shcool"] }}', "did you mean 'High School'?", 78),
        (
            f'"{HIGH}" = {{ type = "roster", grades = ["14"] }}',
            "names '14', which nobody of the roster has (it has",
            78,
        ),
        (f'"{HIGH}" = {{ type = "roster", roles = ["staff"] }}', "has nobody with an e-mail address", 65),
    ],
)
def test_what_cannot_be_compared_is_named_and_stops_no_other_group(
    site: Sandbox, table: str, told: str, status: int
) -> None:
    alone = configure(site, f"[jobs.groups.groups]\n{table}").ended(status, "--log", "plain", "apply", "groups")
    assert told in alone.err
    before = members(site, HIGH)
    other = f'"{MIDDLE}" = {{ type = "roster", schools = ["Middle School"] }}'
    syncd = configure(site, f"[jobs.groups.groups]\n{table}\n{other}")
    done = syncd.ended(1, "apply", "groups", "--json").json
    assert told in done["run"]["error"]
    assert done["run"]["counts"]["unreadable"] == 1
    assert members(site, MIDDLE) == students(site, "Middle School")
    assert members(site, HIGH) == before


def test_without_an_imported_roster_it_is_told_how_to_get_one(tmp_path: Path) -> None:
    with start(tmp_path / "site", people=40) as sandbox:
        assert "syncd import students FILE" in configure(sandbox).ended(65, "--log", "plain", "plan", "groups").err


def test_a_source_that_shrank_is_refused_and_one_that_could_not_be_read_has_not_shrunk(site: Sandbox) -> None:
    syncd = configure(site)
    syncd.ended(0, "apply", "groups")
    header, *rows = site.roster_file.read_text().splitlines()
    few = [row for number, row in enumerate(rows) if "High School" not in row or number % 2]
    site.roster_file.write_text("\n".join([header, *few, ""]))
    configure(site, f"{SCHOOLS}\n[imports.students]\nshrink_percent = 100")
    syncd.ended(0, "import", "students", site.roster_file)
    refused = syncd.ended(3, "--log", "plain", "apply", "groups")
    assert f"{HIGH} has" in refused.out
    assert members(site, HIGH) == students(site, "High School")
    site.google.tenant.groups.remove(site.google.tenant.group(HIGH)["id"])  # type: ignore[index]
    assert syncd("apply", "groups").status == 1


@pytest.mark.parametrize(("percent", "status"), [(5, 3), (100, 0)])
def test_removals_are_disables_and_keep_to_their_limit(site: Sandbox, percent: int, status: int) -> None:
    limits = f"limits = {{ create = {{ percent = 100 }}, disable = {{ percent = {percent} }} }}"
    configure(site, more=limits).ended(status, "apply", "groups")


def test_to_plan_the_scope_to_read_is_enough_and_to_apply_the_lacking_one_is_named(site: Sandbox) -> None:
    site.google.settings.scopes = frozenset({MEMBERS_READ})
    syncd = configure(site)
    syncd.ended(0, "plan", "groups")
    refused = syncd.ended(77, "--log", "plain", "apply", "groups")
    assert "admin.directory.group.member" in refused.err
    configure(site, more=f'mode = "apply"\n{ALL}')
    checks = {check["check"]: check for check in syncd("doctor", "--json").json["checks"] if check["area"] == "groups"}
    assert checks["google token"]["state"] == "failed"
    assert "admin.directory.group.member" in checks["google token"]["remedy"]


def test_an_address_of_nobody_fails_alone(site: Sandbox) -> None:
    syncd = configure(site)
    gone = next(iter(students(site, "High School") - members(site, HIGH)))
    site.google.tenant.users.remove(gone)
    done = syncd.ended(1, "apply", "groups", "--json").json
    assert [outcome["code"] for outcome in done["outcomes"] if outcome["state"] == "failed"] == ["google.not_found"]
    assert members(site, HIGH) == students(site, "High School") - {gone}


def test_an_outage_ends_the_run_without_a_plan(site: Sandbox) -> None:
    site.server.faults.add(Rule(route=f"groups/{MIDDLE.replace('@', '%40')}/members", status=503))
    configure(site).ended(75, "apply", "groups")
    assert "members.insert" not in asked(site)


# -- the options --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, "groups"),
        ({"groups": {}}, "groups"),
        ({"groups": {"club": {"type": "roster"}}}, "'club', which is no e-mail address"),
        ({"groups": {"a@b.org": {"type": "roster"}, "A@b.org": {"type": "roster"}}}, "a@b.org 2 times"),
        ({"groups": {"a@b.org": {"type": "roster", "school": ["x"]}}}, "schools"),
        ({"groups": {"a@b.org": {"type": "rt-group"}}}, "rt_group"),
        ({"groups": {"a@b.org": {"type": "roster"}}, "domains": ["@b.org"]}, "'@b.org', which is no domain"),
        ({"groups": {"a@b.org": {"type": "roster", "roles": []}}}, "roles"),
    ],
)
def test_options_that_name_nothing_are_refused(table: Mapping[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        decode(Document(path="test.toml", tree=dict(table)), GroupsOptions)
    assert told in caught.value.sentence
