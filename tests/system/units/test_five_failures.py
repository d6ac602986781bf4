"""A job fails in five ways, one after the other, and then works: what a person reads of each, word by word.

What is read is kept in ``five_failures/``; what differs from run to run (ids, times, numbers of requests) stands there
in capitals. ``SYNCD_UPDATE_GOLDEN=1`` writes it anew.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.box import Box
from syncd.host.messages import MessageId
from syncd.host.units.render import Alerts, operator_script, units
from syncd.host.units.render import Host as UnitHost
from syncd.sandbox.site import Sandbox
from system.units.host import CONFIG, NO_LIMITS, PATCH, PROGRAM, SCRIPTS, SECRETS, SERVICE, Host

FOLDER = "/var/lib/syncd-metrics"
METRICS = f'\n[metrics]\ntextfile_directory = "{FOLDER}"\n'
KEPT = Path(__file__).parent / "five_failures"
REFUSE = '{"error": {"code": 400, "message": "no", "errors": []}}'

DIFFERENT = {
    r"\d{8}T\d{6}-[0-9a-f]{4}": "RUN",
    r"\b[0-9a-f]{32}\b": "INVOCATION",
    r"(--approve |\b)[0-9a-f]{16}\b": r"\1HASH",
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b": "DEVICE",
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)": "TIME",
    r"127\.0\.0\.1:\d+": "SERVER",
    r"\d+(\.\d+)? (m?s)\b": r"NUMBER \2",
    r"requests: [^)]*": "requests: NUMBERS",
    r"[1-9]\.\d+e\+09": "TIME",
    r"code=(killed|dumped)": "code=CODE",
}
SERIES = (
    r"syncd_run_last_success_timestamp_seconds\{.*",
    r"syncd_guard_refusals_total\{.*",
    r'syncd_actions_total\{job="chromebooks",kind="update",.*',
    r"syncd_unit_last_exit_status\{.*",
)
SHOWN = re.compile(r"Run |Started |Journal: |Refused|google: |RT |.*\tfailed")
STARTED = f"MESSAGE_ID={MessageId.RUN_STARTED}"


@pytest.fixture
def host(box: Box, site: Sandbox) -> Host:
    """Return a host that writes metrics and mails."""
    unit_host = UnitHost(
        program=PROGRAM,
        config=CONFIG,
        credentials={name: f"{SECRETS}/{name}" for name in ("google-service-account", "rt-token")},
        metrics_directory=FOLDER,
        alerts=Alerts(mail_to="it@example.org", mail_from="syncd@example.org"),
        scripts=SCRIPTS,
    )
    host = Host(box, site, units(unit_host, ["chromebooks"]))
    box.write("/usr/local/bin/syncd", operator_script(unit_host), 0o755)
    host.make_metrics_folder(FOLDER)
    host.serve_mail()
    # Retries as they are, only sooner.
    host.drop_in(SERVICE, "[Service]\nRestartSec=200ms\n[Unit]\nStartLimitBurst=2\n")
    return host


# -- the ways to fail


def upstream_down(host: Host) -> None:
    configure(host, google="attempts = 1")
    host.fail(route="/devices/chromeos", method="GET", status=503)
    host.start()


def bad_credential(host: Host) -> None:
    configure(host)
    host.put_secret("rt-token", "1-27-wrong")
    host.start()


def guard_refusal(host: Host) -> None:
    configure(host, more="\n[jobs.chromebooks.limits]\nupdate = { count = 1 }\n")
    host.start()


def partial_failure(host: Host) -> None:
    configure(host, google="concurrency = 1")
    host.fail(**PATCH, status=400, times=1, body=REFUSE)
    host.start()


def crash(host: Host) -> None:
    configure(host)
    host.fail(route="/devices/chromeos", method="GET", delay=5.0)
    before = len(host.records(STARTED))
    host.start(wait=False)
    host.wait_for(lambda: len(host.records(STARTED)) > before, "the start of a run")
    host.systemctl("kill", "--kill-whom=main", "--signal=SEGV", SERVICE)


def works_again(host: Host) -> None:
    configure(host)
    host.start()


def configure(host: Host, *, google: str = "", more: str = NO_LIMITS) -> None:
    """Make all well, but for what is asked for."""
    host.site.server.faults.clear()
    host.put_secret("rt-token", host.site.rt.token())
    host.configure(google=google, more=METRICS + more)


WAYS: tuple[Callable[[Host], None], ...] = (
    upstream_down,
    bad_credential,
    guard_refusal,
    partial_failure,
    crash,
    works_again,
)


# -- what a person reads


def read(host: Host) -> str:
    """Return what there is to read now, as one text with a heading for each place."""
    run = host.records(f"_SYSTEMD_UNIT={SERVICE}", STARTED)[-1]["SYNCD_RUN_ID"]
    mail = host.mails()[-1]
    parts = {
        f"journalctl SYNCD_RUN_ID={run}": journal(host, run),
        "syncd status": [line for line in host.operator("status").splitlines() if line],
        f"syncd show {run}": [line for line in host.operator("show", run).splitlines() if SHOWN.match(line)],
        f"cat {FOLDER}/*.prom": metrics(host),
        "mail": [f"Subject: {mail['Subject']}", "", *mail.get_content().splitlines()],
    }
    text = "\n".join(f"# {name}\n" + "".join(f"{line}\n" for line in lines) for name, lines in parts.items())
    for pattern, word in DIFFERENT.items():
        text = re.sub(pattern, word, text)
    return text.replace(f" on {host.box.run('uname', '-n').strip()}", " on HOST")


def journal(host: Host, run: str) -> Iterator[str]:
    """Yield kind and message of each record of the run; of the changes that were made, one is enough."""
    seen = set()
    for record in host.records(f"SYNCD_RUN_ID={run}", f"_SYSTEMD_UNIT={SERVICE}"):
        kind = next(kind for kind in MessageId if kind == record["MESSAGE_ID"])
        if kind is not MessageId.ACTION_DONE or kind not in seen:
            yield f"{kind.name}: {record['MESSAGE'] if kind is not MessageId.ACTION_DONE else '...'}"
        seen.add(kind)


def metrics(host: Host) -> list[str]:
    lines = host.box.run("sh", "-c", f"cat {FOLDER}/*.prom").splitlines()
    return [line for series in SERIES for line in lines if re.match(series, line)]


def test_each_failure_says_what_it_is_and_the_success_says_that_all_is_well(host: Host) -> None:
    update = os.environ.get("SYNCD_UPDATE_GOLDEN") == "1"
    wrong = []
    for number, fail in enumerate(WAYS, 1):
        host.systemctl("reset-failed", check=False)
        fail(host)
        host.wait_for(lambda: len(host.mails()) == number, f"a mail about {fail.__name__}")  # noqa: B023
        host.settled()
        found, path = read(host), KEPT / f"{number}_{fail.__name__}.txt"
        if update:
            KEPT.mkdir(exist_ok=True)
            path.write_text(found)
        elif found != path.read_text():
            wrong.append(f"{path.name} is not what there is to read now:\n{found}")
    assert wrong == []
    host.systemctl("start", SERVICE)
    assert len(host.mails()) == len(WAYS), "one all-clear"
