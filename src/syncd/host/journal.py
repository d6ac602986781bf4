"""The journal's native protocol.

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

JOURNAL_SOCKET = "/run/systemd/journal/socket"

_TOO_LONG = frozenset({errno.EMSGSIZE, errno.ENOBUFS})
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
_LONGEST_NAME = 64  # journald drops fields with longer names


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
