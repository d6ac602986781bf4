import errno
import shutil
import sqlite3
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from syncd.host.clock import SystemClock
from syncd.host.errors import ConfigurationError, DataError, NotPermitted
from syncd.state.figures import SnapshotTimes
from syncd.state.lock import JobLock
from syncd.state.store import FILE_NAME, Store, find_store, open_store
from syncd.state.totals import Totals
from syncd.state.upkeep import Finding, Forgotten, examine
from unit.state.sample import SCOPE, action, fill, link, plan, summary


def sql(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def states(findings: list[Finding]) -> dict[str, str]:
    return {finding.check: finding.state for finding in findings}


# -- check


def test_a_healthy_store_passes_every_check(tmp_path: Path) -> None:
    fill(tmp_path).close()
    findings = examine(tmp_path / FILE_NAME)
    checks = ("schema", "integrity", "orphans", "records", "open runs", "size")
    assert states(findings) == dict.fromkeys(checks, "ok")


def test_a_store_is_checked_while_a_run_is_under_way(tmp_path: Path) -> None:
    with fill(tmp_path) as store, JobLock(tmp_path, "chromebooks", "x"):
        store.ledger.start("chromebooks", "apply")
        assert set(states(examine(store.path)).values()) == {"ok"}


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    (finding,) = examine(tmp_path / FILE_NAME)
    assert (finding.state, "the first run makes it" in finding.found) == ("warning", True)
    assert find_store(tmp_path) is None
    assert find_store(tmp_path / "nowhere") is None
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_an_older_schema_is_checked_as_it_is(tmp_path: Path) -> None:
    released = Path(__file__).parents[2] / "fixtures" / "state" / "schema-0001.sqlite"
    shutil.copyfile(released, tmp_path / FILE_NAME)
    before = (tmp_path / FILE_NAME).read_bytes()
    findings = examine(tmp_path / FILE_NAME)
    assert set(states(findings).values()) == {"ok"}
    assert "0001, and the next run brings it to" in findings[0].found
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_a_store_of_a_newer_syncd_is_a_matter_of_configuration(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    sql(tmp_path / FILE_NAME, "UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(ConfigurationError) as newer:
        examine(tmp_path / FILE_NAME)
    assert (newer.value.code, int(newer.value.exit_status)) == ("state.newer", 78)


@pytest.mark.parametrize("content", [b"x" * 5000, b"\x00" * 8192])
def test_a_file_that_is_no_database_fails_with_a_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    failed = next(finding for finding in examine(tmp_path / FILE_NAME) if finding.state == "failed")
    assert "damaged" in failed.found
    assert f"copy the backup over {tmp_path / FILE_NAME}" in failed.remedy


def test_a_damaged_index_is_found_before_it_hides_a_record(tmp_path: Path) -> None:
    fill(tmp_path).close()
    path = tmp_path / FILE_NAME
    sql(path, "PRAGMA journal_mode=DELETE", "PRAGMA writable_schema=ON", _other_index("ix_runs_started"))
    failed = {finding.check: finding for finding in examine(path) if finding.state == "failed"}
    assert list(failed) == ["integrity"]
    assert "ix_runs_started" in failed["integrity"].found
    assert "restore a backup" in failed["integrity"].remedy


def _other_index(name: str) -> str:
    """Let the definition of an index say something else than what its pages hold."""
    return f"UPDATE sqlite_master SET sql = replace(sql, '(started)', '(finished)') WHERE name = '{name}'"  # noqa: S608


def test_orphans_are_found(tmp_path: Path) -> None:
    fill(tmp_path).close()
    sql(tmp_path / FILE_NAME, "DELETE FROM runs", "DELETE FROM snapshot_meta")
    failed = {finding.check: finding.found for finding in examine(tmp_path / FILE_NAME) if finding.state == "failed"}
    assert failed == {"orphans": "2 of actions without runs; 2 of snapshots without snapshot_meta"}


@pytest.mark.parametrize(
    ("table", "column"), [("actions", "before"), ("runs", "counts"), ("circuits", "state"), ("people", "data")]
)
def test_records_that_cannot_be_read_are_found(tmp_path: Path, table: str, column: str) -> None:
    fill(tmp_path).close()
    sql(tmp_path / FILE_NAME, f"UPDATE {table} SET {column} = '{{'")  # noqa: S608
    failed = {finding.check: finding.found for finding in examine(tmp_path / FILE_NAME) if finding.state == "failed"}
    assert list(failed) == ["records"]
    assert f"{table}.{column} cannot be read" in failed["records"]


def test_a_run_that_was_killed_is_only_a_warning(tmp_path: Path) -> None:
    with fill(tmp_path) as store:
        run = store.ledger.start("chromebooks", "apply")
        found = next(finding for finding in examine(store.path) if finding.check == "open runs")
    assert (found.state, f"{run} of chromebooks" in found.found) == ("warning", True)


# -- backup


def everything(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    dump = list(connection.iterdump())
    connection.close()
    return dump


def test_a_backup_is_the_whole_store_in_one_private_file(tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    with fill(tmp_path / "state") as store:
        size = store.back_up(target)
        assert everything(target) == everything(store.path)
    assert (target.stat().st_size, stat.S_IMODE(target.stat().st_mode)) == (size, 0o600)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["backup.sqlite"]


def test_a_backup_that_is_copied_into_place_is_the_store_again(tmp_path: Path) -> None:
    with fill(tmp_path / "state") as store:
        store.back_up(tmp_path / "backup.sqlite")
        (run,) = store.ledger.runs()
        actions = list(store.ledger.actions(run.id))
        store.ledger.start("chromebooks", "apply")
    for file in (tmp_path / "state").glob(f"{FILE_NAME}*"):
        file.unlink()
    shutil.copyfile(tmp_path / "backup.sqlite", tmp_path / "state" / FILE_NAME)
    with open_store(tmp_path / "state") as restored:
        assert restored.ledger.runs() == [run]
        assert list(restored.ledger.actions(run.id)) == actions
        assert restored.ledger.plan_report(run.id).listings
        assert sorted(restored.snapshots.rows(SCOPE)) == [b"one", b"two"]
        links = [link("device-1", "1"), link("device-2", "2")]
        assert restored.external_ids.record("chromebooks", links, SystemClock().now()) == 0
        assert restored.circuits.load("rt") is not None
        restored.ledger.start("chromebooks", "apply")
    assert set(states(examine(tmp_path / "state" / FILE_NAME)).values()) <= {"ok", "warning"}


def test_a_backup_is_taken_while_others_write(tmp_path: Path) -> None:
    stop = threading.Event()
    with open_store(tmp_path / "state") as store:

        def work() -> None:
            while not stop.is_set():
                run = store.ledger.start("chromebooks", "apply")
                store.ledger.planned(run, plan(*(action(number) for number in range(50))))
                store.ledger.finish(summary(run, counts={"actions": 50}))

        writer = threading.Thread(target=work)
        writer.start()
        try:
            for number in range(5):
                store.back_up(tmp_path / f"{number}.sqlite")
        finally:
            stop.set()
            writer.join(timeout=30)
    for number in range(5):
        (tmp_path / f"copy-{number}").mkdir()
        shutil.copyfile(tmp_path / f"{number}.sqlite", tmp_path / f"copy-{number}" / FILE_NAME)
        with open_store(tmp_path / f"copy-{number}") as copy:
            planned = [run for run in copy.ledger.runs(limit=None) if run.plan_hash]
            assert [len(list(copy.ledger.actions(run.id))) for run in planned] == [50] * len(planned)


def test_an_older_backup_is_replaced_when_the_new_one_is_whole(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    store.back_up(target)
    run = store.ledger.start("chromebooks", "plan")
    store.back_up(target)
    assert any(run in line for line in everything(target))


def test_a_damaged_store_makes_no_backup_and_leaves_the_older_one(tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    fill(tmp_path / "state").close()
    with open_store(tmp_path / "state") as store:
        store.back_up(target)
    before = target.read_bytes()
    path = tmp_path / "state" / FILE_NAME
    sql(path, "PRAGMA writable_schema=ON", _other_index("ix_runs_started"))
    with open_store(tmp_path / "state") as store, pytest.raises(DataError, match="no backup") as damaged:
        store.back_up(target)
    assert damaged.value.code == "state.damaged"
    assert target.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["backup.sqlite"]


@pytest.mark.parametrize("name", [FILE_NAME, f"{FILE_NAME}-wal", "link"])
def test_the_store_is_no_backup_of_itself(store: Store, name: str) -> None:
    store.ledger.start("chromebooks", "plan")
    (store.path.parent / "link").symlink_to(store.path)
    with pytest.raises(DataError, match="name another file"):
        store.back_up(store.path.parent / name)
    assert len(store.ledger.runs()) == 1


def test_a_file_that_is_no_backup_is_not_overwritten(store: Store, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("dear diary")
    sql(tmp_path / "songs.sqlite", "CREATE TABLE songs (title TEXT)")
    (tmp_path / "folder").mkdir()
    for name in ("notes.txt", "songs.sqlite", "folder"):
        with pytest.raises(DataError, match="no backup of syncd"):
            store.back_up(tmp_path / name)
    assert (tmp_path / "notes.txt").read_text() == "dear diary"


def test_a_backup_into_a_folder_that_is_not_there_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file or directory; name another file"):
        store.back_up(tmp_path / "nowhere" / "backup.sqlite")


def test_a_backup_into_a_folder_of_others_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")  # what root never meets

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    (tmp_path / "theirs").mkdir()
    with pytest.raises(NotPermitted, match="may not write the backup"):
        store.back_up(tmp_path / "theirs" / "backup.sqlite")


# -- forget


def test_forgetting_keeps_the_audit_log_and_nothing_that_can_be_read_again(tmp_path: Path) -> None:
    with fill(tmp_path) as store:
        (run,) = store.ledger.runs()
        actions = list(store.ledger.actions(run.id))
        now = store.ledger._clock.now()
        store.figures.note_snapshot("chromebooks", "rt", SnapshotTimes(as_of=now, full=now))
        totals = store.figures.totals("chromebooks")
        assert store.forget() == Forgotten(snapshots=1, objects=2, links=2)
        assert store.figures.snapshots("chromebooks") == {}
        assert store.figures.totals("chromebooks") == totals != Totals()
        assert store.ledger.runs() == [run]
        assert list(store.ledger.actions(run.id)) == actions
        assert store.snapshots.meta(SCOPE) is None
        assert store.snapshots.metas() == {}
        assert list(store.external_ids.links("chromebooks", former=True)) == []
        assert store.external_ids.record("chromebooks", [link("device-1", "1")], now) == 1
        assert store.circuits.load("rt") is not None
    assert set(states(examine(tmp_path / FILE_NAME)).values()) == {"ok"}
