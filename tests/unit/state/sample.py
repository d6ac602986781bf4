"""Synthetic records, and SQL past the store.

``fill`` is what the newest file of tests/fixtures/state holds, and most of the older ones.
"""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from syncd.host.circuit import CircuitState
from syncd.reconcile.model import Action, Listing, Outcome, Plan, Report
from syncd.reconcile.ports import RunSummary, Traffic
from syncd.state.batteries import BatteryImport
from syncd.state.battery_history import HistoryRow, OtherBattery
from syncd.state.checkins import CheckIn
from syncd.state.external_ids import Link
from syncd.state.rosters import Import, Row
from syncd.state.store import Store, open_store
from unit.virtual_clock import VirtualClock


class NewerOnly:
    """Keeps what a file says, and no history."""

    def merged(self, _old: bytes, new: bytes, /) -> tuple[bytes, bytes | None]:
        return new, None

    def past(self, _data: bytes, /) -> HistoryRow | None:
        return None


SCOPE = "rt:https://rt.example.org:assets:2"


def action(number: int, kind: str = "update") -> Action:
    return Action(
        id=f"action-{number}",
        kind="create" if kind == "create" else "update",
        system="google",
        object=f"device-{number}",
        label=f"SYN{number:04}",
        before={"annotatedUser": "old@example.org", "notes": None},
        after={"annotatedUser": "new@example.org", "notes": "Grüße 🙂", "tags": ("a", "b")},
        reason="the owner in RT is another",
        source=str(number),
        reversible=number % 2 == 0,
    )


def plan(*actions: Action, job: str = "chromebooks") -> Plan:
    report = Report(
        counts={"matched": 3, "only_google": 1},
        sources={"google": 4, "rt": 3},
        listings=[Listing(state="only_google", system="google", object="device-9", label="SYN0009", why="not in RT")],
    )
    populations = {"google": 4, "rt": 3}
    return Plan(
        job=job, actions=actions, populations=populations, fingerprint="print", hash="hash-of-plan", report=report
    )


def outcome(number: int, state: str = "verified", **more: object) -> Outcome:
    fields = {"action": f"action-{number}", "state": state} | more
    return Outcome(**fields)  # type: ignore[arg-type]  # state is one of the literals in every test


def summary(run: str, result: str = "applied", job: str = "chromebooks", **more: object) -> RunSummary:
    fields = {"id": run, "job": job, "mode": "apply", "started": "", "sources": {"google": 4, "rt": 3}} | more
    return RunSummary(result=result, **fields)  # type: ignore[arg-type]  # as above


def link(left: str, right: str, key: str = "serial") -> Link:
    return Link(left_system="google", left_id=left, right_system="rt", right_id=right, match_key=key)


def person(number: int, **more: object) -> Row:
    fields: dict[str, object] = {
        "id": f"{number:05}",
        "given_name": f"Given{number}",
        "family_name": "Grüße",
        "user_name": f"s{number}",
        "email": f"s{number}@example.org",
        "grade": "9",
        "graduation_year": 2030,
        "school": "North",
        "advisor": "A. Teacher",
        "role": "student",
        "active": True,
    }
    return tuple((fields | more).values())


def an_import(**more: object) -> Import:
    fields = {"roster": "students", "scope": "", "extent": "full", "content": "c" * 64, "reading": "r" * 64}
    return Import(**fields | {"file": "students.csv", "format": "advisor"} | more)  # type: ignore[arg-type]  # as above


def battery(device: str = "SYN0001", day: int = 1, percent: float | None = 85.0, **more: object) -> HistoryRow:
    fields: dict[str, object] = {
        "health": "BATTERY_HEALTH_NORMAL",
        "full_charge": 3400,
        "design": 4000,
        "battery": "B1",
    }
    moment = {"device": device, "time": datetime(2026, 11, day, 8, 30, tzinfo=UTC), "source": "gam"}
    return HistoryRow(percent=percent, **moment | fields | more)  # type: ignore[arg-type]  # as above


def other_battery() -> OtherBattery:
    return OtherBattery(battery="B2", time=datetime(2026, 11, 1, tzinfo=UTC), percent=99.5, cycles=3)


def battery_import(**more: object) -> BatteryImport:
    fields = {"content": "c" * 64, "reading": "r" * 64, "file": "batteries.csv"}
    return BatteryImport(**fields | more)  # type: ignore[arg-type]  # as above


def check_in(**more: object) -> CheckIn:
    fields = {"event": "event-1", "asset": 17, "at": "2026-11-01T08:30:00.000Z", "name": "W12-0017", "ticket": 0}
    told = {"type": "Chromebook", "serial": "SYN0001", "student": "00001", "previous_owner": "Given1 Grüße"}
    return CheckIn(**fields | told | more)  # type: ignore[arg-type]  # as above


def fill(directory: Path) -> Store:
    """Make a small store with something in every table."""
    clock = VirtualClock()
    store = open_store(directory, actor="syncd-chromebooks.service", clock=clock)
    run = store.ledger.start("chromebooks", "apply")
    store.ledger.planned(run, plan(action(1), action(2, "create")))
    store.ledger.intend(run, [action(1), action(2, "create")])
    clock.advance(2)
    store.ledger.settle(run, [outcome(1), outcome(2, "failed", error="refused", code="google.refused")])
    store.ledger.finish(
        summary(
            run,
            "partial",
            counts={"verified": 1, "failed": 1},
            requests={"google": 3},
            traffic={"google": Traffic(requests=3, retries=1, codes={"200": 2, "503": 1})},
        )
    )
    store.snapshots.commit(SCOPE, meta=b"meta", upsert=[("1", b"one"), ("2", b"two")])
    store.external_ids.record("chromebooks", [link("device-1", "1"), link("device-2", "2")], clock.now())
    store.circuits.save("rt", CircuitState(failures=5, open_until=1.5, cooldown=60.0))
    store.rosters.take(an_import(), [[person(1), person(2)]], lambda _counts: True)
    store.batteries.history.note([battery(), battery(day=2, percent=83.9, others=(other_battery(),))])
    records = [("SYN0001", b'{"serial":"SYN0001"}')]
    store.batteries.take_import(battery_import(), [records], NewerOnly(), lambda counts: counts)
    store.checkins.begin([check_in(), check_in(asset=18, broken_screen=True, description="cracked")])
    store.checkins.finish("event-1", 5)
    store.tags.set_next("W12-", 500)
    store.tags.reserve("W12-", "17")
    store.cursors.set("asset-created", 70)
    return store


def sql(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def dump(path: Path) -> list[str]:
    """Return all that a file holds, as SQL."""
    connection = sqlite3.connect(path)
    held = list(connection.iterdump())
    connection.close()
    return held


def other_index(name: str) -> str:
    """Let the definition of an index say something else than what its pages hold."""
    return f"UPDATE sqlite_master SET sql = replace(sql, '(started)', '(finished)') WHERE name = '{name}'"  # noqa: S608
