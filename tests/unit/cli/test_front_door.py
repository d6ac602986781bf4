"""The front door: verbs, help, usage errors, and what loading it costs."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import syncd
from syncd.cli import VERBS, cli
from unit.cli.commands import Cli

ROOT = Path(__file__).parents[3]
HEAVY = ("alembic", "google", "keyring", "msgspec", "requests", "rich", "sdnotify", "sqlalchemy", "tenacity")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, those of groups included."""
    context = click.Context(cli)
    for name in VERBS:
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", command.commands[inner]) for inner in command.commands)


COMMANDS = dict(commands())


def loaded_by(*arguments: str) -> set[str]:
    """Return the modules that a command has loaded in a process of its own."""
    program = (
        "import json, sys\nfrom syncd.cli import _run\nstatus = _run(sys.argv[1:])\n"
        "assert status == 0, status\nprint('\\n' + json.dumps(list(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_loads_no_verb_no_job_and_no_heavy_library(arguments: list[str]) -> None:
    loaded = loaded_by(*arguments)
    assert "syncd.cli" in loaded
    assert [name for name in loaded if name.split(".")[0] in HEAVY] == []
    assert {name for name in loaded if name.startswith("syncd")} == {"syncd", "syncd.cli"}


def test_help_of_a_verb_loads_no_terminal_library() -> None:
    assert "rich" not in loaded_by("plan", "--help")


@pytest.mark.parametrize("arguments", [["import", "students"], ["config"], ["status"]])
def test_what_talks_to_no_system_loads_no_http_client(arguments: list[str]) -> None:
    assert loaded_by(*arguments, "--help").isdisjoint(("requests", "urllib3", "google.auth", "syncd.host.http"))


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_verb_with_its_summary(bare: Cli, flag: str) -> None:
    told = bare.ended(0, flag).out
    for name, verb in VERBS.items():
        assert f"  {name} " in told
        assert verb.summary.split(",")[0] in " ".join(told.split())


def test_the_version_is_that_of_the_package(bare: Cli) -> None:
    assert bare.ended(0, "--version").out == f"syncd, version {syncd.__version__}\n"


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_where_the_front_door_looks_for_it(name: str) -> None:
    verb = VERBS[name]
    command = getattr(importlib.import_module(f"syncd.cli.{verb.module}"), verb.name)
    assert isinstance(command, click.Command)
    assert COMMANDS[name] is command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_verb_and_every_option_of_it_says_what_it_does(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_verb_that_prints_a_result_can_print_json(name: str) -> None:
    flags = {flag for option in COMMANDS[name].params for flag in option.opts}
    groups = {"alert", "config", "credentials", "events", "export", "import", "poll", "serve", "state", "tags"}
    daemons = {"serve webhooks", "work"}
    assert "--json" in flags or name in groups | daemons | {"demo"}, "the demo is for people"


@pytest.mark.parametrize("name", VERBS)
def test_the_manual_page_has_every_verb(name: str) -> None:
    page = (ROOT / "docs" / "man" / "syncd.1").read_text()
    assert f".B {name}" in page or f".BR {name}" in page or f'.B "{name}' in page or f'.BR "{name}' in page


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["plam", "chromebooks"], "No such command 'plam'"),
        (["plan"], "Missing argument 'JOB'"),
        (["plan", "chromebooks", "--jsno"], "No such option"),
        (["plan", "chromebooks", "more"], "unexpected extra argument"),
        (["--log", "file", "runs"], "'file' is not one of"),
        (["runs", "--limit", "0"], "0 is not in the range"),
        (["sandbox", "--devices", "3"], "is not in the range"),
        (["config", "chekc"], "No such command 'chekc'"),
        ([], "Usage: syncd"),
    ],
)
def test_wrong_usage_ends_with_64_and_says_what_is_wrong(bare: Cli, arguments: list[str], told: str) -> None:
    result = bare.ended(64, *arguments)
    assert told in result.err
    assert result.out == ""


def test_the_status_of_a_command_is_that_of_the_process(tmp_path: Path) -> None:
    arguments = ["--config", str(tmp_path / "none.toml"), "config", "check"]
    done = subprocess.run([sys.executable, "-m", "syncd", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 78
    assert done.stderr == (
        f"syncd: there is no configuration file {tmp_path}/none.toml; name one with --config or $SYNCD_CONFIG\n"
    )
