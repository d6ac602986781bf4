"""What a client sends, when it tries again, and what it tells."""

import gzip
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from syncd import __version__
from syncd.host.circuit import Circuit
from syncd.host.clock import SystemClock
from syncd.host.errors import (
    ExitStatus,
    NotFound,
    Unavailable,
)
from syncd.host.http import Request
from syncd.host.ratelimit import GcraLimiter, Limiter
from unit.host.http_client import GET, POST, TOKEN, client_of, closed_port, failure, talking
from unit.http_server import Answer, Seen, serving
from unit.virtual_clock import VirtualClock

# -- what is sent, what comes back ---------------------------------------------------------------------------


def test_a_request_arrives_as_it_was_meant() -> None:
    request = Request(
        "PATCH", "/a%2Fb/c:d", "change", params=(("q", "x y&z"), ("e", "")), headers={"X-One": "1"}, body=b'{"a":1}'
    )
    with talking([Answer(201, b"[1]", {"X-Two": "2"})]) as (client, stub):
        reply = client.send(request)
    [seen] = stub.seen
    assert (reply.status, reply.body, reply.headers["x-two"]) == (201, b"[1]", "2")
    assert (seen.method, seen.path, seen.query, seen.body) == (
        "PATCH",
        "/a%2Fb/c:d",
        {"q": "x y&z", "e": ""},
        b'{"a":1}',
    )
    assert (seen.headers["x-one"], seen.headers["content-type"]) == ("1", "application/json")
    assert seen.headers["user-agent"] == f"syncd/{__version__}"


def test_the_path_of_the_base_url_is_kept() -> None:
    with serving([Answer()]) as stub, client_of(stub.url + "/rt/") as client:
        client.send(GET)
    assert stub.seen[0].path == "/rt/things"


def test_compressed_and_chunked_bodies_are_read_whole() -> None:
    plain = b"0123456789" * 100_000
    chunked = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    script = [
        Answer(body=gzip.compress(plain), headers={"Content-Encoding": "gzip"}),
        Answer(body=chunked, headers={"Transfer-Encoding": "chunked"}),
        Answer(body=b""),
        Answer(204, b""),
    ]
    with talking(script) as (client, stub):
        bodies = [client.send(GET).body for _ in script]
        assert stub.connections == 1
    assert bodies == [plain, b"hello world", b"", b""]


def test_the_environment_and_cookies_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    script = [Answer(headers={"Set-Cookie": "session=1; Path=/"})]
    with talking(script, authenticator=Badge()) as (client, stub):
        client.send(GET)
        client.send(GET)
    assert [seen.headers["authorization"] for seen in stub.seen] == ["Bearer 1", "Bearer 1"]
    assert "cookie" not in stub.seen[1].headers


def test_requests_go_through_the_proxy_that_is_configured() -> None:
    with serving([Answer(body=b"proxied")]) as proxy, client_of("http://api.invalid/", proxy=proxy.url) as client:
        assert client.send(GET).body == b"proxied"
        assert proxy.seen[0].headers["host"] == "api.invalid"


# -- retries -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [Answer(500), Answer(502, b"<html>"), Answer(429), Answer(body=b"0123456789", cut=True), Answer(reset=True)],
    ids=["500", "502", "429", "cut", "reset"],
)
def test_a_passing_fault_is_retried(bad: Answer) -> None:
    with talking([bad, bad, Answer(body=b"good")]) as (client, stub):
        assert client.send(GET).body == b"good"
        assert len(stub.seen) == 3
        assert (client.stats.requests, client.stats.retries) == (3, 2)
        assert sum(client.stats.by_code.values()) == 3


def test_a_cut_chunked_body_is_retried() -> None:
    cut = Answer(body=b"5\r\nhello\r\n6\r\n wor", headers={"Transfer-Encoding": "chunked", "Connection": "close"})
    whole = Answer(body=b"5\r\nhello\r\n0\r\n\r\n", headers={"Transfer-Encoding": "chunked"})
    with talking([replace_cut(cut), whole]) as (client, stub):
        assert client.send(GET).body == b"hello"
        assert len(stub.seen) == 2


def replace_cut(answer: Answer) -> Answer:
    """Return an answer that ends in the middle of a chunk: twice the body, of which half is sent."""
    return Answer(body=answer.body + b"x" * len(answer.body), headers=answer.headers, cut=True)


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        (Answer(503), "It said 503."),
        (Answer(body=b"0123456789", cut=True), "cut its answer short"),
        (Answer(reset=True), "closed the connection without a whole answer: Connection reset by peer"),
    ],
    ids=["503", "cut", "reset"],
)
def test_a_lasting_fault_is_given_up_with_its_last_cause(bad: Answer, cause: str) -> None:
    with talking([bad]) as (client, stub):
        error = failure(client, Request("GET", "things", "read thing", "T7"))
        assert len(stub.seen) == 4
    assert isinstance(error, Unavailable)
    assert (error.code, error.operation, error.object) == ("test.gave_up", "read thing", "T7")
    assert error.sentence.startswith("test: read thing T7 was given up after 4 attempts: ")
    assert cause in error.sentence
    assert error.exit_status == ExitStatus.TRY_LATER


def test_an_error_that_is_not_retryable_is_raised_at_once() -> None:
    with talking([Answer(404)]) as (client, stub):
        error = failure(client)
        assert len(stub.seen) == 1
    assert isinstance(error, NotFound)
    assert (error.code, error.system, error.operation) == ("test.not_found", "test", "list things")


@pytest.mark.parametrize(
    ("bad", "attempts"),
    [
        (Answer(429), 2),
        (Answer(403), 2),
        (Answer(503, headers={"Retry-After": "1"}), 1),
        (Answer(503), 1),
        (Answer(500), 1),
        (Answer(502), 1),
        (Answer(reset=True), 1),
        (Answer(body=b"0123456789", cut=True), 1),
    ],
    ids=["429", "403", "503 with Retry-After", "503", "500", "502", "reset", "cut"],
)
def test_what_is_not_idempotent_is_repeated_only_when_nothing_happened(bad: Answer, attempts: int) -> None:
    with talking([bad, Answer()]) as (client, stub):
        if attempts == 1:
            error = failure(client, POST)
            assert error.code == "test.answer_lost"
            assert "create thing T1: it is not known whether test did it" in error.sentence
        else:
            client.send(POST)
        assert len(stub.seen) == attempts


def test_what_is_not_idempotent_is_repeated_when_no_connection_was_made() -> None:
    clock = VirtualClock()
    with client_of(f"http://127.0.0.1:{closed_port()}", clock) as client:
        error = failure(client, POST)
    assert error.code == "test.gave_up"
    assert len(clock.sleeps) == 3


def test_what_is_not_idempotent_is_not_repeated_when_a_proxy_breaks_off_the_answer() -> None:
    with serving([Answer(reset=True)]) as proxy, client_of("http://api.invalid/", proxy=proxy.url) as client:
        error = failure(client, POST)
        assert len(proxy.seen) == 1
    assert error.code == "test.answer_lost"


def test_what_is_not_idempotent_is_repeated_when_a_proxy_lets_nothing_through() -> None:
    clock = VirtualClock()
    with serving([]) as proxy, client_of("https://api.invalid/", clock, proxy=proxy.url) as client:
        error = failure(client, POST)
    assert (error.code, len(clock.sleeps)) == ("test.gave_up", 3)
    assert "does not let syncd through to api.invalid:443" in error.sentence


def test_waits_grow_with_full_jitter_and_are_capped() -> None:
    clock = VirtualClock()
    policy = {"attempts": 8, "backoff_base": 1.0, "backoff_cap": 8.0}
    with talking([Answer(500)], clock, policy=policy) as (client, _):
        failure(client)
    ceilings = [1, 2, 4, 8, 8, 8, 8]
    assert len(clock.sleeps) == 7
    assert all(0 <= wait <= ceiling for wait, ceiling in zip(clock.sleeps, ceilings, strict=True))
    assert len(set(clock.sleeps)) == 7


@pytest.mark.parametrize(
    "header",
    [
        {"Retry-After": "20"},
        {"Retry-After": "Thu, 01 Jan 2026 00:00:20 GMT"},
        {"Retry-After": "Fri, 06 Mar 2026 10:00:20 GMT", "Date": "Fri, 06 Mar 2026 10:00:00 GMT"},
    ],
    ids=["seconds", "date", "date by the server's clock"],
)
def test_retry_after_is_obeyed(header: Mapping[str, str]) -> None:
    clock = VirtualClock()
    with talking([Answer(429, headers=header), Answer()], clock) as (client, _):
        client.send(GET)
    [wait] = clock.sleeps
    assert 20 <= wait <= 20.5


@pytest.mark.parametrize("header", ["soon", "-5", "", "Thu, 99 Foo", f"Thu, 01 Jan {'9' * 30} 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_is_ignored(header: str) -> None:
    clock = VirtualClock()
    with talking([Answer(429, headers={"Retry-After": header}), Answer()], clock) as (client, _):
        client.send(GET)
    assert clock.sleeps[0] <= 0.5


def test_a_wait_that_does_not_fit_the_budget_ends_at_once() -> None:
    clock = VirtualClock()
    with talking([Answer(429, headers={"Retry-After": "301"})], clock) as (client, stub):
        error = failure(client)
        assert (len(stub.seen), clock.sleeps) == (1, [])
    assert error.code == "test.gave_up"
    assert "after 1 attempt:" in error.sentence


def test_the_budget_is_one_for_all_calls_of_a_client() -> None:
    clock = VirtualClock()
    with talking([Answer(429, headers={"Retry-After": "40"})], clock, policy={"budget_seconds": 100}) as (client, stub):
        for _ in range(5):
            failure(client)
        assert sum(clock.sleeps) <= 100
        assert len(stub.seen) == 5 + 2


def test_waiting_of_several_threads_counts_once() -> None:
    clock = VirtualClock(parties=4)
    policy = {"budget_seconds": 100, "attempts": 3}
    with talking([Answer(429, headers={"Retry-After": "40"})], clock, policy=policy) as (client, stub):

        def call() -> None:
            failure(client)
            clock.leave()

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(stub.seen) == 4 * 3


# -- sign-in -------------------------------------------------------------------------------------------------


class Badge:
    """An authenticator whose tokens are numbers."""

    def __init__(self, *, willing: bool = True) -> None:
        self.number = 1
        self.willing = willing

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.number}"}

    def renew(self) -> bool:
        self.number += 1
        return self.willing


def only(token: str) -> Callable[[Seen], Answer]:
    return lambda seen: Answer(200 if seen.headers["authorization"] == token else 401)


@pytest.mark.parametrize("request_", [GET, POST])
def test_a_refused_token_is_renewed_once(request_: Request) -> None:
    clock = VirtualClock()
    with talking(only("Bearer 2"), clock, authenticator=Badge()) as (client, _):
        client.send(request_)
        assert client.stats.by_code == {"401": 1, "200": 1}
    assert clock.sleeps == []


@pytest.mark.parametrize(("willing", "attempts"), [(True, 2), (False, 1)])
def test_a_token_that_stays_refused_is_an_error(willing: bool, attempts: int) -> None:  # noqa: FBT001
    with talking(only("Bearer 9"), authenticator=Badge(willing=willing)) as (client, stub):
        assert failure(client).code == "test.unauthenticated"
        assert len(stub.seen) == attempts


# -- circuit, limiter, records -------------------------------------------------------------------------------


def test_the_circuit_opens_after_give_ups_and_stops_further_requests() -> None:
    clock = VirtualClock()
    circuit = Circuit("test", clock=clock, threshold=3)
    with talking([Answer(500)], clock, circuit=circuit, policy={"attempts": 2}) as (client, stub):
        codes = [failure(client).code for _ in range(5)]
        assert codes == ["test.gave_up"] * 3 + ["test.circuit_open"] * 2
        assert len(stub.seen) == 6


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429])
def test_an_answer_below_500_never_opens_the_circuit(status: int) -> None:
    clock = VirtualClock()
    circuit = Circuit("test", clock=clock, threshold=2)
    with talking([Answer(status)], clock, circuit=circuit, policy={"attempts": 1}) as (client, _):
        assert {failure(client).code for _ in range(5)}.isdisjoint({"test.circuit_open"})


def test_connect_failures_and_a_token_endpoint_that_is_out_open_the_circuit() -> None:
    class Out:
        def headers(self) -> Mapping[str, str]:
            raise Unavailable("no token", code="test.token")

        def renew(self) -> bool:
            return False

    for changes in ({}, {"authenticator": Out()}):
        clock = VirtualClock()
        circuit = Circuit("test", clock=clock, threshold=2)
        url = f"http://127.0.0.1:{closed_port()}"
        with client_of(url, clock, circuit=circuit, policy={"attempts": 1}, **changes) as client:
            assert [failure(client).code for _ in range(3)][2] == "test.circuit_open"


def test_every_attempt_asks_the_limiter() -> None:
    class Counter:
        count = 0

        def acquire(self) -> None:
            self.count += 1

    limiter: Limiter = Counter()
    with talking([Answer(500), Answer(500), Answer()], limiter=limiter) as (client, _):
        client.send(GET)
    assert limiter.count == 3  # type: ignore[attr-defined]


def test_every_attempt_is_a_debug_record_without_the_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "syncd")
    with talking([Answer(500), Answer(reset=True), Answer()]) as (client, _):
        client.send(Request("GET", "x", "read thing", "T7", params=(("token", TOKEN),)))
    records: list[dict[str, object]] = [record.syncd for record in caplog.records]  # type: ignore[attr-defined]
    assert [record["ATTEMPT"] for record in records] == [1, 2, 3]
    assert [record["RESPONSE_CODE"] for record in records] == [500, "none", 200]
    assert all(record["SYSTEM"] == "test" and record["OPERATION"] == "read thing" for record in records)
    assert all(isinstance(record["DURATION_MS"], int) for record in records)
    assert TOKEN not in caplog.text


# -- speed ---------------------------------------------------------------------------------------------------


def test_threads_share_connections_and_all_get_their_own_answer() -> None:
    def echo(seen: Seen) -> Answer:
        return Answer(body=seen.query["n"].encode())

    with talking(echo, policy={"pool": 4}) as (client, stub), ThreadPoolExecutor(16) as threads:
        asked = [str(number) for number in range(300)]
        requests_ = [Request("GET", "x", "read", params=(("n", number),)) for number in asked]
        assert [reply.body.decode() for reply in threads.map(client.send, requests_)] == asked
        assert stub.connections <= 4
        assert client.stats.by_code == {"200": 300}


def test_a_slow_server_does_not_keep_threads_below_the_rate() -> None:
    rate, count = 40.0, 60
    with talking([Answer(delay=0.1)], SystemClock(), limiter=GcraLimiter(None, rate)) as (client, _):
        started = time.monotonic()
        with ThreadPoolExecutor(12) as threads:
            list(threads.map(client.send, [GET] * count))
        took = time.monotonic() - started
    assert (count - 1) / rate <= took
    assert count / took >= 0.7 * rate


def test_the_policy_costs_little_more_than_a_bare_session() -> None:
    def timed(call: Callable[[], object]) -> float:
        started = time.thread_time()
        for _ in range(100):
            call()
        return time.thread_time() - started

    with talking([Answer()], SystemClock()) as (client, stub), requests.Session() as bare:
        bare.trust_env = False
        pairs = [
            (timed(lambda: bare.get(stub.url + "/things").content), timed(lambda: client.send(GET))) for _ in range(3)
        ]
    assert min(ours - theirs for theirs, ours in pairs) / 100 < 0.001
