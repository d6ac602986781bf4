from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.host.errors import DataError
from syncd.state import battery_history
from syncd.state.batteries import ImportCounts, Record
from syncd.state.battery_history import HistoryRow, OtherBattery
from syncd.state.retention import Pruned
from syncd.state.store import Store, open_store
from unit.state.sample import battery, battery_import, other_battery


def kept(store: Store, device: str = "SYN0001") -> list[tuple[int, float | None]]:
    return [(row.time.day, row.percent) for row in store.batteries.history.of(device)]


# -- history


def test_a_row_comes_back_as_it_was_noted(store: Store) -> None:
    rows = [
        battery(source="telemetry", cycles=100, level=55, others=(other_battery(), OtherBattery("B3", battery().time))),
        HistoryRow(device="SYN0002", time=datetime(2026, 11, 1, tzinfo=UTC), source="csv"),
    ]
    assert store.batteries.history.note(rows) == 2
    assert list(store.batteries.history.all()) == rows
    assert store.batteries.history.of("syn0001") == []
    assert all(row.time.tzinfo is UTC for row in store.batteries.history.all())


def test_only_changes_are_kept(store: Store) -> None:
    rows = [battery(day=day, percent=percent) for day, percent in enumerate([85.0, 85.0, 84.1, 84.0, 83.5, 85.0], 1)]
    assert store.batteries.history.note(rows) == 3
    assert kept(store) == [(1, 85.0), (4, 84.0), (6, 85.0)]
    assert store.batteries.history.note(rows) == 0


def test_the_noise_is_what_the_caller_says(store: Store) -> None:
    rows = [battery(day=1, percent=85.0), battery(day=2, percent=84.5), battery(day=3, percent=82.4)]
    assert store.batteries.history.note(rows, noise=2.1) == 2
    assert kept(store) == [(1, 85.0), (3, 82.4)]
    assert store.batteries.history.note(rows, noise=0.5) == 1


@pytest.mark.parametrize(
    ("change", "keeps"),
    [
        ({}, 0),
        ({"health": "BATTERY_REPLACE_NOW"}, 1),
        ({"design": 4100}, 1),
        ({"battery": "B9"}, 1),
        ({"others": (other_battery(),)}, 1),
        ({"cycles": 900, "level": 3, "full_charge": 3401, "source": "csv"}, 0),
        ({"percent": None, "health": "", "design": None, "battery": "", "full_charge": None}, 0),
    ],
)
def test_what_a_change_is(store: Store, change: dict[str, object], keeps: int) -> None:
    store.batteries.history.note([battery(day=1)])
    assert store.batteries.history.note([battery(**{"day": 2} | change)]) == keeps  # type: ignore[arg-type]


def test_a_percentage_that_becomes_known_is_a_change(store: Store) -> None:
    rows = [battery(day=1, percent=None), battery(day=2), battery(day=3, percent=None)]
    assert store.batteries.history.note(rows) == 2
    assert kept(store) == [(1, None), (2, 85.0)]


def test_older_reports_fill_the_history_in_the_order_of_time(store: Store) -> None:
    store.batteries.history.note([battery(day=10, percent=80.0), battery(day=20, percent=70.0)])
    rows = [battery(day=15, percent=75.0), battery(day=14, percent=75.5), battery(day=12, percent=80.5)]
    assert store.batteries.history.note([*rows, battery(day=5, percent=90.0)]) == 2
    assert kept(store) == [(5, 90.0), (10, 80.0), (14, 75.5), (20, 70.0)]


def test_of_two_rows_of_one_moment_the_one_that_knows_more_is_kept(store: Store) -> None:
    unknown, known = battery(percent=None, design=None), battery()
    assert [store.batteries.history.note([row]) for row in (unknown, known, unknown)] == [1, 1, 0]
    assert store.batteries.history.of("SYN0001") == [known]
    other = battery(percent=20.0)
    assert store.batteries.history.note([other]) == 0
    assert store.batteries.history.of("SYN0001") == [known]


def test_one_moment_may_be_told_twice_at_once(store: Store) -> None:
    rows = [battery(day=2), battery(day=2, percent=None), battery(percent=None), battery(), battery(day=2)]
    store.batteries.history.note(rows)
    assert kept(store) == [(1, 85.0)]
    assert store.batteries.history.note(rows) == 0


def test_the_newest_row_of_each_device_is_found(store: Store) -> None:
    rows = [battery("B", 2, 50.0), battery("A", 3, 60.0), battery("B", 9, 40.0), battery("A", 1, 70.0)]
    store.batteries.history.note(rows)
    assert [(row.device, row.time.day) for row in store.batteries.history.newest()] == [("A", 3), ("B", 9)]
    assert [(row.device, row.time.day) for row in store.batteries.history.all()] == [
        *[("A", 1), ("A", 3)],
        *[("B", 2), ("B", 9)],
    ]


def test_rows_that_change_nothing_write_nothing(store: Store) -> None:
    rows = [battery(f"SYN{number:04}") for number in range(2000)]
    assert store.batteries.history.note(rows) == 2000
    log = store.path.with_name(f"{store.path.name}-wal")
    before = log.read_bytes()
    assert store.batteries.history.note(rows) == 0
    assert log.read_bytes() == before


def test_all_rows_are_noted_or_none(store: Store) -> None:
    def rows() -> list[HistoryRow]:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        store.batteries.history.note(
            each for part in ([battery(f"S{n}") for n in range(900)], None) for each in part or rows()
        )
    assert list(store.batteries.history.all()) == []


def test_a_history_that_cannot_be_read_is_damage(store: Store) -> None:
    store.batteries.history.note([battery(others=(other_battery(),))])
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE battery_history SET others = '[{'")
    with pytest.raises(DataError, match="backup") as damaged:
        store.batteries.history.of("SYN0001")
    assert damaged.value.code == "state.damaged"


Reported = tuple[str, int, float | None, str]


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "single") as opened:
        yield opened


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["A", "B"]),
                st.integers(1, 12),
                st.sampled_from([None, 90.0, 89.5, 89.0, 88.0, 50.0]),
                st.sampled_from(["", "BATTERY_REPLACE_SOON"]),
            ),
            max_size=8,
        ),
        max_size=4,
    )
)
def test_notes_come_one_by_one_or_together_and_twice_make_no_difference(
    store: Store, single: Store, parts: list[list[Reported]]
) -> None:
    for one in (store, single):
        with one._database.write() as connection:
            connection.exec_driver_sql("DELETE FROM battery_history")
    for part in parts:
        rows = [battery(device, day, percent, health=health) for device, day, percent, health in part]
        store.batteries.history.note(rows)
        again = store.batteries.history.note(rows)
        assert again == 0
        for row in rows:
            single.batteries.history.note([row])
    for one in (store, single):
        newest = {row.device: row for row in one.batteries.history.all()}
        assert list(one.batteries.history.newest()) == [newest[device] for device in sorted(newest)]
    assert {row.device for row in store.batteries.history.all()} == {row[0] for part in parts for row in part}


# -- retention


def test_old_rows_leave_but_for_the_newest_of_each_device(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(battery_history, "PRUNED_AT_A_TIME", 3)
    store.batteries.history.note(battery("A", day, day) for day in range(1, 11))
    store.batteries.history.note(battery("B", day, day) for day in range(1, 4))
    before = datetime(2026, 11, 6, tzinfo=UTC)
    assert store.prune(before, batches=1) == Pruned(batteries=3)
    assert store.prune(before) == Pruned(batteries=4)
    assert [day for day, _ in kept(store, "A")] == [6, 7, 8, 9, 10]
    assert kept(store, "B") == [(3, 3.0)]
    assert store.prune(before + timedelta(days=400)) == Pruned(batteries=4)
    assert [day for day, _ in kept(store, "A")] == [10]


# -- files


def take(store: Store, *records: Record, keep: bool = True, **more: object) -> ImportCounts:
    return store.batteries.take_import(
        battery_import(**more), [records], Longer(), lambda counts: counts if keep else None
    )


def refused(_counts: ImportCounts) -> ImportCounts | None:
    raise DataError("no", code="battery.no_rows")


class Longer:
    """Keeps the longer one; a figure is a percentage, and the day is how long it is."""

    def merged(self, old: bytes, new: bytes, /) -> tuple[bytes, bytes | None]:
        one, other = sorted((old, new), key=len)
        return other, one

    def past(self, data: bytes, /) -> HistoryRow | None:
        return battery(day=len(data), percent=float(data))


def test_imports_add_and_merge_and_leave_what_is_not_new(store: Store) -> None:
    assert take(store, ("B", b"1"), ("A", b"1"), ("C", b"11")) == ImportCounts(devices=3, added=3)
    counts = take(store, ("A", b"22"), ("B", b"1"), ("C", b"3"), ("D", b"1"))
    assert counts == ImportCounts(devices=4, added=1, changed=1, unchanged=2)
    assert list(store.batteries.imported()) == [("B", b"1"), ("A", b"22"), ("C", b"11"), ("D", b"1")]
    assert store.batteries.imports()[0].counts == counts


def test_a_device_may_be_told_of_several_times(store: Store) -> None:
    records: list[Record] = [("A", b"1"), ("A", b"22")]
    assert take(store, *records, ("B", b"1")) == ImportCounts(devices=2, added=2)
    assert take(store, *records, ("B", b"1"), ("B", b"22"), ("B", b"333")) == ImportCounts(
        devices=2, changed=1, unchanged=1
    )
    assert list(store.batteries.imported()) == [("A", b"22"), ("B", b"333")]


def test_what_is_no_longer_the_newest_goes_to_the_history(store: Store) -> None:
    take(store, ("A", b"333"))
    assert kept(store) == []
    take(store, ("A", b"1"), ("A", b"22"), ("A", b"333"))
    assert kept(store) == [(1, 1.0), (2, 22.0)]
    take(store, ("A", b"4444"), keep=False)
    take(store, ("A", b"4444"))
    assert kept(store) == [(1, 1.0), (2, 22.0), (3, 333.0)]


def test_the_counts_of_an_import_are_those_that_its_caller_makes_of_them(store: Store) -> None:
    counts = ImportCounts(devices=7, skipped=3)
    batches = [[("A", b"1")]]
    assert store.batteries.take_import(battery_import(), batches, Longer(), lambda _: counts) == counts
    assert store.batteries.imports()[0].counts == counts


def test_what_is_not_kept_changes_nothing(store: Store) -> None:
    take(store, ("A", b"1"))
    assert take(store, ("A", b"22"), ("B", b"1"), keep=False) == ImportCounts(devices=2, added=1, changed=1)
    with pytest.raises(DataError):
        store.batteries.take_import(battery_import(), [[("A", b"22")]], Longer(), refused)
    assert list(store.batteries.imported()) == [("A", b"1")]
    assert len(store.batteries.imports()) == 1


def test_imports_are_listed_newest_first_with_who_and_when(store: Store) -> None:
    for number in range(3):
        take(store, ("A", b"1"), file=f"{number}.csv", content=f"{number % 2}")
    assert [each.file for each in store.batteries.imports()] == ["2.csv", "1.csv", "0.csv"]
    assert [each.file for each in store.batteries.imports(1)] == ["2.csv"]
    last = store.batteries.import_of("0", "r" * 64)
    assert last is not None
    assert (last.file, last.actor, last.at[:4]) == ("2.csv", "operator", "2026")
    assert store.batteries.import_of("0", "another reading") is None
    assert store.batteries.import_of("2", "r" * 64) is None
