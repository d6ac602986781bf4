"""Import batteries: read a file of reports, and keep of each device what is newest; all of the file or nothing."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from syncd.host.errors import DataError, IntegrationError
from syncd.host.garbage import no_garbage
from syncd.host.plain_files import Unchanged, open_named
from syncd.host.problems import Problems
from syncd.host.timezones import zone
from syncd.jobs.batteries.history import row_of
from syncd.jobs.batteries.import_options import BatteryImportOptions
from syncd.jobs.batteries.merging import merged
from syncd.jobs.batteries.reports import Batteries, BatteryReport
from syncd.jobs.importing import Outcome, Result
from syncd.state.batteries import Batteries as Kept
from syncd.state.batteries import BatteryImport, ImportCounts, Record
from syncd.state.battery_history import HistoryRow
from syncd.state.database import batched
from syncd.systems.gam.battery_csv import rows, text_of
from syncd.systems.gam.escapes import backslash_escapes

SOURCE = "csv"

_AT_ONCE = 5000
"""Rows that are held at a time."""

_encode, _encode_lines = msgspec.json.Encoder().encode, msgspec.json.Encoder().encode_lines
_decode = msgspec.json.Decoder(BatteryReport).decode

log = logging.getLogger(__name__)


class ImportedBatteries(Outcome, frozen=True, kw_only=True):
    """What became of one file. Its ``problems`` are of what was passed over, where there is no error."""

    counts: ImportCounts = ImportCounts()

    @property
    def summary(self) -> str:
        """What became of the file, in one clause."""
        counts = self.counts
        if self.result == "unchanged":
            return f"the same content as in an import before, {counts.devices:,} devices; nothing to do"
        told = f"{counts.devices:,} devices, {counts.added:,} added, {counts.changed:,} changed"
        skipped = f", {counts.skipped:,} cells or rows passed over" if counts.skipped else ""
        return f"{'planned, nothing was stored' if self.result == 'planned' else self.result}: {told}{skipped}"


class BatteryImporter:
    """Imports files of reports. ``now`` (aware): later reports are passed over."""

    def __init__(self, kept: Kept, options: BatteryImportOptions, now: datetime, *, dry_run: bool = False) -> None:
        self.dry_run = dry_run
        self._kept = kept
        self._options = options
        self._now = now

    def by_path(self, path: Path) -> ImportedBatteries:
        """Import the file that somebody named. Raises DataError (``file.…``), NotPermitted, Unavailable."""
        with open_named(path) as file:
            return self.opened(file, path.name, path)

    def opened(self, file: BinaryIO, name: str, path: Path) -> ImportedBatteries:  # noqa: ARG002 - as all importers
        """Import an open file. Raises Unavailable for one that changes, and what is wrong with the store."""
        told = _File(file, name, self._options, self._now)
        try:
            with no_garbage():  # reports are rows, and rows make no cycles
                done = self._merge(told)
        except DataError as error:
            if error.code.startswith("state."):
                raise
            done = self.not_opened(name, "rejected", error)
        problems = told.problems
        done = msgspec.structs.replace(done, problems=list(problems), problem_count=problems.count)
        if done.error is None:
            _tell(done, problems)
        return done

    def not_opened(self, name: str, result: Result, error: IntegrationError) -> ImportedBatteries:
        """Return the outcome of a file that could not be opened, or was not whole."""
        return ImportedBatteries(file=name, result=result, error=error)

    def _merge(self, told: "_File") -> ImportedBatteries:
        unchanged = Unchanged(told.file, told.name)
        new = BatteryImport(content=told.digest(), reading=_reading(self._options), file=told.name)
        last = self._kept.import_of(new.content, new.reading)
        # What was passed over may be of use by now: a time that was still to come.
        if last is not None and not last.counts.skipped:
            counts = ImportCounts(devices=last.counts.devices, unchanged=last.counts.devices)
            return ImportedBatteries(file=told.name, result="unchanged", counts=counts)
        found = ImportCounts()

        def keep(counts: ImportCounts) -> ImportCounts | None:
            nonlocal found
            unchanged()
            found = msgspec.structs.replace(counts, skipped=told.skipped)
            _check(found, told)
            return None if self.dry_run else found

        self._kept.take_import(new, told.records(), _Merge(), keep)
        return ImportedBatteries(file=told.name, result="planned" if self.dry_run else "imported", counts=found)


class _File:
    """An open file, and what is wrong with it. ``nameless``: rows whose serial number identifies no device."""

    def __init__(self, file: BinaryIO, name: str, options: BatteryImportOptions, now: datetime) -> None:
        self.file = file
        self.name = name
        self.problems = Problems()
        self.nameless = 0
        self._options = options
        self._now = now

    @property
    def skipped(self) -> int:
        """How many rows and cells could not be used."""
        return self.problems.count + self.nameless

    def digest(self) -> str:
        """Return the SHA-256 of the content."""
        self.file.seek(0)
        digest = hashlib.sha256()
        for part in iter(partial(self.file.read, 2**20), b""):
            digest.update(part)
        return digest.hexdigest()

    def records(self) -> Iterator[list[Record]]:
        """Yield what the file has of each device, some at a time; of one device there may be several."""
        escapes = self._escapes()
        self.file.seek(0)
        with text_of(self.file, self.name) as lines:
            at = zone(self._options.timezone)
            found = rows(lines, self.name, self.problems, now=self._now, zone=at, escapes=escapes)
            for some in batched(found, _AT_ONCE):
                batteries = Batteries(self._now)
                batteries.add(some)
                self.nameless += batteries.nameless
                yield _records([*batteries.reports()])

    def _escapes(self) -> bool:
        if self._options.backslash != "auto":
            return self._options.backslash == "escape"
        self.file.seek(0)
        return backslash_escapes(self.file)


def _records(reports: Sequence[BatteryReport]) -> list[Record]:
    # All in one go, cut at the line ends, of which JSON itself has none.
    lines = _encode_lines(reports).split(b"\n")[:-1]
    return [(report.serial or report.device_id, line) for report, line in zip(reports, lines, strict=True)]


def _reading(options: BatteryImportOptions) -> str:
    """Return the SHA-256 of all that decides what a content stands for."""
    return hashlib.sha256(msgspec.json.encode([options.timezone, options.backslash])).hexdigest()


class _Merge:
    """Knows what the records are: reports, as JSON."""

    def merged(self, old: bytes, new: bytes, /) -> tuple[bytes, bytes | None]:
        """Return what is to be kept, and the older of the two for the history."""
        kept_one, new_one = _decode(old), _decode(new)
        kept, older = merged(kept_one, new_one)
        record = new if kept is new_one else old if kept is kept_one else _encode(kept)
        return record, None if older is None else old if older is kept_one else new

    def past(self, data: bytes, /) -> HistoryRow | None:
        """Return the row of a report for the history."""
        return row_of(_decode(data), SOURCE)


def _check(counts: ImportCounts, told: _File) -> None:
    """Refuse a file that tells of no device."""
    if counts.devices:
        return
    what = "has a header and no devices; nothing was stored."
    if told.problems:
        number, places = told.problems.count, told.problems.places(5)
        what = f"has {number:,} bad rows or cells and no device, nothing was stored: {places}. Export it again."
    elif told.nameless:
        what = f"has {told.nameless:,} rows, and no serial number or id of a device; nothing was stored."
    raise DataError(f"{told.name} {what}", code="battery.no_rows", object=told.name)


def _tell(done: ImportedBatteries, problems: Problems) -> None:
    syncd = {"OBJECT": done.file, "SYSTEM": SOURCE}
    log.info("%s: %s", done.file, done.summary, extra={"message_id": "BATTERIES_READ", "syncd": syncd})
    if problems:
        told = (done.file, problems.count, problems.places(5))
        extra = {"message_id": "BATTERY_SKIPPED", "syncd": syncd}
        log.warning("%s: %d cells or rows are of no use: %s", *told, extra=extra)
