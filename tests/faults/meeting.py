"""An operation meets a fault."""

from typing import NamedTuple

from faults.kinds import Fault
from faults.lab import Lab
from faults.operation import Operation
from syncd.host.errors import IntegrationError
from syncd.systems.rt.writing import Answer


class Came(NamedTuple):
    """What came of it, as far as the table tells."""

    tries: int
    error: type[IntegrationError] | None = None
    code: str = ""
    cause: str = ""


def meet(lab: Lab, operation: Operation, fault: Fault, times: int) -> Came:
    """Carry out an operation that a fault strikes so many times."""
    with lab.opened() as systems, lab.struck(fault, operation.route, times):
        try:
            result = operation.call(systems)
        except IntegrationError as error:
            cause = error.__cause__ if error.code.endswith("gave_up") else None
            return Came(lab.asked, type(error), error.code, getattr(cause, "code", ""))
        return Came(lab.asked, code="unproven" if isinstance(result, Answer) and not result.proven else "")
