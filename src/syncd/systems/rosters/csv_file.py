"""A roster as one CSV file, of any of the known formats."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from syncd.host.problems import Problems
from syncd.systems.rosters.assembly import Assembly, Reading
from syncd.systems.rosters.dialects import OWN, ROLES, layout_of
from syncd.systems.rosters.formulas import unguarded
from syncd.systems.rosters.person import Person
from syncd.systems.rosters.table import Batch, Table

_EXTERNAL_ID = re.compile(r"externalIds\.(\d+)\.type", re.IGNORECASE)


class CsvFile:
    """A source that is one file; it has to be seekable, and stays open until the people are read."""

    complete = True

    def __init__(self, file: BinaryIO, name: str, reading: Reading) -> None:
        """Look through the file and find its columns.

        Raises DataError as ``Table`` does, and ``roster.header``, ``roster.columns``.
        """
        options = reading.options
        self.table = Table(file, name, "" if options.encoding == "auto" else options.encoding)
        layout = layout_of(self.table, options)
        self.format = layout.dialect.name
        self.content = self.table.digest.hex()
        self._places = layout.places
        self._external_ids = self._typed_ids() if self.format == "gam" and "id" not in options.columns else []
        headers = {field: self.table.header[place] for field, place in layout.places.items()}
        self._assembly = Assembly(name, self.format, headers, reading, active=layout.dialect.active, roles=ROLES)

    @property
    def skipped(self) -> Mapping[str, int]:
        """How many were left out so far, by why."""
        return self._assembly.skipped

    def people(self, problems: Problems) -> Iterator[Sequence[Person]]:
        """Yield the people of the file, some at a time."""
        for batch in self.table.batches(problems):
            columns = {field: batch.columns[place] for field, place in self._places.items()}
            if self._external_ids:
                columns["id"] = self._ids(batch)
            if self.format == OWN.name:
                columns = {field: list(map(unguarded, cells)) for field, cells in columns.items()}
            yield self._assembly.people(batch.rows, columns, problems)

    def _typed_ids(self) -> list[tuple[int, int]]:
        """Return where GAM has the types and the values of external ids."""
        found = [(at, _EXTERNAL_ID.fullmatch(name)) for at, name in enumerate(self.table.header)]
        pairs = [(at, self.table.place(f"externalIds.{match[1]}.value")) for at, match in found if match]
        return [(kind, value) for kind, value in pairs if value is not None]

    def _ids(self, batch: Batch) -> list[str]:
        """Return of each user the external id of type organization: the Admin console's Employee ID."""
        pairs = [zip(batch.columns[kind], batch.columns[value], strict=True) for kind, value in self._external_ids]
        return [next((value for kind, value in row if kind == "organization"), "") for row in zip(*pairs, strict=True)]
