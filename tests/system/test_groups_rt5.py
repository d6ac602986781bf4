"""The job groups from end to end: the real command line, and a group of a real Request Tracker 5."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from services.rest2 import Rest2
from services.rt5 import Rt5
from syncd.sandbox.fleet import make_fleet
from system.real_rt import School, opened

CREW = "crew@example.org"
TABLE = f"""
[jobs.groups]
limits = {{ create = {{ percent = 100 }}, disable = {{ percent = 100 }}, shrink = 100 }}
[jobs.groups.groups]
"{CREW}" = {{ type = "rt-group", rt_group = "Crew" }}
"""
NAMES = ("ada", "bo", "cy", "di")


class Workshop(School):
    """A school whose technicians are a group in RT."""

    job: ClassVar[str] = "groups"

    def configure(self, **given: str) -> Self:
        super().configure(**given)
        self.config.write_text(self.config.read_text() + TABLE)
        return self

    def people(self) -> None:
        """Give Google an account for each name, and the group, which has somebody else and an owner."""
        tenant = self.google.tenant
        users = [account(number, f"{name}@example.org") for number, name in enumerate((*NAMES, "old", "boss"), 1)]
        tenant.users.put_all((user["primaryEmail"], user) for user in users)
        tenant.groups.put("g1", {"id": "g1", "email": CREW, "name": "Crew"})
        for number, role in ((5, "MEMBER"), (6, "OWNER")):
            tenant.members.put(f"g1/{number}", {"group": "g1", "id": str(number), "role": role, "type": "USER"})

    def members(self) -> set[str]:
        tenant = self.google.tenant
        return {str((tenant.user(one["id"]) or {})["primaryEmail"]) for one in tenant.members.values()}


def account(number: int, address: str) -> dict[str, Any]:
    return {"id": str(number), "primaryEmail": address, "name": {"givenName": address}, "orgUnitPath": "/"}


def addresses(*names: str) -> set[str]:
    return {f"{name}@example.org" for name in names}


@pytest.fixture
def workshop(rt5: Rt5, tmp_path: Path) -> Iterator[Workshop]:
    rt5.reset()
    with opened(Workshop, rt5, make_fleet(40), tmp_path) as workshop:
        workshop.people()
        yield workshop


def test_members_follow_a_group_of_rt_and_go_back(workshop: Workshop, rt: Rest2) -> None:
    assert "RT has no group 'Crew'" in workshop.syncd("plan", "groups", expect=78).errors
    for name in NAMES:
        rt.create("user", "root", Name=name, EmailAddress=f"{name.title()}@example.org")
    numbers = {name: int(rt.get(f"/user/{name}", "root")["id"]) for name in NAMES}
    group = rt.create("group", "root", Name="Crew")
    rt.send("PUT", f"/group/{group}/members", "root", json=[str(numbers[name]) for name in ("ada", "bo")])

    first = workshop.apply()
    assert first.counts["verified"] == first.counts["create"] + first.counts["disable"] == 3
    assert workshop.members() == addresses("ada", "bo", "boss")
    again = workshop.syncd("apply", "groups")
    assert again.document["run"]["result"] == "in_sync"
    assert len(again.passed) == 3, "RT is asked for the group, its members, and their addresses"

    rt.send("PUT", f"/group/{group}/members", "root", json=[str(numbers["cy"])])
    rt.put("/user/bo", "root", Disabled=1)
    second = workshop.apply()
    assert workshop.members() == addresses("ada", "cy", "boss")

    for done in (second, first):
        workshop.revert(done.run)
    assert workshop.members() == addresses("old", "boss")
    assert not any(name in record["MESSAGE"] for record in second.records for name in addresses(*NAMES))
