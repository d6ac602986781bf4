"""Senders of webhooks: many connections, each with its next request as soon as the last one is answered."""

import select
import socket
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

CONNECTIONS = 32


class Pace(NamedTuple):
    """Answers a second, and how long half and 99 of 100 of them took at most, in ms."""

    rate: float
    middle: float
    p99: float


def send(port: int, requests: Sequence[bytes], status: int, connections: int = CONNECTIONS) -> Pace:
    """Send all requests to a port of this host; any other status than the expected one is an error."""
    poll, waiting = select.epoll(), iter(requests)
    senders = {sender.connection.fileno(): sender for sender in (_Sender(port) for _ in range(connections))}
    times: list[float] = []
    began = time.perf_counter()
    for number, sender in senders.items():
        poll.register(number, select.EPOLLIN)
        sender.send(next(waiting))
    while senders:
        for number, _ in poll.poll(30):
            took = senders[number].receive(status)
            if took is not None:
                times.append(took)
                _next(senders, number, waiting, poll)
    rate = len(times) / (time.perf_counter() - began)
    times.sort()
    poll.close()
    return Pace(rate, times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000)


class _Sender:
    def __init__(self, port: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answer = b""
        self._began = 0.0

    def send(self, request: bytes) -> None:
        self._began = time.perf_counter()
        self.connection.sendall(request)

    def receive(self, status: int) -> float | None:
        """Return how long a request took, None while its answer is not whole."""
        part = self.connection.recv(65536)
        assert part, "the server has closed the connection"
        self._answer += part
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return None
        assert int(head[9:12]) == status, self._answer
        self._answer = b""
        return time.perf_counter() - self._began


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


def _next(senders: dict[int, _Sender], number: int, waiting: Iterator[bytes], poll: select.epoll) -> None:
    request = next(waiting, None)
    if request is not None:
        senders[number].send(request)
        return
    poll.unregister(number)
    senders.pop(number).connection.close()
