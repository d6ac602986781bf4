"""A run that has read both sides, and then something is not there any more."""

from contextlib import ExitStack

import pytest

from faults.district import District
from faults.midway import CASES, Case


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_goes_between_reading_and_writing_is_no_surprise(town: District, case: Case) -> None:
    asset = town.newcomer()
    town.differ(case.system, town.device_of(asset), asset)
    with ExitStack() as stack:
        said = town.run(between=lambda: stack.enter_context(case.happens(town, asset))).said
    assert said == case.expect
    assert town.run().said == case.again
