"""The command line before a Google and an RT that fail: in this process, in virtual time, with files of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from faults.kinds import ATTEMPTS
from faults.lab import ADMIN, Lab
from syncd.host.messages import MessageId
from syncd.state.inbox.records import NewEvent
from syncd.state.inbox.store import DIRECTORY_NAME, Inbox, open_inbox
from syncd.state.store import Store, open_store
from unit.cli.commands import Cli

WARNING = 4
"""The syslog priority of a warning; worse ones are lower."""

_NAMES = {str(kind): kind.name for kind in MessageId}
_CLOCKS = ("syncd.cli.session.SystemClock", "syncd.cli.work.SystemClock", "syncd.cli.poll.SystemClock")
_SYSTEMS = """\
[state]
directory = "{folder}/state"
[google]
delegated_user = "{admin}"
api_root = "{url}/"
{patience}
[rt]
url = "{url}/rt"
{patience}
"""
_PATIENCE = 'ca_file = "{ca_file}"\nrate = 100000.0\nattempts = {attempts}\nbudget_seconds = 1e9'


class Ended(NamedTuple):
    """How a command ended: its exit status, and the kinds of its warnings and errors in the journal."""

    status: int
    told: tuple[str, ...]


class House:
    """A command line with a configuration, a store and files of its own. ``rt`` and ``url`` are those of its RT."""

    def __init__(self, lab: Lab, folder: Path, tables: str, stack: ExitStack) -> None:
        self.lab = lab
        self.rt = lab.rt_app
        self.url = lab.url
        self.folder = folder
        (folder / "out").mkdir(parents=True)
        self._cli = Cli()
        self._cli.environment |= {
            "SYNCD_CONFIG": str(self._configure(tables)),
            "CREDENTIALS_DIRECTORY": str(lab.credentials_directory),
        }
        state = folder / "state"
        self.store: Store = stack.enter_context(open_store(state))
        self.inbox: Inbox = stack.enter_context(open_inbox(state / DIRECTORY_NAME))

    def _configure(self, tables: str) -> Path:
        patience = _PATIENCE.format(ca_file=self.lab.ca_file, attempts=ATTEMPTS)
        head = _SYSTEMS.format(folder=self.folder, admin=ADMIN, url=self.url, patience=patience)
        path = self.folder / "config.toml"
        path.write_text(head + tables.replace("{folder}", str(self.folder)))
        return path

    def __call__(self, *words: str, after: float = 0.0) -> Ended:
        """Run a command so many seconds from now; ``{folder}`` in it is that of this house."""
        self.set_clock(after)
        result = self._cli("--log", "json", *(word.replace("{folder}", str(self.folder)) for word in words))
        bad = [record for record in result.records if int(record["PRIORITY"]) <= WARNING]
        return Ended(result.status, (*dict.fromkeys(_NAMES[record["MESSAGE_ID"]] for record in bad),))

    def set_clock(self, after: float = 0.0) -> None:
        """Let it be so many seconds from now: what the stand-ins say of when things happened is real time."""
        clock = self.lab.clock
        clock.jump((datetime.now(UTC) + timedelta(seconds=after) - clock.now()).total_seconds())

    def tell(self, event: NewEvent) -> str:
        """Put an event into the inbox, and return its id."""
        self.set_clock()
        (receipt,) = self.inbox.accept([event], self.lab.clock.now())
        return receipt.id


@contextmanager
def virtual(lab: Lab) -> Iterator[None]:
    """Let commands live by the clock of a lab."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _CLOCKS:
            patch.setattr(name, lambda: lab.clock)
        yield
