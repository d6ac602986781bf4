"""The journal's native protocol, and the catalogue of the kinds of records that syncd writes.

Protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/ - one datagram a record, or, where that is too long, a sealed
memory file whose descriptor is passed instead.
"""

import errno
import fcntl
import os
import re
import socket
import struct
from collections.abc import Mapping
from enum import StrEnum
from typing import Self

JOURNAL_SOCKET = "/run/systemd/journal/socket"

_TOO_LONG = frozenset({errno.EMSGSIZE, errno.ENOBUFS})
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
_LONGEST_NAME = 64  # journald drops fields with longer names


class MessageId(StrEnum):
    """Kinds of records. The value is the MESSAGE_ID, which never changes; ``subject`` is the catalogue's first line."""

    subject: str

    def __new__(cls, value: str, subject: str) -> Self:
        """Make a member out of its id and its subject."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.subject = subject
        return member

    RUN_STARTED = "956e6e82f7d1412b9831899b582d1d63", "A run has started"
    RUN_FINISHED = "3f549ca10c2d4ce2ad730da4f7a62a6b", "A run has finished"
    RUN_PARTIAL = "37b497e4370f4fb895a6aaddf2c06381", "A run has finished, and some of its changes failed"
    RUN_REFUSED = "4024d0d78ed9442d8386a908b47ec305", "A run was refused before it changed anything"
    RUN_INTERRUPTED = "aa4ca04f02744d4b9a45d3556cd9b5f9", "A run was interrupted"
    RUN_FAILED = "1bdcd12d4cf64fd5aa63a5f8766817a9", "A run has failed"
    PLAN_MADE = "fc360c5fca6c469e961a03af935e279f", "A plan was made"
    GUARD_REFUSED = "4b14f44201924311b109b008f190e7bd", "A plan is larger than its limits allow"
    ACTION_DONE = "a25a18f482bd4205b219df47fc123120", "An object was changed, and the change was read back"
    ACTION_FAILED = "10725b93cac34ea88772f2e690fb48c3", "An object could not be changed"
    ACTION_UNPROVEN = "13ddcc844ce246a5b7da2e1d6dc45b5a", "It could not be proved that an object was changed"
    CONFLICT_FOUND = "8b4eab3219984e04b9de1853596b18f6", "Records of the two sides cannot be told apart"
    SNAPSHOT_MISS = "cf35b91a61804af6a4f701758fe2fc4a", "A full read found a change that the snapshot had missed"
    SNAPSHOT_REBUILT = "1bf126811a8c4ff089e4fed302f88142", "A snapshot was read anew"
    HTTP_ATTEMPT = "226e5758ceca4e6c99da881024658658", "A request was made"
    HTTP_GAVE_UP = "2a8d81b26c2f4c0188aa94db4be08dc6", "A request was given up"
    CIRCUIT_OPENED = "aafd3a5cfe7a4fdfbb62acc77defca75", "A system is left alone for a while, after repeated failures"
    CIRCUIT_CLOSED = "e76e30c24dd84c9d9b8c0e1a390fcdd0", "A system answers again"
    STOPPED = "ad6d2cd949f3451e9f5f04d4eaa40b3f", "The work was stopped by a signal"
    LOCK_HELD = "a6c9a581168c447d8a8ad192ac50427b", "Another run of the same job is under way"
    CONFIG_INVALID = "0286a0ee6fd7423292d1eadff604f058", "The configuration has mistakes"
    CREDENTIALS_REFUSED = "0de660cd859048a7a70705c07cea4717", "A credential is missing or was refused"
    METRICS_UNWRITABLE = "354fd5049f784c44a173a005a03fb4cc", "The metrics of a job could not be written"


def message_id(name: object) -> MessageId | None:
    """Return the kind of this name (``RUN_STARTED``; a member is one too), or None where the catalogue has none."""
    return name if isinstance(name, MessageId) else MessageId.__members__.get(str(name))


def field_name(name: str) -> str:
    """Return a name that journald takes: A-Z, 0-9 and _, a letter first, 64 at most."""
    return re.sub(r"[^A-Z0-9_]", "_", name.upper()).lstrip("_0123456789")[:_LONGEST_NAME]


def encode(fields: Mapping[str, str]) -> bytes:
    """Return a record on the wire; a value with a newline is preceded by its length."""
    parts = []
    for name, value in fields.items():
        key, data = field_name(name).encode(), value.encode(errors="backslashreplace")
        if key and b"\n" in data:
            parts += [key, b"\n", struct.pack("<Q", len(data)), data, b"\n"]
        elif key:
            parts += [key, b"=", data, b"\n"]
    return b"".join(parts)


class Journal:
    """A line to journald. Usable from any thread; outlives a restart of journald, as nothing is kept open there."""

    def __init__(self, path: str = JOURNAL_SOCKET) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def send(self, fields: Mapping[str, str]) -> None:
        """Write one record. Raises OSError where there is no journald."""
        data = encode(fields)
        try:
            self._socket.sendto(data, self._path)
        except OSError as error:
            if error.errno not in _TOO_LONG:
                raise
            self._send_file(data)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _send_file(self, data: bytes) -> None:
        # journald maps the file into its memory, so it insists on seals that keep us from changing it.
        with os.fdopen(os.memfd_create("syncd-record", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "wb") as file:
            file.write(data)
            file.flush()
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            rights = struct.pack("i", file.fileno())
            self._socket.sendmsg([], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)], 0, self._path)
