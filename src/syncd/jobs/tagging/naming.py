"""Naming one new asset: a job of the engine, so that plan, guard, read-back and audit log are those of all changes."""

from collections.abc import Mapping
from dataclasses import dataclass

from syncd.host.errors import ConfigurationError
from syncd.jobs.observe import traffic_of, traffic_since
from syncd.jobs.sides.rt_assets import SYSTEM, AssetFields, AssetWriter
from syncd.jobs.tagging.options import NAME, STATUS, SequenceOptions
from syncd.reconcile.model import Action, Comparison, make_action
from syncd.reconcile.ports import Traffic, Writer
from syncd.reconcile.values import Known, Unknown
from syncd.state.tags import Tags
from syncd.systems.rt.assets import Asset
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.newcomers import Newcomers
from syncd.systems.rt.schema import Schema

JOB = "asset-created"

NEW = "new"
"""The status that RT's stock lifecycle gives to a new asset; another one was chosen by somebody."""

LOOKED_AHEAD = 33
"""Numbers that RT is asked for at once: with their spellings, a page."""


@dataclass(frozen=True)
class NamingJob:
    """Gives an asset its tag, and the fields that it begins with, in one PUT.

    ``asked``: what was asked of RT before all that is done for this asset.
    """

    event: str
    asset: Asset
    sequence: SequenceOptions
    schema: Schema
    rt: RequestTracker
    newcomers: Newcomers
    tags: Tags
    asked: Mapping[str, Traffic]

    name = JOB

    def observe_and_compare(self) -> Comparison:
        """Reserve a tag that no other asset has, and plan the change.

        One asset is no population: the guard lets one object of each kind pass, and compares no sizes.
        """
        read = AssetFields(self.schema, {}).peek
        after: dict[str, Known] = {NAME: self._tag(), **self._defaults()}
        action = make_action(
            kind="update",
            system=SYSTEM,
            object=str(self.asset.id),
            label=self.asset.name or str(self.asset.id),
            before={name: read(name)(self.asset) for name in after},
            after=after,
            reason=f"a new asset of {self.schema.catalogs[0].name}, told by event {self.event}",
        )
        return Comparison(actions=[action], listings=[], counts={"assets": 1}, populations={})

    def _tag(self) -> str:
        """Return the tag that the asset has reserved; one that an asset of RT has already is given to nobody."""
        sequence, of = self.sequence, str(self.asset.id)
        while True:
            number = self.tags.reserve(sequence.prefix, of).number
            ahead = {sequence.tag(each): each for each in range(number, number + LOOKED_AHEAD)}
            taken = {ahead[name] for name in self.newcomers.names_in_use(ahead, but=self.asset.id)}
            if number not in taken:
                return sequence.tag(number)
            self.tags.pass_over(sequence.prefix, of, taken)

    def _defaults(self) -> dict[str, Known]:
        """Return the values for what the asset lacks."""
        fields = AssetFields(self.schema, {})
        lacking = [name for name in self.sequence.fields if self._lacks(name, fields)]
        return {name: self.schema.reads_back(name, self.sequence.fields[name]) for name in lacking}

    def _lacks(self, name: str, fields: AssetFields) -> bool:
        if name == STATUS:
            return self.asset.status == NEW != self.sequence.fields[name]
        return fields.peek(name)(self.asset) is None

    def writers(self) -> Mapping[str, Writer]:
        """Return the writer of RT."""
        writer = self.rt.writer(self.schema)
        return {SYSTEM: AssetWriter(writer, AssetFields(self.schema, writer.people), "", 1)}

    def compensate(self, action: Action, created: str) -> Action | None:
        """Return nothing: nothing is created."""
        del action, created
        return None

    def traffic(self) -> Mapping[str, Traffic]:
        """Return what was asked since ``asked``."""
        return traffic_since(self.asked, traffic_of({SYSTEM: self.rt.client.stats}))


def check_defaults(sequence: SequenceOptions, schema: Schema) -> None:
    """Raise ConfigurationError for values that RT would not take."""
    arriving = AssetFields(schema, {}).arriving
    values = (arriving(name, text) for name, text in sequence.fields.items())
    wrong = [value.reason for value in values if isinstance(value, Unknown)]
    if wrong:
        raise ConfigurationError(
            f"events.asset-created.sequences: fields of the catalog {sequence.catalog} cannot be used: "
            f"{'; '.join(wrong)}.",
            code="config.tag_fields",
        )
