"""What `syncd doctor` looks at of the store and the inbox: folder, room on the disk, and the files themselves."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from syncd.host.checks.engine import Finding, Probe, failed, ok, warning
from syncd.state import upkeep
from syncd.state.database import Database
from syncd.state.files import is_file
from syncd.state.inbox import store as inbox_store
from syncd.state.inbox.store import DIRECTORY_NAME, Inbox
from syncd.state.store import FILE_NAME
from syncd.state.upkeep import examine, examine_inbox

AREA = "store"
INBOX_AREA = "inbox"
BUSY_TIMEOUT = 10.0  # s
LEAST = 64 * 10**6
LITTLE = 512 * 10**6
"""Bytes that have to be free: for a run at all, and so that nobody has to think of it."""


def probes(directory: Path, *needs: str) -> Iterator[Probe]:
    """Yield the probes of a state directory; nothing is made or changed."""
    yield Probe(AREA, "directory", lambda: _directory(directory), needs)
    yield Probe(AREA, "disk space", lambda: _space(directory), needs)
    yield Probe(AREA, "store", lambda: _store(directory), (*needs, f"{AREA} directory"))


def inbox_probes(directory: Path, *, wanted: bool) -> Iterator[Probe]:
    """Yield the probe of the inbox in a state directory, where there is one or where one is ``wanted``."""
    if wanted or os.path.lexists(directory / DIRECTORY_NAME):
        path = directory / DIRECTORY_NAME / inbox_store.FILE_NAME
        yield Probe(INBOX_AREA, "inbox", lambda: _inbox(path), (f"{AREA} directory",))


def _directory(directory: Path) -> Finding:
    there = _existing(directory)
    if not there.is_dir():
        return failed(f"{there} is not a directory", "set state.directory to one, on a local disk", "configuration")
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
        remedy = "give it to the user that syncd runs as, or run this as the units do (sudo syncd doctor on NixOS)"
        return failed(f"{there} cannot be read and written by this user", remedy, "rights")
    if there != directory:
        return ok(f"{directory} is not there yet; the first run makes it")
    mode = stat.S_IMODE(there.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warning(f"{there}, mode {mode:04o}: others can see what the store holds", f"chmod 700 {there}")
    return ok(f"{there}, mode {mode:04o}")


def _space(directory: Path) -> Finding:
    there = _existing(directory)
    free = shutil.disk_usage(there).free
    store = directory / FILE_NAME
    size = store.stat().st_size if os.access(directory, os.X_OK) and store.exists() else 0
    found = f"{free / 1e9:.1f} GB free at {there}" if free >= 10**9 else f"{free / 1e6:.0f} MB free at {there}"
    remedy = "make room there, or move state.directory; `syncd state prune` makes room within the store"
    if free < LEAST:
        return failed(f"{found}: the next run could not write its audit log", remedy)
    if free < max(LITTLE, size):
        return warning(found, remedy)
    return ok(found)


def _store(directory: Path) -> Iterator[Finding]:
    for each in examine(directory / FILE_NAME):
        yield _shown(each)


def _shown(each: upkeep.Finding) -> Finding:
    # A store that is not there yet is none to worry about.
    return Finding(state=each.state if each.remedy else "ok", found=each.found, remedy=each.remedy, name=each.check)


def _inbox(path: Path) -> Iterator[Finding]:
    if not is_file(path):
        yield ok(f"{path} is not there yet; the listener or the worker makes it")
        return
    for each in examine_inbox(path, busy_timeout=BUSY_TIMEOUT):
        yield _shown(each)
        if each.state == "ok":
            with Inbox(Database(path, BUSY_TIMEOUT), "") as inbox:
                yield _events(inbox)


def _events(inbox: Inbox) -> Finding:
    counts = inbox.by_state()
    found = f"{counts['waiting']} wait, {counts['dead']} are dead, {counts['done']} are done"
    if counts["dead"]:
        remedy = "`syncd events list --state dead` shows why; then `syncd events retry` or `drop` them"
        return warning(found, remedy, name="events")
    return ok(found, name="events")


def _existing(path: Path) -> Path:
    """Return a path, or the nearest one above it that exists."""
    return next((each for each in (path, *path.parents) if os.path.lexists(each)), path)
