"""``syncd import students --drop-zone``."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from syncd.cli import imports
from syncd.host.dropzone import DropZone
from syncd.host.errors import DataError
from syncd.host.messages import MessageId, kind_of
from unit.cli.imported_school import School, rows, school
from unit.virtual_clock import VirtualClock

__all__ = ["school"]


def test_an_empty_zone_is_made_and_is_nothing_to_do(school: School) -> None:
    assert school.syncd(0, "--drop-zone").out == "Nothing to import.\n"
    assert sorted(path.name for path in school.zone.iterdir()) == ["done", "rejected"]


def test_a_good_file_goes_to_done_with_a_report(school: School) -> None:
    school.drop(rows(*range(30)))
    assert "imported: 30 students" in school.syncd(0, "--drop-zone").out
    assert school.moved("done") == ["students.csv", "students.csv.report.txt"]
    (report,) = (school.zone / "done").glob("*.report.txt")
    assert report.read_text() == "students.csv: imported: 30 students, 30 added, 0 changed, 0 left\n"
    school.drop(rows(*range(30)), "again.csv")
    assert "the same content as in the last import" in school.syncd(0, "--drop-zone").out
    assert len(school.moved("done")) == 4


def test_a_look_at_the_zone_leaves_a_sign_only_if_it_brought_something_new(school: School) -> None:
    sign = school.state / "imported/students"
    for content, status, new in (
        (rows(1), 0, True),
        ("", 0, False),
        (rows(1), 0, False),
        (rows(1, 2), 0, True),
        ("no roster", 65, False),
    ):
        if content:
            school.drop(content)
        school.syncd(status, "--drop-zone")
        assert sign.exists() == new, content
    school.drop(rows(1, 2, 3), "good.csv")
    os.utime(school.drop(rows(4) + "3,,B,c,-1,\n", "bad.csv"), (1, 1))
    school.syncd(65, "--drop-zone")
    assert sign.exists(), "one bad file hides no good one"
    school.syncd(0, "--drop-zone", "--dry-run")
    assert not sign.exists()


def test_a_bad_file_goes_to_rejected_and_holds_up_no_other(school: School) -> None:
    os.utime(school.drop(rows(1, 2) + "3,,B,c,-1,\n", "bad.csv"), (1, 1))
    school.drop(rows(1, 2), "good.csv")
    (school.zone / "link.csv").symlink_to(school.config)
    files = school.syncd(65, "--drop-zone", "--json").json
    assert {done["file"]: done["result"] for done in files} == {
        "bad.csv": "rejected",
        "good.csv": "imported",
        "link.csv": "rejected",
    }
    assert school.ids() == ["00001", "00002"]
    (report,) = (school.zone / "rejected").glob("*bad.csv.report.txt")
    assert report.read_text().splitlines()[3] == "bad.csv, row 4, first_name: is empty"
    assert [path.is_symlink() for path in (school.zone / "rejected").glob("*-link.csv")] == [True]


def test_a_name_that_cannot_be_told_holds_up_no_other(school: School) -> None:
    for name in ("é" * 120 + ".csv", os.fsdecode(b"\xff.csv")):
        os.utime(school.drop(rows(3), name), (1, 1))
    school.drop(rows(1), "good.csv")
    files = school.syncd(65, "--drop-zone", "--json").json
    assert [done["result"] for done in files] == ["rejected", "rejected", "imported"]
    assert [(done["error"] or {}).get("code") for done in files] == ["file.bad_name", "file.bad_name", None]
    assert [path.name for path in school.zone.iterdir() if path.is_file()] == []
    assert len(school.moved("rejected")) == 4
    assert school.ids() == ["00001"]


def test_a_file_that_cannot_be_moved_holds_up_no_other(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    settle = DropZone.settle

    def full(zone: DropZone, name: str, *more: Any) -> None:  # noqa: ANN401
        if name == "a.csv":
            raise OSError(errno.ENOSPC, "No space left on device")
        settle(zone, name, *more)

    monkeypatch.setattr(DropZone, "settle", full)
    os.utime(school.drop(rows(1), "a.csv"), (1, 1))
    school.drop(rows(1, 2), "b.csv")
    told = "a.csv (imported) cannot be moved to done/: No space left on device; move it away by hand."
    assert told in school.syncd(77, "--drop-zone").out
    assert school.moved("done") == ["b.csv", "b.csv.report.txt"]
    assert school.ids() == ["00001", "00002"]


def test_a_file_in_the_place_of_a_folder_is_a_mistake_to_mend(school: School) -> None:
    school.drop("", "done")
    assert "/done cannot be a folder of the drop zone: File exists" in school.syncd(78, "--drop-zone").err


def test_each_error_of_the_zone_is_one_record_without_personal_data(school: School) -> None:
    school.drop(rows(1) + "3,,Secretname,c,9,\n", "bad.csv")
    school.drop("", "empty.csv")
    result = school.cli.ended(65, "--config", school.config, "--log", "json", "import", "students", "--drop-zone")
    errors = [record["SYNCD_ERROR"] for record in result.records if record["PRIORITY"] == "3"]
    assert errors == ["roster.bad_rows", "roster.empty"]
    kinds = {record["MESSAGE_ID"] for record in result.records if record["PRIORITY"] == "3"}
    assert kinds == {kind_of(DataError("", code=""))}
    assert [line.partition(":")[0] for line in result.out.splitlines()[2:]] == ["rejected", "rejected"]
    assert "Secretname" not in result.err


def test_a_refusal_in_the_zone_tells_the_command_that_lifts_it(school: School) -> None:
    school.syncd(0, school.file(rows(*range(100))))
    school.drop(rows(*range(50)))
    school.syncd(3, "--drop-zone")
    school.drop(rows(*range(50)), "again.csv")
    result = school.cli.ended(3, "--config", school.config, "--log", "json", "import", "students", "--drop-zone")
    assert [record["MESSAGE_ID"] for record in result.records] == [MessageId.ROSTER_REFUSED]
    report = next((school.zone / "rejected").glob("*-students.csv.report.txt"))
    words = report.read_text().split("import students ")[1].split()
    assert Path(words[0]).read_text() == rows(*range(50))
    school.syncd(0, *words[:3])
    assert len(school.ids()) == 50


def test_a_file_that_is_being_written_stays_and_is_tried_later(school: School) -> None:
    path = school.drop(rows(1))
    with path.open("a"):
        assert "still being written" in school.syncd(75, "--drop-zone").err
    assert path.exists()
    school.syncd(0, "--drop-zone")
    assert school.ids() == ["00001"]


def test_a_dry_run_of_the_zone_moves_nothing(school: School) -> None:
    path = school.drop(rows(1))
    assert "planned" in school.syncd(0, "--drop-zone", "--dry-run").out
    assert path.exists()


def test_the_zone_may_lie_elsewhere_and_is_not_made_there(school: School) -> None:
    school.zone = school.folder / "left by others"
    school.configure(f'settle_seconds = 0\ndrop_zone = "{school.zone}"\n')
    told = school.syncd(78, "--drop-zone").err
    assert f"{school.zone} cannot be a folder of the drop zone: No such file or directory" in told
    school.drop(rows(1))
    school.syncd(0, "--drop-zone")
    assert (school.ids(), school.moved("done")[0]) == (["00001"], "students.csv")
    assert not (school.state / "drop").exists()


def test_a_file_that_comes_while_another_is_imported_is_taken_in_the_same_run(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = DropZone.settle

    def late(zone: DropZone, name: str, *more: Any) -> None:  # noqa: ANN401
        settle(zone, name, *more)
        if name == "a.csv":
            school.drop(rows(1, 2), "b.csv")

    monkeypatch.setattr(DropZone, "settle", late)
    school.drop(rows(1), "a.csv")
    assert [done["file"] for done in school.syncd(0, "--drop-zone", "--json").json] == ["a.csv", "b.csv"]
    assert school.ids() == ["00001", "00002"]


def test_the_zone_is_looked_at_for_a_while_after_the_last_file(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    left = {1.0: "a.csv", 2.5: "b.csv", 5.5: "too late.csv"}

    def wait(seconds: float) -> None:
        clock.advance(seconds)
        for moment in [moment for moment in left if moment <= clock.monotonic()]:
            school.drop(rows(1), left.pop(moment))

    monkeypatch.setattr(clock, "sleep", wait)
    monkeypatch.setattr(imports, "SystemClock", lambda: clock)
    files = school.syncd(0, "--drop-zone", "--linger", "2", "--json").json
    assert [done["file"] for done in files] == ["a.csv", "b.csv"]
    assert school.syncd(0, "--drop-zone", "--json").json == []


def test_a_mistake_in_the_options_leaves_the_file_where_it_is(school: School) -> None:
    path = school.drop(rows(1))
    school.configure('settle_seconds = 0\ncolumns = { email = "Mail" }\n')
    assert "does not have" in school.syncd(78, "--drop-zone").err
    assert path.exists()


def test_no_record_of_an_import_has_a_name(school: School) -> None:
    result = school.cli.ended(0, "--config", school.config, "--log", "json", "import", "students", school.file(rows(1)))
    messages = [json.dumps(record) for record in result.records]
    assert any("imported: 1 students" in message for message in messages)
    assert not any("Family1" in message for message in messages)
