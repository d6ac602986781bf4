"""Who knows already: one small file for each job that failed and has not succeeded since."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from syncd.host.clock import rfc3339
from syncd.host.whole_file import replaced


class Open(msgspec.Struct, frozen=True):
    """Failures that people were told of. ``kinds`` as in ``Ending.kind``; ``since`` is RFC 3339."""

    since: str
    kinds: list[str] = []


class Memory:
    """Remembers, in the state folder that systemd gives the unit, what was told of one job.

    Without a folder, as when the command is run by hand, nothing is remembered and everything is told.
    """

    def __init__(self, job: str, environ: Mapping[str, str]) -> None:
        folder = environ.get("STATE_DIRECTORY", "")
        self._file = Path(folder, f"{job}.json") if folder else None

    def open(self) -> Open | None:
        """Return what was told since the last success; None where that is nothing."""
        if self._file is None or not self._file.exists():
            return None
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Open)
        except (OSError, msgspec.MsgspecError):
            # Rather told twice than never.
            return Open(since="an unknown time")

    def add(self, kind: str) -> None:
        """Remember that a kind of failure was told."""
        if self._file is None:
            return
        before = self.open() or Open(since=rfc3339(datetime.now(UTC)))
        with replaced(self._file, 0o600) as file:
            file.write(msgspec.json.encode(Open(before.since, [*before.kinds, kind])))

    def clear(self) -> None:
        """Forget: the job works again."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
