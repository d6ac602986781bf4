"""Addresses that lead nowhere, each in a way of its own. All of them are on this machine."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from unit.certificate import write_certificate

NAME = "no-such-host.invalid"


class Deadends:
    """Where requests go that are not to arrive."""

    def __init__(self) -> None:
        self._urls: dict[str, str] = {}

    def url(self, nowhere: str) -> str:
        return self._urls[nowhere]

    @contextmanager
    def open(self) -> Iterator[None]:
        with ExitStack() as stack:
            closed = stack.enter_context(socket.socket())
            closed.bind(("127.0.0.1", 0))
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="syncd-")))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(write_certificate(folder))
            self._urls = {
                "refused": f"http://127.0.0.1:{closed.getsockname()[1]}",
                "no name": f"http://{NAME}",
                "untrusted": stack.enter_context(_port(lambda line: context.wrap_socket(line, server_side=True))),
                "no TLS": stack.enter_context(_port(_say_plainly)),
                "half TLS": stack.enter_context(_port(_hang_up)),
            }
            _no_name(stack.enter_context(pytest.MonkeyPatch.context()))
            yield


@contextmanager
def _port(serve: Callable[[socket.socket], object]) -> Iterator[str]:
    """Serve connections of a port one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def work() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    with line, suppress(OSError):
                        serve(line)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _say_plainly(line: socket.socket) -> None:
    line.recv(4096)
    line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def _hang_up(line: socket.socket) -> None:
    line.recv(4096)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _no_name(patch: pytest.MonkeyPatch) -> None:
    """Let a name be unknown without asking anybody."""
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *given: Any, **more: Any) -> Any:  # noqa: ANN401
        if host == NAME:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *given, **more)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
