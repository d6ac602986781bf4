"""Options of the student check; reading them loads none of the adapters that it talks through."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from syncd.jobs.asset_fields import asset_fields
from syncd.jobs.options import JobOptions, Mode
from syncd.systems.rt.schema import Kind, Need
from syncd.systems.rt.users.schema import UserNeed

_CUSTOM_FIELDS = asset_fields()
_TEXTS: tuple[Kind, ...] = ("text", "multi")
_DAYS: tuple[Kind, ...] = ("date", "datetime")

OWNER, HOLDERS = "Owner", "HeldBy"


class StudentCheckOptions(JobOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the student check."""

    catalogs: Annotated[
        tuple[str, ...], Meta(min_length=1, description="RT catalogs whose assets are the devices that students hold.")
    ]
    mode: Annotated[
        Mode,
        Meta(description="What a check-in does: only say what it would take back, or take it back, within the limits."),
    ] = "plan"
    serial_field: Annotated[str, Meta(description="Custom field of assets that holds the serial number.")] = (
        "CF.{Serial Number}"
    )
    type_field: Annotated[
        str,
        Meta(description="Custom field of assets with the type of the device, for the list of check-ins; or empty."),
    ] = ""
    due_field: Annotated[
        str,
        Meta(
            description="Custom field of assets with the day on which the device is due; empty: only what somebody "
            "holds who has left is overdue."
        ),
    ] = ""
    id_field: Annotated[str, Meta(description="Custom field of RT users that holds the school's own id.")] = (
        "CF.{Student ID}"
    )
    repair_queue: Annotated[
        str, Meta(min_length=1, description="RT queue in which a damaged device gets a ticket.")
    ] = "Device Repair"

    def problems(self) -> Iterator[str]:
        """Yield what names no field."""
        for name in ("serial_field", "id_field"):
            yield from filter(None, [_CUSTOM_FIELDS.problem(name, getattr(self, name))])
        for name in ("type_field", "due_field"):
            if field := getattr(self, name):
                yield from filter(None, [_CUSTOM_FIELDS.problem(name, field)])

    def need(self) -> Need:
        """Return what is asked of RT's assets; owner and holders are written by check-ins only."""
        custom = [name for name in (self.serial_field, self.type_field, self.due_field) if name]
        kinds = {name: _DAYS if name == self.due_field else _TEXTS for name in custom}
        writes = (OWNER, HOLDERS) if self.mode == "apply" else ()
        return Need(catalogs=self.catalogs, read=("Name", OWNER, HOLDERS, *custom), write=writes, kinds=kinds)

    def user_need(self) -> UserNeed:
        """Return what is asked of RT's users."""
        return UserNeed(read=("Name", "EmailAddress", self.id_field), kinds={self.id_field: _TEXTS})
