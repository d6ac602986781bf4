"""Copies of the store and the inbox: whole, private, and never in the place of something else."""

import errno
import shutil
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from syncd.host.clock import SystemClock
from syncd.host.errors import DataError, NotPermitted
from syncd.state.backup import back_up
from syncd.state.inbox import store as inbox_store
from syncd.state.store import FILE_NAME, Store, open_store
from syncd.state.upkeep import examine
from unit.inbox import sample as events
from unit.state.sample import SCOPE, action, dump, fill, link, other_index, plan, sql, summary


def test_a_backup_is_the_whole_store_in_one_private_file(tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    with fill(tmp_path / "state") as store:
        size = back_up({target: store.path})[target]
        assert dump(target) == dump(store.path)
    assert (target.stat().st_size, stat.S_IMODE(target.stat().st_mode)) == (size, 0o600)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["backup.sqlite"]


def test_a_backup_that_is_copied_into_place_is_the_store_again(tmp_path: Path) -> None:
    with fill(tmp_path / "state") as store:
        back_up({tmp_path / "backup.sqlite": store.path})
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
    assert {finding.state for finding in examine(tmp_path / "state" / FILE_NAME)} <= {"ok", "warning"}


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
                back_up({tmp_path / f"{number}.sqlite": store.path})
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
    back_up({target: store.path})
    run = store.ledger.start("chromebooks", "plan")
    back_up({target: store.path})
    assert any(run in line for line in dump(target))


def test_a_damaged_store_makes_no_backup_and_leaves_the_older_one(tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite"
    fill(tmp_path / "state").close()
    with open_store(tmp_path / "state") as store:
        back_up({target: store.path})
    before = target.read_bytes()
    path = tmp_path / "state" / FILE_NAME
    sql(path, "PRAGMA writable_schema=ON", other_index("ix_runs_started"))
    with open_store(tmp_path / "state") as store, pytest.raises(DataError, match="no backup") as damaged:
        back_up({target: store.path})
    assert damaged.value.code == "state.damaged"
    assert target.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["backup.sqlite"]


def test_an_inbox_that_is_copied_into_place_goes_on_where_it_was(tmp_path: Path) -> None:
    with events.fill(tmp_path / "webhooks") as inbox:
        back_up({tmp_path / "backup.inbox": inbox.path})
        before = inbox.list()
        inbox.accept([events.new("later")], events.later(9))
    for file in (tmp_path / "webhooks").iterdir():
        file.unlink()
    shutil.copyfile(tmp_path / "backup.inbox", tmp_path / "webhooks" / inbox_store.FILE_NAME)
    with inbox_store.open_inbox(tmp_path / "webhooks") as restored:
        assert restored.list() == before
        (known,) = restored.accept([events.new("done")], events.later(10))
        assert known.duplicate
        claimed = restored.claim("c", events.later(10), events.LEASE)
        assert claimed is not None
        assert claimed.key == "waiting"


def test_with_one_target_that_is_none_nothing_is_written(store: Store, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("dear diary")
    with events.fill(tmp_path / "webhooks") as inbox, pytest.raises(DataError, match="no backup of syncd"):
        back_up({tmp_path / "backup.inbox": inbox.path, tmp_path / "notes.txt": store.path})
    assert not (tmp_path / "backup.inbox").exists()


def test_the_inbox_is_no_place_for_a_backup_of_the_store(store: Store, tmp_path: Path) -> None:
    with events.fill(tmp_path / "webhooks") as inbox:
        with pytest.raises(DataError, match="name another file"):
            back_up({tmp_path / "backup.inbox": inbox.path, inbox.path: store.path})
        assert len(inbox.list()) == 5


@pytest.mark.parametrize("name", [FILE_NAME, f"{FILE_NAME}-wal", "link"])
def test_the_store_is_no_backup_of_itself(store: Store, name: str) -> None:
    store.ledger.start("chromebooks", "plan")
    (store.path.parent / "link").symlink_to(store.path)
    with pytest.raises(DataError, match="name another file"):
        back_up({store.path.parent / name: store.path})
    assert len(store.ledger.runs()) == 1


def test_a_file_that_is_no_backup_is_not_overwritten(store: Store, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("dear diary")
    sql(tmp_path / "songs.sqlite", "CREATE TABLE songs (title TEXT)")
    (tmp_path / "folder").mkdir()
    for name in ("notes.txt", "songs.sqlite", "folder"):
        with pytest.raises(DataError, match="no backup of syncd"):
            back_up({tmp_path / name: store.path})
    assert (tmp_path / "notes.txt").read_text() == "dear diary"


def test_a_backup_into_a_folder_that_is_not_there_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file or directory; name another file"):
        back_up({tmp_path / "nowhere" / "backup.sqlite": store.path})


def test_a_backup_into_a_folder_of_others_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")  # what root never meets

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    (tmp_path / "theirs").mkdir()
    with pytest.raises(NotPermitted, match="may not write the backup"):
        back_up({tmp_path / "theirs" / "backup.sqlite": store.path})
