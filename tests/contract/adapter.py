"""What the adapter is asked for, and how tests look at what it did."""

import time
from datetime import timedelta

import pytest

from contract.rt_trackers import Connect
from syncd.systems.rt import work
from syncd.systems.rt.assets import getter
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import Need, Schema, Value
from syncd.systems.rt.snapshot import AssetSnapshot

SERIAL, MODEL, TYPE, OU = "CF.{Serial Number}", "CF.{Model}", "CF.{Type}", "CF.{OU}"
SYNC, AUE, IP = "CF.{Last Sync}", "CF.{AUE Date}", "CF.{LAN IP}"
USERS, TAGS, CYCLES, UNIQUE = (
    "CF.{Recent Users}",
    "CF.{Tags}",
    "CF.{Battery Cycle Count}",
    "CF.{Google ID (unique)}",
)
NEED = Need(
    catalogs=("Chromebooks",),
    read=("LastUpdated", "CF.{MAC Address}"),
    write=(
        *("Name", "Status", "Owner.EmailAddress", "Owner.Name", "HeldBy.EmailAddress", "HeldBy.Name"),
        *(SERIAL, MODEL, TYPE, OU, SYNC, AUE, IP, USERS, TAGS, CYCLES, UNIQUE),
    ),
    create=True,
)


@pytest.fixture(autouse=True)
def soon_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SETTLE", timedelta(seconds=1))


@pytest.fixture
def tracker(connect: Connect) -> RequestTracker:
    return connect()


class Counted:
    """Runs reads and says how many requests each took."""

    def __init__(self, tracker: RequestTracker, schema: Schema) -> None:
        self.tracker, self.schema, self.requests = tracker, schema, 0

    def read(self, *, full: bool = False) -> AssetSnapshot:
        before = self.tracker.client.stats.requests
        snapshot = self.tracker.reader.read(self.schema, full=full)
        self.requests = self.tracker.client.stats.requests - before
        return snapshot


def make(tracker: RequestTracker, schema: Schema, serial: str, **fields: Value) -> int:
    values: dict[str, Value] = {"Name": f"T-{serial}", "Status": "in-use", SERIAL: serial, **fields}
    return tracker.writer(schema).create_asset(schema.catalogs[0].id, values, key=SERIAL)


def put(tracker: RequestTracker, path: str, **body: object) -> None:
    tracker.rest.write("PUT", path, body, "update", path)


def back(tracker: RequestTracker, schema: Schema, asset: int, field: str) -> Value:
    writer = tracker.writer(schema)
    found = writer.read_assets([asset])[asset]
    return getter(schema, field, writer.people)(found)


def wait_until_settled() -> None:
    """Wait until LastUpdated of what was just written is old enough for a read to be final."""
    time.sleep(2.2)
