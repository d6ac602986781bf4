"""A command that is forked from a warm process is what ``python -m syncd`` is; tests of whole commands rely on it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from syncd.sandbox.faults import Rule
from system.site import Site, wait_until
from system.warm import warm

Ended = tuple[int, str, str]
"""Exit status, standard output, standard error."""


def forked(arguments: Sequence[str], environment: dict[str, str]) -> Ended:
    process = warm().start(arguments, environment)
    stdout, stderr = process.communicate(60)
    assert process.returncode is not None
    return process.returncode, stdout, stderr


def started(arguments: Sequence[str], environment: dict[str, str]) -> Ended:
    return _run([sys.executable, "-m", "syncd", *arguments], environment)


def installed(arguments: Sequence[str], environment: dict[str, str]) -> Ended:
    return _run([str(Path(sys.executable).with_name("syncd")), *arguments], environment)


def _run(command: Sequence[str], environment: dict[str, str]) -> Ended:
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


CHANGING = re.compile(r"\d{8}T\d{6}-\w+|\d[\d.:TZ-]*")
"""What is another each time: ids of runs, times, durations, how often a system was asked."""


def without_numbers(ended: Ended) -> Ended:
    status, stdout, stderr = ended
    return status, CHANGING.sub("#", stdout), CHANGING.sub("#", stderr)


PLAN = ["--log", "json", "plan", "chromebooks", "--json"]
TYPO = ["paln"]


@pytest.mark.parametrize(
    ("way", "status", "arguments"),
    [
        (started, 0, ["--version"]),
        (started, 0, PLAN),
        (started, 0, ["plan", "chromebooks", "--all"]),
        (started, 64, TYPO),
        (started, 65, ["--log", "json", "plan", "nosuch"]),
        (started, 78, ["--config", "here.toml", "runs"]),
        (installed, 0, PLAN),
        (installed, 64, TYPO),
    ],
)
def test_a_forked_command_ends_and_prints_as_a_started_one(
    site: Site, way: Callable[[Sequence[str], dict[str, str]], Ended], status: int, arguments: list[str]
) -> None:
    ours = forked(arguments, site.syncd.environment)
    assert ours[0] == status
    assert without_numbers(ours) == without_numbers(way(arguments, site.syncd.environment))


def test_it_has_the_environment_and_the_folder_that_it_was_given_and_nothing_to_read(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OF_THE_TESTS", "1")
    site.fail(Rule(route="/rt/", delay=60))
    running = site.syncd.start("plan", "chromebooks")
    wait_until("its first request", lambda: site.struck() > 0)
    place = Path(f"/proc/{running.process.pid}")
    assert {(place / "fd" / str(number)).readlink().name.partition(":")[0] for number in range(3)} == {"null", "pipe"}
    assert (place / "cwd").readlink() == tmp_path
    assert os.getsid(running.process.pid) == running.process.pid
    running.end(signal.SIGKILL)


def test_it_keeps_nothing_of_those_before_it(site: Site) -> None:
    site.configure(job={"catalogs": ["Tablets"]})
    site.refuses(78, "plan", "chromebooks")
    site.configure()
    first, second = (site.syncd("plan", "chromebooks", "--json").ended(0) for _ in range(2))
    assert first.actions == second.actions != []
    assert first.run != second.run


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_it_and_no_other(site: Site, number: signal.Signals) -> None:
    site.fail(Rule(route="/rt/", delay=2))
    one, other = (site.syncd.start("plan", job) for job in ("chromebooks", "rt-users"))
    wait_until("the first request", lambda: site.struck() > 0)
    assert one.end(number).status == (-number if number == signal.SIGKILL else 75)
    assert other.end().status == 78  # that job is not configured


def test_one_that_does_not_end_is_killed_and_said(site: Site) -> None:
    site.fail(Rule(route="/rt/", delay=60))
    running = site.syncd.start("plan", "chromebooks")
    with pytest.raises(TimeoutError, match="goes on"):
        running.end(timeout=0.5)
    wait_until("its end", lambda: not Path(f"/proc/{running.process.pid}").exists())
