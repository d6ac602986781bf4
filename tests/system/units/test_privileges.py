"""What the job's unit may see, and who may see what is its own."""

import re

from nix.evaluation import ROOT
from system.units.host import SERVICE, Host

PROBE = """
import os, pathlib
def look(path):
    try:
        return sorted(os.listdir(path)) if os.path.isdir(path) else open(path, 'rb').read().decode(errors='replace')
    except OSError as error:
        return error.strerror
print('user', os.getuid(), 'state', look('/var/lib/syncd'))
print('credentials', look('/run/credentials'), look('/run/credentials/syncd-chromebooks.service'))
for pid in filter(str.isdigit, os.listdir('/proc')):
    if int(pid) != os.getpid():
        print('process', look(f'/proc/{pid}/environ'), look(f'/proc/{pid}/root/run/credentials'))
"""


def test_credentials_are_readable_by_their_unit_alone(host: Host) -> None:
    job = (ROOT / "tests/nix/golden" / SERVICE).read_text()
    kept = [
        line
        for line in job.splitlines()
        if not line.startswith(("ExecStart=", "LoadCredential=", "OnFailure=", "Env", "X-"))
    ]
    host.box.write("/opt/probe.py", PROBE)
    host.box.write(
        "/etc/systemd/system/syncd-probe.service", "\n".join([*kept, "ExecStart=/usr/bin/python3 /opt/probe.py"])
    )
    host.slow_down(1)
    host.start(wait=False)
    host.wait_for_patches(1)
    mounted = host.box.run("ls", "/run/credentials/" + SERVICE).split()
    assert mounted == ["google-service-account", "rt-token"]
    host.systemctl("start", "syncd-probe.service")
    assert host.state() == "activating", "the job ended before it was looked at"
    told = host.messages("_SYSTEMD_UNIT=syncd-probe.service")
    user = host.box.run("stat", "--format=%u", "/var/lib/private/syncd").strip()
    # the same user and the same store, but not the other unit's secrets or processes
    assert told[0].startswith(f"user {user} state ['google.rate'"), told
    assert told[1] == "credentials Permission denied Permission denied"
    assert told[2:] == []
    host.systemctl("stop", SERVICE)


def test_every_directive_of_the_sandbox_is_in_force(host: Host) -> None:
    """A job that worked under a sandbox proves something only if the sandbox was there."""
    host.slow_down(1)
    host.start(wait=False)
    host.wait_for_patches(1)
    pid = host.show("MainPID")["MainPID"]
    status = dict(
        line.split(":\t", 1) for line in host.box.run("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert status["CapBnd"] == status["CapEff"] == "0000000000000000"
    assert "0" not in status["Uid"].split()
    mounts = host.box.run("cat", f"/proc/{pid}/mountinfo")
    assert re.search(r" / / ro,", mounts)
    assert "subset=pid" in mounts
    host.systemctl("stop", SERVICE)
