import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from syncd.host.errors import ConfigurationError, IntegrationError, NotPermitted, Unavailable
from syncd.host.metrics import Metric, exposition, write_textfile

COUNTER = Metric("syncd_things_total", "counter", "Things.", ("job", "what"))
GAUGE = Metric("syncd_age_seconds", "gauge", "Age.", ("job",))
UNWRITTEN = ".syncd-a.prom.part"


def modes(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


def test_the_text_has_help_type_and_a_line_for_each_sample() -> None:
    text = exposition({COUNTER: {("a", "x"): 2, ("a", "y"): 0}, GAUGE: {("a",): 1.5}}).decode()
    assert text.splitlines() == [
        "# HELP syncd_things_total Things.",
        "# TYPE syncd_things_total counter",
        'syncd_things_total{job="a",what="x"} 2.0',
        'syncd_things_total{job="a",what="y"} 0.0',
        "# HELP syncd_age_seconds Age.",
        "# TYPE syncd_age_seconds gauge",
        'syncd_age_seconds{job="a"} 1.5',
    ]


def test_a_metric_without_a_sample_is_left_out() -> None:
    assert b"syncd_things" not in exposition({COUNTER: {}, GAUGE: {("a",): 1}})


def test_times_keep_their_milliseconds_and_labels_their_letters() -> None:
    labels = ('he said "ü\\n"', "two\nlines")
    text = exposition({GAUGE: {("a",): 1795229640.534}, COUNTER: {labels: 3}}).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    assert samples[0].value == 1795229640.534
    assert samples[1].labels == {"job": labels[0], "what": labels[1]}


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_the_file_is_readable_for_the_exporter_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_textfile(tmp_path, "a", b"one\n")
    finally:
        os.umask(before)
    assert modes(tmp_path) == {"syncd-a.prom": 0o644}
    assert (tmp_path / "syncd-a.prom").read_bytes() == b"one\n"


def test_whoever_reads_meanwhile_sees_one_text_or_the_other(tmp_path: Path) -> None:
    texts = [b"a" * 200_000, b"b" * 300_000]
    write_textfile(tmp_path, "a", texts[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add((tmp_path / "syncd-a.prom").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(60):
            write_textfile(tmp_path, "a", texts[number % 2])
    finally:
        done.set()
        reader.join(timeout=30)
    assert seen <= set(texts)


def test_the_text_is_on_disk_before_it_takes_the_place_of_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    replace, fsync = Path.replace, os.fsync

    def synced(descriptor: int) -> None:
        told.append(f"fsync {os.fstat(descriptor).st_size}")
        fsync(descriptor)

    def replaced(path: Path, target: Path) -> Path:
        told.append(f"rename {path.name}")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    write_textfile(tmp_path, "a", b"12345")
    assert told[:2] == ["fsync 5", f"rename {UNWRITTEN}"]


def test_what_a_killed_run_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / UNWRITTEN).write_text("half")
    (tmp_path / UNWRITTEN).chmod(0)
    write_textfile(tmp_path, "a", b"whole")
    assert modes(tmp_path) == {"syncd-a.prom": 0o644}


def test_a_link_in_the_place_of_the_unfinished_file_leads_nowhere(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("untouched")
    (tmp_path / UNWRITTEN).symlink_to(other)
    write_textfile(tmp_path, "a", b"new")
    assert other.read_text() == "untouched"
    assert not (tmp_path / "syncd-a.prom").is_symlink()


def test_files_of_two_jobs_stand_beside_each_other(tmp_path: Path) -> None:
    for job in ("a", "b"):
        write_textfile(tmp_path, job, job.encode())
    assert sorted(modes(tmp_path)) == ["syncd-a.prom", "syncd-b.prom"]


def refused(directory: Path) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        write_textfile(directory, "a", b"")
    assert caught.value.code == "metrics.unwritable"
    assert str(directory) in caught.value.sentence
    return caught.value


def test_a_missing_folder_is_named_and_not_made(tmp_path: Path) -> None:
    error = refused(tmp_path / "missing")
    assert isinstance(error, ConfigurationError)
    assert "No such file or directory; make the folder, or correct metrics.textfile_directory" in error.sentence
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert isinstance(refused(tmp_path / "file"), ConfigurationError)


def test_a_folder_that_may_not_be_written_is_named_with_the_remedy(unprivileged: Path) -> None:
    error = refused(unprivileged)
    assert isinstance(error, NotPermitted)
    assert "let the user that syncd runs as write there" in error.sentence
    assert "ReadWritePaths=" in error.sentence


def test_a_full_disk_leaves_the_old_text_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    write_textfile(tmp_path, "a", b"old")
    monkeypatch.setattr(os, "fsync", full)
    error = refused(tmp_path)
    assert isinstance(error, Unavailable)
    assert "No space left on device; look at the disk" in error.sentence
    assert modes(tmp_path) == {"syncd-a.prom": 0o644}
    assert (tmp_path / "syncd-a.prom").read_bytes() == b"old"


def test_prometheus_client_is_loaded_by_those_who_want_metrics_only() -> None:
    program = (
        "import sys, syncd.cli.session, syncd.host.metrics as m;"
        "before = 'prometheus_client' in sys.modules; m.exposition({});"
        "sys.exit(before or 'prometheus_client' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
