"""A whole run, and a fault in it: how it ends, what the store keeps of it, and that the next one sets all right."""

import pytest

from faults.district import Came, District
from faults.runs import FAULTS, Phase, System, cells, expected


@pytest.mark.parametrize(("system", "phase", "title"), [*cells()])
def test_a_run_that_is_struck_ends_as_is_written_and_the_next_one_converges(
    town: District, system: System, phase: Phase, title: str
) -> None:
    wanted, text = expected(system, phase, title), town.drift(system, phase)
    came = town.struck(system, phase, FAULTS[system][title])
    assert came == Came(wanted, wanted._replace(status=0))
    assert town.there(system, phase, text) == (wanted.state == "verified")
    again = town.run().said
    assert (again.result, again.status) == (("in_sync" if wanted.state == "verified" else "applied"), 0)
    assert town.there(system, phase, text) == 1
