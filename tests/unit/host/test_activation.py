import os
import socket
from collections.abc import Iterator

import pytest

from syncd.host.activation import bound_socket, inherited_sockets
from syncd.host.errors import ConfigurationError


@pytest.fixture
def held() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def handed_over(number: str = "1", pid: int | None = None) -> dict[str, str]:
    return {"LISTEN_PID": str(pid or os.getpid()), "LISTEN_FDS": number, "LISTEN_FDNAMES": "a", "OTHER": "1"}


def test_the_sockets_for_this_process_are_taken_and_no_child_thinks_them_its_own(held: socket.socket) -> None:
    environ = handed_over()
    (taken,) = inherited_sockets(environ, first=os.dup(held.fileno()))
    with taken:
        assert taken.getsockname() == held.getsockname()
        assert not taken.get_inheritable()
    assert environ == {"OTHER": "1"}


@pytest.mark.parametrize(
    "environ", [{}, handed_over(pid=1), handed_over("0"), handed_over("x"), {"LISTEN_FDS": "1"}, {"LISTEN_PID": "x"}]
)
def test_sockets_of_another_process_are_left_alone(held: socket.socket, environ: dict[str, str]) -> None:
    assert inherited_sockets(environ, first=held.fileno()) == []


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_what_does_not_listen_is_a_mistake(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_UNIX, kind) as other, pytest.raises(ConfigurationError, match="ListenStream="):
        inherited_sockets(handed_over(), first=os.dup(other.fileno()))


def test_answers_over_a_socket_of_our_own_are_sent_at_once() -> None:
    # asyncio sets TCP_NODELAY only where the socket knows that it is TCP; without it each answer takes 40 ms.
    with bound_socket("127.0.0.1", 0) as made:
        assert made.proto == socket.IPPROTO_TCP
