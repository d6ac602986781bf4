"""The batteries of all Chromebooks, as GAM prints them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from syncd.host.errors import DataError, Unavailable
from syncd.host.problems import Problems
from syncd.systems.gam.battery_csv import rows
from syncd.systems.gam.command import BATTERIES, SYSTEM, Gam, few, log_line
from syncd.systems.gam.records import DeviceRow

NAME = "GAM's output"


@contextmanager
def printed(
    gam: Gam, problems: Problems, *, now: datetime, arguments: Sequence[str] = ()
) -> Iterator[Iterator[DeviceRow]]:
    """Run GAM and give the rows that it prints; ``arguments`` come after those that ask for batteries.

    The rows count only when the context was left without an error: read them all inside, use them after it. Raises as
    ``Gam.lines`` does; Unavailable ``gam.incomplete`` for an output that is no table.
    """
    try:
        with gam.lines(*BATTERIES, *arguments) as lines:
            yield rows(lines, NAME, problems, now=now, aside=few(log_line))
    except DataError as problem:
        if problem.system == SYSTEM:
            raise
        raise Unavailable(
            f"GAM printed what is no table of batteries: {problem.sentence}",
            code="gam.incomplete",
            system=SYSTEM,
            operation="run gam",
        ) from problem
