import fcntl
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from syncd.host.errors import Busy, ConfigurationError, NotPermitted
from syncd.state.lock import Holder, JobLock, holder

HOLD = (
    "import pathlib, sys, time; from syncd.state.lock import JobLock;"
    "lock = JobLock(pathlib.Path(sys.argv[1]), 'chromebooks', '20260101T000000-aaaa'); lock.acquire();"
    "print('held', flush=True); time.sleep(60)"
)


def lock_file(directory: Path) -> Path:
    return directory / "locks" / "chromebooks.lock"


def test_a_second_run_is_told_who_runs(tmp_path: Path) -> None:
    with JobLock(tmp_path, "chromebooks", "20260101T000000-aaaa"):
        with pytest.raises(Busy) as busy:
            JobLock(tmp_path, "chromebooks", "other").acquire()
        expected = (
            f"chromebooks is already running: run 20260101T000000-aaaa, process {os.getpid()} on "
            f"{re.escape(socket.gethostname())} since \\d{{4}}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ; try again .*"
        )
        assert re.fullmatch(expected, busy.value.sentence)
        assert (busy.value.code, busy.value.object) == ("state.job_running", "chromebooks")
        assert int(busy.value.exit_status) == 75
    with JobLock(tmp_path, "chromebooks", "other"):
        assert json.loads(lock_file(tmp_path).read_text())["run"] == "other"


def test_a_refused_run_does_not_take_the_name_of_the_holder_away(tmp_path: Path) -> None:
    with JobLock(tmp_path, "chromebooks", "first"):
        for _ in range(2):
            with pytest.raises(Busy, match="run first"):
                JobLock(tmp_path, "chromebooks", "second").acquire()


def test_jobs_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with JobLock(tmp_path, "chromebooks", "a"), JobLock(tmp_path, "roster", "b"):
        pass


def test_a_run_may_be_named_after_the_lock_was_taken(tmp_path: Path) -> None:
    lock = JobLock(tmp_path, "chromebooks")
    lock.acquire()
    with pytest.raises(Busy, match="already running: process"):
        JobLock(tmp_path, "chromebooks").acquire()
    lock.name_run("a-rather-long-name-of-a-run")
    lock.name_run("short")
    with pytest.raises(Busy, match="run short, process"):
        JobLock(tmp_path, "chromebooks").acquire()
    lock.release()
    lock.release()
    JobLock(tmp_path, "chromebooks").name_run("not held: nothing to name")
    assert lock_file(tmp_path).read_bytes() == b""


def test_a_holder_that_has_not_yet_written_its_name_is_busy_all_the_same(tmp_path: Path) -> None:
    with JobLock(tmp_path, "chromebooks", "a"):
        lock_file(tmp_path).write_text('{"pid": 1')
        with pytest.raises(Busy, match="already running; try again"):
            JobLock(tmp_path, "chromebooks", "b").acquire()


def test_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            inode = lock_file(tmp_path).stat().st_ino
            with pytest.raises(Busy, match=f"process {holder.pid} "):
                JobLock(tmp_path, "chromebooks", "next").acquire()
        finally:
            holder.send_signal(signal.SIGKILL)
    with JobLock(tmp_path, "chromebooks", "next"):
        assert json.loads(lock_file(tmp_path).read_text())["pid"] == os.getpid()
    assert lock_file(tmp_path).stat().st_ino == inode, "a lock file is never removed"


def test_a_child_does_not_keep_the_lock(tmp_path: Path) -> None:
    with JobLock(tmp_path, "chromebooks", "a") as lock:
        assert lock._file is not None
        kept = os.dup(lock._file)  # what a child has between fork and exec
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        with JobLock(tmp_path, "chromebooks", "b"):
            pass
    finally:
        os.close(kept)
        child.communicate(b"\n", timeout=30)


def test_the_lock_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with JobLock(tmp_path / "state", "chromebooks", "a"):
            pass
    finally:
        os.umask(before)
    found = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state", tmp_path / "state" / "locks")]
    assert found == [0o700, 0o700]
    assert stat.S_IMODE(lock_file(tmp_path / "state").stat().st_mode) == 0o600


@pytest.mark.parametrize("job", ["", "../x", "a/b", ".hidden", "a b", "a\n"])
def test_a_job_name_that_is_no_file_name_is_refused(tmp_path: Path, job: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        JobLock(tmp_path, job, "a")
    assert refused.value.code == "state.job_name"


def test_a_lock_needs_no_database(tmp_path: Path) -> None:
    program = "import sys, syncd.state.lock; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60, cwd=tmp_path).returncode == 0


def test_a_state_directory_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises((ConfigurationError, NotPermitted), match="locks"):
        JobLock(tmp_path / "file", "chromebooks", "a").acquire()


# -- who holds it


def test_who_holds_a_lock_can_be_read_without_taking_it(tmp_path: Path) -> None:
    with JobLock(tmp_path, "chromebooks", "20260101T000000-aaaa"):
        found = holder(tmp_path, "chromebooks")
        assert found is not None
        assert (found.pid, found.run, found.host) == (os.getpid(), "20260101T000000-aaaa", socket.gethostname())
        with pytest.raises(Busy):
            JobLock(tmp_path, "chromebooks", "other").acquire()
    assert holder(tmp_path, "chromebooks") is None


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert holder(tmp_path, "chromebooks") is None
    assert holder(tmp_path / "nowhere", "chromebooks") is None
    assert list(tmp_path.iterdir()) == []


def test_a_holder_that_was_killed_holds_nothing_any_more(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as held:
        assert held.stdout is not None
        assert held.stdout.readline() == b"held\n"
        found = holder(tmp_path, "chromebooks")
        held.send_signal(signal.SIGKILL)
    assert found is not None
    assert found.pid == held.pid
    assert lock_file(tmp_path).stat().st_size > 0, "it left its name"
    assert holder(tmp_path, "chromebooks") is None


def test_a_holder_without_a_name_is_a_holder(tmp_path: Path) -> None:
    with JobLock(tmp_path, "chromebooks", "a"):
        lock_file(tmp_path).write_text('{"pid": ')
        assert holder(tmp_path, "chromebooks") == Holder()


def test_a_run_that_starts_while_somebody_looks_is_not_turned_away(tmp_path: Path) -> None:
    with JobLock(tmp_path, "chromebooks"):
        pass
    lock_file(tmp_path).write_text('{"pid": 1, "run": "left behind by a kill"}')
    looking = os.open(lock_file(tmp_path), os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    over = threading.Timer(0.03, os.close, [looking])
    over.start()
    with JobLock(tmp_path, "chromebooks", "b"):
        over.join()
