"""What ``syncd status`` costs before a long history, against the same command before an empty one."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from syncd.state.store import open_store

RUNS = 10_000
ACTIONS = 100
"""Actions of each run."""

CACHE = 200_000  # KiB

TIMES = 3
"""The cheapest of so many counts: what else the machine does only ever adds."""

_INDICES = {
    "ix_actions_system_object": "actions (system, object)",
    "ix_actions_system_created_object": "actions (system, created_object)",
}
_NUMBERS = "WITH RECURSIVE number(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM number WHERE i < ? - 1) "
_FILL_RUNS = """
INSERT INTO runs
    (id, job, mode, actor, started, finished, result, error, code, plan_hash, counts, sources, requests, traffic,
    report)
SELECT strftime('%Y%m%dT%H%M%S', 'now', (i - ?) || ' hours') || printf('-%04x', i), 'chromebooks', 'apply',
    'syncd-chromebooks.service', strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', (i - ?) || ' hours'),
    strftime('%Y-%m-%dT%H:%M:%S.000Z', 'now', (i - ?) || ' hours'), ?, '', '', ?, ?, '{"google":1000,"rt":1000}',
    '{"google":5,"rt":5}', '{}', '{"counts":{"matched":1000}}' FROM number
"""
_FILL_ACTIONS = """
INSERT INTO actions
    (run, seq, action, kind, system, object, label, before, after, reason, source, reversible, state, error, code,
    started_at, settled_at, found, duration_ms, created_object)
SELECT runs.id, i, printf('%020x', i), 'update', 'google', 'device-' || i, 'SYN' || i,
    '{"annotatedUser":"s0000001@example.org"}', '{"annotatedUser":"s0000002@example.org"}',
    'annotatedUser from rt Owner.EmailAddress', i, 1, 'verified', '', '', runs.started, runs.finished, NULL, 120, ''
FROM runs, number
"""


def fill(path: Path, runs: int = RUNS, actions: int = ACTIONS, *, result: str = "applied") -> None:
    """Write runs, an hour apart and up to now, with their actions, into an empty store."""
    counts = f'{{"actions":{actions},"matched":1000,"update":{actions},"verified":{actions}}}' if actions else "{}"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # Nothing to lose yet, and a place of its own for each row of an index is dearer than sorting once.
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute(f"PRAGMA cache_size=-{CACHE}")
        connection.execute("BEGIN")
        for name in _INDICES:
            connection.execute(f"DROP INDEX {name}")
        plan_hash = "f" * 64 if actions else ""
        connection.execute(_NUMBERS + _FILL_RUNS, (runs, runs, runs, runs, result, plan_hash, counts))
        if actions:
            connection.execute(_NUMBERS + _FILL_ACTIONS, (actions,))
        for name, columns in _INDICES.items():
            connection.execute(f"CREATE INDEX {name} ON {columns}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")


def configure(directory: Path) -> Path:
    """Make an empty store in a new directory and return the configuration file that leads to it."""
    open_store(directory).close()
    config = directory / "config.toml"
    config.write_text(
        f'[state]\ndirectory = "{directory}"\n[google]\ndelegated_user = "admin@example.org"\n'
        '[rt]\nurl = "https://rt.example.org"\n[jobs.chromebooks]\ncatalogs = ["Chromebooks"]\n'
    )
    return config


def cpu_seconds(config: Path, *arguments: str) -> float:
    """Run a command in a process of its own and return the CPU time that it took, user and system."""
    command = [sys.executable, "-m", "syncd", "--config", str(config), *arguments]
    nothing = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(sys.executable, command, os.environ, file_actions=nothing)
    _, status, used = os.wait4(child, 0)
    if status:
        raise AssertionError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime


def compare(empty: Path, full: Path, *arguments: str) -> tuple[float, float]:
    """Return the CPU seconds of a command before two stores, taken in turns."""
    pairs = [(cpu_seconds(empty, *arguments), cpu_seconds(full, *arguments)) for _ in range(TIMES)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
