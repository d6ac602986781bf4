"""Answers that are well formed and wrong: none is taken for the truth."""

import pytest

from faults.lab import ALWAYS, Lab
from faults.lists import CASES, Case
from faults.meeting import Came, meet


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_well_formed_and_wrong_is_not_believed(lab: Lab, case: Case) -> None:
    assert meet(lab, case.operation, case.fault, ALWAYS) == Came(*case.expect.called(case.system)[:4])
