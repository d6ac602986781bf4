"""Options of ``[exports.battery]``."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from syncd.jobs.asset_fields import asset_fields, is_custom
from syncd.jobs.exporting.options import TEXTS
from syncd.jobs.options import CheckedOptions
from syncd.systems.rt.schema import Need

_FIELDS = asset_fields("Name")


class BatteryExportOptions(CheckedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[exports.battery]``."""

    catalogs: Annotated[
        tuple[str, ...], Meta(min_length=1, description="RT catalogs whose assets are the devices with batteries.")
    ]
    serial_field: Annotated[str, Meta(description="RT field that holds the serial number.")] = "CF.{Serial Number}"
    model_field: Annotated[
        str, Meta(description="RT field that holds the model; empty: devices are told apart by no model.")
    ] = "CF.{Model}"
    school_field: Annotated[
        str, Meta(description="RT field that holds the school, or the place; empty: the column stays empty.")
    ] = ""
    replace_below: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="Percentage of the design capacity below which a battery is in the list of those to replace "
            "soon. What Google says to replace is in it, too.",
        ),
    ] = 80.0

    def problems(self) -> Iterator[str]:
        """Yield what names no field."""
        if not self.serial_field:
            yield "serial_field is empty; devices are known by it"
        for option, name in zip(("serial_field", "model_field", "school_field"), self._names, strict=True):
            if name and (problem := _FIELDS.problem(option, name)):
                yield problem

    @property
    def _names(self) -> tuple[str, str, str]:
        return self.serial_field, self.model_field, self.school_field

    @property
    def fields(self) -> tuple[str, ...]:
        """What is read of an asset."""
        return tuple(dict.fromkeys(("Name", "Status", *filter(None, self._names))))

    def need(self) -> Need:
        """Return what is asked of RT's assets."""
        kinds = {name: TEXTS for name in self.fields if is_custom(name)}
        return Need(catalogs=self.catalogs, read=self.fields, kinds=kinds)
