"""``syncd export checkins``."""

import csv
import io
from pathlib import Path

import pytest

from syncd.state.store import open_store
from unit.cli.commands import Cli, with_store
from unit.state.sample import check_in


@pytest.fixture
def syncd(tmp_path: Path) -> Cli:
    """Return the command line before a store with three check-ins, of three days in the middle of November."""
    with open_store(tmp_path / "state") as store:
        for day in (10, 11, 12):
            name = "=1+1" if day == 11 else f"W12-{day}"
            store.checkins.begin([check_in(event=f"e{day}", asset=day, name=name, at=f"2026-11-{day}T12:00:00.000Z")])
            store.checkins.finish(f"e{day}", 0)
    return with_store(tmp_path)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_all_check_ins_are_written_and_formulas_are_guarded(syncd: Cli) -> None:
    found = rows(syncd("export", "checkins").out)
    assert [row["Asset ID"] for row in found] == ["10", "11", "12"]
    assert [row["Asset Tag"] for row in found] == ["W12-10", "'=1+1", "W12-12"]
    assert len(found[0]) == 13


def test_days_limit_what_is_written(syncd: Cli, tmp_path: Path) -> None:
    asked = ("--since", "2026-11-11", "--until", "2026-11-11")
    done = syncd("export", "checkins", *asked, "-o", tmp_path, "--json")
    document = done.json
    assert (Path(document["file"]).name, document["counts"]) == ("checkins.csv", {"devices": 1})
    assert [row["Asset ID"] for row in rows(Path(document["file"]).read_text())] == ["11"]


def test_check_ins_are_written_in_other_forms_too(syncd: Cli) -> None:
    done = syncd("export", "checkins", "--format", "json")
    assert [row["Asset ID"] for row in done.json] == [10, 11, 12]


def test_days_in_the_wrong_order_are_a_mistake(syncd: Cli) -> None:
    done = syncd("export", "checkins", "--since", "2026-11-12", "--until", "2026-11-11")
    assert done.status == 64
    assert "--since 2026-11-12 is after 2026-11-11" in done.err
