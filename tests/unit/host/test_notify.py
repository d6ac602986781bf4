import os
import subprocess
import sys

import pytest

from syncd.host.credentials import Secret
from syncd.host.notify import Notifier
from unit.host.fake_systemd import FakeSystemd
from unit.virtual_clock import VirtualClock


def test_ready_status_and_stopping_reach_systemd(systemd: FakeSystemd) -> None:
    notifier = Notifier()
    assert notifier.connected
    notifier.ready()
    notifier.status("reading 5 of 10")
    notifier.stopping()
    notifier.close()
    assert systemd.heard() == ["READY=1", "STATUS=reading 5 of 10", "STOPPING=1"]


def test_a_status_is_one_line_in_utf8_without_secrets_and_fits_a_datagram(systemd: FakeSystemd) -> None:
    Secret("synthetic-secret")
    notifier = Notifier()
    notifier.status("číst → 図書\nREADY=1 synthetic-secret")
    notifier.status("図" * 5000)
    notifier.close()
    first, second = systemd.heard()
    assert first == "STATUS=číst → 図書 READY=1 ***"
    assert len(second.encode()) < 4096


def test_the_watchdog_is_pinged_every_third_of_its_time(systemd: FakeSystemd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    clock = VirtualClock()
    notifier = Notifier(clock)
    pings = []
    for _ in range(35):
        notifier.watchdog()
        pings.append(len(systemd.heard()))
        clock.advance(1)
    notifier.close()
    assert [second for second, sent in enumerate(pings) if sent] == [0, 10, 20, 30]


@pytest.mark.parametrize(
    ("microseconds", "process"), [("", None), ("0", None), ("soon", None), ("-5", None), ("1000000", "1")]
)
def test_without_a_watchdog_for_this_process_nothing_is_sent(
    systemd: FakeSystemd, monkeypatch: pytest.MonkeyPatch, microseconds: str, process: str | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    if process:
        monkeypatch.setenv("WATCHDOG_PID", process)
    notifier = Notifier()
    notifier.watchdog()
    notifier.close()
    assert systemd.heard() == []


def test_without_systemd_nothing_happens_and_nothing_is_imported() -> None:
    code = (
        "import sys; from syncd.host.notify import Notifier; n = Notifier()\n"
        "n.ready(); n.status('x'); n.watchdog(); n.stopping(); n.close()\n"
        "print(n.connected, 'sdnotify' in sys.modules)"
    )
    environ = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, env=environ
    )
    assert done.stdout.strip() == "False False"
