"""The drop zone of student rosters under a real systemd: others leave files there, and the units take them."""

import time
from collections.abc import Iterator

import pytest

from syncd.host.messages import MessageId
from system.units.host import NO_LIMITS, SYSTEMD, ZONE, Host

SERVICE = "syncd-import-students.service"
PATH = "syncd-import-students.path"
TIMER = "syncd-import-students.timer"
HEADER = "student_id,first_name,last_name,username,grade,advisor\n"
RESTART_SCHEDULED = "MESSAGE_ID=5eb03494b6584870a536b337290809b3"  # sd-messages.h
SOON = 15


def roster(*numbers: int) -> str:
    return HEADER + "".join(f"{n:05},Given{n},Family{n},s{n},9,Tess\n" for n in numbers)


class Zone:
    """The folder as the page for Debian makes it, with `sis`, who may leave files there, and nobody else."""

    def __init__(self, host: Host) -> None:
        self.host = host
        host.make_drop_zone()
        host.box.run("sh", "-c", "id sis 2>/dev/null || useradd --system --groups syncd-drop sis")
        self.settle(0.5)

    def settle(self, seconds: float) -> None:
        options = f'\n[imports.students]\ndrop_zone = "{ZONE}"\nsettle_seconds = {seconds}\n'
        self.host.configure(more=NO_LIMITS + options)

    def watch(self) -> None:
        self.host.systemctl("start", PATH)

    def sh(self, script: str, *words: str, user: str = "sis", stdin: str = "") -> str:
        """Run a script in the zone as somebody."""
        command = ["runuser", "--user", user, "--", "sh", "-euc", f"cd {ZONE}; {script}", "sh", *words]
        return self.host.box.run(*command, stdin=stdin)

    def leave(self, name: str, text: str) -> None:
        self.sh('cat >"$1"', name, stdin=text)

    def names(self, verdict: str = "") -> list[str]:
        """Return what lies in the zone, or in one of its folders without the time before the name."""
        found = self.host.box.run("ls", "-A", f"{ZONE}/{verdict}", check=False).splitlines()
        if verdict:
            return sorted(name.partition("-")[2] for name in found)
        return sorted(name for name in found if name not in {"done", "rejected"})

    def wait_for(self, verdict: str, *names: str, seconds: float = SOON) -> None:
        """Wait until files lie there, each beside its report."""
        wanted = {name + ending for name in names for ending in ("", ".report.txt")}
        self.host.wait_for(lambda: wanted <= set(self.names(verdict)), f"{names} in {verdict}/", seconds)

    def wait_until(self, state: str) -> None:
        """Wait until the service has ended, and systemd watches the folder again."""

        def there() -> bool:
            return self.host.show("ActiveState", unit=SERVICE) == {"ActiveState": state}

        self.host.wait_for(there, f"{SERVICE} {state}")
        self.host.wait_for(lambda: self.host.show("SubState", unit=PATH) == {"SubState": "waiting"}, "the watch")

    def imported(self) -> list[str]:
        """Return what the journal has of each import that went well."""
        told = (f"_SYSTEMD_UNIT={SERVICE}", f"MESSAGE_ID={MessageId.ROSTER_READ}")
        return self.host.messages(*told)

    def starts(self) -> int:
        return len(self.host.records(SYSTEMD, f"UNIT={SERVICE}", "JOB_TYPE=start", "JOB_RESULT=done")) + len(
            self.host.records(SYSTEMD, f"UNIT={SERVICE}", "JOB_TYPE=start", "JOB_RESULT=failed")
        )

    def assert_on_watch(self) -> None:
        assert self.host.show("ActiveState", "SubState", "Result", unit=PATH) == {
            "ActiveState": "active",
            "SubState": "waiting",
            "Result": "success",
        }


@pytest.fixture
def zone(host: Host) -> Iterator[Zone]:
    zone = Zone(host)
    yield zone
    for unit in (TIMER, PATH, SERVICE):
        host.systemctl("stop", unit, check=False)


def test_a_file_that_an_unprivileged_user_leaves_is_imported_at_once(zone: Zone) -> None:
    zone.watch()
    zone.leave("students.csv", roster(1, 2, 3))
    zone.wait_for("done", "students.csv")
    assert zone.imported() == ["students.csv: imported: 3 students, 3 added, 0 changed, 0 left"]
    assert zone.names() == []
    zone.leave("again.csv", roster(1, 2, 3, 4))
    zone.wait_for("done", "again.csv")
    assert len(zone.imported()) == 2
    # names and addresses are for nobody but syncd, and the zone for nobody but those who deliver
    assert zone.host.box.attempt("runuser", "--user", "sis", "--", "ls", f"{ZONE}/done").returncode != 0
    assert zone.host.box.attempt("runuser", "--user", "nobody", "--", "ls", ZONE).returncode != 0


def test_bad_files_go_aside_and_no_number_of_them_ends_the_watch(zone: Zone) -> None:
    zone.watch()
    for number in range(7):  # a start limit of systemd's own is five
        zone.leave(f"bad{number}.csv", f"{HEADER}3,,B,c{number},-1,\n")
        zone.wait_for("rejected", f"bad{number}.csv")
        zone.wait_until("failed")
    assert zone.host.show("ExecMainStatus", "Result", unit=SERVICE) == {"ExecMainStatus": "65", "Result": "exit-code"}
    zone.assert_on_watch()
    report = zone.host.box.run("sh", "-c", f"cat {ZONE}/rejected/*-bad0.csv.report.txt")
    assert "bad0.csv, row 2, grade: '-1' is no grade" in report
    zone.leave("good.csv", roster(1))
    zone.wait_for("done", "good.csv")


def test_a_file_that_is_being_written_is_taken_whole_when_it_is_closed(zone: Zone) -> None:
    zone.settle(2)
    zone.watch()
    zone.leave("written-first.csv", roster(1))
    rows = roster(*range(12)).splitlines()
    zone.sh('while read -r line; do echo "$line"; sleep 0.7; done >students.csv', stdin="\n".join([*rows, ""]))
    zone.wait_for("done", "students.csv", seconds=25)
    assert zone.imported()[-1] == "students.csv: imported: 12 students, 11 added, 0 changed, 0 left"
    assert len(zone.imported()) == 2
    zone.wait_until("inactive")
    zone.assert_on_watch()


def test_a_file_that_was_not_whole_is_tried_again_without_a_sign_from_the_folder(zone: Zone) -> None:
    zone.settle(6)
    zone.host.drop_in(SERVICE, "[Service]\nRestartSec=2s\n")
    zone.leave("students.csv", roster(1))
    zone.host.systemctl("start", "--no-block", SERVICE)  # nobody watches
    opened = f"MESSAGE_ID={MessageId.STORE_MIGRATED}"
    zone.host.wait_for(lambda: zone.host.records(opened), "the store, just before the file")
    time.sleep(1)
    zone.sh("echo 00002,Given,Family,s2,9,Tess >>students.csv")
    zone.wait_for("done", "students.csv", seconds=30)
    assert zone.imported() == ["students.csv: imported: 2 students, 2 added, 0 changed, 0 left"]
    assert any("students.csv is still being written" in told for told in zone.host.messages(f"_SYSTEMD_UNIT={SERVICE}"))
    assert len(zone.host.records(SYSTEMD, f"UNIT={SERVICE}", RESTART_SCHEDULED)) == 1


def test_what_is_no_file_is_moved_as_it_is_and_never_opened(zone: Zone) -> None:
    zone.watch()
    zone.sh("ln -s /etc/machine-id link.csv; mkfifo pipe.csv")
    zone.sh("mknod device.csv c 1 5; mknod disk.csv b 7 0", user="root")
    zone.wait_for("rejected", "link.csv", "pipe.csv", "device.csv", "disk.csv")
    kinds = zone.host.box.run("sh", "-c", f"cd {ZONE}/rejected; stat --format=%F *.csv").splitlines()
    assert sorted(kinds) == ["block special file", "character special file", "fifo", "symbolic link"]
    assert zone.names() == []
    zone.leave("good.csv", roster(1))
    zone.wait_for("done", "good.csv")


def test_of_twenty_files_at_once_none_is_lost(zone: Zone) -> None:
    zone.watch()
    names = [f"{number:02}.csv" for number in range(20)]
    for number, name in enumerate(names):
        # some come while others are imported
        zone.leave(name, roster(*range(number + 1)))
    zone.wait_for("done", *names, seconds=30)
    assert zone.names() == []
    assert zone.names("rejected") == []
    assert zone.imported() == [
        f"{name}: imported: {number + 1} students, 1 added, 0 changed, 0 left" for number, name in enumerate(names)
    ]
    zone.wait_until("inactive")
    zone.assert_on_watch()


def test_what_stays_in_the_folder_starts_nothing_again(zone: Zone) -> None:
    zone.watch()
    zone.leave("students.csv.part", HEADER)
    zone.sh("mkdir folder; touch folder/file; chmod 700 folder")  # of a kind that only its owner can move
    zone.wait_until("failed")
    assert zone.host.show("ExecMainStatus", unit=SERVICE) == {"ExecMainStatus": "65"}
    time.sleep(4)
    assert zone.starts() == 1
    assert zone.names() == ["folder", "students.csv.part"]
    zone.assert_on_watch()
    zone.sh("mv students.csv.part students.csv", stdin="")
    zone.wait_for("rejected", "students.csv")


def test_a_roster_that_is_not_taken_is_told_of_once_and_then_the_next_that_is(zone: Zone) -> None:
    host = zone.host
    host.serve_mail()
    host.drop_in("syncd-alert-mail@.service", '[Service]\nEnvironment="SYNCD_ALERT_SENDMAIL=/usr/sbin/sendmail"\n')
    zone.watch()
    for number in range(2):
        zone.leave(f"bad{number}.csv", f"{HEADER}3,,Familyname,c{number},-1,\n")
        zone.wait_for("rejected", f"bad{number}.csv")
        zone.wait_until("failed")
        host.wait_for(host.letters, "a letter")
    host.systemctl("start", SERVICE)  # with nothing to take, as the timer does
    zone.leave("good.csv", roster(1))
    host.wait_for(lambda: len(host.letters()) > 1, "another letter")
    failed, works = host.mails()
    assert "import-students failed on" in failed["Subject"]
    assert "input data cannot be used" in failed["Subject"]
    assert "bad0.csv has 2 bad cells" in " ".join(failed.get_content().split())
    assert "Familyname" not in failed.get_content()
    assert "import-students works again on" in works["Subject"]


def test_what_came_while_nobody_watched_is_taken_by_the_timer(zone: Zone) -> None:
    zone.leave("students.csv", roster(1))
    zone.watch()
    zone.host.drop_in(TIMER, "[Timer]\nOnActiveSec=\nOnActiveSec=1s\nOnUnitInactiveSec=2s\nAccuracySec=100ms\n")
    zone.host.systemctl("start", TIMER)
    zone.wait_for("done", "students.csv")
    zone.host.systemctl("stop", PATH)
    zone.leave("later.csv", roster(1, 2))
    zone.wait_for("done", "later.csv")


def test_the_timer_as_shipped_looks_soon_after_it_is_started_and_then_every_quarter_of_an_hour(zone: Zone) -> None:
    zone.host.systemctl("start", TIMER)
    (shown,) = zone.host.show("TimersMonotonic", unit=TIMER).values()
    assert "OnActiveUSec=1min" in shown
    lines = zone.host.systemctl("show", TIMER, "--property=TimersMonotonic")
    assert "OnUnitInactiveUSec=15min" in lines
