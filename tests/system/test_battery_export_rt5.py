"""``syncd export battery`` on a real Request Tracker 5: what is joined, and what a second one asks for."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.rest2 import Rest2
from services.rt5 import Rt5
from syncd.state.store import open_store
from unit.cli.commands import Cli
from unit.jobs.exporting.fleets import report

SERIALS = ["SYNB0001", "SYNB0002", "SYNB0003", "SYNB0004"]
TABLE = '[exports.battery]\ncatalogs = ["Chromebooks"]\nschool_field = "CF.{Location}"\n'


class Fleet:
    """Assets of a real RT, and a history of their batteries."""

    def __init__(self, rt5: Rt5, folder: Path) -> None:
        rt5.reset()
        self.rest = Rest2(rt5.url, rt5.tokens)
        self.folder = folder
        self.cli = Cli()
        self.cli.environment |= {"SYNCD_CONFIG": str(folder / "config.toml"), "RT_TOKEN": rt5.token}
        (folder / "config.toml").write_text(
            f'[state]\ndirectory = "{folder}/state"\n[rt]\nurl = "{rt5.url}"\nrate = 1000.0\n{TABLE}'
        )
        with open_store(folder / "state") as store:
            rows = (report(serial, 90.0 - 10 * number) for number, serial in enumerate(SERIALS))
            store.batteries.history.note(rows)

    def asset(self, name: str, serial: str, model: str = "", place: str = "") -> str:
        asset = self.rest.create("asset", Name=name, Catalog="Chromebooks")
        self.rest.put(f"/asset/{asset}", CustomFields={"Serial Number": serial, "Model": model, "Location": place})
        return asset

    def rows(self, *arguments: str) -> list[tuple[str, ...]]:
        """Return serial, asset, its status, model and school of each row."""
        self.cli.ended(0, "export", "battery", "-o", self.folder / "rows.csv", *arguments)
        with (self.folder / "rows.csv").open(newline="", encoding="utf-8") as file:
            names = ("serial", "asset", "asset_status", "model", "school")
            return [tuple(row[name] for name in names) for row in csv.DictReader(file)]


@pytest.fixture
def fleet(rt5: Rt5, tmp_path: Path) -> Iterator[Fleet]:
    found = Fleet(rt5, tmp_path)
    yield found
    found.rest.close()


def test_devices_are_joined_with_assets_whatever_their_serial_looks_like(fleet: Fleet) -> None:
    first = fleet.asset("B-1", "SYNB0001", "日本語 300e", "East")
    fleet.asset("B-2", " synb 0002", "=1+1", "West")
    fleet.rest.put(f"/asset/{first}", Status="stolen")
    deleted = fleet.asset("B-3", "SYNB0003", "Model A", "East")
    fleet.rest.put(f"/asset/{deleted}", Status="deleted")
    assert fleet.rows() == [
        ("SYNB0001", "B-1", "stolen", "日本語 300e", "East"),
        ("SYNB0002", "B-2", "new", "'=1+1", "West"),
        ("SYNB0003", "", "", "", ""),  # RT finds no deleted asset
        ("SYNB0004", "", "", "", ""),
    ]


def test_a_change_in_rt_is_in_the_next_export_and_both_names_of_one_serial(fleet: Fleet) -> None:
    asset = fleet.asset("B-4", "SYNB0004", "Model A", "East")
    assert fleet.rows("--replace-soon") == [
        ("SYNB0003", "", "", "", ""),
        ("SYNB0004", "B-4", "new", "Model A", "East"),
    ]
    fleet.rest.put(f"/asset/{asset}", CustomFields={"Model": "Model B"})
    fleet.asset("B-5", "SYNB0004", "Model C", "West")
    assert fleet.rows("--replace-soon")[1] == ("SYNB0004", "B-4; B-5", "new", "Model B", "East")
