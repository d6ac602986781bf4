"""The other end of NOTIFY_SOCKET."""

import socket
from pathlib import Path


class FakeSystemd:
    """Listens at ``path``; ``heard`` gives all that was said since the last time."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)  # noqa: FBT003

    def heard(self) -> list[str]:
        messages = []
        try:
            while True:
                messages.append(self._socket.recv(65536).decode())
        except BlockingIOError:
            return messages

    def close(self) -> None:
        self._socket.close()
