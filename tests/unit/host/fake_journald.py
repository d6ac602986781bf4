"""A socket that reads records as journald does."""

import array
import fcntl
import os
import socket
import struct
from pathlib import Path

_SEALED = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


class FakeJournald:
    """Listens at ``path``; ``receive`` gives the next record, and ``by_file`` says how the last one came."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.by_file = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(10)

    def receive(self) -> dict[str, str]:
        data, ancillary, _, _ = self._socket.recvmsg(1 << 20, socket.CMSG_SPACE(4))
        self.by_file = bool(ancillary)
        if ancillary:
            assert data == b""
            data = self._read_file(array.array("i", ancillary[0][2])[0])
        return decode(data)

    def close(self) -> None:
        self._socket.close()

    @staticmethod
    def _read_file(descriptor: int) -> bytes:
        with os.fdopen(descriptor, "rb") as file:
            assert fcntl.fcntl(file, fcntl.F_GET_SEALS) == _SEALED, "journald takes sealed files only"
            file.seek(0)
            return file.read()


def decode(data: bytes) -> dict[str, str]:
    """Read a record as the protocol's page says."""
    fields = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", data[:8])
            value, data = data[8 : 8 + length], data[8 + length :]
            assert data[:1] == b"\n"
            data = data[1:]
        fields[name.decode()] = value.decode()
    return fields
