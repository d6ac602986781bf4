"""``syncd sandbox`` and ``syncd demo``."""

import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from syncd.cli import sandbox as command
from syncd.sandbox.site import Sandbox
from unit.cli.commands import Cli


class Made:
    """Takes the place of a sandbox and keeps how it was made; it asks for a stop as soon as it serves."""

    url = "http://127.0.0.1:1"
    config_file = Path("nowhere/config.toml")
    credentials_directory = Path("nowhere/credentials")
    roster_file = Path("nowhere/students.csv")
    given: ClassVar[dict[str, object]] = {}

    def __init__(self, directory: Path, **given: object) -> None:
        self.given.update(given, directory=directory)

    def __enter__(self) -> Self:
        os.kill(os.getpid(), signal.SIGTERM)
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass


@pytest.mark.parametrize(
    ("flags", "name", "value"),
    [
        ([], "devices", 200),
        (["--devices", "77"], "devices", 77),
        ([], "people", 0),
        (["--people", "60"], "people", 60),
        ([], "seed", 1),
        (["--seed", "9"], "seed", 9),
        ([], "drift", True),
        (["--in-sync"], "drift", False),
        ([], "first_run", False),
        (["--first-run"], "first_run", True),
        ([], "streamed", False),
        (["--streamed"], "streamed", True),
        ([], "port", 8787),
        (["--port", "0"], "port", 0),
        (["--directory", "/x/y"], "directory", Path("/x/y")),
    ],
)
def test_every_flag_of_the_sandbox_makes_another_one(
    bare: Cli, monkeypatch: pytest.MonkeyPatch, flags: list[str], name: str, value: object
) -> None:
    monkeypatch.setattr(command, "Sandbox", Made)
    bare.ended(0, "sandbox", "--json", *flags)
    assert Made.given[name] == value


@pytest.mark.parametrize("other", [["--first-run"], ["--people", "60"]])
def test_a_streamed_fleet_is_in_sync_and_has_no_other_people(bare: Cli, other: list[str]) -> None:
    assert "leave out --people and --first-run" in bare.ended(64, "sandbox", "--streamed", *other).err


def test_by_default_the_state_is_below_the_present_folder(
    bare: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "Sandbox", Made)
    bare.ended(0, "sandbox", "--json")
    assert Made.given["directory"] == tmp_path / "syncd-sandbox"


class Serving:
    """A sandbox that is served by a process of its own, until the end of the block."""

    def __init__(self, directory: Path, *flags: str) -> None:
        arguments = ["sandbox", "--directory", str(directory), "--port", "0", "--devices", "40", *flags]
        self.process = subprocess.Popen([sys.executable, "-m", "syncd", *arguments], stdout=subprocess.PIPE)

    def printed(self, end: str) -> str:
        """Return what it prints up to an ending."""
        assert self.process.stdout
        text = ""
        while not text.endswith(end):
            ready, _, _ = select.select([self.process.stdout], [], [], 30)
            piece = os.read(self.process.stdout.fileno(), 1 << 16) if ready else b""
            assert piece, text
            text += piece.decode()
        return text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)


def plan(environment: Mapping[str, str]) -> Any:  # noqa: ANN401
    syncd = Cli()
    syncd.environment.update(environment)
    return syncd.ended(0, "plan", "chromebooks", "--json").json


def test_what_the_sandbox_prints_leads_to_a_plan_and_its_state_stays(tmp_path: Path) -> None:
    with Serving(tmp_path / "it's here") as serving:
        printed = serving.printed('"lastUser"\n\n')
        exports = re.findall(r"  export (\w+)=(.+)", printed)
        environment = {name: shlex.split(value)[0] for name, value in exports}
        assert environment.keys() == {"SYNCD_CONFIG", "CREDENTIALS_DIRECTORY"}
        first = plan(environment)
    assert serving.process.returncode == 0
    assert first["run"]["sources"]["google"] == 40
    with Serving(tmp_path / "it's here", "--json", "--devices", "50", "--in-sync") as serving:
        document = json.loads(serving.printed("\n}\n"))
        second = plan(document["environment"])
    assert document["environment"] == environment
    assert second["plan"]["hash"] == first["plan"]["hash"], "a folder that has a sandbox is taken as it is"


def test_a_sandbox_with_people_leads_to_a_roster_that_can_be_imported(tmp_path: Path) -> None:
    with Serving(tmp_path, "--json", "--people", "50") as serving:
        document = json.loads(serving.printed("\n}\n"))
        syncd = Cli()
        syncd.environment.update(document["environment"])
        imported = syncd.ended(0, "import", "students", document["roster"], "--json").json
    assert document["roster"] == str(tmp_path / "students.csv")
    assert imported[0]["counts"]["rows"] == 50
    with Serving(tmp_path) as serving:
        assert f"  syncd import students {tmp_path}/students.csv" in serving.printed('"{school}"\n\n')


def test_faults_are_set_as_the_help_says(tmp_path: Path) -> None:
    with Serving(tmp_path, "--json") as serving:
        document = json.loads(serving.printed("\n}\n"))
        rule = json.dumps({"route": "chromeosdevices.*", "status": 503, "times": 2}).encode()
        urllib.request.urlopen(f"{document['url']}/_faults", data=rule, timeout=10).close()  # noqa: S310


def test_a_port_that_is_taken_is_named(bare: Cli, shared_site: Sandbox, tmp_path: Path) -> None:
    port = shared_site.url.rpartition(":")[2]
    result = bare("sandbox", "--port", port, "--directory", tmp_path)
    assert result.status not in {0, 70}
    assert port in result.err


@pytest.mark.parametrize(("flags", "devices"), [([], 100), (["--devices", "44"], 44)])
def test_the_demo_plays_on_a_sandbox_of_the_size_that_is_asked_for(
    bare: Cli, monkeypatch: pytest.MonkeyPatch, flags: list[str], devices: int
) -> None:
    commands: list[str] = []

    def run(_: object, *arguments: str, expect: int) -> str:
        commands.append(f"{' '.join(arguments)} -> {expect}")
        return "Run 20261121T010203-abcd: refused; syncd apply chromebooks --approve 0123456789abcdef"

    monkeypatch.setattr(command, "Sandbox", Made)
    monkeypatch.setattr(command._Demo, "_run", run)
    monkeypatch.setattr(os, "kill", lambda *_: None)
    bare.ended(0, "demo", *flags)
    assert Made.given["devices"] == devices
    assert Made.given["first_run"]
    assert "apply chromebooks --approve 0123456789abcdef -> 0" in commands
    assert "run chromebooks -> 0" in commands
    assert "revert 20261121T010203-abcd --apply --approve 0123456789abcdef -> 0" in commands


def test_a_demo_that_does_not_end_as_it_should_says_so(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "Sandbox", Made)
    monkeypatch.setattr(os, "kill", lambda *_: None)
    result = bare.ended(1, "demo")
    assert "`syncd plan chromebooks` ended with status 78, not with 3" in result.err
