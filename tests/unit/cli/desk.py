"""A desk with a configured syncd on it, for ``syncd status``, and systemd as a test wants it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncd.cli import status as status_module
from syncd.host import systemd
from syncd.host.systemd import Unit, Units
from syncd.reconcile.ports import RunSummary
from syncd.state.store import Store, open_store
from unit.cli import terminal
from unit.cli.commands import Cli
from unit.state.sample import action, outcome, plan
from unit.virtual_clock import VirtualClock

HOUR = 3600


class Desk:
    """A configured syncd without any system behind it, and what is in its store."""

    def __init__(self, directory: Path) -> None:
        self.state = directory / "state"
        self.config = directory / "config.toml"
        self.cli = Cli()
        self.cli.environment["SYNCD_CONFIG"] = str(self.config)
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.clock = VirtualClock(self.now - timedelta(hours=48))
        self.configure()

    def configure(self, mode: str = "apply") -> None:
        job = f'[jobs.chromebooks]\ncatalogs = ["Chromebooks"]\nmode = "{mode}"\n' if mode else ""
        self.config.write_text(
            f'[state]\ndirectory = "{self.state}"\n[google]\ndelegated_user = "admin@example.org"\n'
            f'[rt]\nurl = "https://rt.example.org"\n{job}'
        )

    def store(self) -> Store:
        return open_store(self.state, actor="syncd-chromebooks.service", clock=self.clock)

    def run(
        self,
        result: str,
        *,
        job: str = "chromebooks",
        mode: str = "apply",
        actions: int = 0,
        verified: int = 0,
        **more: Any,  # noqa: ANN401
    ) -> str:
        """Record a run that ended so; an hour goes by."""
        with self.store() as store:
            run = store.ledger.start(job, mode)
            planned = [action(number) for number in range(actions)]
            if result not in {"failed", "interrupted"}:
                store.ledger.planned(run, plan(*planned))
            store.ledger.settle(run, [outcome(number) for number in range(verified)])
            self.clock.advance(HOUR)
            summary = RunSummary(
                id=run,
                job=job,
                mode=mode,
                started="",
                result=result,
                plan_hash="" if result in {"failed", "interrupted"} else "0123456789abcdef" * 4,
                counts={"matched": 30, "only_rt": 2, "in_sync": 0, "actions": actions, "verified": verified},
                sources={} if mode == "revert" else {"google": 40, "rt": 38},
            )
            store.ledger.finish(msgspec.structs.replace(summary, **more))
        return run

    def status(self) -> Any:  # noqa: ANN401
        return self.cli.ended(0, "status", "--json").json

    def job(self) -> Any:  # noqa: ANN401
        (job,) = self.status()["jobs"]
        return job

    def attention(self) -> list[tuple[str, str, list[str]]]:
        return [(item["about"], item["what"], item["next"]) for item in self.status()["attention"]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the machine that runs the tests have no systemd."""
    monkeypatch.setattr(systemd, "BOOTED", tmp_path / "no systemd")


def give_units(monkeypatch: pytest.MonkeyPatch, **unit: Any) -> None:  # noqa: ANN401
    """Let systemd have the units of the job."""
    found = Unit(**{"service": "syncd-chromebooks.service", "loaded": True, "timer": True, "result": "success", **unit})
    monkeypatch.setattr(status_module, "units_of", lambda _: Units(jobs={"chromebooks": found}))


def on_a_terminal(desk: Desk, columns: int, **environment: str) -> str:
    """Return what a terminal of this width gets."""
    program = (
        "import pathlib; from syncd.host import systemd; systemd.BOOTED = pathlib.Path('/nowhere');"
        f"from syncd.cli import main; main({['--config', str(desk.config), 'status']!r})"
    )
    return terminal.on_a_terminal(program, columns, **environment)
