"""A plain request goes past ASGI; one that is not so plain gets the same answers the long way."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from syncd.daemons.webhooks.answers import Answer, Rejected
from syncd.daemons.webhooks.taking import Taking
from unit.webhooks.listener import ASSET, BEARER, CHECK, JSON, Listener, read_answer, request, signed

BODY = b'{"asset_id": 5}'
LONG = ASSET + "?"  # no path of its own, so the long way

SAME: Mapping[str, tuple[str, Mapping[str, str], bytes]] = {
    "taken": ("POST", {**JSON, **BEARER}, BODY),
    "no POST": ("PUT", {**JSON, **BEARER}, BODY),
    "nobody": ("POST", JSON, BODY),
    "unknown": ("POST", {**JSON, "Authorization": "Bearer x"}, BODY),
    "a bad signature": ("POST", {**JSON, "webhook-signature": "v1,AAAA"}, BODY),
    "an id that is none": ("POST", {**JSON, **BEARER, "webhook-id": "a b"}, BODY),
    "a header twice": ("POST", {**JSON, **BEARER, "authorization": "Bearer x"}, BODY),
    "no JSON": ("POST", BEARER, BODY),
    "a bad body": ("POST", {**JSON, **BEARER}, b"{"),
    "a long body": ("POST", {**JSON, **BEARER}, b" " * 70_000),
    "a last request": ("POST", {**JSON, **BEARER, "Connection": "close"}, BODY),
}


@pytest.mark.parametrize("case", SAME)
def test_both_ways_have_the_same_answers(shared: Listener, case: str) -> None:
    method, headers, body = SAME[case]
    short, long = (shared.call(method, path, headers, body) for path in (ASSET, LONG))
    assert (short.status, short.body) == (long.status, long.body)
    dates = [{**answer.headers}.pop("date") for answer in (short, long)]
    assert all(dates)
    assert {**short.headers, "date": ""} == {**long.headers, "date": ""}


def test_both_ways_are_counted_as_one_path(shared: Listener) -> None:
    line = f'syncd_webhooks_answers_total{{path="{ASSET}",status="202"}}'
    before = shared.metric(line)
    for path in (ASSET, LONG):
        assert shared.call("POST", path, {**JSON, **BEARER}, BODY).status == 202
    assert shared.metric(line) == before + 2


@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 40])
def test_a_request_may_come_in_pieces(shared: Listener, pieces: int) -> None:
    text = request("POST", ASSET, signed(BODY), BODY)
    size = -(-len(text) // pieces)
    with shared.connection() as connection:
        for start in range(0, len(text), size):
            connection.sendall(text[start : start + size])
            time.sleep(0.01)
        answer = read_answer(connection)
    assert answer is not None
    assert answer.status == 202


def test_many_requests_over_one_connection_are_answered_one_after_the_other(shared: Listener) -> None:
    with shared.connection() as connection:
        for number in range(100, 120):
            body = b'{"asset_id": %d}' % number
            connection.sendall(request("POST", ASSET, signed(body), body))
            answer = read_answer(connection)
            assert answer is not None
            assert answer.status == 202


def test_requests_that_come_at_once_are_answered_in_their_order(shared: Listener) -> None:
    bodies = [b'{"student_id": "%d"}' % number for number in range(5)]
    texts = [request("POST", CHECK, signed(body, f"at-once-{body.hex()}"), body) for body in bodies]
    with shared.connection() as connection:
        connection.sendall(b"".join(texts[:4]) + texts[4].replace(b"v1,", b"v2,"))
        got = [connection.recv(65536)]
        while got[-1] and b"".join(got).count(b"HTTP/1.1 ") < 5:
            got.append(connection.recv(65536))
    statuses = [int(part[:3]) for part in b"".join(got).split(b"HTTP/1.1 ")[1:]]
    assert statuses == [202, 202, 202, 202, 401]
    again = [shared.raw(text) for text in texts[:4]]
    ids = [answer.json["id"].encode() for answer in again if answer is not None]
    assert [b"".join(got).index(each) for each in ids] == sorted(b"".join(got).index(each) for each in ids)


def test_a_sender_that_asks_whether_to_go_on_is_told_so(shared: Listener) -> None:
    head, _, body = request("POST", ASSET, {**signed(BODY), "Expect": "100-continue"}, BODY).partition(b"\r\n\r\n")
    with shared.connection() as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        answer = read_answer(connection)
    assert answer is not None
    assert answer.status == 202


def test_a_refused_body_is_read_to_its_end_and_the_connection_goes_on(shared: Listener) -> None:
    late = request("POST", ASSET, {**JSON, **BEARER, "webhook-id": "x", "Webhook-Id": "y"}, BODY)
    with shared.connection() as connection:
        connection.sendall(late[:-5])
        first = read_answer(connection)
        connection.sendall(late[-5:] + request("POST", ASSET, signed(BODY), BODY))
        second = read_answer(connection)
    assert first is not None
    assert second is not None
    assert (first.status, second.status) == (400, 202)


class Broken:
    """An intake with a defect."""

    path, longest = ASSET, 1000

    def __init__(self) -> None:
        self.refused: list[str] = []

    def let_in(self, *_: object) -> object:
        return self

    def keep(self, *_: object) -> None:
        raise KeyError("x")

    def refuse(self, reply: Any, rejected: Rejected) -> None:  # noqa: ANN401
        self.refused.append(rejected.problem.code)
        reply(Answer(rejected.problem.status, b""))


def test_a_defect_is_answered_too(caplog: pytest.LogCaptureFixture) -> None:
    intake: Any = Broken()
    answers: list[int] = []
    taking = Taking(intake, lambda _, answer: answers.append(answer.status), keep_alive=True)
    taking.begin(None, [])
    taking.add(b"{}")
    assert not taking.go_on()
    taking.more_body = False
    assert taking.go_on()
    assert (answers, intake.refused, taking.response_complete) == ([500], ["webhook.defect"], True)
    assert "KeyError" in caplog.text
