"""A real systemd for the tests: Debian 12's, booted in a throw-away container by ``systemd-box``."""

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from services.rt5 import MissingService

SCRIPT = Path(__file__).with_name("systemd-box")
INSTALL_TIMEOUT = 600
TIMEOUT = 60

_NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
_INSIDE = (
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
    "SYSTEMD_PAGER=",
)


class Box:
    """A running container with systemd as process 1; ``name`` keeps boxes of parallel test runs apart."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._leader = ""

    def run(self, *command: str, check: bool = True, stdin: str = "", timeout: float = TIMEOUT) -> str:
        """Run a command inside as root and return its output; with ``check``, a failure is one of the test."""
        done = self.attempt(*command, stdin=stdin, timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def attempt(self, *command: str, stdin: str = "", timeout: float = TIMEOUT) -> "subprocess.CompletedProcess[str]":
        """Run a command inside as root and return how it ended."""
        # As `systemd-box exec`, which looks for process 1 each time and takes fifteen times as long.
        return subprocess.run(
            ["nsenter", f"--target={self._leader}", *_NAMESPACES, "--", "env", "-i", *_INSIDE, *command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    def write(self, path: str, content: str, mode: int = 0o644) -> None:
        """Write a file inside, and the folders above it."""
        script = 'umask 077; mkdir -p "$(dirname "$1")"; cat >"$1"; chmod "$2" "$1"; chmod go+rx "$(dirname "$1")"'
        self.run("sh", "-c", script, "sh", path, f"{mode:o}", stdin=content)

    def push(self, source: Path, target: str) -> None:
        """Copy a file of this machine in."""
        _must(self.name, "push", str(source), target)

    def boot(self, *options: str) -> None:
        self._boot("up", *options)

    def reboot(self) -> None:
        self._boot("reboot")

    def crash(self) -> None:
        self._boot("crash")

    def down(self) -> None:
        _must(self.name, "down", "--now")

    def _boot(self, *arguments: str) -> None:
        _must(self.name, *arguments)
        found = re.search(r"PID 1 is (\d+)", _must(self.name, "status"))
        assert found, "the box is not running"
        self._leader = found[1]


def missing() -> str | None:
    """Return what this machine lacks to boot a box, or None."""
    if platform.freedesktop_os_release().get("ID") != "debian":
        return "the machine is not a Debian (the box is made of Debian's packages)"
    if os.geteuid() != 0:
        return "not root (a container has to be booted)"
    if sys.version_info[:2] != (3, 11):
        return "the tests' Python is not 3.11, so that the box cannot use its packages"
    return None


def start(read_only: Sequence[tuple[Path, str]]) -> Box:
    """Install what is needed (about a minute the first time) and boot a box that sees folders of this machine."""
    if why := missing():
        raise MissingService(why)
    box = Box(f"syncd-{os.getpid()}")
    _must(box.name, "install", timeout=INSTALL_TIMEOUT)
    binds = [word for source, target in read_only for word in ("--bind-ro", f"{source}:{target}")]
    box.boot(*binds)
    return box


def _must(name: str, *arguments: str, timeout: float = TIMEOUT) -> str:
    # a root tree of its own, as it has a package more
    tree = {"SYSTEMD_BOX_CACHE": "/var/cache/syncd-tests/systemd-box", "SYSTEMD_BOX_PACKAGES": "curl"}
    done = subprocess.run(
        [str(SCRIPT), *arguments],
        env={**os.environ, **tree, "SYSTEMD_BOX_NAME": name},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    if done.returncode != 0:
        raise MissingService(f"systemd-box {arguments[0]}: {done.stderr.strip()[-2000:]}")
    return done.stdout
