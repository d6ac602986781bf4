"""Options of ``[exports.students]``."""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from syncd.jobs.asset_fields import asset_fields, is_custom
from syncd.jobs.options import CheckedOptions
from syncd.systems.rt.schema import Kind, Need
from syncd.systems.rt.users.schema import UserNeed

_SERIALS = asset_fields("Name")
_CUSTOM_FIELDS = asset_fields()

ONE_VALUE: tuple[Kind, ...] = ("text", "date", "datetime")
TEXTS: tuple[Kind, ...] = ("text", "multi")
_ROLES = {"owner": "Owner", "holder": "HeldBy"}


class StudentExportOptions(CheckedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[exports.students]``."""

    catalogs: Annotated[
        tuple[str, ...], Meta(min_length=1, description="RT catalogs whose assets are the devices that students hold.")
    ]
    held_by: Annotated[
        Literal["owner", "holder"],
        Meta(description="Which role of an asset says who has the device: its `owner`, or each `holder`."),
    ] = "owner"
    serial_field: Annotated[str, Meta(description="RT field that holds the serial number.")] = "CF.{Serial Number}"
    checked_out_field: Annotated[
        str,
        Meta(
            description="Custom field of assets with the day of the check-out; "
            "empty: the day on which RT saw the device given to who has it."
        ),
    ] = ""
    id_field: Annotated[
        str,
        Meta(
            description="Custom field of RT users that holds the school's own id; empty: students and users are joined "
            "by e-mail address and user name only."
        ),
    ] = "CF.{Student ID}"

    def problems(self) -> Iterator[str]:
        """Yield what names no field."""
        yield from filter(None, [_SERIALS.problem("serial_field", self.serial_field)])
        for name in ("checked_out_field", "id_field"):
            if field := getattr(self, name):
                yield from filter(None, [_CUSTOM_FIELDS.problem(name, field)])

    @property
    def role_field(self) -> str:
        """The field of an asset that says who has it."""
        return _ROLES[self.held_by]

    def need(self) -> Need:
        """Return what is asked of RT's assets. Names and addresses of users come with them where ids do not."""
        people = () if self.id_field else (f"{self.role_field}.Name", f"{self.role_field}.EmailAddress")
        custom = [name for name in (self.serial_field, self.checked_out_field) if is_custom(name)]
        kinds = {name: ONE_VALUE if name == self.checked_out_field else TEXTS for name in custom}
        return Need(catalogs=self.catalogs, read=("Name", self.role_field, *people, *custom), kinds=kinds)

    def user_need(self) -> UserNeed | None:
        """Return what is asked of RT's users, None where the assets tell enough of them."""
        if not self.id_field:
            return None
        return UserNeed(read=("Name", "EmailAddress", self.id_field), kinds={self.id_field: TEXTS})
