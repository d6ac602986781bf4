"""``syncd doctor`` as the operator runs it, under a real systemd."""

import json
import shlex
from typing import Any

from system.units.host import CONFIG, PROGRAM, SERVICE, Host

TIMER = "syncd-chromebooks.timer"

Record = dict[str, Any]


def visit(host: Host, status: int = 0) -> dict[tuple[str, str], Record]:
    """Return what is found within the operator's sandbox."""
    checks = json.loads(host.operator("doctor", "--json", status=status))["checks"]
    return {(check["area"], check["check"]): check for check in checks}


def test_a_host_is_found_in_order_once_the_remedy_was_followed(host: Host) -> None:
    host.systemctl("daemon-reload")
    found = visit(host)
    (warning,) = [check for check in found.values() if check["state"] != "ok"]
    assert (warning["check"], warning["found"]) == (TIMER, "installed, and not started")
    host.box.run(*shlex.split(warning["remedy"]))
    found = visit(host)
    assert {check["state"] for check in found.values()} == {"ok"}
    assert found["systemd", TIMER]["found"].startswith("enabled, next start 20")
    assert found["store", "directory"]["found"] == "/var/lib/syncd, mode 0700"
    assert "/run/credentials/" in found["rt", "credential rt-token"]["found"]
    host.systemctl("disable", "--now", TIMER)


def test_a_timer_that_a_reboot_stops_and_a_unit_that_failed_are_warnings(host: Host) -> None:
    host.put_secret("rt-token", "1-27-wrong")
    host.systemctl("disable", TIMER)
    host.systemctl("start", TIMER)
    assert host.start() != 0
    found = visit(host, 77)
    assert found["rt", "token"]["state"] == "failed"
    assert found["systemd", SERVICE]["found"] == "installed; its last start failed (exit status 77)"
    assert "disabled: gone after a reboot" in found["systemd", TIMER]["found"]
    assert "Auth Tokens" in host.box.run(*shlex.split(found["systemd", SERVICE]["remedy"]))


def test_a_unit_that_is_not_installed_is_a_warning(host: Host) -> None:
    host.box.run("rm", f"/etc/systemd/system/{SERVICE}", f"/etc/systemd/system/{TIMER}")
    host.systemctl("daemon-reload")
    told = json.loads(host.box.attempt(PROGRAM, "--config", CONFIG, "doctor", "--json").stdout)
    (found,) = [check["found"] for check in told["checks"] if check["check"] == SERVICE]
    assert "nothing runs chromebooks by itself" in found
