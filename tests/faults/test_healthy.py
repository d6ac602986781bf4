"""Each operation works while nothing fails, and sends one request that can be struck; else no cell proves anything."""

import pytest

from faults import google_operations, rt_operations
from faults.breaks import BREAKS
from faults.lab import Lab
from faults.operation import Operation

OPERATIONS = {**google_operations.OPERATIONS, **rt_operations.OPERATIONS}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_a_healthy_operation_sends_one_request_of_the_kind_that_is_struck(lab: Lab, operation: Operation) -> None:
    with lab.struck(BREAKS["reset before an answer"], operation.route, times=0), lab.opened() as systems:
        operation.call(systems)
        assert lab.asked == 1
