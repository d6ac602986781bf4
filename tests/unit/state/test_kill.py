import signal
import subprocess
import sys
import time
from pathlib import Path

from syncd.state.store import open_store
from unit.state.sample import SCOPE

TESTS = Path(__file__).parents[2]

# Says on stdout what has been acknowledged, so that the parent knows what must be there.
RECORD = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from pathlib import Path
from syncd.state.store import open_store
from unit.state.sample import action, outcome, plan

store = open_store(Path(sys.argv[1]))
actions = [action(number) for number in range(30_000 if sys.argv[2:] else 5000)]
run = store.ledger.start("chromebooks", "apply")
store.ledger.planned(run, plan(*actions))
for number, each in enumerate(actions):
    store.ledger.intend(run, [each])
    print("intended", number, flush=True)
    store.ledger.settle(run, [outcome(number)])
    print("settled", number, flush=True)
"""

REPLACE = f"""
import sys
from pathlib import Path
from syncd.state.store import open_store

store = open_store(Path(sys.argv[1]))
for turn in range(10_000):
    rows = ((str(number), b"%d" % turn) for number in range(3000))
    store.snapshots.commit({SCOPE!r}, meta=b"%d" % turn, upsert=rows, replace=True)
    print(turn, flush=True)
"""


def kill_after(program: str, directory: Path, lines: int, delay: float) -> list[str]:
    """Run a program, kill -9 it some time after it printed some lines; return all that it printed."""
    command = [sys.executable, "-c", program, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            printed = [process.stdout.readline() for _ in range(lines)]
            time.sleep(delay)
        finally:
            process.send_signal(signal.SIGKILL)
        printed += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL, "it was to be killed at work, and had ended"
    return [line.strip() for line in printed if line.endswith("\n")]


def test_every_acknowledged_record_is_there_after_a_kill(tmp_path: Path) -> None:
    printed = kill_after(RECORD, tmp_path, lines=40, delay=0.0503)
    intended = {int(line.split()[1]) for line in printed if line.startswith("intended")}
    settled = {int(line.split()[1]) for line in printed if line.startswith("settled")}
    with open_store(tmp_path) as store:
        (run,) = store.ledger.abandoned("chromebooks")
        kept = {each.id: result.state for each, result in store.ledger.actions(run.id)}
        assert len(kept) == 5000
        assert {kept[f"action-{number}"] for number in settled} == {"verified"}
        assert {kept[f"action-{number}"] for number in intended - settled} <= {"started", "verified"}
        # At most the one that was being written when the kill came is further than was said.
        assert sum(state != "planned" for state in kept.values()) <= len(intended) + 1
        store.ledger.mark_abandoned(run.id)
        assert store.ledger.abandoned("chromebooks") == []
        with store._database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_a_kill_while_a_plan_is_kept_keeps_all_or_nothing_of_it(tmp_path: Path) -> None:
    with open_store(tmp_path):
        pass
    command = [sys.executable, "-c", RECORD, str(tmp_path), "large"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_for_growth(tmp_path / "syncd.sqlite-wal", 2**20)
        finally:
            process.send_signal(signal.SIGKILL)
    with open_store(tmp_path) as store:
        (run,) = store.ledger.abandoned("chromebooks")
        assert sum(1 for _ in store.ledger.actions(run.id)) in (0, 30_000)


def test_a_kill_while_a_snapshot_is_replaced_leaves_a_whole_one(tmp_path: Path) -> None:
    printed = kill_after(REPLACE, tmp_path, lines=3, delay=0.0707)
    with open_store(tmp_path) as store:
        meta = store.snapshots.meta(SCOPE)
        assert meta is not None
        assert int(meta) in (int(printed[-1]), int(printed[-1]) + 1)
        assert list(store.snapshots.rows(SCOPE)) == [meta] * 3000


def wait_for_growth(path: Path, size: int) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() or path.stat().st_size < size:
        assert time.monotonic() < deadline, f"{path} did not grow"
        time.sleep(0.002)
