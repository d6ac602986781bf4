"""Prometheus's own judge of metrics and rules: promtool, out of Debian's package, which is not installed for it."""

import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from services.rt5 import MissingService

CACHE = Path(os.environ.get("PROMTOOL_CACHE", "/var/cache/promtool"))
DOWNLOAD_TIMEOUT = 300


class Promtool:
    """A promtool that can be run."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def attempt(self, *arguments: str | Path, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self._program, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=60
        )

    def run(self, *arguments: str | Path, stdin: str = "") -> str:
        """Run it and return all it said; what it refuses is a failure of the test."""
        done = self.attempt(*arguments, stdin=stdin)
        told = done.stdout + done.stderr
        assert done.returncode == 0, told
        return told


def get() -> Promtool:
    """Return the promtool of this machine, or download it (once, about 20 MB)."""
    found = shutil.which("promtool")
    program = Path(found) if found else CACHE / "promtool"
    if not program.exists():
        if why := _missing():
            raise MissingService(why)
        _download(program)
    return Promtool(program)


def _missing() -> str | None:
    if platform.freedesktop_os_release().get("ID") != "debian":
        return "there is no promtool, and the machine is not a Debian (it is in Debian's package prometheus)"
    return None if os.geteuid() == 0 else "there is no promtool, and not root (its package has to be downloaded)"


def _download(program: Path) -> None:
    """Take the one file out of the package: an installed one would start a server."""
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        download = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", "prometheus"]
        try:
            _must(["apt-get", "-q", "update"], folder, check=False)
            _must(download, folder)
            [package] = Path(folder).glob("prometheus_*.deb")
            _must(["dpkg-deb", "--extract", package.name, "tree"], folder)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            detail = getattr(error, "stderr", "") or str(error)
            raise MissingService(f"promtool cannot be downloaded: {detail.strip()[-500:]}") from error
        (Path(folder) / "tree/usr/bin/promtool").replace(program)


def _must(command: list[str], folder: str, *, check: bool = True) -> None:
    subprocess.run(command, cwd=folder, capture_output=True, text=True, check=check, timeout=DOWNLOAD_TIMEOUT)
