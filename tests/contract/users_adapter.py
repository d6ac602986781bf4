"""The users of an RT as the adapter reads and writes them, and how tests look at what it did."""

import pytest

from contract.adapter import put, wait_until_settled
from contract.rt_trackers import Connect
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import Value
from syncd.systems.rt.users.records import getter
from syncd.systems.rt.users.schema import UserNeed, UserSchema
from syncd.systems.rt.users.snapshot import UserSnapshot

ID, GRADE, YEAR, SCHOOL = "CF.{Student ID}", "CF.{Grade}", "CF.{Graduation Year}", "CF.{School}"
PLAIN = ("Name", "EmailAddress", "RealName", "Organization", "NickName", "City", "WorkPhone", "Disabled", "Privileged")
NEED = UserNeed(read=("LastUpdated",), write=(*PLAIN, ID, GRADE, YEAR, SCHOOL), create=True)


class People:
    """The users of an RT through one connection, with the requests that the last read took."""

    def __init__(self, tracker: RequestTracker) -> None:
        self.tracker = tracker
        self.schema: UserSchema = tracker.user_preflight(NEED)
        self.writer = tracker.user_writer(self.schema)
        self.requests = 0

    def read(self, *, full: bool = False) -> UserSnapshot:
        before = self.tracker.client.stats.requests
        snapshot = self.tracker.user_reader.read(self.schema, full=full)
        self.requests = self.tracker.client.stats.requests - before
        return snapshot

    def settled(self) -> UserSnapshot:
        """Read until nothing is to be read again."""
        wait_until_settled()
        self.read()
        return self.read()

    def make(self, name: str, **fields: Value) -> int:
        return self.writer.create_user({"Name": name, **fields})

    def put(self, user: int, **body: object) -> None:
        put(self.tracker, f"user/{user}", **body)

    def values(self, user: int, *fields: str) -> tuple[Value, ...]:
        found = self.writer.read_users([user])[user]
        return tuple(getter(self.schema, field)(found) for field in fields)


@pytest.fixture
def people(connect: Connect) -> People:
    return People(connect())
