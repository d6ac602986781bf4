"""How the Chromebook job grows with the fleet and with what changed: ``make growth``, or with sizes of your own.

The sandbox streams the fleet, so that it takes little itself. Each size has a first run with an empty store, one with
nothing changed, one with 100 assets renamed and one with 1 % of them; what was renamed is written to Google.
"""

import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import linear_regression
from typing import NamedTuple

from bench.rig import Site, compile_all

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "performance.md"
START, END = "<!-- measured by make growth -->\n", "<!-- end of growth -->"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
CHANGES_OF, CHANGES = 100_000, (10, 100, 1_000, 10_000)
"""The fleet that changes of other sizes are measured on too, and their sizes."""
FEW = 100
LIMIT = 1_200.0
"""MB that no run may take, at any size."""

LIMITS = "\n[jobs.chromebooks.limits]\nupdate = { percent = 100.0, count = 10000000 }\n"


class Measured(NamedTuple):
    """One run. ``peak`` and ``store`` are in MB (10^6 bytes), ``least`` is the fewest requests that are possible."""

    devices: int
    kind: str
    changed: int
    requests: int
    least: int
    cpu: float
    peak: float
    store: float


class Fleet:
    """One streamed fleet and a store for it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._environment = site.environment("growth", more=LIMITS)
        self._renamed = 0

    def unchanged(self, kind: str) -> Measured:
        """Plan where there is nothing to do: first with an empty store, later with all that it kept."""
        pages = math.ceil(self._site.devices / 300)
        least = pages + (math.ceil(self._site.devices / 100) if kind == "first" else 0)
        return self._measured(kind, 0, least, "plan")

    def changed(self, number: int) -> Measured:
        """Rename assets in RT, and apply that to Google."""
        self._renamed += 1
        self._site.change_assets(number, {"Name": f"GROWN-{self._renamed}-<n>"})
        least = math.ceil(self._site.devices / 300) + math.ceil(number / 100)
        return self._measured("changed", number, least, "apply")

    def _measured(self, kind: str, changed: int, least: int, verb: str) -> Measured:
        used, asked = self._site.syncd(self._environment, verb, "chromebooks")
        assert used.status == 0, used.output
        requests, writes = asked.total(), asked["google write"]
        return Measured(
            self._site.devices, kind, changed, requests, least + writes, used.cpu, used.peak, self._store_size()
        )

    def _store_size(self) -> float:
        folder = self._site.directory / "bench-growth" / "state"
        return sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) / 1e6


def measure(folder: Path, sizes: Iterable[int]) -> Iterator[Measured]:
    """Yield what each run of each size takes."""
    for devices in sizes:
        with Site(folder / str(devices), devices, streamed=True) as site:
            fleet = Fleet(site)
            yield fleet.unchanged("first")
            yield fleet.unchanged("unchanged")
            others = CHANGES if devices == CHANGES_OF else ()
            for number in sorted({FEW, devices // 100, *others}):
                yield fleet.changed(number)


# -- exponents


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line of least squares through the logarithms of points."""
    return linear_regression([math.log(x) for x, _ in points], [math.log(y) for _, y in points]).slope


FIGURES: dict[str, Callable[[Measured], float]] = {
    "requests": lambda run: run.requests,
    "CPU": lambda run: run.cpu,
    "peak memory": lambda run: run.peak,
    "store": lambda run: run.store,
}


def by_devices(runs: Sequence[Measured]) -> Iterator[tuple[str, list[float]]]:
    """Yield the exponents against the number of devices of each kind of run, in the order of ``FIGURES``."""
    kinds: dict[str, Callable[[Measured], bool]] = {
        "first run": lambda run: run.kind == "first",
        "nothing changed": lambda run: run.kind == "unchanged",
        f"{FEW} changed": lambda run: run.changed == FEW,
        "1 % changed": lambda run: run.changed * 100 == run.devices,
    }
    for name, belongs in kinds.items():
        chosen = [run for run in runs if belongs(run)]
        yield name, [exponent([(run.devices, read(run)) for run in chosen]) for read in FIGURES.values()]


def by_changes(runs: Sequence[Measured]) -> Iterator[float]:
    """Yield the exponents against the number changed of what a run takes more than one with nothing changed.

    Less than a tenth more is noise, and NaN where nothing else is left.
    """
    same = [run for run in runs if run.devices == CHANGES_OF]
    base = next(run for run in same if run.kind == "unchanged")
    for read in FIGURES.values():
        more = [(run.changed, read(run) - read(base)) for run in same if run.changed]
        clear = [(changed, figure) for changed, figure in more if figure >= read(base) / 10]
        yield exponent(clear) if len(clear) > 1 else math.nan


# -- the page


def table(runs: Sequence[Measured]) -> str:
    """Return what the page says."""
    lines = [
        "| devices | run | requests | fewest possible | CPU | peak memory | store |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += map(_line, runs)
    worst = max(run.peak for run in runs)
    lines += ["", f"Peak memory, limit {LIMIT:,.0f} MB: {worst:,.0f} MB, {'met' if worst <= LIMIT else 'MISSED'}.", ""]
    lines += [f"| exponent of | {' | '.join(FIGURES)} |", "|---|---|---|---|---|"]
    if len({run.devices for run in runs}) > 1:
        lines += [f"| devices, {name} | {_numbers(found)} |" for name, found in by_devices(runs)]
    if any(run.devices == CHANGES_OF for run in runs):
        lines += [f"| records changed of {CHANGES_OF:,}, beyond a run without | {_numbers(by_changes(runs))} |"]
    return "\n".join(lines) + "\n"


def _line(run: Measured) -> str:
    took = f"{run.cpu:.1f} s | {run.peak:,.0f} MB | {run.store:,.1f} MB"
    return f"| {run.devices:,} | {_title(run)} | {run.requests:,} | {run.least:,} | {took} |"


def _title(run: Measured) -> str:
    if run.changed:
        return f"{run.changed:,} changed"
    return "first" if run.kind == "first" else "nothing changed"


def _numbers(found: Iterable[float]) -> str:
    return " | ".join("none" if math.isnan(number) else f"{number:.2f}" for number in found)


def main(sizes: Sequence[int]) -> int:
    """Measure, print, and write what the usual sizes take into the page; status 1 when the limit is missed."""
    compile_all()
    runs: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="syncd-growth-") as name:
        for run in measure(Path(name), sizes or SIZES):
            print(time.strftime("%H:%M:%S"), *run, flush=True)
            runs.append(run)
    print(f"\n{table(runs)}")
    if not sizes:
        head, _, rest = PAGE.read_text().partition(START)
        PAGE.write_text(head + START + table(runs) + END + rest.partition(END)[2])
    return int(any(run.peak > LIMIT for run in runs))


if __name__ == "__main__":
    sys.exit(main([*map(int, sys.argv[1:])]))
