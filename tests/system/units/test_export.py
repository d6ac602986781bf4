"""The export of students under a real systemd: a file in the state folder, with the credential of RT and no other."""

import csv
import io

from system.units.host import NO_LIMITS, Host

SERVICE = "syncd-export-students.service"
TIMER = "syncd-export-students.timer"
FILE = "/var/lib/private/syncd/exports/students.csv"
OPTIONS = '\n[exports.students]\ncatalogs = ["Chromebooks"]\n'
ROSTER = "student_id,first_name,last_name,username,grade,advisor\n00001,Ann,Lee,s1,9,Tess\n00002,Bo,Ng,s2,10,Tess\n"


def import_roster(host: Host) -> None:
    host.configure(more=NO_LIMITS + OPTIONS)
    host.operator("status")  # makes the state folder
    host.box.write("/var/lib/private/syncd/roster.csv", ROSTER)
    host.box.run("chmod", "0700", "/var/lib/private/syncd")
    host.operator("import", "students", "roster.csv")


def test_the_export_is_a_file_of_the_units_user_alone(host: Host) -> None:
    import_roster(host)
    done = host.box.attempt("systemctl", "start", SERVICE)
    assert done.returncode == 0, host.log()
    rows = list(csv.DictReader(io.StringIO(host.box.run("cat", FILE))))
    assert [row["id"] for row in rows] == ["00001", "00002"]
    assert host.box.run("stat", "--format=%a %U", FILE).split()[0] == "600"
    assert host.box.run("stat", "--format=%a", FILE.rpartition("/")[0]).strip() == "700"
    assert host.box.run("stat", "--format=%u", FILE) == host.box.run("stat", "--format=%u", "/var/lib/private/syncd")
    first = host.box.run("stat", "--format=%i", FILE)
    assert host.box.attempt("systemctl", "start", SERVICE).returncode == 0, host.log()
    assert host.box.run("stat", "--format=%i", FILE) != first, "the second export is another file in its place"
    assert not any("Ann" in message for message in host.messages(f"_SYSTEMD_UNIT={SERVICE}"))


def test_an_export_without_rt_leaves_the_last_one_and_is_tried_again(host: Host) -> None:
    import_roster(host)
    assert host.box.attempt("systemctl", "start", SERVICE).returncode == 0, host.log()
    before = host.box.run("cat", FILE)
    host.drop_in(SERVICE, "[Service]\nRestartSec=1s\n")
    host.fail(route="/REST/2.0", status=503)
    host.configure(more=NO_LIMITS + OPTIONS, rt="attempts = 1")
    host.box.attempt("systemctl", "start", "--no-block", SERVICE)
    host.wait_for(lambda: host.show("NRestarts", unit=SERVICE)["NRestarts"] != "0", "another try")
    assert host.box.run("cat", FILE) == before
    host.site.server.faults.clear()
    host.systemctl("stop", SERVICE)


def test_the_timer_as_shipped_waits_for_its_hour(host: Host) -> None:
    host.systemctl("start", TIMER)
    assert "OnCalendar=*-*-* 05:30:00" in host.show("TimersCalendar", unit=TIMER)["TimersCalendar"]
    host.systemctl("stop", TIMER)
