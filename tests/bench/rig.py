"""What the benchmarks run on: the sandbox and syncd as processes of their own, measured by the kernel."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec
import requests

import syncd
from syncd.sandbox.rt import RtApp

SPAWN = (sys.executable, "-I", "-S", str(Path(__file__).with_name("spawn.py")))

PLENTY = 100_000.0
"""A rate that holds nothing up."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a finished process took: CPU seconds (user and system), peak memory in MB (10^6 bytes), its output."""

    cpu: float
    peak: float
    status: int
    output: bytes


def run(command: list[str], environment: dict[str, str]) -> Used:
    """Run a command to its end."""
    done = subprocess.run([*SPAWN, *command], env=environment, capture_output=True, check=True)
    cpu, peak, status = done.stderr.split()
    return Used(float(cpu), int(peak) / 1e6, int(status), done.stdout)


def cheapest(runs: Iterable[Used]) -> float:
    """Return the CPU seconds of the cheapest of some runs: what else the machine does only ever adds."""
    return min(used.cpu for used in runs)


def compile_all() -> None:
    """Compile syncd, as an installation has it: else each run compiles what was changed since."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", Path(syncd.__file__).parent], check=True)


class Site:
    """A sandbox in a process of its own, and syncd that is configured for it. A context manager."""

    def __init__(self, directory: Path, devices: int, *, people: int = 0, streamed: bool = False) -> None:
        self.directory = directory
        self.people = people
        self.streamed = streamed
        self.credentials = directory / "credentials"
        self.devices = devices
        self._session = requests.Session()
        self._session.trust_env = False

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "syncd", "sandbox", "--in-sync", "--port", "0", "--json"]
        command += ["--devices", str(self.devices), "--directory", str(self.directory)]
        command += ["--people", str(self.people)] if self.people else []
        command += ["--streamed"] if self.streamed else []
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        config = self.directory / "config.toml"
        while not config.exists() or "api_root" not in config.read_text():
            assert self._process.poll() is None, "the sandbox did not start"
            time.sleep(0.1)
        google = next(line for line in config.read_text().splitlines() if line.startswith("api_root"))
        self.url = google.split('"')[1].rstrip("/")
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def environment(
        self, state: str, *, full: bool = False, rate: float = PLENTY, rt_user: str = "", more: str = ""
    ) -> dict[str, str]:
        """Write a configuration and return the environment that leads to it.

        ``state`` names its store, ``more`` are further tables.
        """
        folder = self.directory / f"bench-{state}"
        folder.mkdir(exist_ok=True)
        text = (self.directory / "config.toml").read_text()
        text = text.replace(f'{self.directory}/state"', f'{folder}/state"')
        text = text.replace("[google]\n", f"[google]\nrate = {rate}\n").replace("[rt]\n", f"[rt]\nrate = {PLENTY}\n")
        if not full:
            text = text[: text.index("[jobs.chromebooks.to_google]")]
        (folder / "config.toml").write_text(text + more)
        credentials = folder / "credentials"
        if not credentials.exists():
            credentials.mkdir()
            for name in ("google-service-account", "rt-token"):
                (credentials / name).write_bytes((self.credentials / name).read_bytes())
        if rt_user:
            (credentials / "rt-token").write_text(RtApp.example().token(rt_user))
        return {
            **os.environ,
            "SYNCD_CONFIG": str(folder / "config.toml"),
            "CREDENTIALS_DIRECTORY": str(credentials),
        }

    def syncd(self, environment: dict[str, str], *arguments: str) -> tuple[Used, Counter[str]]:
        """Run a command; return what it took and what it asked of the sandbox, by kind of request."""
        self._session.delete(f"{self.url}/_requests").raise_for_status()
        used = run([sys.executable, "-m", "syncd", "--log", "json", *arguments], environment)
        counts = self._session.get(f"{self.url}/_requests").json()["requests"]
        return used, kinds(counts)

    def fail(self, rule: dict[str, Any]) -> None:
        """Let requests fail, or wait, from now on."""
        self._session.post(f"{self.url}/_faults", json=rule).raise_for_status()

    def heal(self) -> None:
        """End all faults."""
        self._session.delete(f"{self.url}/_faults").raise_for_status()

    def change_assets(self, number: int, body: dict[str, Any]) -> None:
        """Change the first assets in RT behind syncd's back; ``<n>`` in a text stands for the asset's number."""
        headers = {"Authorization": f"token {(self.credentials / 'rt-token').read_text()}"}
        for asset in range(1, number + 1):
            text = msgspec.json.encode(body).replace(b"<n>", str(asset).encode())
            reply = self._session.put(
                f"{self.url}/rt/REST/2.0/asset/{asset}",
                data=text,
                headers={**headers, "Content-Type": "application/json"},
            )
            reply.raise_for_status()


def kinds(counts: list[dict[str, Any]]) -> Counter[str]:
    """Sort requests into those that the limits speak of; preflight is all that does not grow with the fleet."""
    found: Counter[str] = Counter()
    for item in counts:
        found[_kind(item["method"], item["route"])] += item["count"]
    # The first search for assets belongs to the preflight: it looks at five of them.
    probe = min(found["rt assets"], 1)
    found["rt assets"] -= probe
    found["preflight"] += probe
    return found


def _kind(method: str, route: str) -> str:
    if method == "PUT":
        return "rt write"
    if method == "PATCH":
        return "google write"
    if route.endswith("/users") or "/group/" in route:
        return "rt users"
    return _ROUTES.get(route.rpartition("/")[2], "preflight")


_ROUTES = {
    "chromeosdevices.list": "google list",
    "chromeosdevices.patch": "google write",
    "chromeosdevices.moveDevicesToOu": "google write",
    "telemetry.devices.list": "telemetry",
    "transactions": "rt feed",
    "assets": "rt assets",
}
