"""A fleet whose battery reports are imported from files."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from syncd.cli import imports
from syncd.jobs.batteries.reports import BatteryReport
from syncd.state.store import open_store
from unit.cli.commands import Cli, Result

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gam"
NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
WIDE = (
    "deviceId,serialNumber,batteryInfo.0.designCapacity,batteryInfo.0.serialNumber,batteryStatusReport.0.batteryHealth,"
    "batteryStatusReport.0.cycleCount,batteryStatusReport.0.fullChargeCapacity,batteryStatusReport.0.reportTime,"
    "batteryStatusReport.0.serialNumber"
)
EXPORT = "Serial number,Battery health,Cycle count,Full charge capacity (mAh),Design capacity (mAh),Last status report"
DESIGN = 4000


class Clock:
    """The time of the tests, without their waiting."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "SystemClock", Clock)


def row(number: int = 1, full: object = 3400, day: int = 18, **cells: object) -> str:
    told = {"cycles": 112, "health": "BATTERY_HEALTH_NORMAL", "time": f"2026-11-{day:02}T11:00:00Z", "design": DESIGN}
    given = {"serial": f"SYN{number:04}", "id": f"d{number}"} | told | cells
    start = f"{given['id']},{given['serial']},{given['design']},B{number},{given['health']},{given['cycles']}"
    return f"{start},{full},{given['time']},B{number}"


def table(*rows: str, header: str = WIDE, end: str = "\n") -> str:
    return end.join((header, *rows, ""))


class Fleet:
    """A state folder, a configuration, and files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.zone = self.state / "drop" / "battery"
        self.config = folder / "config.toml"
        self.cli = Cli()
        self.configure()

    def configure(self, options: str = "settle_seconds = 0\n") -> None:
        self.config.write_text(f'[state]\ndirectory = "{self.state}"\n[imports.battery]\n{options}')

    def file(self, content: str | bytes, name: str = "batteries.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def drop(self, content: str | bytes, name: str = "batteries.csv") -> Path:
        self.zone.mkdir(parents=True, exist_ok=True)
        path = self.zone / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def syncd(self, status: int, *arguments: str | Path) -> Result:
        return self.cli.ended(status, "--config", self.config, "import", "battery", *arguments)

    def told(self, content: str | bytes, status: int = 0) -> Result:
        return self.syncd(status, self.file(content))

    @property
    def kept(self) -> dict[str, BatteryReport]:
        decode = msgspec.json.Decoder(BatteryReport).decode
        with open_store(self.state) as store:
            return {key: decode(data) for key, data in store.batteries.imported()}

    @property
    def percents(self) -> dict[str, float | None]:
        return {key: report.worst.percent if report.worst else None for key, report in self.kept.items()}

    def history(self, device: str = "SYN0001") -> list[float | None]:
        with open_store(self.state) as store:
            return [row.percent for row in store.batteries.history.of(device)]

    def imports(self) -> int:
        with open_store(self.state) as store:
            return len(store.batteries.imports())

    def moved(self, verdict: str) -> list[str]:
        return sorted(path.name.partition("-")[2] for path in (self.zone / verdict).iterdir())


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)
