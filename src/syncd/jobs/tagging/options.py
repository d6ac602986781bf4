"""Options of what happens to new assets; reading them loads none of the adapters."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Annotated

import msgspec
from msgspec import Meta

from syncd.jobs.asset_fields import asset_fields
from syncd.jobs.options import CheckedOptions
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.reconcile.values import Known, texts
from syncd.systems.rt.schema import Need

NAME, STATUS = "Name", "Status"


_CONDITIONS = asset_fields()
_SETTABLE = asset_fields(STATUS)


class SequenceOptions(CheckedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of one of ``[[events.asset-created.sequences]]``: which assets it is for, and what they get."""

    catalog: Annotated[str, Meta(min_length=1, description="RT catalog, by name or id, whose new assets get a tag.")]
    prefix: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            description="What its tags begin with, `W12-`. Sequences with the same prefix share their numbers.",
        ),
    ]
    width: Annotated[
        int, Meta(ge=1, le=12, description="Digits of a tag at least: the number is filled up with zeros in front.")
    ] = 5
    when: Annotated[
        dict[str, tuple[str, ...] | str],
        Meta(
            description="Only for assets that have these values in these custom fields, case aside: "
            '`{ "CF.{Type}" = "Chromebook" }`; of several values one is enough.'
        ),
    ] = msgspec.field(default_factory=dict)
    fields: Annotated[
        dict[str, str],
        Meta(
            description="Values for custom fields that a new asset lacks, and a Status for one whose status is `new`: "
            '`{ "CF.{Funding Source}" = "District" }`.'
        ),
    ] = msgspec.field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """Yield what names no field, and prefixes that cannot be told from their numbers."""
        if self.prefix != self.prefix.strip() or not self.prefix.isprintable():
            yield f"prefix {self.prefix!r} begins or ends with white space, or cannot be printed"
        if self.prefix[-1:].isdigit():
            yield f"prefix {self.prefix!r} ends with a digit, so that nobody can tell where its numbers begin"
        yield from filter(None, (_CONDITIONS.problem("when", name) for name in self.when))
        yield from filter(None, (_SETTABLE.problem("fields", name) for name in self.fields))
        yield from (f"fields.{name} is empty; leave it out" for name, text in self.fields.items() if not text.strip())
        yield from (f"when.{name} has no value; leave it out" for name in self.when if not self.wanted(name))

    def wanted(self, field: str) -> set[str]:
        """Return the values of a condition, without case."""
        return {text.strip().casefold() for text in texts(self.when[field]) if text.strip()}

    def tag(self, number: int) -> str:
        """Return the tag with a number."""
        return f"{self.prefix}{number:0{self.width}d}"

    def number(self, name: str) -> int | None:
        """Return the number of a tag of this sequence, in capitals or not; None for any other name."""
        found = re.fullmatch(rf"{re.escape(self.prefix)}(\d{{{self.width},}})", name.strip(), re.ASCII | re.IGNORECASE)
        return int(found[1]) if found else None


class AssetCreatedOptions(CheckedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[events.asset-created]``."""

    sequences: Annotated[
        tuple[SequenceOptions, ...],
        Meta(min_length=1, description="Which tags are given to which assets; the first one that fits."),
    ]
    chromebooks: Annotated[
        bool,
        Meta(
            description="Whether the job chromebooks looks at a new asset at once, by its own options: in its mode, "
            "and within its limits."
        ),
    ] = False
    appear_minutes: Annotated[
        float,
        Meta(ge=0, description="Minutes to wait for an asset that RT has told of and does not show yet."),
    ] = 15.0
    fill_seconds: Annotated[
        float,
        Meta(
            ge=0,
            description="Seconds to wait for a field of `when` that is empty: many programs make an asset first, and "
            "fill it in after that.",
        ),
    ] = 60.0

    def problems(self) -> Iterator[str]:
        """Yield sequences that would give tags that look the same."""
        yield from _clashes(self.sequences)

    def of_catalog(self, name: str, number: int) -> list[SequenceOptions]:
        """Return the sequences of a catalog: those that name it, else those that give its number."""
        named = [each for each in self.sequences if each.catalog == name]
        return named or [each for each in self.sequences if each.catalog == str(number)]

    @property
    def catalogs(self) -> tuple[str, ...]:
        """The catalogs that have sequences, by name or number."""
        return tuple(dict.fromkeys(each.catalog for each in self.sequences))

    def need(self, catalog: str, job: ChromebooksOptions | None = None) -> Need:
        """Return what the sequences of a catalog ask of RT; ``job``: the job chromebooks, where it looks at assets."""
        ours = [each for each in self.sequences if each.catalog == catalog]
        conditions = chain.from_iterable(each.when for each in ours)
        fields = chain.from_iterable(each.fields for each in ours)
        serial = (job.serial_field,) if job is not None and catalog in job.catalogs else ()
        return Need(
            catalogs=(catalog,),
            read=tuple(dict.fromkeys((NAME, STATUS, *conditions, *serial))),
            write=tuple(dict.fromkeys((NAME, *fields))),
        )

    def tagged(self, name: str) -> bool:
        """Whether a name is a tag already, of whichever sequence."""
        return any(each.number(name) is not None for each in self.sequences)


def choose(sequences: Sequence[SequenceOptions], values: Mapping[str, Known]) -> tuple[SequenceOptions | None, bool]:
    """Return the first sequence that fits an asset with these values, and whether an empty field may yet change that.

    None: no sequence fits.
    """
    open_ = False
    for sequence in sequences:
        missing = [name for name in sequence.when if not values[name]]
        wrong = [
            name
            for name in sequence.when
            if values[name] and not sequence.wanted(name) & {text.strip().casefold() for text in texts(values[name])}
        ]
        if not missing and not wrong:
            return sequence, open_
        open_ = open_ or not wrong
    return None, open_


def _clashes(sequences: Sequence[SequenceOptions]) -> Iterator[str]:
    first: dict[str, SequenceOptions] = {}
    for each in sequences:
        other = first.setdefault(each.prefix.casefold(), each)
        if (other.prefix, other.width) != (each.prefix, each.width):
            yield (
                f"two sequences have the prefixes {other.prefix!r} and {each.prefix!r} with {other.width} and "
                f"{each.width} digits; write both alike, they share their numbers"
            )
