"""Commands in this process: what they ended with, printed and logged."""

import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncd.cli import _run
from syncd.sandbox.site import Sandbox
from unit import leaks

FAST = "rate = 1000.0\nattempts = 1\n"
DEVICES = 50


@contextmanager
def start(directory: Path, job: str = "", **given: Any) -> Iterator[Sandbox]:  # noqa: ANN401
    """Serve a sandbox and configure it so that no test waits for a rate."""
    with Sandbox(directory, **{"devices": DEVICES, **given}) as sandbox:
        configure(sandbox, job)
        yield sandbox


def configure(sandbox: Sandbox, job: str = "") -> None:
    """Write the configuration with further lines in the job's table."""
    sandbox.config_file.write_text(sandbox.configuration(job=job, google=FAST, rt=FAST))


@dataclass(frozen=True)
class Result:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        """The one document that was printed."""
        return json.loads(self.out)

    @property
    def records(self) -> list[dict[str, str]]:
        """The log, where it is JSON lines."""
        return [json.loads(line) for line in self.err.splitlines()]

    @property
    def rows(self) -> list[list[str]]:
        """The lines of printed tables, cell by cell."""
        return [line.split("\t") for line in self.out.splitlines() if "\t" in line]

    @property
    def run(self) -> str:
        """The id of the run, from what was printed."""
        return self.found(r"Run (\S+):")

    @property
    def approval(self) -> str:
        """The hash that a refusal asks to approve."""
        return self.found(r"--approve (\w+)")

    def found(self, pattern: str) -> str:
        """Return the first group of a pattern in what was printed."""
        match = re.search(pattern, self.out)
        assert match, self.out
        return match[1]


class Cli:
    """Runs commands; called with arguments, it returns a Result."""

    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self.environment: dict[str, str] = {}
        if sandbox is not None:
            self.environment["SYNCD_CONFIG"] = str(sandbox.config_file)
            self.environment["CREDENTIALS_DIRECTORY"] = str(sandbox.credentials_directory)

    def __call__(self, *arguments: str | Path) -> Result:
        """Run a command to its end."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            status = _run([str(argument) for argument in arguments])
        leaks.check(self.environment.get("CREDENTIALS_DIRECTORY"), out.getvalue(), err.getvalue())
        return Result(status, out.getvalue(), err.getvalue())

    def ended(self, status: int, *arguments: str | Path) -> Result:
        """Run a command that has to end with this status."""
        result = self(*arguments)
        assert result.status == status, f"{result.status}\n{result.out}\n{result.err}"[:5_000]
        return result


def with_store(directory: Path, text: str = "") -> Cli:
    """Return the command line before a store of its own and no system; ``text`` follows in its configuration."""
    config = directory / "config.toml"
    config.write_text(f'[state]\ndirectory = "{directory}/state"\n{text}')
    cli = Cli()
    cli.environment["SYNCD_CONFIG"] = str(config)
    return cli


def column(rows: Sequence[Sequence[str]], name: str) -> list[str]:
    """Return a column of a printed table by its header."""
    place = list(rows[0]).index(name)
    return [row[place] for row in rows[1:]]
