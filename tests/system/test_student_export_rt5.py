"""``syncd export students`` on a real Request Tracker 5: who holds what, and since when."""

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.rest2 import Rest2
from services.rt5 import Rt5
from unit.cli.commands import Cli

ROSTER = """\
id,first_name,last_name,rt_user_id,email,grade
0001,=Ann,Example,s1001,,9
0002,Bo,Example,S1002,,10
0003,Cy,Example,s1003,,11
"""


class School:
    """A roster, and the real RT with assets that changed hands."""

    def __init__(self, rt5: Rt5, folder: Path) -> None:
        rt5.reset()
        self.rest = Rest2(rt5.url, rt5.tokens)
        self.database = rt5.data_dir / "rt.db"
        self.folder = folder
        self.cli = Cli()
        self.cli.environment |= {"SYNCD_CONFIG": str(folder / "config.toml"), "RT_TOKEN": rt5.token}
        self.configure(rt5.url)
        (folder / "roster.csv").write_text(ROSTER)
        self.cli.ended(0, "import", "students", folder / "roster.csv")

    def configure(self, url: str) -> None:
        (self.folder / "config.toml").write_text(
            f'[state]\ndirectory = "{self.folder}/state"\n[rt]\nurl = "{url}"\nrate = 1000.0\n'
            '[exports.students]\ncatalogs = ["Chromebooks"]\nid_field = ""\n'
        )

    def option(self, line: str) -> None:
        with (self.folder / "config.toml").open("a") as file:
            file.write(f"{line}\n")

    def asset(self, name: str, **fields: str) -> str:
        return self.rest.create("asset", Name=name, Catalog="Chromebooks", **fields)

    def date(self, asset: str, kind: str, *days: str) -> None:
        """Put an asset's transactions of one type on these days, the first one first."""
        with closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            query = (
                "SELECT id FROM Transactions WHERE ObjectType = 'RT::Asset' AND ObjectId = ? AND Type = ? ORDER BY id"
            )
            for (number,), day in zip(connection.execute(query, (asset, kind)).fetchall(), days, strict=True):
                connection.execute("UPDATE Transactions SET Created = ? WHERE id = ?", (f"{day} 12:00:00", number))

    def rows(self) -> dict[str, tuple[str, str, str]]:
        """Return of each student number of devices, names and days, by id."""
        self.cli.ended(0, "export", "students", "-o", self.folder)
        with (self.folder / "students.csv").open(newline="", encoding="utf-8") as file:
            return {
                row["id"]: (row["device_count"], row["asset_names"], row["checked_out"]) for row in csv.DictReader(file)
            }


@pytest.fixture
def school(rt5: Rt5, tmp_path: Path) -> Iterator[School]:
    found = School(rt5, tmp_path)
    yield found
    found.rest.close()


def test_the_check_out_is_the_day_on_which_rt_gave_the_device(school: School) -> None:
    made = school.asset("X-1", Owner="s1001")
    moved = school.asset("X-2")
    for owner in ("s1001", "s1002", "Nobody", "s1001"):
        school.rest.put(f"/asset/{moved}", Owner=owner)
    school.date(made, "Create", "2025-08-20")
    school.date(moved, "SetWatcher", "2025-09-01", "2025-09-02", "2025-09-03", "2025-09-04")
    assert school.rows() == {
        "0001": ("2", "X-1; X-2", "2025-08-20; 2025-09-04"),
        "0002": ("0", "", ""),
        "0003": ("0", "", ""),
    }
    school.rest.put(f"/asset/{moved}", Owner="s1002")
    school.date(moved, "SetWatcher", "2025-09-01", "2025-09-02", "2025-09-03", "2025-09-04", "2025-10-01")
    assert school.rows() == {
        "0001": ("1", "X-1", "2025-08-20"),
        "0002": ("1", "X-2", "2025-10-01"),
        "0003": ("0", "", ""),
    }


def test_each_holder_has_a_day(school: School) -> None:
    asset = school.asset("X-3", HeldBy="s1001")
    school.rest.put(f"/asset/{asset}", HeldBy=["s1001", "s1002"])
    school.date(asset, "Create", "2025-08-20")
    school.date(asset, "AddWatcher", "2025-09-01")
    school.option('held_by = "holder"')
    rows = school.rows()
    assert rows["0002"] == ("1", "X-3", "2025-09-01")
    # The first one holds an asset since the server was set up, too.
    count, names, days = rows["0001"]
    assert (count, names.endswith("; X-3"), days.endswith("; 2025-08-20")) == ("2", True, True)


def test_the_day_may_come_from_a_custom_field(school: School) -> None:
    asset = school.asset("X-4", Owner="s1001")
    school.rest.put(f"/asset/{asset}", CustomFields={"AUE Date": "2030-06-01", "Last Sync": "2026-05-04T12:00:00Z"})
    school.option('checked_out_field = "CF.{AUE Date}"')
    assert school.rows()["0001"] == ("1", "X-4", "2030-06-01")
    config = school.folder / "config.toml"
    config.write_text(config.read_text().replace("AUE Date", "Last Sync"))
    assert school.rows()["0001"] == ("1", "X-4", "2026-05-04")


def test_what_was_exported_is_imported_again_without_loss(school: School) -> None:
    school.rows()
    done = school.cli.ended(0, "import", "students", school.folder / "students.csv", "--json").json[0]
    assert (done["format"], done["counts"]["unchanged"]) == ("syncd", 3)
