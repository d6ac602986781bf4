"""GAM's output for a large fleet, to import: the first time, with a hundredth changed, and with all a day later.

The columns are those that GAM printed in tests/fixtures/gam; a quarter of the devices has two reports.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import imports
from bench.imports import ROWS, Cost

SAMPLE = Path(__file__).parents[1] / "fixtures" / "gam" / "crostelemetry-battery.csv"
_SPREAD = 2_654_435_761
"""Serial numbers come in no order; odd, so that each number has its own."""


def measure(folder: Path) -> tuple[Cost, Cost, Cost]:
    """Return what the first import costs, one in which a hundredth has changed, and one in which all are newer."""
    folder.mkdir()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=10)
    files = [
        write(folder / "first.csv", start),
        write(folder / "second.csv", start, every=100, later=1),
        write(folder / "third.csv", start, every=1, later=2),
    ]
    first, second, third = imports.measure(folder, "battery", files)
    return first, second, third


def write(path: Path, start: datetime, *, every: int = ROWS, later: int = 0) -> Path:
    """Write a file of reports from a day on; in it every so-manieth device has reported so many days later."""
    (header,) = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)[:1]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(header)
        for number in range(ROWS):
            file.write(_row(number, start + timedelta(days=later if number % every == 0 else 0)))
    return path


def _row(number: int, start: datetime) -> str:
    battery = f"{number:05X}A"
    design = 4080 + number % 7 * 100
    reports = [_report(number, start + timedelta(seconds=number % 80_000 - day * 86_400), battery) for day in (0, 1)]
    second = reports[1] if number % 4 == 0 else "," * 13
    made = f"{number % 28 + 1},{number % 12 + 1},2023,SYNTH-SMP,{battery},Li-poly"
    serial = f"SYN{number * _SPREAD % 2**32:08X}"
    return f"00000000-0000-4000-8000-{number:012},{serial},1,{design},11250,{made},2,{reports[0]},{second}\n"


def _report(number: int, time: datetime, battery: str) -> str:
    when = f"{time:%Y-%m-%dT%H:%M:%SZ}"
    full, charge = 4000 - number % 1500, number % 100
    sample = f"1,{charge},640,7900,{full * charge // 100},{when},Discharging,31,{12000 + number % 900}"
    return f"BATTERY_HEALTH_NORMAL,{number % 900},{full},{when},{sample},{battery}"
