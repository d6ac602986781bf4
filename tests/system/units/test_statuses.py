"""Exit statuses of the job's unit: 75 starts it again, nothing else does."""

import re

import pytest

from syncd.host.messages import MessageId
from system.units.host import APPLY, PATCH, SECRETS, SERVICE, Host

SOON = "[Service]\nRestartSec=200ms\n[Unit]\nStartLimitBurst=3\n"


def test_a_system_that_is_down_is_tried_again_until_it_is_back(host: Host) -> None:
    host.drop_in(SERVICE, SOON)
    host.configure(google="attempts = 1", job=APPLY)
    host.fail(route="/devices/chromeos", method="GET", status=503, times=1)
    assert host.start() != 0
    assert host.settled()["ActiveState"] == "inactive"
    assert sum("Scheduled restart job" in message for message in host.messages(f"UNIT={SERVICE}")) == 1
    assert host.results() == ["applied", "failed"]


def test_some_failed_actions_are_status_1_and_no_restart(host: Host) -> None:
    host.drop_in(SERVICE, SOON)
    host.fail(**PATCH, status=400, times=1, body='{"error": {"code": 400, "message": "no", "errors": []}}')
    assert host.start() != 0
    assert host.settled() == {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "1", "NRestarts": "0"}


def test_a_plan_above_its_limits_is_status_3_and_no_restart(host: Host) -> None:
    host.drop_in(SERVICE, SOON)
    host.configure(more="\n[jobs.chromebooks.limits]\nupdate = { count = 1 }\n")
    assert host.start() != 0
    assert host.settled() == {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "3", "NRestarts": "0"}
    assert host.patches() == 0
    # What the record says lifts it: the operator approves this very plan.
    message = host.messages(f"MESSAGE_ID={MessageId.GUARD_REFUSED}")[-1]
    approval = re.search(r"--approve \w+", message)
    assert approval, message
    host.operator("apply", "chromebooks", *approval[0].split())
    assert host.patches() > 0


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        (r"", "credential rt-token from systemd is empty"),
        (r"1-14-0123456789abcdef0123456789abcdef", "RT"),
        (r"token\377", "it is not UTF-8 text"),
    ],
    ids=["empty", "refused", "unreadable"],
)
def test_a_useless_credential_is_status_77_and_no_restart(host: Host, token: str, sentence: str) -> None:
    host.drop_in(SERVICE, SOON)
    host.box.run("sh", "-c", f"rm {SECRETS}/rt-token; printf '{token}' >{SECRETS}/rt-token")
    assert host.start() != 0
    assert host.settled() == {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "77", "NRestarts": "0"}
    assert sentence in host.messages("PRIORITY=3", "SYNCD_JOB=chromebooks")[-1]


def test_an_unknown_setting_is_status_78_and_no_restart(host: Host) -> None:
    host.drop_in(SERVICE, SOON)
    host.configure(job='mode = "apply"\norg_unit = ["/"]')
    assert host.start() != 0
    assert host.settled() == {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78", "NRestarts": "0"}
    message = host.messages("PRIORITY=3", f"_SYSTEMD_UNIT={SERVICE}")[-1]
    assert "jobs.chromebooks.org_unit" in message
    assert "org_units" in message
