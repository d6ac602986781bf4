"""A real Request Tracker 5 for the tests: installed from Debian, started on a free port, stopped at the end."""

import os
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from services.ports import free_port

SCRIPT = Path(__file__).with_name("rt5-server")
INSTALL_TIMEOUT = 600
TIMEOUT = 60


class MissingService(Exception):
    """The real server cannot run here; the sentence says what is missing."""


@dataclass(frozen=True)
class Rt5:
    """A running RT. ``tokens`` has one for each seeded user (``rt-sync``, ``rt-readonly``, ``rt-catalog``, ...)."""

    url: str
    data_dir: Path
    tokens: dict[str, str] = field(repr=False)
    root: tuple[str, str] = ("root", "password")

    @property
    def token(self) -> str:
        return self.tokens["rt-sync"]

    def reset(self) -> None:
        """Put the golden database back; takes about half a second."""
        _call("reset", str(self.data_dir), timeout=TIMEOUT)

    def keep(self, name: str) -> None:
        """Keep a copy of the database as it is now, for later test runs too."""
        copy = self._copy(name)
        unfinished = copy.with_suffix(f".{os.getpid()}")
        with closing(sqlite3.connect(self.data_dir / "rt.db")) as now, closing(sqlite3.connect(unfinished)) as target:
            now.backup(target)
        unfinished.replace(copy)

    def restore(self, name: str) -> bool:
        """Put a kept copy back, as fast as ``reset``; return whether there is one."""
        copy = self._copy(name)
        if not copy.exists():
            return False
        _call("reset", str(self.data_dir), str(copy), timeout=TIMEOUT)
        return True

    def _copy(self, name: str) -> Path:
        golden = (self.data_dir / "golden").read_text(encoding="utf-8").strip()
        return Path(golden) / f"{name}.db"

    def perl(self, program: str) -> str:
        """Run a Perl program inside this RT, as its scripts run, and return what it prints."""
        environ = {
            "RT_SITE_CONFIG": str(self.data_dir / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self.data_dir / "conf.d"),
            "PERL5LIB": str(self.data_dir / "lib"),
        }
        command = ["perl", "-I/usr/share/request-tracker5/lib", "-e", f"use RT; RT->LoadConfig; RT->Init; {program}"]
        done = subprocess.run(
            command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=TIMEOUT, check=True
        )
        return done.stdout

    @property
    def log(self) -> str:
        """What RT has logged."""
        return (self.data_dir / "log" / "rt.log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        _call("stop", str(self.data_dir), timeout=TIMEOUT)


def missing() -> str | None:
    """Return what this machine lacks to run RT 5 from Debian's packages, or None."""
    if "debian" not in _os_ids():
        return "the machine is not a Debian (the server is Debian's package request-tracker5)"
    if os.geteuid() != 0:
        return "not root (packages have to be installed)"
    if not Path("/usr/bin/apt-get").exists():
        return "apt-get is missing"
    return None


@dataclass(frozen=True)
class Telling:
    """Where the overlay tells of new assets; ``timeout`` in seconds."""

    url: str
    token_file: Path
    timeout: float = 2.0

    @property
    def environ(self) -> dict[str, str]:
        settings = {"URL": self.url, "TOKEN_FILE": str(self.token_file), "TIMEOUT": f"{self.timeout:g}"}
        return {f"RT5_SYNCD_{name}": value for name, value in settings.items()}


def start(data_dir: Path, telling: Telling | None = None) -> Rt5:
    """Install what is needed (about 25 s the first time), start RT on a free port and wait until it answers."""
    if why := missing():
        raise MissingService(why)
    _call("install", timeout=INSTALL_TIMEOUT)
    more = telling.environ if telling else {}
    environment = _call("start", str(free_port()), str(data_dir), timeout=TIMEOUT, more=more)
    settings = dict(line.split("=", 1) for line in environment.splitlines() if "=" in line)
    tokens = {_user_of(name): value for name, value in settings.items() if name.endswith("_TOKEN")}
    return Rt5(url=settings["RT_URL"], data_dir=data_dir, tokens=tokens)


def _user_of(variable: str) -> str:
    return variable.removesuffix("_TOKEN").lower().replace("_", "-")


def _os_ids() -> list[str]:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [line.partition("=")[2].strip('"') for line in lines if line.startswith("ID=")]


def _call(*arguments: str, timeout: float, more: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            [SCRIPT, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(more or {})},
        )
    except subprocess.TimeoutExpired as error:
        raise MissingService(f"rt5-server {arguments[0]} took longer than {timeout:g} s") from error
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()[-1:] or ["no output"]
        raise MissingService(f"rt5-server {arguments[0]} failed: {last[0]}") from error
    except OSError as error:
        raise MissingService(f"rt5-server cannot be run: {error}") from error
    return done.stdout
