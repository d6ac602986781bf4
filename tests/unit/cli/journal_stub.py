"""Standard output and records as a unit has them."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from syncd.host import logs
from syncd.sandbox.site import Sandbox
from unit.host.fake_journald import FakeJournald


@contextmanager
def listening() -> Iterator[list[Mapping[str, str]]]:
    """Let the records of ``--log journal`` come here; they are there after the block."""
    records: list[Mapping[str, str]] = []
    configure = logs.configure
    with TemporaryDirectory(prefix="syncd-") as directory:
        journald = FakeJournald(Path(directory) / "socket")
        journald._socket.settimeout(0.1)
        over = threading.Event()
        # A socket holds ten datagrams or so, then its writer waits.
        reader = threading.Thread(target=_receive, args=(journald, records, over))
        reader.start()

        def configured(*given: object, **named: object) -> object:
            return configure(*given, **named, journal=journald.path)  # type: ignore[arg-type]

        try:
            with mock.patch.object(logs, "configure", configured):
                yield records
        finally:
            over.set()
            reader.join()
            journald.close()


def _receive(journald: FakeJournald, records: list[Mapping[str, str]], over: threading.Event) -> None:
    while True:
        try:
            records.append(journald.receive())
        except TimeoutError:
            if over.is_set():
                return


def printed_into_the_journal(site: Sandbox, arguments: Sequence[str]) -> str:
    """Run a command whose standard output is the journal, as a unit's is; return what it printed there."""
    ours, journal = socket.socketpair()
    place = os.fstat(journal.fileno())
    environment = {
        **os.environ,
        "SYNCD_CONFIG": str(site.config_file),
        "CREDENTIALS_DIRECTORY": str(site.credentials_directory),
        "JOURNAL_STREAM": f"{place.st_dev}:{place.st_ino}",
    }
    command = [sys.executable, "-m", "syncd", *arguments]
    with ours, journal:
        process = subprocess.Popen(command, env=environment, stdout=journal.fileno(), stderr=subprocess.DEVNULL)
        journal.close()
        ours.settimeout(60)
        text = b""
        while piece := ours.recv(1 << 16):
            text += piece
        assert process.wait(30) == 0
    return text.decode()
