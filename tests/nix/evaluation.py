"""Evaluates the flake: with the nixpkgs of the lock file where nix has it already, or another one.

``SYNCD_NIXPKGS`` is a flake reference to a nixpkgs on this machine, or to anything that looks like one. Nothing is
built and nothing is fetched. On a Debian without a nix that is new enough, ``tests/services/nix-up`` brings one.
"""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SYSTEM = "x86_64-linux"
TIMEOUT = 300  # seconds; a whole system takes two

_NIX = [
    "nix",
    "--extra-experimental-features",
    "nix-command flakes",
    *(word for name, value in {
        "max-jobs": "0",
        "builders": "",
        "allow-import-from-derivation": "false",
        "eval-cache": "false",
        "warn-dirty": "false",
    }.items() for word in ("--option", name, value)),
]  # fmt: skip


# --offline alone does not keep nix from fetching a flake that it has not got.
_NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")


class NixMissing(Exception):
    """The flake cannot be evaluated here; the sentence says what is missing."""


class Refused(Exception):
    """Nix refused an expression; the text is what it said."""


@dataclass(frozen=True)
class Flake:
    """The project's flake, with the nixpkgs to evaluate it with."""

    overrides: tuple[str, ...]

    def eval(self, attribute: str, function: str = "x: x", *, flake: str = "") -> Any:  # noqa: ANN401 - it is JSON
        """Return the value of an attribute of the flake. Raises Refused."""
        answer = self._run("eval", "--json", f"{flake or reference()}#{attribute}", "--apply", function)
        return json.loads(answer)

    def check(self) -> None:
        """Evaluate all outputs. Raises Refused."""
        self._run("flake", "check", "--no-build", reference())

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*_NIX, *arguments, "--no-write-lock-file", *self.overrides],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
            env={**os.environ, **_NO_NETWORK},
        )
        if done.returncode != 0:
            raise Refused(done.stderr)
        return done.stdout


def open_flake() -> Flake:
    """Return the flake, ready to evaluate. Raises NixMissing."""
    if shutil.which("nix") is None:
        raise NixMissing("there is no nix command")
    other = os.environ.get("SYNCD_NIXPKGS", "")
    flake = Flake(("--offline", *(("--override-input", "nixpkgs", other) if other else ())))
    try:
        flake.eval("lib", "_: true", flake=other or _locked_nixpkgs())
    except (Refused, subprocess.TimeoutExpired):
        if other:
            raise NixMissing(f"nix cannot read $SYNCD_NIXPKGS ({other})") from None
        raise NixMissing(
            "the nixpkgs of flake.lock is not in the store, and tests fetch nothing; get it with 'nix flake archive',"
            " or set SYNCD_NIXPKGS to a flake reference of another one"
        ) from None
    return flake


def reference() -> str:
    """Return the flake reference of this tree: git's view of it, or the folder itself in an unpacked archive."""
    return f"git+file://{ROOT}" if (ROOT / ".git").exists() else f"path:{ROOT}"


def nix_files() -> list[Path]:
    """Return the project's Nix files."""
    return [ROOT / "flake.nix", *sorted((ROOT / "nix").rglob("*.nix"))]


def syntax_error(path: Path) -> str:
    """Return what nix-instantiate says against a file, or nothing."""
    done = subprocess.run(
        ["nix-instantiate", "--parse", str(path)], capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    return done.stderr if done.returncode != 0 else ""


def _locked_nixpkgs() -> str:
    locked = json.loads((ROOT / "flake.lock").read_text())["nodes"]["nixpkgs"]["locked"]
    return f"github:{locked['owner']}/{locked['repo']}/{locked['rev']}?narHash={locked['narHash']}"
