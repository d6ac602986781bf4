"""A school whose roster was imported, and its exports."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from syncd.sandbox.site import Sandbox
from syncd.state.store import open_store
from unit.cli.commands import Cli, Result, start

COLUMNS = [
    *("id", "given_name", "family_name", "user_name", "email", "grade", "graduation_year", "school", "advisor"),
    *("role", "active", "device_count", "asset_names", "serials", "checked_out"),
]
ANONYMOUS = ("pseudonym", "grade", "graduation_year", "school", "role", "active", "device_count", "checked_out")
HEADER = "id,first_name,last_name,rt_user_id,email,grade,school,advisor,graduation_year,active\n"
NASTY = [
    "=1+1",
    "-Ann",
    "+Bo",
    "@Cy",
    "'Quoted",
    "'=2",
    "''-3",
    "'t Hart",
    '"x"',
    "a, b",
    "=1;=2",
    "\uff1dD",
    "Ö İ",
    "\u202eRtl",
]


def roster(site: Sandbox) -> str:
    """Return a roster of the sandbox's students, joined to RT by e-mail or by name, and of some with odd names."""
    users = [user for user in site.rt.world.users.values() if re.fullmatch(r"s\d+", user.name)]
    rows = [
        [
            f"{number:05}",
            f"Given{number}",
            "Example",
            user.name if number % 2 else "",
            user.email if not number % 2 else "",
        ]
        for number, user in enumerate(users)
    ]
    rows += [[f"9{number:04}", name, name, "", ""] for number, name in enumerate(NASTY)]
    text = io.StringIO()
    for row in rows:
        number = int(row[0])
        others = ["9", "East" if number % 3 else "=West", "-Tess", "" if number % 2 else 2031, "ny"[number % 7 > 0]]
        csv.writer(text).writerow([*row, *others])
    return HEADER + text.getvalue()


class School:
    """A sandbox with a roster that was imported."""

    def __init__(self, site: Sandbox) -> None:
        self.site = site
        self.cli = Cli(site)
        self.folder = site.directory / "out"
        self.folder.mkdir()
        self._plain = site.config_file.read_text()
        self.configure()
        (site.directory / "roster.csv").write_text(roster(site))
        self.cli.ended(0, "import", "students", site.directory / "roster.csv")

    @property
    def state(self) -> Path:
        return self.site.directory / "state"

    def configure(self, **options: object) -> None:
        table = {"catalogs": ["Chromebooks"], "id_field": ""} | options
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in table.items())
        self.site.config_file.write_text(f"{self._plain}\n[exports.students]\n{lines}\n")

    def export(self, *arguments: str | Path, status: int = 0) -> Result:
        return self.cli.ended(status, "export", "students", *arguments)

    def rows(self, *arguments: str | Path) -> list[dict[str, str]]:
        target = self.folder / "rows.csv"
        self.export("-o", target, *arguments)
        return read(target)

    def people(self, state: Path | None = None) -> list[tuple[object, ...]]:
        return people(state or self.state)

    def spent(self, *arguments: str | Path) -> int:
        before = self.site.server.requests()
        self.export(*arguments)
        return self.site.server.requests() - before


def people(state: Path) -> list[tuple[object, ...]]:
    with open_store(state) as store:
        return [tuple(row) for row in store.rosters.people("students")]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with start(tmp_path / "site") as site:
        yield School(site)


def put(site: Sandbox, asset: int, **fields: object) -> None:
    done = requests.put(
        f"{site.url}/rt/REST/2.0/asset/{asset}",
        json=fields,
        headers={"Authorization": f"token {site.rt.token()}"},
        timeout=30,
    )
    done.raise_for_status()
