"""What a person has to look at, as ``syncd status`` tells it."""

import msgspec

from syncd.host.systemd import Unit


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person has to look at, and the commands that lead on."""

    about: str
    what: str
    next: list[str]


def how_it_ended(unit: Unit) -> str:
    """Say how the last start of a unit ended: ``exit-code, exit status 78``, ``watchdog``."""
    return f"{unit.result}, exit status {unit.exit_status}" if unit.result == "exit-code" else unit.result


def look_at_unit(unit: Unit) -> str:
    """Return the command that shows what a unit said last."""
    return f"journalctl --catalog --unit={unit.service} --lines=20"
