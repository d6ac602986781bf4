"""What a student check is asked, and what it answers."""

from typing import Literal

import msgspec

Action = Literal["report", "check-in"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A student check. One of ``student_id``, ``asset_id`` and ``serial`` says whom or what it is about.

    ``event`` is the id of the event; the same one is carried out once. ``damage`` is what somebody wrote about it.
    """

    event: str
    action: Action = "report"
    student_id: str = ""
    asset_id: int = 0
    serial: str = ""
    damage: str = ""
    broken_screen: bool = False
    checked_by: str = ""

    @property
    def damaged(self) -> bool:
        """Whether a ticket is wanted."""
        return bool(self.damage.strip()) or self.broken_screen


class Student(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who it is: as the roster has it, and the login names in RT. ``active`` is None for somebody without a roster."""

    id: str = ""
    name: str = ""
    grade: str = ""
    school: str = ""
    active: bool | None = None
    users: tuple[str, ...] = ()


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that somebody has. ``due`` is a day (ISO 8601) or empty; ``overdue`` says why, or is empty."""

    asset: int
    name: str
    serial: str
    type: str = ""
    status: str = ""
    due: str = ""
    overdue: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a check came to. ``checked_in``: assets that nobody has any more; ``planned``: those that would be next.

    ``run`` is the run in the audit log, ``ticket`` the number of the ticket; empty and 0 where there is none.
    """

    action: Action
    student: Student | None
    devices: list[Device]
    checked_in: list[int] = []
    planned: list[int] = []
    run: str = ""
    ticket: int = 0
