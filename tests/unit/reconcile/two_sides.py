"""A job between two tables in memory: people's directory leads, the tracker follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncd.reconcile.diff import diff
from syncd.reconcile.keys import serial_key
from syncd.reconcile.mapping import Field, Flow
from syncd.reconcile.match import match
from syncd.reconcile.model import Action, Comparison, make_action
from syncd.reconcile.ports import Traffic, Writer
from syncd.reconcile.sides import KeyRule, Side
from syncd.reconcile.values import Known
from unit.reconcile.stand_ins import MemoryWriter, Table

Row = tuple[str, dict[str, Known]]
OWNED = ("name", "user", "unit")
"""Fields of the tracker that the directory owns; all others are the tracker's own."""


def serial(row: Row) -> tuple[str, ...]:
    return (str(row[1].get("serial") or ""),)


def side(system: str, noun: str, table: Table) -> Side[Row]:
    return Side(
        system=system,
        noun=noun,
        records=list(table.items()),
        ident=lambda row: row[0],
        label=lambda row: serial(row)[0],
        keys=(KeyRule("serial", serial, serial_key),),
    )


FIELDS: tuple[Field[Row, Row], ...] = (
    Field(
        name="name",
        source_name="name",
        read_source=lambda row: row[1].get("name"),
        read_target=lambda row: row[1].get("name"),
    ),
    Field(
        name="user",
        source_name="user",
        read_source=lambda row: row[1].get("user"),
        read_target=lambda row: row[1].get("user"),
        clear=True,
    ),
    Field(
        name="unit",
        source_name="unit",
        read_source=lambda row: row[1].get("unit"),
        read_target=lambda row: row[1].get("unit"),
        kind="move",
    ),
)


@dataclass
class TwoSides:
    """The job; ``creates`` says whether what only the directory has is made in the tracker."""

    directory: Table = field(default_factory=dict)
    writer: MemoryWriter = field(default_factory=MemoryWriter)
    creates: bool = True
    name: str = "demo"
    failure: Exception | None = None

    def observe_and_compare(self) -> Comparison:
        if self.failure:
            raise self.failure
        source = side("directory", "person's device", self.directory)
        target = side("rt", "asset", self.writer.table)
        found = match(source, target)
        actions, unknown = diff(Flow(source=source, target=target, fields=FIELDS), found.pairs)
        if self.creates:
            actions += [self._create(row) for row in found.only_left]
        return Comparison(
            actions=actions,
            listings=found.listings() + unknown,
            counts=found.counts(),
            populations={"directory": len(self.directory), "rt": len(self.writer.table)},
        )

    def writers(self) -> Mapping[str, Writer]:
        return {"rt": self.writer}

    def compensate(self, action: Action, created: str) -> Action | None:
        return make_action(
            kind="delete",
            system="rt",
            object=created,
            label=action.label,
            before=action.after,
            after={},
            reason="the run that is reverted made it",
            reversible=False,
        )

    def traffic(self) -> Mapping[str, Traffic]:
        return {"rt": Traffic(requests=len(self.writer.written) + self.writer.reads, retries=1, codes={"200": 3})}

    @staticmethod
    def _create(row: Row) -> Action:
        key = str(serial_key(serial(row)[0]))
        after = {name: row[1].get(name) for name in (*OWNED, "serial") if row[1].get(name)}
        return make_action(
            kind="create", system="rt", object=key, label=key, before={}, after=after, reason="only in directory"
        )
