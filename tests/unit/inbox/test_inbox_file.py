import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from syncd.host.errors import ConfigurationError, DataError, Unavailable
from syncd.state.database import WAL_KEPT
from syncd.state.inbox.schema import REVISION, metadata
from syncd.state.inbox.store import CACHE, FILE_NAME, LOG_PAGES, SCHEMA, Inbox, open_inbox
from syncd.state.store import open_store
from unit.inbox.sample import LEASE, NOW, fill, later, new

TESTS = Path(__file__).parents[2]
RELEASED = TESTS / "fixtures" / "inbox"

ACCEPT = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from pathlib import Path
from syncd.state.inbox.store import open_inbox
from unit.inbox.sample import NOW, new

inbox = open_inbox(Path(sys.argv[1]))
for turn in range(100_000):
    receipts = inbox.accept([new(f"{{turn}}.{{number}}", body=b"x" * 1000) for number in range(50)], NOW)
    print(turn, *[receipt.id for receipt in receipts], flush=True)
"""

WORK = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from pathlib import Path
from syncd.state.inbox.store import open_inbox
from unit.inbox.sample import LEASE, NOW

inbox = open_inbox(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
while event := inbox.claim(sys.argv[2], NOW, LEASE):
    print(event.key, event.object, event.attempts, flush=True)
    assert inbox.finish(event.id, sys.argv[2], NOW, b"")
"""


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let the disk be full: writes past this size fail."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_file_is_for_its_owner_only_and_in_a_folder_of_its_own(inbox: Inbox, tmp_path: Path) -> None:
    inbox.accept([new("1")], NOW)
    assert inbox.path == tmp_path / "webhooks" / FILE_NAME
    assert {stat.S_IMODE(path.stat().st_mode) for path in inbox.path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(inbox.path.parent.stat().st_mode) == 0o700


def test_every_commit_is_on_disk(inbox: Inbox) -> None:
    with inbox._database.write() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "cache_size")
        ]
    assert found == ["wal", 2, -CACHE // 1024]


@pytest.mark.usefixtures("by_alembic")
def test_the_tables_are_those_that_the_migrations_make(inbox: Inbox) -> None:
    with inbox._database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert ScriptDirectory(str(SCHEMA.migrations)).get_heads() == [REVISION]


def test_an_inbox_of_a_newer_syncd_is_left_alone(tmp_path: Path) -> None:
    open_inbox(tmp_path).close()
    with open_inbox(tmp_path) as inbox, inbox._database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(ConfigurationError, match="0999 of a newer syncd"):
        open_inbox(tmp_path)


def test_a_damaged_inbox_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(DataError, match=FILE_NAME):
        open_inbox(tmp_path)


def test_the_inbox_is_no_store_and_the_store_no_inbox(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    open_inbox(tmp_path).close()
    open_store(tmp_path).close()


@pytest.mark.parametrize("released", sorted(RELEASED.glob("schema-*.sqlite")), ids=lambda path: path.stem)
def test_the_inbox_of_every_released_schema_opens_with_all_it_holds(tmp_path: Path, released: Path) -> None:
    shutil.copyfile(released, tmp_path / FILE_NAME)
    with open_inbox(tmp_path) as old, fill(tmp_path / "fresh") as fresh:
        kept = [[(event.key, event.state, event.result, event.error) for event in each.list()] for each in (old, fresh)]
        assert kept[0] == kept[1]
        assert old.counts() == fresh.counts()
        assert [each.key for each in [old.claim("c", later(5), LEASE)] if each] == ["waiting"]


def test_there_is_a_file_of_the_newest_schema() -> None:
    assert (RELEASED / f"schema-{REVISION}.sqlite").is_file()


def test_a_full_disk_keeps_nothing_of_what_was_refused_and_all_that_was_accepted(inbox: Inbox) -> None:
    inbox.accept([new("before")], NOW)
    log = Path(f"{inbox.path}-wal")
    with no_file_longer_than(log.stat().st_size + 20_000):
        for _ in range(2):
            with pytest.raises(Unavailable, match="full") as full:
                inbox.accept([new(f"lost {number}", body=b"x" * 1000) for number in range(100)], NOW)
            assert full.value.code == "inbox.full"
        assert inbox.counts() == {("asset-created", "waiting"): 1}
    assert not any(receipt.duplicate for receipt in inbox.accept([new(f"lost {number}") for number in range(100)], NOW))
    assert inbox.counts() == {("asset-created", "waiting"): 101}


def test_a_full_disk_keeps_a_claim_from_being_made_by_half(inbox: Inbox) -> None:
    (receipt,) = inbox.accept([new("1")], NOW)
    with no_file_longer_than(Path(f"{inbox.path}-wal").stat().st_size), pytest.raises(Unavailable):
        inbox.claim("a", NOW, LEASE)
    event = inbox.get(receipt.id)
    assert event is not None
    assert (event.state, event.attempts) == ("waiting", 0)
    assert inbox.claim("a", NOW, LEASE) is not None


@pytest.mark.parametrize("delay", [0.0, 0.0171])
def test_a_kill_in_the_middle_of_accepting_loses_nothing_that_was_acknowledged(tmp_path: Path, delay: float) -> None:
    command = [sys.executable, "-c", ACCEPT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(10)]
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        lines += [line for line in process.stdout if line.endswith("\n")]
    assert process.returncode == -signal.SIGKILL
    acknowledged = {each for line in lines for each in line.split()[1:]}
    with open_inbox(tmp_path) as inbox:
        stored = {event.id for event in inbox.list(limit=1_000_000)}
        assert acknowledged <= stored
        # What was being accepted is there whole, or not at all.
        assert len(stored) in (len(acknowledged), len(acknowledged) + 50)
        assert inbox.counts() == {("asset-created", "waiting"): len(stored)}
        again = inbox.accept([new(f"{turn}.0") for turn in range(len(lines))], NOW)
        assert all(receipt.duplicate for receipt in again)


def test_two_processes_claim_each_event_once_and_in_the_order_of_its_object(tmp_path: Path) -> None:
    with open_inbox(tmp_path) as inbox:
        inbox.accept([new(str(number), f"asset:{number % 20}") for number in range(200)], NOW)
    commands = [[sys.executable, "-c", WORK, str(tmp_path), holder] for holder in ("a", "b")]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for command in commands
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    outputs = [worker.communicate(timeout=60)[0].splitlines() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert all(outputs), "both have worked"
    claims = Counter(line.split()[0] for output in outputs for line in output)
    assert claims == Counter(str(number) for number in range(200))
    for output in outputs:
        for of in {line.split()[1] for line in output}:
            numbers = [int(line.split()[0]) for line in output if line.split()[1] == of]
            assert numbers == sorted(numbers)
    with open_inbox(tmp_path) as inbox:
        assert inbox.counts() == {("asset-created", "done"): 200}


def test_nobody_reads_a_whole_table_to_claim_or_to_look(inbox: Inbox) -> None:
    statements: list[str] = []
    with inbox._database.read() as connection, inbox._database.write_directly() as cursor:
        plain = connection.connection.driver_connection
        writer = cursor.connection
    assert plain is not None
    for each in (plain, writer):
        each.set_trace_callback(statements.append)
    inbox.next_due()
    inbox.oldest_waiting()
    inbox.list(["dead"])
    inbox.get("x")
    inbox.accept([new("1")], NOW)
    event = inbox.claim("a", NOW, LEASE)
    assert event is not None
    inbox.retry(event.id, "a", NOW, "", "")
    inbox.drop(event.id, NOW)
    inbox.prune(later(1))
    for each in (plain, writer):
        each.set_trace_callback(None)
    asked = [each for each in statements if each.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))]
    plans = [str(row[3]) for each in asked for row in plain.execute(f"EXPLAIN QUERY PLAN {each}")]
    assert len(plans) > 10
    assert [each for each in plans if each.startswith("SCAN events")] == []


def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_is_kept(inbox: Inbox) -> None:
    broken = new("b", body=None)  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        inbox.accept([new("a"), broken], NOW)
    inbox.accept([new("c")], NOW)
    assert [event.key for event in inbox.list()] == ["c"]


def test_the_log_is_folded_in_seldom_and_stays_short(inbox: Inbox) -> None:
    with inbox._database.write_directly() as cursor:
        pages = cursor.execute("PRAGMA wal_autocheckpoint").fetchone()[0]
        size = cursor.execute("PRAGMA page_size").fetchone()[0]
        full = cursor.execute("PRAGMA synchronous").fetchone()[0]
    assert (pages, full) == (LOG_PAGES, 2)
    assert pages * (size + 24) <= WAL_KEPT
