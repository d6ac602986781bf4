"""The real command line as a process of its own: what it printed, logged, and ended with."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from syncd.reconcile.model import Action, Listing, Outcome
from system.warm import Process, warm
from unit import leaks

ERROR = 3
"""The syslog priority of an error; smaller numbers are worse."""


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    arguments: tuple[str, ...]
    status: int
    stdout: str
    stderr: str

    @property
    def records(self) -> list[dict[str, str]]:
        """The log. What was told before the logging began is plain text, and taken for an error."""
        return [_record(line) for line in self.stderr.splitlines()]

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON document that a command with ``--json`` prints."""
        return dict(json.loads(self.stdout))

    @property
    def error(self) -> str:
        """The one sentence that says what went wrong; a failure that is told twice, or not, is a failure of this."""
        errors = [record["MESSAGE"] for record in self.records if int(record["PRIORITY"]) <= ERROR]
        assert len(errors) == 1, self.told
        assert "Traceback" not in self.stderr, self.told
        return errors[0]

    @property
    def result(self) -> str:
        """How the run ended, from ``--json``."""
        return str(self.json["run"]["result"])

    @property
    def run(self) -> str:
        """The run's id, from the log."""
        return next(record["SYNCD_RUN_ID"] for record in reversed(self.records) if "SYNCD_RUN_ID" in record)

    @property
    def actions(self) -> list[Action]:
        """The plan's actions, from ``--json``."""
        return msgspec.convert(self.json["plan"]["actions"], list[Action])

    @property
    def listings(self) -> list[Listing]:
        """The records that were not reconciled, from ``--json``."""
        return msgspec.convert(self.json["plan"]["report"]["listings"], list[Listing])

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What became of each action, from ``--json``."""
        found = msgspec.convert(self.json["outcomes"], list[Outcome])
        return {outcome.action: outcome for outcome in found}

    @property
    def told(self) -> str:
        """What an assertion says: how it ended, and the end of what it printed and logged."""
        said = "\n".join([self.stdout[-1500:], *(record["MESSAGE"] for record in self.records[-10:])])
        return f"syncd {' '.join(self.arguments)} ended with {self.status}\n{said}"

    def ended(self, status: int) -> "Finished":
        """Return this, having seen that it ended so."""
        assert self.status == status, self.told
        return self


def _record(line: str) -> dict[str, str]:
    return dict(json.loads(line)) if line.startswith("{") else {"MESSAGE": line, "PRIORITY": str(ERROR)}


class Running:
    """A command that is still at work."""

    def __init__(self, arguments: tuple[str, ...], process: Process, credentials: str) -> None:
        self._arguments = arguments
        self._credentials = credentials
        self.process = process

    def end(self, number: signal.Signals | None = None, *, timeout: float = 60) -> Finished:
        """Wait for the end, having sent a signal first where one is given."""
        if number is not None:
            self.process.send_signal(number)
        stdout, stderr = self.process.communicate(timeout)
        leaks.check(self._credentials, stdout, stderr)
        assert self.process.returncode is not None
        return Finished(self._arguments, self.process.returncode, stdout, stderr)


class Program:
    """``syncd`` with one configuration and one set of credentials, and nothing else of this machine's."""

    def __init__(self, config: Path, credentials: Path, home: Path) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "SYNCD_CONFIG": str(config),
            "CREDENTIALS_DIRECTORY": str(credentials),
        }

    def __call__(self, *arguments: str, timeout: float = 60) -> Finished:
        """Run a command to its end, which comes within ``timeout`` seconds."""
        return self.start(*arguments).end(timeout=timeout)

    def start(self, *arguments: str) -> Running:
        """Start a command."""
        process = warm().start(["--log", "json", *arguments], self.environment)
        return Running(arguments, process, self.environment["CREDENTIALS_DIRECTORY"])
