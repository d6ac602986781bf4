"""What pictures of a fleet show: how many devices have which percentage, and the median of each model over time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from syncd.jobs.batteries.words import Words
from syncd.jobs.exporting.fleet import NO_MODEL, Device
from syncd.state.battery_history import HistoryRow

WIDTH = 5
"""Points of the percentage in one bar."""

BARS = (*(f"{low}-{low + WIDTH}" for low in range(0, 100, WIDTH)), "100+")
"""The bars: from their lower bound on, and below the upper one. New batteries have 100 and more."""

TOP = 6
"""Models that have a line of their own; the others share one, so that the lines can be told apart."""

QUORUM = 0.1
"""Part of a line's devices that have to be known before its median tells something of it."""

_WEEK = timedelta(weeks=1)
_TENTHS = 10


class Stack(NamedTuple):
    """The devices of one category, bar by bar."""

    category: str
    counts: Sequence[int]


class Line(NamedTuple):
    """A model, or several together: the median percentage at each of the trend's weeks, None before enough is known."""

    name: str
    devices: int
    medians: Sequence[float | None]


class Trend(NamedTuple):
    """``weeks``: their Mondays."""

    weeks: Sequence[date]
    lines: Sequence[Line]


def histogram(devices: Iterable[Device], words: Words) -> list[Stack]:
    """Return the devices with a percentage: a stack for each category, the best first."""
    stacks = {name: [0] * len(BARS) for name, _ in words.ranked}
    for device in devices:
        if device.percent is not None:
            stacks[words.category(device.percent)][min(int(device.percent // WIDTH), len(BARS) - 1)] += 1
    return [Stack(name, counts) for name, counts in stacks.items()]


def measured(stacks: Iterable[Stack]) -> int:
    """Return how many devices have a percentage."""
    return sum(sum(stack.counts) for stack in stacks)


def title(stacks: Iterable[Stack], devices: int, newest: datetime | None) -> str:
    """Return what a picture is of; ``devices`` are all, with a percentage or without."""
    without = devices - measured(stacks)
    lack = f" ({without:,} without a percentage)" if without else ""
    day = f", newest report of {newest.date()}" if newest else ""
    return f"Battery health of {devices:,} {'device' if devices == 1 else 'devices'}{lack}{day}"


def groups(devices: Iterable[Device]) -> dict[str, str]:
    """Return the line that each device belongs to: its model, or the rest of them where there are many."""
    models = {device.serial: device.labels.model or NO_MODEL for device in devices if device.percent is not None}
    numbers = Counter(models.values())
    ranked = sorted(numbers, key=lambda model: (-numbers[model], model))
    if len(ranked) <= TOP + 1:
        return models
    rest = f"{len(ranked) - TOP} other models"
    top = set(ranked[:TOP])
    return {serial: model if model in top else rest for serial, model in models.items()}


def trend(history: Iterable[HistoryRow], lines: Mapping[str, str], newest: datetime | None) -> Trend:
    """Return the medians of each line, week by week, up to that of ``newest``.

    ``history`` by device and time. A device counts with what it last reported, from its first report on.
    """
    last = _week(newest) if newest else date.min
    changes: dict[str, _Changes] = {name: defaultdict(Counter) for name in lines.values()}
    for device, reported in _by_device(history):
        if device in lines:
            _step(changes[lines[device]], reported, last)
    first = min((min(weeks) for weeks in changes.values() if weeks), default=None)
    weeks = [] if first is None else [*_weeks(first, last)]
    numbers = Counter(lines.values())
    # The rest of the models is the last one, however many they are.
    ranked = sorted(numbers, key=lambda name: (name.endswith(" other models"), -numbers[name], name))
    found = [Line(name, numbers[name], [*_medians(changes[name], weeks, numbers[name])]) for name in ranked]
    start = next((at for at in range(len(weeks)) if any(line.medians[at] is not None for line in found)), 0)
    return Trend(weeks[start:], [line._replace(medians=line.medians[start:]) for line in found])


_Changes = defaultdict[date, Counter[int]]
"""Week to tenths of a percent, and how many devices more, or fewer, have that from then on."""


def _by_device(history: Iterable[HistoryRow]) -> Iterator[tuple[str, dict[date, int]]]:
    """Yield what each device had at the end of each week in which it reported another percentage."""
    device, found = "", dict[date, int]()
    for row in history:
        if row.device != device:
            yield device, found
            device, found = row.device, {}
        if row.percent is not None:
            found[_week(row.time)] = round(row.percent * _TENTHS)
    yield device, found


def _step(changes: _Changes, reported: Mapping[date, int], last: date) -> None:
    weeks = [week for week in reported if week <= last]
    for week in weeks:
        changes[week][reported[week]] += 1
    for before, after in pairwise(weeks):
        changes[after][reported[before]] -= 1


def _medians(changes: _Changes, weeks: Sequence[date], devices: int) -> Iterator[float | None]:
    now: Counter[int] = Counter()
    for week in weeks:
        now.update(changes.get(week, {}))
        yield _median(now, max(1, devices * QUORUM))


def _median(counts: Mapping[int, int], least: float) -> float | None:
    """Return the median of tenths that each count so often, in percent; None of fewer than ``least``."""
    total = sum(counts.values())
    if total < least:
        return None
    lower, upper = (total - 1) // 2, total // 2
    middle: list[int] = []
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen > lower and not middle:
            middle.append(value)
        if seen > upper:
            middle.append(value)
            break
    return round(sum(middle) / len(middle) / _TENTHS, 1)


def _week(time: datetime) -> date:
    day = time.date()
    return day - timedelta(days=day.weekday())


def _weeks(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _WEEK
