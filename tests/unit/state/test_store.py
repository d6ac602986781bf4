import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from syncd.host.circuit import CircuitState
from syncd.host.clock import SystemClock
from syncd.host.errors import Busy, ConfigurationError, DataError, IntegrationError, NotPermitted, Unavailable
from syncd.state import migration
from syncd.state.database import Database
from syncd.state.schema import REVISION, metadata
from syncd.state.store import FILE_NAME, Store, open_store
from unit.state.sample import SCOPE, action, dump, fill, link, plan, sql

MIGRATIONS = Path(migration.__file__).parent / "migrations"
RELEASED = Path(__file__).parents[2] / "fixtures" / "state"


def modes(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (directory, *directory.iterdir())}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_directory_and_files_are_for_their_owner_only(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with open_store(tmp_path / "parent" / "state") as store:
            store.ledger.start("a", "plan")
            found = modes(tmp_path / "parent" / "state")
    finally:
        os.umask(before)
    files = {name: mode for name, mode in found.items() if name != "state"}
    assert files == {FILE_NAME: 0o600, f"{FILE_NAME}-wal": 0o600, f"{FILE_NAME}-shm": 0o600}
    assert found["state"] == 0o700
    assert stat.S_IMODE((tmp_path / "parent").stat().st_mode) == 0o700


def test_a_store_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    (tmp_path / FILE_NAME).chmod(0o644)
    open_store(tmp_path).close()
    assert modes(tmp_path)[FILE_NAME] == 0o600


def test_every_connection_waits_syncs_and_checks_references(store: Store) -> None:
    for scope in (store._database.read, store._database.write):
        with scope() as connection:
            pragmas = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 200}


def test_a_store_waits_half_a_minute_unless_told_otherwise(tmp_path: Path) -> None:
    with open_store(tmp_path) as store, store._database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


@pytest.mark.usefixtures("by_alembic")
def test_the_tables_are_those_that_the_migrations_make(store: Store) -> None:
    with store._database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_store_of_a_test_is_as_the_migrations_make_it(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    for name in ("first", "next"):
        open_store(tmp_path / name).close()
    request.getfixturevalue("by_alembic")
    open_store(tmp_path / "real").close()
    assert dump(tmp_path / "next" / FILE_NAME) == dump(tmp_path / "real" / FILE_NAME)


def test_the_revision_is_that_of_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [REVISION]


def test_revisions_sort_by_age() -> None:
    newest_first = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    assert newest_first == sorted(newest_first, reverse=True)


def test_opening_an_up_to_date_store_does_not_load_alembic(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    program = (
        "import pathlib, sys; from syncd.state.store import open_store; open_store(pathlib.Path(sys.argv[1])).close();"
        "sys.exit(any(name.split('.')[0] == 'alembic' for name in sys.modules))"
    )
    for directory, loads in ((tmp_path, 0), (tmp_path / "new", 1)):
        done = subprocess.run([sys.executable, "-c", program, str(directory)], check=False, timeout=60)
        assert done.returncode == loads


def test_a_store_of_a_newer_syncd_is_left_alone(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    path = tmp_path / FILE_NAME
    sql(path, "UPDATE alembic_version SET version_num = '0999'", "UPDATE facts SET value = '7.5'", "DROP TABLE runs")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError) as newer:
        open_store(tmp_path)
    assert newer.value.code == "state.newer"
    for word in ("0999", REVISION, "7.5", "use the newer syncd", "restore", str(path)):
        assert word in newer.value.sentence
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [FILE_NAME]


def test_a_newer_store_without_the_tables_of_today_is_still_known_as_newer(tmp_path: Path) -> None:
    sql(
        tmp_path / FILE_NAME,
        "CREATE TABLE alembic_version (version_num TEXT)",
        "INSERT INTO alembic_version VALUES ('0999')",
    )
    with pytest.raises(ConfigurationError, match="0999"):
        open_store(tmp_path)


@pytest.mark.parametrize("content", [b"x" * 5000, b"\x00" * 8192, b"{}\n"])
def test_a_file_that_is_no_database_is_named_with_a_remedy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(DataError, match="backup") as damaged:
        open_store(tmp_path)
    assert damaged.value.code == "state.damaged"
    assert str(path) in damaged.value.sentence
    assert path.read_bytes() == content


def test_a_damaged_page_is_named_with_a_remedy(tmp_path: Path) -> None:
    store = fill(tmp_path)
    store.close()
    path = tmp_path / FILE_NAME
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(DataError) as damaged, open_store(tmp_path) as opened:
        opened.ledger.runs()
    assert damaged.value.code == "state.damaged"


def test_a_record_that_cannot_be_read_is_damage(store: Store) -> None:
    run = store.ledger.start("a", "plan")
    store.ledger.planned(run, plan(action(1)))
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE actions SET before = '{'")
    with pytest.raises(DataError, match="backup"):
        list(store.ledger.actions(run))


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    sql(path, "CREATE TABLE songs (title TEXT)")
    before = path.read_bytes()
    with pytest.raises(DataError, match="another program"):
        open_store(tmp_path)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    with open_store(tmp_path) as store:
        assert store.ledger.runs() == []


@pytest.mark.usefixtures("by_alembic")
def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(migration, "_after_upgrade", fail)
        with pytest.raises(RuntimeError):
            open_store(tmp_path)
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()
    with open_store(tmp_path) as store:
        assert store.ledger.runs() == []


def test_two_processes_may_create_the_store_at_once(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from syncd.state.store import open_store;"
        "open_store(pathlib.Path(sys.argv[1])).ledger.start('a', 'plan')"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "state")]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    with open_store(tmp_path / "state") as store:
        assert len(store.ledger.runs()) == 2


def test_a_store_that_another_process_keeps_locked_is_tried_later(store: Store) -> None:
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert store.ledger.runs() == [], "a reader does not wait for a writer"
    with pytest.raises(Busy, match=r"0\.2 s") as busy:
        store.ledger.start("a", "plan")
    assert (busy.value.code, int(busy.value.exit_status)) == ("state.locked", 75)
    other.execute("ROLLBACK")
    other.close()
    assert store.ledger.start("a", "plan")


def test_a_full_disk_is_named_and_costs_no_record(store: Store) -> None:
    run = store.ledger.start("a", "plan")
    with store._database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable, match="full") as full:
        store.ledger.planned(run, plan(*(action(number) for number in range(2000))))
    assert full.value.code == "state.disk"
    assert store.ledger.run(run).result == "running"
    assert list(store.ledger.actions(run)) == []


@pytest.mark.parametrize("below", [".", "state", "a/state"])
def test_a_directory_that_may_not_be_written_is_named(unprivileged: Path, below: str) -> None:
    with pytest.raises(NotPermitted) as refused:
        open_store(unprivileged / below)
    assert refused.value.code == "state.not_permitted"
    assert str(unprivileged / below) in refused.value.sentence
    assert "state.directory" in refused.value.sentence


def test_a_path_below_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for directory in (tmp_path / "file", tmp_path / "file" / "state"):
        with pytest.raises(ConfigurationError, match=r"state\.directory") as wrong:
            open_store(directory)
        assert str(directory) in wrong.value.sentence


def test_a_directory_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(ConfigurationError, match=FILE_NAME):
        open_store(tmp_path)


def test_a_directory_name_with_odd_letters_works(tmp_path: Path) -> None:
    with open_store(tmp_path / "50% off?#[x] ü") as store:
        assert store.ledger.start("a", "plan")


def test_a_file_system_without_shared_memory_is_refused() -> None:
    database = Database(Path(":memory:"), 1)
    with pytest.raises(ConfigurationError, match="local disk"):
        database.use_wal()
    database.close()


def test_an_error_outside_the_known_ones_is_not_dressed_up(store: Store) -> None:
    with pytest.raises(Exception, match="no such table") as raised, store._database.read() as connection:
        connection.exec_driver_sql("SELECT * FROM missing")
    assert not isinstance(raised.value, IntegrationError)


def test_circuit_states_outlive_the_store(tmp_path: Path) -> None:
    state = CircuitState(failures=5, open_until=1e9, cooldown=60.0)
    with open_store(tmp_path) as store:
        assert store.circuits.load("rt") is None
        store.circuits.save("rt", CircuitState(failures=1))
        store.circuits.save("rt", state)
    with open_store(tmp_path) as store:
        assert store.circuits.load("rt") == state
        assert store.circuits.load("google") is None
        assert store.circuits.all() == {"rt": state}
        with store._database.write() as connection:
            connection.exec_driver_sql("UPDATE circuits SET state = '[]'")
        assert store.circuits.load("rt") is None, "one that cannot be read starts closed"
        assert store.circuits.all() == {}


@pytest.mark.parametrize("released", sorted(RELEASED.glob("schema-*.sqlite")), ids=lambda path: path.stem)
def test_the_state_of_every_released_schema_opens_with_all_it_holds(tmp_path: Path, released: Path) -> None:
    shutil.copyfile(released, tmp_path / FILE_NAME)
    with open_store(tmp_path) as old, fill(tmp_path / "fresh") as fresh:
        (run,) = old.ledger.runs()
        (same,) = fresh.ledger.runs()
        assert (run.job, run.actor, run.result) == ("chromebooks", "syncd-chromebooks.service", "partial")
        assert (run.started, run.finished, run.counts) == (same.started, same.finished, same.counts)
        assert (run.sources, run.requests, run.plan_hash) == (same.sources, same.requests, same.plan_hash)
        assert run.traffic == ({} if released.stem == "schema-0001" else same.traffic)
        kept = [(each, result.state, result.error) for each, result in old.ledger.actions(run.id)]
        assert kept == [(each, result.state, result.error) for each, result in fresh.ledger.actions(same.id)]
        assert old.ledger.plan_report(run.id) == fresh.ledger.plan_report(same.id)
        assert old.snapshots.meta(SCOPE) == b"meta"
        assert sorted(old.snapshots.rows(SCOPE)) == [b"one", b"two"]
        assert list(old.external_ids.links("chromebooks")) == list(fresh.external_ids.links("chromebooks"))
        links = [link("device-1", "1"), link("device-2", "2")]
        assert old.external_ids.record("chromebooks", links, SystemClock().now()) == 0
        assert old.circuits.load("rt") == fresh.circuits.load("rt")
        rosters = released.stem >= "schema-0003"
        assert old.rosters.imports("students") == (fresh.rosters.imports("students") if rosters else [])
        assert list(old.rosters.people("students")) == (list(fresh.rosters.people("students")) if rosters else [])
        batteries = released.stem >= "schema-0004"
        assert list(old.batteries.history.all()) == (list(fresh.batteries.history.all()) if batteries else [])
        assert list(old.batteries.imported()) == (list(fresh.batteries.imported()) if batteries else [])
        assert old.batteries.imports() == (fresh.batteries.imports() if batteries else [])
        assert old.checkins.of("event-1") == (fresh.checkins.of("event-1") if released.stem >= "schema-0005" else [])
        tags = released.stem >= "schema-0006"
        assert list(old.tags.given()) == (list(fresh.tags.given()) if tags else [])
        assert old.tags.sequences() == (fresh.tags.sequences() if tags else [])
        assert old.cursors.get("asset-created") == (70 if tags else None)


def test_there_is_a_state_file_of_the_present_schema() -> None:
    assert (RELEASED / f"schema-{REVISION}.sqlite").is_file()


def test_a_new_schema_is_said_once_and_with_its_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        open_store(tmp_path).close()
        open_store(tmp_path).close()
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / FILE_NAME} is at schema {REVISION} now (before: none)"
    ]
