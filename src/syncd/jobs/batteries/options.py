"""Options of the jobs that bring the health of batteries to RT; reading them loads none of the adapters."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from syncd.jobs.asset_fields import asset_fields, is_custom
from syncd.jobs.batteries.reports import NORMAL, REPLACE_NOW, REPLACE_SOON
from syncd.jobs.options import FieldNames, JobOptions
from syncd.systems.rt.schema import READABLE, Kind, Need

PERCENT, STATUS, CATEGORY, CYCLES = "percent", "status", "category", "cycles"
REPORT_TIME, FULL_CHARGE, DESIGN, LEVEL = "report_time", "full_charge", "design", "level"
FACTS = (PERCENT, STATUS, CATEGORY, CYCLES, REPORT_TIME, FULL_CHARGE, DESIGN, LEVEL)
"""What is known of a battery, and can be mapped."""

REASONS = (PERCENT, STATUS, CATEGORY, CYCLES)
"""Facts that are a reason to write; the others ride along."""

CATEGORIES: Mapping[str, float] = {"Excellent": 90.0, "Good": 80.0, "Fair": 70.0, "Poor": 60.0, "Critical": 0.0}
STATUSES: Mapping[str, str] = {NORMAL: "Normal", REPLACE_SOON: "Replace soon", REPLACE_NOW: "Replace now"}
"""What is meant where a configuration does not say otherwise; exports without a job take them, too."""

_MOST_DAYS = 36_500

_KINDS: Mapping[str, tuple[Kind, ...]] = {REPORT_TIME: ("datetime", "date", "text")}
_TEXT: tuple[Kind, ...] = ("text",)
_KEYS: tuple[Kind, ...] = ("text", "multi")


_RT_FIELDS = asset_fields(*READABLE)
_CUSTOM_FIELDS = asset_fields()
_FACTS = FieldNames(FACTS)
_WORDS = FieldNames(tuple(STATUSES))


class BatteryOptions(JobOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all jobs of batteries have."""

    catalogs: Annotated[tuple[str, ...], Meta(min_length=1, description="RT catalogs that hold the Chromebooks.")]
    serial_field: Annotated[str, Meta(description="RT field that holds the serial number.")] = "CF.{Serial Number}"
    to_rt: Annotated[
        dict[str, str],
        Meta(
            min_length=1,
            description="Custom fields of assets and what each gets: `percent`, `status`, `category`, `cycles`, "
            "`report_time` (which has to be mapped), `full_charge`, `design` or `level`; see Mapping.",
        ),
    ]
    categories: Annotated[
        dict[str, Annotated[float, Meta(ge=0)]],
        Meta(description="Names of categories, and the lowest percentage of each; one has to begin at 0."),
    ] = msgspec.field(default_factory=lambda: dict(CATEGORIES))
    status_names: Annotated[
        dict[str, Annotated[str, Meta(min_length=1)]],
        Meta(
            description=f"What Google's words for the health of a battery are in RT: `{NORMAL}`, `{REPLACE_SOON}`, "
            f"`{REPLACE_NOW}`; those that are not named here stay "
            f"{', '.join(STATUSES.values())}."
        ),
    ] = msgspec.field(default_factory=dict)
    noise_percent: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="How far a percentage (in points) or a cycle count (in percent of it, at least by one) has to "
            "move before it is written.",
        ),
    ] = 1.0
    recent_days: Annotated[
        int,
        Meta(ge=1, le=_MOST_DAYS, description="Days after which a device that has reported nothing newer is listed."),
    ] = 30
    refresh_days: Annotated[
        int,
        Meta(
            ge=1,
            le=_MOST_DAYS,
            description="Days after which the time of the report, capacities and level are written although nothing "
            "else of the asset changes.",
        ),
    ] = 30

    def problems(self) -> Iterator[str]:
        """Yield what names nothing, and what would do nothing or harm."""
        yield from self._mapping_problems()
        yield from self._name_problems()

    def _mapping_problems(self) -> Iterator[str]:
        yield from filter(None, [_RT_FIELDS.problem("serial_field", self.serial_field)])
        yield from filter(None, (_CUSTOM_FIELDS.problem("to_rt", field) for field in self.to_rt))
        facts = Counter(self.to_rt.values())
        yield from filter(None, (_FACTS.problem("to_rt", fact, "fact") for fact in facts))
        yield from (f"to_rt names {fact} twice; one field can follow it" for fact in facts if facts[fact] > 1)
        if REPORT_TIME not in facts:
            yield f"to_rt maps no field to {REPORT_TIME}, by which an older report is told from a newer one"
        if not facts.keys() & {*REASONS}:
            yield f"to_rt maps none of {', '.join(REASONS)}, so that nothing would be written"
        if self.serial_field in self.to_rt:
            yield f"to_rt names {self.serial_field}, by which assets are found"

    def _name_problems(self) -> Iterator[str]:
        yield from filter(None, (_WORDS.problem("status_names", word, "word") for word in self.status_names))
        if "" in self.categories:
            yield "categories has one without a name"
        bounds = Counter(self.categories.values())
        yield from (f"categories has two that begin at {bound:g}" for bound in bounds if bounds[bound] > 1)
        if 0 not in bounds:
            yield "categories has none that begins at 0, so that the worst batteries would have none"

    @property
    def fields(self) -> Mapping[str, str]:
        """The custom field of each fact that is mapped."""
        return {fact: field for field, fact in self.to_rt.items()}

    @property
    def words(self) -> Mapping[str, str]:
        """What each of Google's words is in RT."""
        return {**STATUSES, **self.status_names}

    def need(self) -> Need:
        """Return what the job asks of RT."""
        kinds = {field: _KINDS.get(fact, _TEXT) for field, fact in self.to_rt.items()}
        if is_custom(self.serial_field):
            kinds[self.serial_field] = _KEYS
        texts = {STATUS: tuple(self.words.values()), CATEGORY: tuple(self.categories)}
        return Need(
            catalogs=tuple(self.catalogs),
            read=("Name", self.serial_field),
            write=tuple(self.to_rt),
            kinds=kinds,
            texts={field: texts.get(fact) for field, fact in self.to_rt.items()},
        )


class BatteryGamOptions(BatteryOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[jobs.battery-gam]``."""

    program: Annotated[str, Meta(min_length=1, description="GAM: a path, or a name that is found in PATH.")] = "gam"
    config_dir: Annotated[
        str,
        Meta(
            description="GAM's configuration directory. Empty: one that is made of the credentials `gam-cfg`, "
            "`gam-oauth2` and `gam-oauth2service`, where there are any, else where GAM looks by itself (~/.gam)."
        ),
    ] = ""
    arguments: Annotated[
        tuple[str, ...],
        Meta(description="Further arguments of `gam print crostelemetry`, for example `ou` and a path."),
    ] = ()
    timeout_minutes: Annotated[float, Meta(gt=0, description="Minutes after which GAM is ended.")] = 30.0


class BatteryCsvOptions(BatteryOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[jobs.battery-csv]``."""


class BatteryTelemetryOptions(BatteryOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[jobs.battery-telemetry]``."""
