"""What ``syncd status`` costs before a long history, against the same command before an empty one."""

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from bench.rig import run
from syncd.state.store import FILE_NAME, open_store

RUNS = 10_000
ACTIONS = 100
"""Actions of each run."""

CACHE = 200_000  # KiB

TIMES = 5
"""Runs of each, in turns; the cheapest counts."""

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


def measure(folder: Path) -> tuple[float, float]:
    """Return the CPU seconds before an empty store and before a full one, both made in a folder."""
    empty, full = configure(folder / "empty"), configure(folder / "full")
    fill(full.parent / FILE_NAME)
    return compare(empty, full)


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


def compare(empty: Path, full: Path) -> tuple[float, float]:
    """Return the CPU seconds of the command before two stores, taken in turns."""
    pairs = [(_cpu(empty), _cpu(full)) for _ in range(TIMES)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def _cpu(config: Path) -> float:
    used = run([sys.executable, "-m", "syncd", "--config", str(config), "status"], dict(os.environ))
    assert used.status == 0, used.output
    return used.cpu
