"""``syncd status`` as the operator runs it, under a real systemd."""

import json
import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

from system.units.host import NO_LIMITS, SECRETS, SERVICE, Host

TIMER = "syncd-chromebooks.timer"


def status(host: Host) -> Any:  # noqa: ANN401
    return json.loads(host.operator("status", "--json"))


def test_the_next_start_is_that_of_the_timer(host: Host) -> None:
    host.systemctl("daemon-reload")
    (job,) = status(host)["jobs"]
    assert (job["result"], job["next_start"]) == ("never", None)
    host.systemctl("start", TIMER)
    found = status(host)
    assert found["systemd"] == ""
    starts = datetime.fromisoformat(found["jobs"][0]["next_start"])
    assert timedelta(0) < starts - datetime.now(UTC) < timedelta(days=1, minutes=15)
    told = host.show("NextElapseUSecRealtime", unit=TIMER)["NextElapseUSecRealtime"]
    assert f"{starts:%Y-%m-%d %H:%M:%S} UTC" in told


def test_a_run_of_the_unit_is_told(host: Host) -> None:
    assert host.start() == 0
    (job,) = status(host)["jobs"]
    assert (job["result"], job["drift"]["open"], job["unit"]["result"]) == ("applied", 0, "success")
    assert (job["last_run"]["actor"], job["last_success"]["id"]) == (SERVICE, host.run_id())
    assert (job["unrecorded_failure"], status(host)["attention"]) == (False, [])


def test_a_start_that_never_reached_the_program_is_told_until_one_does(host: Host) -> None:
    host.box.run("rm", f"{SECRETS}/rt-token")
    assert host.start() != 0
    (item,) = status(host)["attention"]  # the operator's command goes on without it
    assert item["what"].startswith(f"{SERVICE} failed before it could record a run (exit-code, exit status 243")
    assert "Failed at step CREDENTIALS" in host.box.run(*shlex.split(item["next"][0]))
    host.put_secret("rt-token", host.site.rt.token())
    assert host.start() == 0
    assert status(host)["attention"] == []


def test_a_failure_that_the_program_recorded_is_told_once_by_its_run(host: Host) -> None:
    host.put_secret("rt-token", "1-27-wrong")
    assert host.start() != 0
    (item,) = status(host)["attention"]
    assert item["next"] == [f"syncd --config /etc/syncd/config.toml show {host.run_id()}"]


def test_a_refusal_is_lifted_by_the_command_that_is_shown(host: Host) -> None:
    host.configure(more=NO_LIMITS.replace("count = 100000", "count = 1"))
    assert host.start() != 0
    (item,) = status(host)["attention"]
    assert "waits for approval: " in item["what"]
    program, *arguments = shlex.split(item["next"][-1])
    assert program == "syncd"
    assert "applied and read back" in host.operator(*arguments)
    assert status(host)["attention"] == []


def test_a_retry_that_systemd_has_planned_is_the_next_start(host: Host) -> None:
    host.drop_in(SERVICE, "[Service]\nRestartSec=20min\n")
    host.configure(rt="attempts = 1")
    host.fail(route="/REST/2.0", status=503, body="out")
    host.start(wait=False)
    host.wait_for(lambda: host.show("SubState")["SubState"] == "auto-restart", "the wait before the next start")
    (job,) = status(host)["jobs"]
    starts = datetime.fromisoformat(job["next_start"]) - datetime.now(UTC)
    assert timedelta(minutes=15) < starts <= timedelta(minutes=20)


def test_a_run_under_way_is_told_with_who_runs_it(host: Host) -> None:
    host.slow_down(1.0)
    host.start(wait=False)
    host.wait_for_patches()
    (job,) = status(host)["jobs"]
    assert (job["result"], job["holder"]["run"]) == ("running", job["last_run"]["id"])
    assert str(job["holder"]["pid"]) == host.show("MainPID")["MainPID"]
    assert job["under_way"]["actions"] > 0


def test_the_store_is_checked_and_backed_up_by_the_operator(host: Host) -> None:
    assert host.start() == 0
    assert "failed" not in host.operator("state", "check")
    host.operator("state", "backup", "/var/lib/syncd/backup.sqlite")
    before = host.operator("show", host.run_id(), "--json")
    restore = "rm -f syncd.sqlite-wal syncd.sqlite-shm && cp backup.sqlite syncd.sqlite"
    host.box.run("sh", "-c", f"cd /var/lib/syncd && {restore}")
    assert host.operator("show", host.run_id(), "--json") == before
    assert host.start() == 0
