"""One run of a job at a time: a lock that names its holder and dies with it. Needs no database."""

import fcntl
import os
import re
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from syncd.host.clock import rfc3339
from syncd.host.errors import Busy, ConfigurationError, NotPermitted
from syncd.state.files import prepare_directory, prepare_file

DIRECTORY_NAME = "locks"

WORKER_LOCK = "worker-"
"""What the names of the locks of workers begin with: several run side by side, each with a number."""

_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@:-]*")
_HOLDER_BYTES = 4096
_TRIES = 5
_PATIENCE = 0.02  # s between two tries; a look at who holds the lock is over in less


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a lock; ``since`` is RFC 3339 in UTC, ``run`` is empty before the run has an id.

    ``pid`` is 0 where the holder has not yet written its name.
    """

    pid: int = 0
    run: str = ""
    since: str = ""
    host: str = ""


def holder(directory: Path, job: str) -> Holder | None:
    """Return who holds the lock of a job, None where nobody does; the lock is not taken, nor made.

    Raises NotPermitted (``state.not_permitted``) where the lock may not be read.
    """
    path = lock_path(directory, job)
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise NotPermitted(
            f"syncd may not read {path}; run this as root, or as the user that syncd runs as.",
            code="state.not_permitted",
            object=str(path),
        ) from error
    try:
        text = os.pread(file, _HOLDER_BYTES, 0)
        return _named(text) if text and _is_held(file) else None
    finally:
        os.close(file)


def holders(directory: Path, prefix: str) -> list[Holder]:
    """Return who holds a lock whose name begins so. Raises as ``holder`` does."""
    names = sorted(path.stem for path in (directory / DIRECTORY_NAME).glob(f"{prefix}*.lock"))
    return [found for name in names if (found := holder(directory, name)) is not None]


def lock_path(directory: Path, job: str) -> Path:
    """Return the lock file of a job in a state directory."""
    return directory / DIRECTORY_NAME / f"{job}.lock"


def _is_held(file: int) -> bool:
    """Try a lock that stands in nobody's way for longer than these two calls."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _named(text: bytes) -> Holder:
    try:
        return msgspec.json.decode(text, type=Holder)
    except msgspec.DecodeError:  # it has only just taken it, or is letting go
        return Holder()


class JobLock:
    """The lock of one job, ``<state>/locks/<job>.lock``; a context manager.

    The kernel lets go of it when its process ends, however it ends. The file stays: were it removed, two processes
    could each hold a lock on a file of that name.
    """

    def __init__(self, directory: Path, job: str, run_id: str = "") -> None:
        """Name the lock; ``directory`` is the state directory."""
        if not _JOB_NAME.fullmatch(job):
            raise ConfigurationError(
                f"{job!r} cannot be the name of a job; use letters, digits and . _ @ : - only.",
                code="state.job_name",
                object=job,
            )
        self._job = job
        self._run_id = run_id
        self._since = ""
        self._path = lock_path(directory, job)
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock, or raise Busy (``state.job_running``) with the name of the holder."""
        prepare_directory(self._path.parent)
        prepare_file(self._path)
        file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        if not _take(file):
            sentence = self._busy(_named(os.pread(file, _HOLDER_BYTES, 0)))
            os.close(file)
            raise Busy(sentence, code="state.job_running", object=self._job)
        self._file = file
        self._since = rfc3339(datetime.now(UTC))
        self.name_run(self._run_id)

    def name_run(self, run_id: str) -> None:
        """Say which run holds the lock, once it has an id."""
        self._run_id = run_id
        if self._file is not None:
            holder = Holder(pid=os.getpid(), run=run_id, since=self._since, host=socket.gethostname())
            text = msgspec.json.encode(holder)
            os.pwrite(self._file, text, 0)
            os.ftruncate(self._file, len(text))

    def release(self) -> None:
        """Let go of the lock; harmless when it is not held."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            # Closing would leave it to a child that is just being started and still has all files open.
            fcntl.flock(self._file, fcntl.LOCK_UN)
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _busy(self, holder: Holder) -> str:
        if not holder.pid:
            return f"{self._job} is already running; try again when it is done."
        run = f"run {holder.run}, " if holder.run else ""
        return (
            f"{self._job} is already running: {run}process {holder.pid} on {holder.host} since {holder.since}; "
            "try again when it is done."
        )


def _take(file: int) -> bool:
    """Take the lock; try again for a moment, as it may be in the way of somebody who only looks who holds it."""
    for _ in range(_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_PATIENCE)
    return False
