import shutil
from pathlib import Path

import pytest

from syncd.host.errors import ConfigurationError
from syncd.state.figures import SnapshotTimes
from syncd.state.lock import JobLock
from syncd.state.store import FILE_NAME, find_store, open_store
from syncd.state.totals import Totals
from syncd.state.upkeep import Finding, Forgotten, examine
from unit.state.sample import SCOPE, fill, link, other_index, sql


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
    sql(path, "PRAGMA journal_mode=DELETE", "PRAGMA writable_schema=ON", other_index("ix_runs_started"))
    failed = {finding.check: finding for finding in examine(path) if finding.state == "failed"}
    assert list(failed) == ["integrity"]
    assert "ix_runs_started" in failed["integrity"].found
    assert "restore a backup" in failed["integrity"].remedy


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
