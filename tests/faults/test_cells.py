"""Each operation of the adapters that speak HTTP, and each fault: what the table says comes of it comes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet

from faults import breaks, google_operations, rt_operations, signing_in, statuses
from faults.kinds import Expect, Fault, Row
from faults.lab import ALWAYS, Lab
from faults.meeting import Came, meet
from faults.operation import Operation


class Cell(NamedTuple):
    """One operation, one fault, and what is written of the two."""

    operation: Operation
    fault: Fault
    expect: Expect


def _cells(
    system: str, operations: Mapping[str, Operation], faults: Mapping[str, Fault], rows: Mapping[str, Row]
) -> Iterator[ParameterSet]:
    for name, operation in operations.items():
        for title, fault in faults.items():
            expect = operation.others.get(title) or rows[title].of(operation.kind)
            yield pytest.param(Cell(operation, fault, expect.called(system)), id=f"{system}: {name}: {title}")


OF_GOOGLE = breaks.BELOW | breaks.GOOGLE_BODIES | statuses.OF_GOOGLE
OF_RT = breaks.BELOW | breaks.RT_BODIES | statuses.OF_RT
CELLS = [
    *_cells("google", google_operations.OPERATIONS, breaks.BREAKS | statuses.GOOGLE, OF_GOOGLE),
    *_cells("google", {"fetch an access token": signing_in.FETCH}, signing_in.TOKEN, signing_in.OF_TOKEN),
    *_cells("rt", {"log in": signing_in.LOG_IN}, signing_in.LOGIN, signing_in.OF_LOGIN),
    *_cells("rt", {"ask in a session": signing_in.SESSION}, {t: statuses.RT[t] for t in signing_in.ENDED}, OF_RT),
    *_cells("rt", rt_operations.OPERATIONS, breaks.BREAKS | statuses.RT, OF_RT),
]


@pytest.mark.parametrize("cell", CELLS)
def test_what_comes_of_a_fault_is_what_is_written(lab: Lab, cell: Cell) -> None:
    for effect in {cell.fault.effect, False} if cell.expect.found else {cell.fault.effect}:
        # Where it works all the same nobody waits in vain, and a busy machine must not look like a fault.
        fault = replace(cell.fault, effect=effect, patience=cell.fault.patience if cell.expect.error else 5.0)
        done = cell.expect.found and effect
        lasting = Came(1) if done else Came(*cell.expect[:4])
        assert meet(lab, cell.operation, fault, ALWAYS) == lasting, f"while it lasts, {effect=}"
        if cell.expect.wait:
            assert sum(slept >= cell.expect.wait for slept in lab.clock.sleeps) == lasting.tries - 1
        if cell.expect.again:
            came = meet(lab, cell.operation, fault, 1)
            # RT says nothing of a value that is there already; whether it is, is read back.
            told = came._replace(code="") if came.code == "unproven" else came
            assert told == Came(2), f"when it passes, {effect=}"
