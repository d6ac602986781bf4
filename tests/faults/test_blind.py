"""Two things go wrong at once: a write is lost, and whether it was done cannot be asked."""

import pytest

from faults.breaks import BREAKS
from faults.district import District
from faults.lab import Lab, Route
from faults.rt_operations import OPERATIONS
from faults.runs import System
from syncd.host.errors import Unavailable

LOST = BREAKS["reset before an answer"]
AND_THE_SEARCHES = {
    "create asset": Route("POST", r"/asset$|/assets\?"),
    "create user": Route("POST", r"/user$|/users\?"),
}


@pytest.mark.parametrize("name", AND_THE_SEARCHES)
def test_a_create_that_cannot_be_looked_for_is_not_known_to_be_done(lab: Lab, name: str) -> None:
    with lab.opened() as systems, lab.struck(LOST, AND_THE_SEARCHES[name]), pytest.raises(Unavailable) as caught:
        OPERATIONS[name].call(systems)
    assert caught.value.code == "rt.create_unknown"


@pytest.mark.parametrize("system", ["google", "rt"])
def test_a_change_that_cannot_be_read_back_is_unproven_and_the_next_run_finds_out(
    town: District, system: System
) -> None:
    text = town.drift(system, "write")
    said = town.struck_from(system, "write", LOST).said
    assert (said.result, said.status, said.state) == ("partial", 1, "unproven")
    assert town.run().said.result == "in_sync"
    assert town.there(system, "write", text) == 1
