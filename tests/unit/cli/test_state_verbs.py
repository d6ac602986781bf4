"""``syncd state``: what an operator does for the store."""

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.host.errors import Unavailable
from syncd.sandbox.site import Sandbox
from syncd.state.inbox.store import DIRECTORY_NAME
from syncd.state.inbox.store import FILE_NAME as INBOX
from syncd.state.lock import JobLock
from syncd.state.store import FILE_NAME, Store, open_store
from unit.cli.commands import Cli, column, configure, with_store
from unit.inbox import sample as events
from unit.state.sample import fill, summary
from unit.virtual_clock import VirtualClock


class Place:
    """A configured store, and the command line that looks after it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "state"
        self.path = self.directory / FILE_NAME
        self.cli = with_store(directory)

    def fill(self) -> "Place":
        fill(self.directory).close()
        return self


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# -- check ------------------------------------------------------------------------------------------------------


def test_a_good_store_is_told_check_by_check(place: Place) -> None:
    told = place.fill().cli.ended(0, "state", "check")
    assert told.rows[0] == ["check", "state", "found"]
    assert {row[1] for row in told.rows[1:]} == {"ok"}
    assert {item["check"] for item in place.cli.ended(0, "state", "check", "--json").json} >= {"integrity", "schema"}


def test_a_damaged_store_ends_with_65_and_says_how_to_restore(place: Place) -> None:
    place.fill().path.write_bytes(b"x" * 9000)
    told = place.cli.ended(65, "state", "check")
    assert ["file", "failed"] in [row[:2] for row in told.rows]
    assert f"copy the backup over {place.path}" in told.out


def test_the_inbox_is_checked_where_there_is_one(place: Place) -> None:
    place.fill()
    with events.fill(place.directory / DIRECTORY_NAME) as inbox:
        path = inbox.path
    assert ["inbox", "ok"] in [row[:2] for row in place.cli.ended(0, "state", "check").rows]
    path.write_bytes(b"x" * 9000)
    told = place.cli.ended(65, "state", "check")
    assert ["inbox", "failed"] in [row[:2] for row in told.rows]
    assert f"copy the backup over {path}" in told.out


def test_a_store_that_is_not_there_is_a_warning_and_not_made(place: Place) -> None:
    assert place.cli.ended(0, "state", "check").rows[1][:2] == ["file", "warning"]
    assert not place.directory.exists()


def test_a_store_of_a_newer_syncd_ends_with_78(place: Place) -> None:
    place.fill()
    connection = sqlite3.connect(place.path, isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.close()
    for verb in (["check"], ["backup", "x"], ["rebuild", "--yes"], ["prune", "--older-than", "1d"]):
        assert "use the newer syncd" in place.cli.ended(78, "state", *verb).err


@pytest.mark.parametrize("verb", [["backup", "x"], ["rebuild", "--yes"], ["prune", "--older-than", "1d"]])
def test_without_a_store_there_is_nothing_to_look_after(place: Place, verb: list[str]) -> None:
    assert "there is no store" in place.cli.ended(65, "state", *verb).err
    assert not place.directory.exists()


# -- backup -----------------------------------------------------------------------------------------------------


def test_a_backup_restores_by_being_copied_into_place(syncd: Cli, site: Sandbox, tmp_path: Path) -> None:
    run = syncd.ended(0, "apply", "chromebooks").run
    told = syncd.ended(0, "state", "backup", tmp_path / "backup.sqlite")
    assert str(tmp_path / "backup.sqlite") in told.out
    shown, listed = syncd.ended(0, "show", run, "--json").json, syncd.ended(0, "runs", "--json").json
    state = site.directory / "state"
    for file in state.glob(f"{FILE_NAME}*"):
        file.unlink()
    assert syncd.ended(0, "runs", "--json").json == []
    shutil.copyfile(tmp_path / "backup.sqlite", state / FILE_NAME)
    assert syncd.ended(0, "show", run, "--json").json == shown
    assert syncd.ended(0, "runs", "--json").json == listed
    again = syncd.ended(0, "plan", "chromebooks", "--json").json
    assert (again["run"]["result"], again["run"]["requests"]["rt"] <= 10) == ("in_sync", True)
    configure(site, "limits.clear.percent = 100")
    syncd.ended(0, "revert", run, "--apply")


def test_a_backup_as_json(place: Place, tmp_path: Path) -> None:
    told = place.fill().cli.ended(0, "state", "backup", tmp_path / "b", "--json").json
    assert told == {"file": str(tmp_path / "b"), "bytes": (tmp_path / "b").stat().st_size, "inbox": None}


def test_a_backup_has_the_inbox_where_there_is_one(place: Place, tmp_path: Path) -> None:
    place.fill()
    events.fill(place.directory / DIRECTORY_NAME).close()
    copy = tmp_path / "b.inbox"
    assert f"{copy}: a whole copy of the inbox" in place.cli.ended(0, "state", "backup", tmp_path / "b").out
    told = place.cli.ended(0, "state", "backup", tmp_path / "b", "--json").json
    assert told["inbox"] == {"file": str(copy), "bytes": copy.stat().st_size}
    listed = place.cli.ended(0, "events", "list", "--all", "--json").json
    for file in (place.directory / DIRECTORY_NAME).iterdir():
        file.unlink()
    assert place.cli.ended(0, "events", "list", "--all", "--json").json == []
    shutil.copyfile(copy, place.directory / DIRECTORY_NAME / INBOX)
    assert place.cli.ended(0, "events", "list", "--all", "--json").json == listed
    assert len(listed) == 5


def test_a_backup_of_the_store_cannot_be_written_over_the_inbox(place: Place) -> None:
    place.fill()
    with events.fill(place.directory / DIRECTORY_NAME) as inbox:
        assert "name another file" in place.cli.ended(65, "state", "backup", inbox.path).err
        assert len(inbox.list()) == 5


def test_a_backup_does_not_overwrite_what_is_no_backup(place: Place, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("dear diary")
    assert "no backup of syncd" in place.fill().cli.ended(65, "state", "backup", tmp_path / "notes").err


# -- rebuild ----------------------------------------------------------------------------------------------------


def test_rebuilding_forgets_and_the_next_run_finds_it_all_again(syncd: Cli, site: Sandbox) -> None:
    run = syncd.ended(0, "apply", "chromebooks").run
    links = everything_linked(site)
    fleet = whole(site)
    with open_store(site.directory / "state") as store:
        kept = store.snapshots.metas()
    told = syncd.ended(0, "state", "rebuild", "--yes", "--json").json
    assert (told["snapshots"], told["links"]) == (len(kept), len(links))
    assert kept
    with open_store(site.directory / "state") as store:
        assert store.snapshots.metas() == {}
    assert everything_linked(site) == []
    assert syncd.ended(0, "runs", "--json").json[0]["id"] == run
    again = syncd.ended(0, "apply", "chromebooks", "--json").json
    assert (again["run"]["result"], again["run"]["counts"]["actions"]) == ("in_sync", 0)
    assert everything_linked(site) == links
    assert whole(site) == fleet


def everything_linked(site: Sandbox) -> list[tuple[str, str]]:
    with open_store(site.directory / "state") as store:
        return sorted((link.left_id, link.right_id) for link in store.external_ids.links("chromebooks", former=True))


def whole(site: Sandbox) -> list[object]:
    devices = site.google.tenant.devices
    return [{key: devices.get(key) for key in devices}, dict(site.rt.world.assets)]


def test_rebuilding_waits_for_nobody_and_breaks_nothing(place: Place) -> None:
    place.fill()
    with JobLock(place.directory, "chromebooks", "20260101T000000-aaaa"):
        told = place.cli.ended(75, "state", "rebuild", "--yes")
    assert "chromebooks is already running: run 20260101T000000-aaaa" in told.err
    with open_store(place.directory) as store:
        assert store.snapshots.metas()


def test_rebuilding_asks_first_where_somebody_can_answer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "say --yes" in place.fill().cli.ended(64, "state", "rebuild").err
    monkeypatch.setattr("syncd.cli.state._somebody_is_there", lambda: True)
    for answer, status, left in (("n", 130, True), ("y", 0, False)):
        monkeypatch.setattr("click.termui.visible_prompt_func", lambda _, answer=answer: answer)
        place.cli.ended(status, "state", "rebuild")
        with open_store(place.directory) as store:
            assert bool(store.snapshots.metas()) is left


# -- prune ------------------------------------------------------------------------------------------------------


def old_runs(directory: Path, number: int, *, days: int) -> None:
    """Record good runs, all of them so many days ago."""
    clock = VirtualClock(datetime.now(UTC) - timedelta(days=days))
    with open_store(directory, clock=clock) as store:
        for _ in range(number):
            run = store.ledger.start("chromebooks", "apply")
            store.ledger.finish(summary(run, "in_sync"))
            clock.advance(1)


def test_runs_older_than_a_span_are_pruned(place: Place) -> None:
    old_runs(place.directory, 5, days=30)
    old_runs(place.directory, 2, days=3)
    assert place.cli.ended(0, "state", "prune", "--older-than", "5w", "--json").json["runs"] == 0
    told = place.cli.ended(0, "state", "prune", "--older-than", "2w", "--json").json
    assert (told["runs"], told["actions"]) == (5, 0)
    assert abs(datetime.fromisoformat(told["before"]) - datetime.now(UTC) + timedelta(weeks=2)) < timedelta(minutes=1)
    assert len(place.cli.ended(0, "runs", "--json").json) == 2
    assert "Pruned 0 runs with 0 actions from before " in place.cli.ended(0, "state", "prune", "--older-than", "2w").out


@pytest.mark.parametrize("span", ["", "400", "old", "0d", "-1d", "1d x", "9999999y", "5000y"])
def test_what_is_no_span_is_wrong_usage(place: Place, span: str) -> None:
    assert "--older-than" in place.fill().cli.ended(64, "state", "prune", "--older-than", span).err


def test_a_span_is_required(place: Place) -> None:
    assert "Missing option '--older-than'" in place.cli.ended(64, "state", "prune").err


@pytest.mark.parametrize(("setting", "left"), [("", 3), ("retention_days = 0", 5), ("retention_days = 600", 5)])
def test_a_good_run_prunes_by_the_retention(site: Sandbox, syncd: Cli, setting: str, left: int) -> None:
    text = site.config_file.read_text()
    site.config_file.write_text(text.replace("[state]\n", f"[state]\n{setting}\n"))
    old_runs(site.directory / "state", 2, days=500)
    old_runs(site.directory / "state", 2, days=399)
    syncd.ended(0, "plan", "chromebooks")
    assert len(syncd.ended(0, "runs", "--json").json) == left


def test_a_run_that_is_refused_or_fails_prunes_nothing(site: Sandbox, syncd: Cli) -> None:
    old_runs(site.directory / "state", 3, days=500)
    configure(site, "limits.update.count = 0")
    syncd.ended(3, "plan", "chromebooks")
    (site.credentials_directory / "rt-token").unlink()
    syncd.ended(77, "plan", "chromebooks")
    assert len(syncd.ended(0, "runs", "--json").json) == 5


def test_trouble_with_pruning_is_no_trouble_of_the_run(syncd: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise Unavailable("the disk is full", code="state.disk")

    monkeypatch.setattr(Store, "prune", fail)
    told = syncd.ended(0, "--log", "json", "plan", "chromebooks")
    (warning,) = [record for record in told.records if record["PRIORITY"] == "4"]
    assert warning["MESSAGE"] == "old runs could not be pruned: the disk is full"
    assert warning["SYNCD_ERROR"] == "state.disk"


def test_pruning_in_a_run_is_bounded(site: Sandbox, syncd: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncd.state.retention.RUNS_AT_A_TIME", 2)
    old_runs(site.directory / "state", 6, days=500)
    for left in (4, 2, 1, 1):
        syncd.ended(0, "plan", "chromebooks")
        assert column(syncd.ended(0, "runs").rows, "mode").count("apply") == left


def test_the_retention_cannot_be_negative(site: Sandbox, syncd: Cli) -> None:
    text = site.config_file.read_text()
    site.config_file.write_text(text.replace("[state]\n", "[state]\nretention_days = -1\n"))
    assert "state.retention_days" in syncd.ended(78, "status").err
