"""What senders that are broken, slow or hostile get."""

import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from syncd.state.inbox.store import open_inbox
from unit.webhooks.listener import ASSET, JSON, Listener, read_answer, request, signed

BODY = b'{"asset_id": 1}'
MANY = 10_000


def chunked() -> bytes:
    """Return the head of a chunked request that is signed now."""
    return head(**signed(BODY), Transfer_Encoding="chunked")


def head(method: str = "POST", path: str = ASSET, **headers: str) -> bytes:
    return request(method, path, {name.replace("_", "-"): value for name, value in headers.items()}).replace(
        b"Content-Length: 0\r\n", b""
    )


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """A listener that takes nothing long."""
    with Listener(tmp_path_factory.mktemp("strict"), "body_bytes = 1024\nheader_bytes = 1024") as listener:
        yield listener


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """A listener that does not wait for a request."""
    with Listener(tmp_path_factory.mktemp("hasty"), "request_seconds = 0.4") as listener:
        yield listener


def test_a_body_that_is_too_long_is_refused_by_what_it_says_and_by_what_it_has(strict: Listener) -> None:
    long = b'{"asset_id": 1, "name": "' + b"x" * 1000 + b'"}'
    assert strict.post(ASSET, long[:-30] + b'"}').status == 202
    assert strict.post(ASSET, long).status == 413
    answer = strict.raw(head(**{**JSON, "Content-Length": "99999999999999"}))
    assert answer is not None
    assert answer.status == 413


def test_a_chunked_body_that_never_ends_is_refused_when_it_is_too_long(strict: Listener) -> None:
    with strict.connection() as connection:
        connection.sendall(chunked())
        for _ in range(2):
            connection.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
        answer = read_answer(connection)
        assert answer is not None
        assert answer.status == 413


def test_a_chunked_body_is_as_good_as_another(shared: Listener) -> None:
    answer = shared.raw(chunked() + b"5\r\n" + BODY[:5] + b"\r\na\r\n" + BODY[5:] + b"\r\n0\r\n\r\n")
    assert answer is not None
    assert answer.status == 202


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"POST / HTTP/9.9\r\n\r\n", 400),
        (head(Content_Length="-1"), 400),
        (head(Content_Length="x"), 400),
        (head(Content_Length="3", Transfer_Encoding="chunked") + b"0\r\n\r\n", 400),
        (head(Content_Length="1").replace(b"Content-Length", b"Content-Length: 2\r\nContent-Length") + b"x", 400),
        (head(Transfer_Encoding="chunked") + b"zz\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\na\x00b: c\r\n\r\n", 400),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (head(X="y" * 70_000), 431),
        (b"POST /" + b"x" * 70_000, 431),
        (b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 4000 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nA: " + b"x" * 70_000, 431),
    ],
)
def test_what_is_no_request_ends_the_connection_with_a_word(shared: Listener, text: bytes, status: int) -> None:
    answer = shared.raw(text)
    assert answer is not None
    assert answer.status == status
    assert answer.json["code"] in ("webhook.connection", "webhook.request")


def test_the_length_of_headers_is_an_option(strict: Listener) -> None:
    refused = 'syncd_webhooks_connections_refused_total{reason="long"}'
    before = strict.metric(refused)
    for size, status in ((400, 202), (1100, 431)):
        answer = strict.raw(request("POST", ASSET, {**signed(BODY), "X": "y" * size}, BODY))
        assert answer is not None
        assert answer.status == status
    assert strict.metric(refused) == before + 1


@pytest.mark.parametrize(
    "part",
    [
        lambda: head()[:20],
        lambda: head(Content_Length="10") + b"12345",
        lambda: chunked() + b"5\r\n12",
        lambda: head()[:-2],
    ],
    ids=["line", "body", "chunk", "headers"],
)
def test_a_request_that_does_not_arrive_in_time_is_ended(hasty: Listener, part: Callable[[], bytes]) -> None:
    with hasty.connection() as connection:
        began = time.monotonic()
        for byte in part():
            connection.sendall(bytes([byte]))
        answer = read_answer(connection)
        assert answer is not None
        assert answer.status == 408
        assert connection.recv(1) == b""
        assert time.monotonic() - began < 5


def test_a_sender_that_trickles_gains_no_time(hasty: Listener) -> None:
    with hasty.connection() as connection:
        began = time.monotonic()
        connection.sendall(head()[:-2])
        with suppress(OSError):  # a reset or a broken pipe, as it happens
            while time.monotonic() - began < 10:
                connection.sendall(b"X: y\r\n")
                time.sleep(0.05)
        assert time.monotonic() - began < 5


def test_a_connection_that_says_nothing_is_ended(hasty: Listener) -> None:
    with hasty.connection() as connection:
        assert connection.recv(1) == b""


def test_an_early_end_of_a_sender_is_no_reason_to_leave_it_without_an_answer(shared: Listener) -> None:
    with shared.connection() as connection:
        connection.sendall(request("POST", ASSET, signed(BODY), BODY))
        connection.shutdown(socket.SHUT_WR)
        answer = read_answer(connection)
    assert answer is not None
    assert answer.status == 202


def test_half_a_request_of_a_sender_that_has_gone_leaves_nothing(shared: Listener) -> None:
    before = shared.metric('syncd_events{kind="asset-created",state="waiting"}')
    text = request("POST", ASSET, signed(b'{"asset_id": 999}'), b'{"asset_id": 999}')
    for end in (len(text) - 1, len(text) - 18, 30):
        with shared.connection() as connection:
            connection.sendall(text[:end])
            connection.shutdown(socket.SHUT_WR)
            assert read_answer(connection) is None
    assert shared.metric('syncd_events{kind="asset-created",state="waiting"}') == before


def test_one_connection_too_many_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    with Listener(tmp_path, "connections = 3") as listener:
        held = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(3)]
        answer = listener.raw(b"")
        assert answer is not None
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        held[0].sendall(request("POST", ASSET, signed(BODY), BODY))
        first = read_answer(held[0])
        assert first is not None
        assert first.status == 202
        for each in held:
            each.close()


def test_ten_thousand_connections_cost_those_who_wait_for_an_answer_a_moment(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = min(MANY, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(many + 200, hard), hard))
    opened: list[socket.socket] = []
    try:
        with Listener(tmp_path, "connections = 200\nrequest_seconds = 1.0") as listener:
            for _ in range(many):
                opened += [socket.create_connection(("127.0.0.1", listener.port), timeout=30)]
            deadline = time.monotonic() + 20
            answer = None
            while answer is None or answer.status == 503:
                assert time.monotonic() < deadline
                answer = listener.raw(request("POST", ASSET, signed(BODY), BODY))
            assert answer.status == 202
            assert listener.metric('syncd_webhooks_connections_refused_total{reason="busy"}') > 0
    finally:
        for each in opened:
            each.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_full_disk_is_no_reason_to_lose_anything(tmp_path: Path) -> None:
    with Listener(tmp_path) as listener:
        assert listener.post(ASSET, BODY).status == 202
        assert listener.process is not None
        limits = resource.prlimit(listener.process.pid, resource.RLIMIT_FSIZE)
        log = Path(f"{listener.inbox}/inbox.db-wal").stat().st_size
        resource.prlimit(listener.process.pid, resource.RLIMIT_FSIZE, (log, limits[1]))
        full = listener.post(ASSET, b'{"asset_id": 2}')
        assert (full.status, full.headers["retry-after"], full.json["code"]) == (503, "5", "webhook.unavailable")
        assert listener.post(ASSET, BODY).status in (202, 503), "what is there already needs no room, or little"
        resource.prlimit(listener.process.pid, resource.RLIMIT_FSIZE, limits)
        assert listener.post(ASSET, b'{"asset_id": 2}').status == 202
        assert listener.stop() == 0
    with open_inbox(listener.inbox) as inbox:
        assert sorted(event.object for event in inbox.list()) == ["asset:1", "asset:2"]
    troubles = [record for record in listener.log if "no event can be kept" in record["MESSAGE"]]
    assert len(troubles) == 1
