"""Options of ``[events]``: how events of the inbox are worked on, and what each kind of them does."""

from typing import Annotated

import msgspec
from msgspec import Meta

from syncd.jobs.checking.options import StudentCheckOptions
from syncd.jobs.tagging.options import AssetCreatedOptions


class EventsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[events]``."""

    tries: Annotated[
        int,
        Meta(
            ge=1,
            le=100,
            description="Tries of an event before it is a dead letter. What can never succeed is one at once; a system "
            "that is down uses up none.",
        ),
    ] = 8
    first_wait_seconds: Annotated[
        float, Meta(gt=0, description="Seconds to wait after the first try that failed, at most; doubled each time.")
    ] = 5.0
    longest_wait_seconds: Annotated[float, Meta(gt=0, description="Seconds to wait between two tries at most.")] = (
        3600.0
    )
    lease_seconds: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            description="Seconds after which another worker takes over what a worker that was killed had begun.",
        ),
    ] = 60.0
    asset_created: AssetCreatedOptions | None = msgspec.field(default=None, name="asset-created")
    student_check: StudentCheckOptions | None = msgspec.field(default=None, name="student-check")

    @property
    def kinds(self) -> list[str]:
        """The kinds of event that something is to be done about."""
        tables = {"asset-created": self.asset_created, "student-check": self.student_check}
        return [kind for kind, options in tables.items() if options is not None]
