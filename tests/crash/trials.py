"""One kill after the other: run a command undisturbed once; then kill it, run it again, and look at everything."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from crash.books import files, held_locks, next_try, read_books
from crash.boundaries import Point, points
from crash.judging import Seen, seen, unaudited, unlike, unsent
from crash.places import Place, place
from crash.processes import KILLED, REFUSED, TRY_LATER, Ended, Served, serving
from crash.scenes import Scene, Words
from crash.table import PHASES, WRITES, Row, rows, with_phases

_RUNS = 6
"""How often a command is started again before it is given up."""

_LOG = 1500


@dataclass
class Tally:
    """What became of the kills of a scene. ``at``: where they were; ``wrong``: sentences about what must not be.

    ``missed``: kills that were to come later than the end.
    """

    scene: str
    kills: int = 0
    missed: int = 0
    boundaries: int = 0
    at: dict[str, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Trials:
    """The kills of one scene. ``undisturbed`` is what it ends with when nobody kills it."""

    def __init__(self, at: Place, tally: Tally) -> None:
        self.place = at
        self.scene = at.scene
        self.tally = tally
        self._state = at.folder / "state"
        self._where = "undisturbed"
        self._before = read_books(self._state)
        with self._served() as served:
            began = time.monotonic()
            self.passes = self._command(self.scene.command, {0}).passes
            self.length = time.monotonic() - began
            self._end = read_books(self._state)
            self._more = self._runs_to_come(served)
            self.undisturbed = self._look(served)
        tally.rows, tally.boundaries = rows(self.passes), len(self.passes)

    @property
    def points(self) -> list[Point]:
        """The points at which it can be killed."""
        return points(self.passes)

    def kill_at(self, point: Point) -> None:
        """Kill it at a point."""
        self._kill(f"{point.moment} {point.label}, {point.number}", point.label, point=point)

    def kill_after(self, seconds: float) -> None:
        """Kill it at a moment of chance."""
        self._kill(f"after {seconds * 1000:.0f} ms", "anywhere", after=seconds)

    def _kill(self, where: str, label: str, *, point: Point | None = None, after: float | None = None) -> None:
        self._where = where
        with self._served() as served:
            dead = self.place.commands(*self.place.words(self.scene.command), kill=point, after=after)
            if dead.status == 0:  # what two systems have done at a time may be in one commit, or in two
                self.tally.missed += 1
                return
            self.tally.kills += 1
            self.tally.at[label] = self.tally.at.get(label, 0) + 1
            self._expect(dead.status == KILLED, f"it ended with {dead.status}: {dead.log[-_LOG:]}")
            self._look_at_once(served, dead, exact=point is not None)
            self._go_on()
            for _ in range(self._more):
                self._command(self.scene.further, {0})
            if left := self._left(served, self.place.commands):
                self._tell([f"a further run has something to do: {left}"])
            self._tell(unlike(self.undisturbed, self._look(served)))

    def _look_at_once(self, served: Served, dead: Ended, *, exact: bool) -> None:
        """Look at what the killed process has left; only of an ``exact`` point it is known what that must be."""
        served.quiet()
        self._expect_no_locks()
        if not exact:
            return
        self._tell(unsent(dead.passes, served.effects()))
        phase, _ = [*with_phases(dead.passes)][-1]
        now = read_books(self._state)
        found = f"run {now.newest}, {dict(now.states) if now.runs else {}}, events {dict(now.events)}, news {now.news}"
        self._expect(PHASES[phase].holds(self._before, now, self._end), f"it is not {phase}: {found}")

    def _go_on(self) -> None:
        """Start it again until it is done, as systemd does; a worker until no event is open."""
        for _ in range(_RUNS):
            ended = self._command(self.scene.command, {0, TRY_LATER, *([REFUSED] if self.scene.otherwise else [])})
            if ended.status == REFUSED:
                for words in self.scene.otherwise:
                    ended = self._command(words, {0, REFUSED} if words[0] == "plan" else {0})
            due = next_try(self._state) if self.scene.works else ""
            if ended.status != TRY_LATER and not due:
                return
            _sleep_until(due)
        self._expect(so=False, told="it does not come to an end")

    def _runs_to_come(self, served: Served) -> int:
        """Return how many further runs an undisturbed one leaves something to: what it made has a name only then."""
        for number in range(_RUNS):
            if not self._left(served, self.place.commands.here):
                return number
        self._expect(so=False, told="there is always something left to do")
        return 0

    def _left(self, served: Served, run: Callable[..., Ended]) -> str:
        """Run it once more, and return what it did; nothing, where it found nothing to do."""
        effects, runs = len(served.effects()), len(read_books(self._state).runs)
        self._command(self.scene.further, {0}, run)
        books, more = read_books(self._state), served.effects()[effects:]
        planned = books.states.total() if len(books.runs) > runs else 0
        return f"{planned} actions, {more}" if planned or more else ""

    def _look(self, served: Served) -> Seen:
        self._expect_no_locks()
        world, effects, books = served.world(), served.effects(), read_books(self._state)
        users = {user["name"]: str(user["id"]) for user in world["rt.users"].values()}
        self._tell(unaudited(books, effects, users))
        return seen(world, effects, books, files(self.place.folder))

    def _expect_no_locks(self) -> None:
        held = held_locks(self._state)
        self._expect(not held, f"nobody lives that could hold the locks {held}")

    @contextmanager
    def _served(self) -> Iterator[Served]:
        """Begin anew: the folder and both systems are as they were before the command."""
        self.place.restore()
        with serving(self.place.sandbox) as served:
            yield served

    def _command(self, words: Words, statuses: set[int], run: Callable[..., Ended] | None = None) -> Ended:
        ended = (run or self.place.commands)(*self.place.words(words))
        self._expect(ended.status in statuses, f"{words[0]} ended with {ended.status}: {ended.log[-_LOG:]}")
        return ended

    def _expect(self, so: object, told: str) -> None:
        self._tell(() if so else (told,))

    def _tell(self, wrong: Iterable[str]) -> None:
        self.tally.wrong += [f"{self._where}: {told}" for told in wrong]


def _sleep_until(due: str) -> None:
    if due:
        left = (datetime.fromisoformat(due) - datetime.now(UTC)).total_seconds()
        time.sleep(min(max(left, 0.0) + 0.02, 5.0))


def run_scene(
    scene: Scene,
    directory: Path,
    *,
    kills: int,
    at_random: int = 0,
    seed: int = 1,
    drift: bool = False,
    concurrency: int = 1,
) -> Tally:
    """Kill a scene's command so often (0: at every boundary), and ``at_random`` times at moments of chance."""
    began, tally = time.monotonic(), Tally(scene.name)
    with place(scene, directory, seed=seed, drift=drift, concurrency=concurrency) as at:
        trials = Trials(at, tally)
        for point in sample(trials.points, kills):
            trials.kill_at(point)
        dice = random.Random(seed)  # noqa: S311 - to be repeated
        for _ in range(at_random):
            trials.kill_after(dice.uniform(0.0, 1.0) * trials.length)
    tally.seconds = time.monotonic() - began
    return tally


def sample(found: Sequence[Point], kills: int) -> list[Point]:
    """Return the first and the last point, those around writes, and evenly of the rest: at least so many; 0 for all."""
    if not kills or kills >= len(found):
        return [*found]
    writes = [point for point in found if point.number == 1 and point.label in WRITES]
    chosen = dict.fromkeys([found[0], found[-1], *writes])
    rest = [point for point in found if point not in chosen]
    need = max(kills - len(chosen), 0)
    chosen |= dict.fromkeys(rest[(2 * turn + 1) * len(rest) // (2 * need)] for turn in range(need))
    return [point for point in found if point in chosen]
