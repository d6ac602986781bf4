"""Reports of batteries, and assets with fields for all that is known of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from syncd.jobs.batteries.frame import Frame, frame
from syncd.jobs.batteries.options import BatteryCsvOptions
from syncd.jobs.batteries.reports import NORMAL, Battery, BatteryReport
from syncd.jobs.sides.rt_assets import AssetFields
from syncd.reconcile.diff import diff
from syncd.reconcile.model import Action, Listing
from syncd.systems.rt.assets import Asset, job_class
from syncd.systems.rt.schema import CustomField
from unit.rt.fake_rt import schema

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SERIAL = "SYN0001A"
DEFINITIONS = {
    "CF.{Serial Number}": CustomField(2, "Serial Number", "Freeform", 1),
    "CF.{Health}": CustomField(31, "Health", "Freeform", 1),
    "CF.{Status}": CustomField(32, "Status", "Select", 1, values=("Normal", "Replace soon", "Replace now")),
    "CF.{Category}": CustomField(
        33, "Category", "Select", 1, values=("Excellent", "Good", "Fair", "Poor", "Critical")
    ),
    "CF.{Cycles}": CustomField(34, "Cycles", "Freeform", 1, pattern=r"(?#Digits)^\d{0,4}$"),
    "CF.{Reported}": CustomField(35, "Reported", "DateTime", 1),
    "CF.{Full}": CustomField(36, "Full", "Freeform", 1),
    "CF.{Design}": CustomField(37, "Design", "Freeform", 1),
    "CF.{Level}": CustomField(38, "Level", "Freeform", 1),
}  # fmt: skip
TO_RT = {
    "CF.{Health}": "percent",
    "CF.{Status}": "status",
    "CF.{Category}": "category",
    "CF.{Cycles}": "cycles",
    "CF.{Reported}": "report_time",
    "CF.{Full}": "full_charge",
    "CF.{Design}": "design",
    "CF.{Level}": "level",
}
IN_RT = {
    "CF.{Health}": "85.0",
    "CF.{Status}": "Normal",
    "CF.{Category}": "Good",
    "CF.{Cycles}": "300",
    "CF.{Reported}": "2026-11-10T09:00:00Z",
    "CF.{Full}": "3400",
    "CF.{Design}": "4000",
    "CF.{Level}": "60",
}
"""What RT shows of a battery that has 85 % of its capacity."""


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def battery(**changes: Any) -> Battery:  # noqa: ANN401
    """Return what a battery reported on the 18th that is as RT has it."""
    told = {"time": at(18), "health": NORMAL, "full_charge": 3400, "design": 4000, "cycles": 300, "level": 60}
    return Battery(**{"serial": "B1", **told, **changes})


def report(*batteries: Battery, serial: str = SERIAL, **changes: Any) -> BatteryReport:  # noqa: ANN401
    told = {"serial": serial, "device_id": f"d-{serial}", "batteries": batteries, "has_battery": bool(batteries)}
    return BatteryReport(**{**told, **changes})


def asset(number: int = 1, serial: str = SERIAL, /, **values: str | None) -> Asset:
    """Return an asset; ``values`` by the names of fields without ``CF.{}``, the others are those of ``IN_RT``."""
    given = {**IN_RT, **{f"CF.{{{name}}}": text for name, text in values.items()}}
    attributes: dict[str, Any] = {DEFINITIONS[name].attribute: text for name, text in given.items()}
    attributes |= {"id": number, "name": f"EX-{number}", "cf2": serial}
    return job_class([*DEFINITIONS.values()])(**attributes)


def empty(number: int = 1, serial: str = SERIAL) -> Asset:
    return asset(number, serial, **dict.fromkeys(name[4:-1] for name in IN_RT))


def laid(
    reports: Sequence[BatteryReport],
    assets: Sequence[Asset],
    *,
    reported: str = "DateTime",
    zone: str = "UTC",
    **given: Any,  # noqa: ANN401
) -> Frame:
    """Return the frame of a comparison.

    ``reported`` is the type of the field for the time of the report, ``zone`` that of the API user.
    """
    options = BatteryCsvOptions(**{"catalogs": ("Chromebooks",), "to_rt": TO_RT, **given})
    definitions = {**DEFINITIONS, "CF.{Reported}": CustomField(35, "Reported", reported, 1)}
    told = schema(need=options.need(), custom_fields=tuple(definitions.values()), fields=definitions, timezone=zone)
    return frame("csv", options, reports, assets, AssetFields(told, {}), NOW)


def planned(
    reports: Sequence[BatteryReport],
    assets: Sequence[Asset],
    **given: Any,  # noqa: ANN401
) -> tuple[list[Action], list[Listing]]:
    """Return the actions and all listings of a run."""
    made = laid(reports, assets, **given)
    compared = made.compared(made.found.pairs)
    actions, unknown = diff(made.flow, compared.pairs)
    return actions, [*made.listings(), *compared.aside, *compared.stale, *unknown]


def written(told: BatteryReport, target: Asset | None = None, **given: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what an asset gets, by the names of fields without ``CF.{}``."""
    actions, _ = planned([told], [target or asset()], **given)
    assert len(actions) <= 1
    return {name[4:-1]: text for action in actions for name, text in action.after.items()}


def state(told: BatteryReport, target: Asset | None = None, **given: Any) -> str:  # noqa: ANN401
    """Return the state that an asset is listed in, "" where it is not."""
    _, listings = planned([told], [target or asset()], **given)
    return " ".join(listing.state for listing in listings if listing.system == "rt")
