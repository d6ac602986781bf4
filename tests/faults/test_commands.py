"""Whole commands, and a fault in them: how they end, what they tell and keep, and that the next one does the rest."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from faults.commands import House, virtual
from faults.lab import ALWAYS, Lab, Route
from faults.strikes import STRIKES, Came, Strike
from faults.tasks import ASKING_NOBODY, Done, Task
from syncd.cli.export import export
from syncd.jobs.settings import JOBS
from unit.cli.conftest import logging_as_it_was, nothing_of_this_machine

__all__ = ["logging_as_it_was", "nothing_of_this_machine"]

LATER = 60.0
"""Seconds after which no event waits any more."""
Houses = Callable[[Task], House]


def named(strike: Strike) -> str:
    return f"{strike.called}: {strike.at}"


@pytest.fixture(autouse=True)
def _quiet() -> None:
    """Let commands write their records, in place of the fixture of this name for all other tests here."""


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houses]:
    """Return what gives each task its house, where nothing is to do."""
    found: dict[tuple[str, ...], House] = {}
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(tmp_path_factory.mktemp("lab")).running())
        stack.enter_context(virtual(lab))

        def house(task: Task) -> House:
            if task.command not in found:
                folder = tmp_path_factory.mktemp("house") / "site"
                made = found[task.command] = House(lab, folder, task.tables, stack)
                task.files(made)
                for words in task.setup:
                    assert made(*words).status == 0, words
            return found[task.command]

        yield house


def struck(house: House, strike: Strike, title: str, done: Done, after: float = 0.0) -> Came:
    """Run a command that is struck, and return what came of it."""
    with house.lab.struck(strike.fault(title), strike.operation.route, ALWAYS):
        ended = house(*strike.task.command, after=after)
        return Came(house.lab.asked, ended.status, ended.told, strike.task.kept(house), done=bool(done()))


def check_further(house: House, task: Task, done: Done, after: float = LATER) -> None:
    """Run it without a fault: it does what is left, and nothing twice."""
    assert house(*task.command, after=after if task.works else 0.0) == (0, task.told)
    assert done() == 1


@pytest.mark.parametrize("strike", [each for each in STRIKES if each.reads], ids=named)
def test_a_command_that_cannot_read_changes_nothing_until_it_can(houses: Houses, strike: Strike) -> None:
    house = houses(strike.task)
    done, after = strike.task.prepare(house), 0.0
    for title in strike.titles:
        assert struck(house, strike, title, done, after) == strike.came(title), title
        after += LATER if strike.task.works else 0.0
    check_further(house, strike.task, done, after)


@pytest.mark.parametrize("strike", [each for each in STRIKES if not each.reads], ids=named)
def test_a_command_whose_change_is_struck_ends_as_is_written_and_the_next_one_does_the_rest(
    houses: Houses, strike: Strike
) -> None:
    house, task = houses(strike.task), strike.task
    for title in strike.titles:
        done = task.prepare(house)
        came = struck(house, strike, title, done)
        assert came == strike.came(title), title
        if "dead" in came.kept:
            assert house("events", "retry", "--dead").status == 0
        if not came.done:
            check_further(house, task, done)
        assert done() == 1, title
    check_further(house, task, done)


@pytest.mark.parametrize("task", ASKING_NOBODY.values(), ids=ASKING_NOBODY.keys())
def test_a_command_that_asks_no_system_cannot_be_struck(houses: Houses, task: Task) -> None:
    house = houses(task)
    fault = STRIKES[0].fault("connection refused")
    with house.lab.struck(fault, Route("", "")):
        assert house(*task.command).status == 0
        assert house.lab.asked == 0


def test_every_job_and_every_export_is_struck() -> None:
    words = {word for strike in STRIKES for word in strike.task.command}
    asking_nobody = {word for task in ASKING_NOBODY.values() for word in task.command}
    assert {*JOBS, *export.commands} - {"chromebooks"} <= words | asking_nobody
    assert {"poll", "work"} <= words
