"""``[imports.battery]``: how files of battery reports are read, and where they are left."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from syncd.host.dropzone import SettleSeconds, check_drop_zone
from syncd.host.timezones import is_zone


class BatteryImportOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[imports.battery]``."""

    timezone: Annotated[
        str,
        Meta(
            description="IANA name of the time zone of report times that name none, as those of the Admin console's "
            "exports; GAM's name one."
        ),
    ] = "UTC"
    backslash: Annotated[
        Literal["auto", "escape", "plain"],
        Meta(
            description="What a backslash in a file of GAM's is: `escape`, or with `csv_output_no_escape_char` in "
            "gam.cfg `plain`. `auto`: plain in a file with single ones, since GAM writes each escape in a pair."
        ),
    ] = "auto"
    settle_seconds: SettleSeconds = 5.0
    drop_zone: Annotated[
        str,
        Meta(
            description="Existing folder in which files are left to be imported, as an absolute path; empty: "
            "`drop/battery` in the state folder."
        ),
    ] = ""

    def __post_init__(self) -> None:
        """Raise ValueError for what no type can tell."""
        check_drop_zone(self.drop_zone)
        if not is_zone(self.timezone):
            raise ValueError(f"timezone names no time zone, {self.timezone!r}; write it like 'America/Los_Angeles'")
