"""A sandbox as the tests use it: its configuration, its faults, and all that both stand-ins hold."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.rest2 import Rest2
from syncd.reconcile.model import Action
from syncd.sandbox.faults import Rule
from syncd.sandbox.rt.records import CustomField, User
from syncd.sandbox.site import ADMIN, GOOGLE_OWNED, Sandbox
from syncd.sandbox.store import Collection
from syncd.state.records import ActionResult, RunRecord
from syncd.state.store import open_store
from system.commands import Finished, Program
from unit.google.key import private_key

FAST = {"rate": 1000, "attempts": 2, "budget_seconds": 3}
"""So that a test of something that stays broken takes a second, not minutes."""

Options = Mapping[str, object]
Whole = dict[str, dict[str, Any]]

_RT = ("users", "catalogs", "custom_fields", "assets", "transactions")
_EVERYTHING = (
    "google.devices",
    "google.orgunits",
    "google.users",
    "google.groups",
    "google.members",
    *(f"rt.{name}" for name in _RT),
)


@dataclass(frozen=True)
class Audited:
    """A run in the audit log: what is said of it, and its actions, each with what became of it."""

    run: RunRecord
    actions: tuple[tuple[Action, ActionResult], ...]

    @property
    def states(self) -> set[tuple[str, str]]:
        """The states of its actions, with the system of each."""
        return {(action.system, result.state) for action, result in self.actions}


@contextmanager
def running(directory: Path, empty_store: Path, **options: Any) -> Iterator["Site"]:  # noqa: ANN401
    """Run a sandbox in a new directory, with the arguments of ``Sandbox``; no stand-in may break meanwhile.

    All sandboxes begin with a copy of one empty store, and have one key: making them anew takes half a second.
    """
    sandbox = Sandbox(directory, **({"devices": 40} | options))
    sandbox.google.account._kept.put("key", {"private_key": private_key(), "private_key_id": "synthetic"})
    shutil.copytree(empty_store, directory / "state")
    with sandbox:
        yield Site(sandbox)
    assert sandbox.server.failures == []


class Site:
    """A running sandbox and the program that is configured for it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.syncd = Program(sandbox.config_file, sandbox.credentials_directory, sandbox.directory)
        self.rest = Rest2(f"{sandbox.url}/rt", {"rt-sync": sandbox.rt.token()})
        self.configure()

    def refuses(self, status: int, *arguments: str) -> Finished:
        """Run a command that has to end with this status, with one sentence, and with nothing changed anywhere."""
        before = self.whole()
        finished = self.syncd(*arguments).ended(status)
        assert self.whole() == before
        assert finished.error
        return finished

    def configure(
        self,
        *,
        google: Options | None = None,
        rt: Options | None = None,
        job: Options | None = None,
        to_google: Options | None = None,
        to_rt: Options | None = None,
    ) -> None:
        """Write the configuration file; options that are named here come on top of those that lead to the sandbox.

        ``to_google`` and ``to_rt`` take the place of the sandbox's mappings.
        """
        url = self.sandbox.url
        tables: dict[str, Options] = {
            "state": {"directory": str(self.sandbox.directory / "state")},
            "google": {"delegated_user": ADMIN, "api_root": f"{url}/", **FAST, **(google or {})},
            "rt": {"url": f"{url}/rt", **FAST, **(rt or {})},
            "jobs.chromebooks": {"catalogs": ["Chromebooks"], **(job or {})},
            "jobs.chromebooks.to_google": {"annotatedLocation": "CF.{Location}"} if to_google is None else to_google,
            "jobs.chromebooks.to_rt": GOOGLE_OWNED if to_rt is None else to_rt,
        }
        text = "\n".join(f"[{name}]\n{_lines(table)}" for name, table in tables.items())
        self.sandbox.config_file.write_text(text)

    def credential(self, name: str, text: str | None) -> None:
        """Put another secret in a credential's place, or take the credential away."""
        path = self.sandbox.credentials_directory / name
        path.unlink()
        if text is not None:
            path.write_text(text)

    def fail(self, *rules: Rule) -> None:
        """Let requests fail from now on."""
        self.sandbox.server.faults.add(*rules)

    def heal(self) -> None:
        """End all faults."""
        self.sandbox.server.faults.clear()

    def struck(self, number: int = 0) -> int:
        """Return how often a fault has struck."""
        return int(self.sandbox.server.faults.listing()[number]["used"])

    def whole(self) -> Whole:
        """Return all that both systems hold. What changes is replaced there, so that this stays as it is."""
        documents = self.sandbox.google.tenant.documents
        with documents.lock:
            return {name: _content(documents.collection(name)) for name in _EVERYTHING}

    def audit(self) -> list[Audited]:
        """Return all runs in the audit log, newest first."""
        with open_store(self.sandbox.directory / "state") as store:
            return [Audited(run, tuple(store.ledger.actions(run.id))) for run in store.ledger.runs()]

    # -- what RT's own administrators do; their changes show in RT's history

    def asset(self, name: str) -> str:
        """Return the id of an asset of RT."""
        return str(next(asset.id for asset in self.sandbox.rt.world.assets.values() if asset.name == name))

    def user(self, name: str = "rt-sync") -> User:
        """Return a user of RT, to be changed in place and given to ``keep``."""
        found = self.sandbox.rt.world.user_named(name)
        assert found is not None
        return found

    def field(self, name: str) -> CustomField:
        """Return a custom field of RT, to be changed in place and given to ``keep``."""
        found = self.sandbox.rt.world.field_named(name)
        assert found is not None
        return found

    def keep(self, record: User | CustomField) -> None:
        """Save an object of RT that REST cannot change."""
        self.sandbox.rt.world.save(record)
        self.sandbox.rt.world.flush()


def _lines(table: Options) -> str:
    return "".join(f"{_pair(pair)}\n" for pair in table.items())


def _pair(pair: tuple[str, object]) -> str:
    return f"{json.dumps(pair[0])} = {_toml(pair[1])}"


def _toml(value: object) -> str:
    """Return a value in TOML, where texts, numbers, truth and lists are written as in JSON."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(map(_pair, value.items()))} }}"
    return json.dumps(value, ensure_ascii=False)


def _content(collection: Collection) -> dict[str, Any]:
    return {key: collection.get(key) for key in collection}


def wait_until(what: str, test: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.01)
