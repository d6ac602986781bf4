"""A school whose roster is imported from files."""

from pathlib import Path

import pytest

from syncd.state.store import open_store
from unit.cli.commands import Cli, Result

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rosters"
HEADER = "student_id,first_name,last_name,username,grade,advisor\n"


def rows(*numbers: int, grade: str = "9") -> str:
    return HEADER + "".join(f"{n:05},Given{n},Family{n},s{n},{grade},Tess\n" for n in numbers)


class School:
    """A state folder, a configuration, and files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.zone = self.state / "drop" / "students"
        self.config = folder / "config.toml"
        self.cli = Cli()
        self.configure()

    def configure(self, options: str = "settle_seconds = 0\n") -> None:
        self.config.write_text(f'[state]\ndirectory = "{self.state}"\n[imports.students]\n{options}')

    def file(self, text: str, name: str = "students.csv") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def drop(self, text: str, name: str = "students.csv") -> Path:
        self.zone.mkdir(parents=True, exist_ok=True)
        path = self.zone / name
        path.write_text(text)
        return path

    def syncd(self, status: int, *arguments: str | Path) -> Result:
        return self.cli.ended(status, "--config", self.config, "import", "students", *arguments)

    def ids(self, school: str = "") -> list[str]:
        with open_store(self.state) as store:
            return [row[0] for row in store.rosters.people("students", school=school)]

    def moved(self, verdict: str) -> list[str]:
        return sorted(path.name.partition("-")[2] for path in (self.zone / verdict).iterdir())


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)
