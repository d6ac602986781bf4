"""Drop zones: what somebody leaves there is imported, and goes to ``done`` or ``rejected``."""

import logging
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path

import msgspec

from syncd.host.clock import Clock
from syncd.host.dropzone import DropZone, Verdict
from syncd.host.errors import DataError, IntegrationError, NotPermitted, Unavailable
from syncd.host.messages import kind_of
from syncd.jobs.importing import Done, Importer, Outcome
from syncd.state.files import prepare_directory, prepare_file

_LOOK_AGAIN = 0.2

log = logging.getLogger(__name__)


class News:
    """A file in the state folder that is there if the last look at a drop zone brought something new.

    systemd starts by it what follows an import (``follow`` in host/units/imports.json), even one that was killed:
    so it is there before a file is imported, and goes again where there was nothing new in it.
    """

    def __init__(self, state: Path, kind: str) -> None:
        self._file = state / "imported" / kind
        self._told = False
        prepare_directory(self._file.parent)
        self._file.unlink(missing_ok=True)

    def expect(self) -> None:
        """Tell of a file that is about to be imported."""
        prepare_file(self._file)

    def tell(self, done: Outcome) -> None:
        """Tell of a file that was imported, or take back what was told of it."""
        self._told = self._told or done.result == "imported"
        if not self._told:
            self._file.unlink(missing_ok=True)


def take_all(zone: DropZone, importer: Importer[Done], news: News, clock: Clock, linger: float = 0.0) -> list[Done]:
    """Import what is in the drop zone, the oldest first, and what comes meanwhile; one bad file holds up no other.

    Looks on for ``linger`` seconds after the last file: systemd.path(5) does not while the service runs, and whoever
    has left one file may leave another. Raises what is wrong with the options or the store; the file stays then.
    """
    found: list[Done] = []
    end = clock.monotonic() + linger
    while (fresh := zone.fresh()) or clock.monotonic() < end:
        if not fresh:
            clock.sleep(_LOOK_AGAIN)
            continue
        for name in fresh:
            news.expect()
            found.append(_told(_take(zone, importer, clock, name)))
            news.tell(found[-1])
        end = clock.monotonic() + linger
    return found


def _take(zone: DropZone, importer: Importer[Done], clock: Clock, name: str) -> Done:
    stamp = clock.now().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        with zone.taken(name) as file:
            done = importer.opened(file, name, zone.path / "rejected" / f"{stamp}-{name}")
    except (Unavailable, NotPermitted) as error:
        if error.code.startswith("state."):
            raise
        return importer.not_opened(name, "waiting", error)
    except DataError as error:
        done = importer.not_opened(name if name.isprintable() else ascii(name), "rejected", error)
    if importer.dry_run:
        return done
    verdict: Verdict = "rejected" if done.error else "done"
    try:
        zone.settle(name, verdict, stamp, "\n".join([*report(done), ""]))
    except OSError as error:  # another user's folder, a full disk: the next file may be luckier
        stuck = NotPermitted(
            f"{done.file} ({done.result}) cannot be moved to {verdict}/: {error.strerror}; move it away by hand.",
            code="drop_zone.stuck",
            object=done.file,
        )
        return msgspec.structs.replace(done, error=done.error or stuck)
    return done


def _told(done: Done) -> Done:
    """Log what is wrong with a file: there may be several, and a command ends with one error only."""
    if done.error is not None:
        fields = {"ERROR": done.error.code, "OBJECT": done.file}
        level = logging.WARNING if done.error.retryable else logging.ERROR
        log.log(level, "%s", done.error.sentence, extra={"message_id": kind_of(done.error), "syncd": fields})
        done.error.told = True
    return done


def worst(files: Iterable[Outcome]) -> IntegrationError | None:
    """Return the error that the command ends with: a file that was not kept goes before one that waits."""
    errors = [done.error for done in files if done.error is not None]
    return next((error for error in errors if not error.retryable), next(iter(errors), None))


def report(done: Outcome) -> list[str]:
    """Return what a person has to know about one file, line by line; it may hold cells of the file."""
    lines = [f"{done.file}: {done.summary if done.error is None else done.result}"]
    lines += [done.error.sentence] if done.error else []
    lines += map(str, done.problems)
    more = done.problem_count - len(done.problems)
    return [*lines, f"... and {more:,} more"] if more else lines


def place(state: Path, kind: str, named: str) -> Path:
    """Return the drop zone: the one of the options, which others fill and is there; else one in the state folder."""
    if named:
        return Path(named)
    path = state / "drop" / kind
    prepare_directory(path)
    return path
