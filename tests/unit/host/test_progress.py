import io
import os
import re
import subprocess
import sys
import threading

import pytest
from rich.console import Console

from syncd.host.notify import Notifier
from syncd.host.progress import Progress
from unit.host.fake_systemd import FakeSystemd
from unit.virtual_clock import VirtualClock

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def drawn(width: int, *, colour: bool = True) -> str:
    out = io.StringIO()
    environ = {} if colour else {"NO_COLOR": "1"}
    console = Console(file=out, width=width, force_terminal=True, _environ={"TERM": "xterm-256color", **environ})
    with Progress(terminal=True, console=console) as progress:
        progress("Google devices", 300, None)
        progress("Request Tracker assets [never markup]", 90000, 100000)
        progress("Google devices", 600, 1200)
    return out.getvalue()


def test_a_terminal_gets_bars_with_numbers() -> None:
    text = ESCAPES.sub("", drawn(100))
    assert re.search(r"Google devices .* +600/1200", text)
    assert re.search(r"Request Tracker assets \[never markup\] .*90000/100000", text)


def test_forty_columns_hold_the_bars_and_whole_numbers() -> None:
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", ESCAPES.sub("", drawn(40)))]
    assert max(len(line) for line in lines) <= 40
    assert any("… " in line and line.endswith("90000/100000") for line in lines)
    assert any(line.startswith("Google dev") and line.endswith("600/1200") for line in lines)


def test_no_color_is_honoured() -> None:
    colours = re.compile(r"\x1b\[[0-9;]*[34]8;|\x1b\[3[0-7]")
    assert colours.search(drawn(80))
    assert not colours.search(drawn(80, colour=False))


def test_under_systemd_the_status_is_told_once_a_second_and_the_watchdog_is_fed(
    systemd: FakeSystemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "6000000")
    clock = VirtualClock()
    notifier = Notifier(clock)
    with Progress(notifier, terminal=False, clock=clock) as progress:
        for done in range(8):
            progress("RT assets", done, 8)
            clock.advance(0.5)
        progress("Google devices", 300, None)
    notifier.close()
    assert systemd.heard() == [
        "WATCHDOG=1",
        "STATUS=RT assets: 0 of 8",
        "STATUS=RT assets: 2 of 8",
        "WATCHDOG=1",
        "STATUS=RT assets: 4 of 8",
        "STATUS=RT assets: 6 of 8",
        "WATCHDOG=1",
        "STATUS=Google devices: 300",
    ]


def test_threads_may_report_at_once() -> None:
    console = Console(file=io.StringIO(), width=60, force_terminal=True)
    with Progress(terminal=True, console=console) as progress:
        threads = [threading.Thread(target=progress, args=(f"part {number % 3}", number, 20)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
    assert progress._bars is not None
    assert len(progress._bars._tasks) == 3


def test_in_a_pipe_nothing_is_written_and_rich_is_not_imported() -> None:
    code = (
        "import sys; from syncd.host.progress import Progress\n"
        "with Progress() as p: p('x', 1, 2)\n"
        "print('rich' in sys.modules)"
    )
    environ = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, env=environ
    )
    assert (done.stdout.strip(), done.stderr) == ("False", "")
