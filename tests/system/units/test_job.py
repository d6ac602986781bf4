"""The job's unit, as the NixOS module writes it, under a real systemd."""

import re

from nix.evaluation import ROOT
from services.box import Box
from syncd.host.messages import MessageId
from system.units.host import PATCH, SERVICE, SYSTEMD, Host

TIMER = "syncd-chromebooks.timer"


def test_the_job_applies_its_plan_within_its_sandbox(host: Host) -> None:
    assert host.start() == 0, host.log()
    newest = host.runs()[0]
    assert (newest["result"], newest["mode"], newest["actor"]) == ("applied", "apply", SERVICE)
    changes = host.patches()
    assert changes > 0
    assert host.start() == 0, host.log()
    assert host.results() == ["in_sync", "applied"]
    assert host.patches() == changes


def test_the_state_belongs_to_the_units_user_alone(host: Host) -> None:
    assert host.start() == 0, host.log()
    lines = host.box.run("find", "/var/lib/private/syncd", "-printf", "%m %u:%g %y %p\n").splitlines()
    assert len(lines) > 3
    owners = {line.split()[1] for line in lines}
    assert len(owners) == 1
    assert owners.isdisjoint({"root:root", "0:0"})
    for line in lines:
        mode, _, kind, _ = line.split()
        assert mode == ("700" if kind == "d" else "600"), line
    looked = host.box.attempt("runuser", "--user", "nobody", "--", "ls", "/var/lib/syncd/")
    assert looked.returncode != 0


def test_the_timer_starts_the_job(host: Host) -> None:
    host.drop_in(TIMER, "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/2\nAccuracySec=100ms\nRandomizedDelaySec=0\n")
    host.systemctl("start", TIMER)
    host.wait_for(lambda: host.records(SYSTEMD, f"UNIT={SERVICE}", "JOB_RESULT=done"), "a run that ended well")
    host.systemctl("stop", TIMER)
    host.settled()
    assert host.results()[-1] == "applied"


def test_the_timer_as_shipped_waits_for_its_hour_and_a_delay_that_is_this_hosts_own(host: Host) -> None:
    host.systemctl("start", TIMER)
    shown = host.show("Persistent", "RandomizedDelayUSec", "FixedRandomDelay", "TimersCalendar", unit=TIMER)
    assert shown["Persistent"] == "yes"
    assert shown["RandomizedDelayUSec"] == "10min"
    assert shown["FixedRandomDelay"] == "yes"
    assert "OnCalendar=*-*-* 05:00:00" in shown["TimersCalendar"]
    assert host.state() == "inactive"


def test_state_survives_a_reboot(host: Host) -> None:
    secrets = {path.name: path.read_text() for path in host.site.credentials_directory.iterdir()}
    assert host.start() == 0, host.log()
    first = host.runs()[0]["id"]
    host.box.reboot()
    for name, content in secrets.items():
        host.put_secret(name, content)  # /run is empty after a boot; sops or agenix would do this
    assert host.start() == 0, host.log()
    runs = host.runs()
    assert [run["result"] for run in runs] == ["in_sync", "applied"]
    assert runs[1]["id"] == first


def test_after_a_power_cut_amid_an_apply_the_next_run_converges(host: Host) -> None:
    secrets = {path.name: path.read_text() for path in host.site.credentials_directory.iterdir()}
    host.slow_down(1)
    host.start(wait=False)
    host.wait_for_patches(3)
    host.box.crash()
    host.heal()
    for name, content in secrets.items():
        host.put_secret(name, content)
    assert host.start() == 0, host.log()
    assert host.start() == 0, host.log()
    assert [run["result"] for run in host.runs()] == ["in_sync", "applied", "interrupted"]


def test_status_shows_how_far_a_long_apply_is(host: Host) -> None:
    host.slow_down(1)
    host.start(wait=False)
    host.wait_for_patches(2)
    status = host.wait_for(
        lambda: re.search(r"^ +Status: \"(.+)\"$", host.systemctl("status", SERVICE, check=False), re.MULTILINE),
        "a status line",
    )
    assert re.search(r"\d+ of \d+", status[1]), status[1]
    assert host.state() == "activating"
    host.systemctl("stop", SERVICE)


def test_a_hung_job_is_ended_by_the_watchdog_and_not_started_again(host: Host) -> None:
    host.drop_in(SERVICE, "[Service]\nWatchdogSec=2s\n")
    host.fail(**PATCH, delay=50)
    host.start(wait=False)
    host.wait_for(lambda: host.state() == "failed", "the watchdog", 15)
    assert host.show("Result", "NRestarts") == {"Result": "watchdog", "NRestarts": "0"}
    assert any("Watchdog timeout" in message for message in host.messages(f"UNIT={SERVICE}"))


def test_a_job_at_work_is_left_alone_by_the_watchdog(host: Host) -> None:
    host.drop_in(SERVICE, "[Service]\nWatchdogSec=3s\n")
    host.slow_down(1)
    assert host.start() == 0, host.log()
    times = [int(record["__REALTIME_TIMESTAMP"]) for record in host.records(f"_SYSTEMD_UNIT={SERVICE}")]
    assert max(times) - min(times) > 4_000_000, "the run was too short to prove anything"


def test_a_job_that_hangs_before_its_first_sign_of_life_is_ended_by_the_timeout(host: Host) -> None:
    host.drop_in(SERVICE, "[Service]\nTimeoutStartSec=3s\nTimeoutStopSec=1s\n")
    host.fail(delay=50)
    host.start(wait=False)
    host.wait_for(lambda: host.state() == "failed", "the timeout", 15)
    assert host.show("Result", "NRestarts") == {"Result": "timeout", "NRestarts": "0"}


def test_stop_during_an_apply_ends_between_two_actions(host: Host) -> None:
    host.slow_down(1)
    host.start(wait=False)
    host.wait_for_patches(2)
    host.systemctl("stop", SERVICE)
    ended = host.settled()
    assert (ended["ExecMainStatus"], ended["NRestarts"]) == ("75", "0")
    assert len(host.messages(f"MESSAGE_ID={MessageId.ACTION_DONE}")) == host.patches() > 0, "an action was cut in two"
    (end,) = host.records(f"MESSAGE_ID={MessageId.RUN_INTERRUPTED}")
    assert int(end["SYNCD_COUNT_NOT_STARTED"]) > 0
    host.heal()
    assert host.start() == 0, host.log()
    assert host.start() == 0, host.log()
    assert host.results() == ["in_sync", "applied", "interrupted"]


def test_two_runs_of_one_job_do_not_meet(host: Host) -> None:
    host.slow_down(1)
    host.start(wait=False)
    host.wait_for_patches(1)
    refused = host.box.attempt("/usr/local/bin/syncd", "--log", "plain", "apply", "chromebooks")
    assert refused.returncode == 75
    host.systemctl("stop", SERVICE)
    assert host.run_id() in refused.stderr, refused.stderr


def test_a_store_of_an_older_schema_is_migrated(host: Host) -> None:
    assert host.start() == 0, host.log()
    store = "/var/lib/private/syncd/syncd.sqlite"
    host.box.push(ROOT / "tests/fixtures/state/schema-0001.sqlite", store)
    host.box.run("sh", "-c", f"chown --reference=/var/lib/private/syncd {store}; rm -f {store}-*")
    assert host.start() == 0, host.log()
    assert host.results()[0] in {"in_sync", "applied"}


def test_a_store_of_a_newer_syncd_is_refused_with_the_way_back(host: Host, box: Box) -> None:
    assert host.start() == 0, host.log()
    box.run(
        "python3",
        "-c",
        "import sqlite3; c = sqlite3.connect('/var/lib/private/syncd/syncd.sqlite');"
        " c.execute(\"update alembic_version set version_num = '9999'\"); c.commit(); c.close()",
    )
    assert host.start() != 0
    assert host.settled()["ExecMainStatus"] == "78"
    message = host.messages("PRIORITY=3", f"_SYSTEMD_UNIT={SERVICE}")[-1]
    assert "9999" in message
    assert "restore the backup from before the upgrade" in message
