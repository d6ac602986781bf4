"""What a sender gets, and what is kept."""

import json
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.state.inbox.records import NewEvent
from syncd.state.inbox.store import open_inbox
from unit.webhooks.listener import (
    ASSET,
    BEARER,
    CHECK,
    JSON,
    KEY,
    OLD_KEY,
    TOKEN,
    Listener,
    read_answer,
    request,
    secret,
    signed,
)


def asset(number: int) -> bytes:
    return json.dumps({"asset_id": number}).encode()


def test_an_event_is_on_disk_when_it_is_answered(shared: Listener) -> None:
    answer = shared.post(ASSET, asset(17))
    assert answer.status == 202
    with open_inbox(shared.inbox) as inbox:
        event = inbox.get(answer.json["id"])
    assert event is not None
    assert (event.kind, event.object, event.sender, event.state) == ("asset-created", "asset:17", "webhook", "waiting")


def test_the_same_again_has_the_same_answer_and_one_effect_after_a_kill_too(tmp_path: Path) -> None:
    body = b'{"student_id": "4711", "action": "check-in"}'
    listener = Listener(tmp_path).start()
    answers = [listener.post(CHECK, body, signed(body, "check-1")) for _ in range(2)]
    other = listener.post(CHECK, body, signed(body, "check-2"))
    assert listener.stop(signal.SIGKILL) == -signal.SIGKILL
    with listener:
        answers += [listener.post(CHECK, body, signed(body, "check-1"))]
        assert {answer.body for answer in answers} == {answers[0].body}
        assert other.json["id"] != answers[0].json["id"]
        assert listener.metric('syncd_events{kind="student-check",state="waiting"}') == 2


def test_a_token_is_as_good_as_a_signature_for_senders_that_cannot_sign(shared: Listener) -> None:
    first, again = (shared.post(ASSET, asset(18), {**JSON, **BEARER}) for _ in range(2))
    assert (first.status, again.body) == (202, first.body)
    assert shared.post(ASSET, asset(18)).body == first.body, "an asset is one event, whoever tells of it"


def test_a_check_by_token_without_an_id_is_another_one_each_time_and_with_one_the_same(shared: Listener) -> None:
    body = b'{"serial": "5CD1"}'
    ids = [shared.post(CHECK, body, {**JSON, **BEARER}).json["id"] for _ in range(2)]
    assert ids[0] != ids[1]
    named = {**JSON, **BEARER, "webhook-id": "from-a-form-7"}
    assert shared.post(CHECK, body, named).body == shared.post(CHECK, body, named).body


def test_its_sender_sees_what_became_of_an_event(shared: Listener) -> None:
    event_id = shared.post(ASSET, asset(19)).json["id"]
    by_token = shared.get(f"/events/{event_id}", BEARER)
    assert by_token.status == 200
    assert by_token.json["state"] == "waiting"
    with open_inbox(shared.inbox) as inbox:
        now = datetime.now(UTC)
        while (event := inbox.claim("test", now, timedelta(minutes=1))) is not None:
            inbox.finish(event.id, "test", now, b'{"tag": "W12-00001"}')
    done = shared.get(f"/events/{event_id}", signed(b"", event_id)).json
    assert (done["state"], done["result"], done["next_try"]) == ("done", {"tag": "W12-00001"}, None)


def test_nobody_else_sees_an_event(shared: Listener) -> None:
    event_id = shared.post(ASSET, asset(20)).json["id"]
    assert shared.get(f"/events/{event_id}").status == 401
    assert shared.get(f"/events/{event_id}", signed(b"", "another")).status == 401
    assert shared.get(f"/events/{event_id}", {"Authorization": "Bearer x"}).status == 401
    assert shared.get("/events/unknown", BEARER).status == 404


REFUSED: list[tuple[dict[str, str] | Callable[[], dict[str, str]], int, str]] = [
    ({}, 401, "webhook.unsigned"),
    ({"Authorization": "Bearer wrong"}, 401, "webhook.token"),
    ({"Authorization": f"Basic {TOKEN}"}, 401, "webhook.token"),
    ({"Authorization": TOKEN}, 401, "webhook.token"),
    ({"Authorization": ""}, 401, "webhook.token"),
    ({"Authorization": "Bearer t\xf6ken"}, 401, "webhook.token"),
    (lambda: signed(asset(1), key=OLD_KEY), 401, "webhook.signature"),
    (lambda: signed(asset(2)), 401, "webhook.signature"),
    (lambda: signed(asset(1), at=time.time() - 86_400), 401, "webhook.signature"),
    (lambda: signed(asset(1), at=time.time() + 86_400), 401, "webhook.signature"),
    (lambda: {**signed(asset(1)), "webhook-timestamp": "soon"}, 401, "webhook.signature"),
    (lambda: {**signed(asset(1)), "webhook-id": "\xfcber"}, 401, "webhook.signature"),
    (lambda: {**signed(asset(1)), "webhook-signature": "v1," + "A" * 5000}, 401, "webhook.signature"),
    ({"webhook-signature": "v1,AAAA"}, 401, "webhook.signature"),
    ({**BEARER, "webhook-signature": "v1,AAAA"}, 401, "webhook.signature"),
    (lambda: {**signed(asset(1)), "Webhook-Id": "msg-1"}, 400, "webhook.header"),
    (lambda: {**signed(asset(1)), "WEBHOOK-SIGNATURE": "v1,AAAA"}, 400, "webhook.header"),
    ({**BEARER, "authorization": "Bearer x"}, 400, "webhook.header"),
    ({**JSON, **BEARER, "webhook-id": "a b"}, 400, "webhook.id"),
    ({**JSON, **BEARER, "webhook-id": ""}, 400, "webhook.id"),
    ({**BEARER}, 415, "webhook.media_type"),
    ({**BEARER, "Content-Type": "text/plain"}, 415, "webhook.media_type"),
]


@pytest.mark.parametrize(("headers", "status", "code"), REFUSED)
def test_who_is_not_known_is_refused_and_nothing_is_kept(
    shared: Listener, headers: dict[str, str] | Callable[[], dict[str, str]], status: int, code: str
) -> None:
    with open_inbox(shared.inbox) as inbox:
        before = inbox.counts()
        # What is signed is signed now: the tests were collected long ago.
        answer = shared.post(ASSET, asset(1), headers() if callable(headers) else headers)
        assert inbox.counts() == before
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in answer.headers) == (status == 401)


BODIES = [b"", b"{", b"[]", b"NaN", b'{"asset_id": "x"}', b"\xff", b"[" * 30_000, b'{"asset_id":1,"asset_id":2}']


@pytest.mark.parametrize("body", BODIES)
def test_a_signed_body_of_the_wrong_shape_is_refused_and_not_kept(shared: Listener, body: bytes) -> None:
    before = shared.metric('syncd_events{kind="asset-created",state="waiting"}')
    answer = shared.post(ASSET, body)
    assert (answer.status, answer.json["code"]) == (400, "webhook.body")
    assert shared.metric('syncd_events{kind="asset-created",state="waiting"}') == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", ASSET, 405),
        ("PUT", CHECK, 405),
        ("HEAD", ASSET, 405),
        ("POST", "/health", 405),
        ("GET", "/", 404),
        ("GET", "/webhook/asset-created/", 404),
        ("GET", "/events/", 404),
        ("GET", "/%2e%2e/%ff", 404),
        ("POST", "/webhook/unknown", 404),
    ],
)
def test_other_methods_and_paths_are_refused(shared: Listener, method: str, path: str, status: int) -> None:
    answer = shared.raw(request(method, path, {"Connection": "close"}))
    assert answer is not None
    assert answer.status == status


def test_all_secrets_of_a_credential_are_good_while_one_is_changed(tmp_path: Path) -> None:
    both = {"webhook-secret": f"{secret(OLD_KEY)}\n{secret(KEY)}\n"}
    with Listener(tmp_path, credentials=both) as listener:
        for key in (KEY, OLD_KEY):
            assert listener.post(ASSET, asset(1), signed(asset(1), key=key)).status == 202
        assert listener.post(ASSET, asset(1), signed(asset(1), key=bytes(32))).status == 401
        assert listener.post(ASSET, asset(1), {**JSON, **BEARER}).status == 401


def test_the_names_of_the_credentials_are_options(tmp_path: Path) -> None:
    options = 'secret_credential = "s"\ntoken_credential = "t"\ntolerance_seconds = 3600'
    with Listener(tmp_path, options, credentials={"s": secret(OLD_KEY), "t": f"{TOKEN}2"}) as listener:
        headers = signed(asset(1), key=OLD_KEY, at=time.time() - 3000)
        assert listener.post(ASSET, asset(1), headers).status == 202
        assert listener.post(ASSET, asset(1), {**JSON, "Authorization": f"Bearer {TOKEN}2"}).status == 202


def test_a_token_is_taken_from_its_networks_only_behind_a_proxy_too(tmp_path: Path) -> None:
    options = 'token_sources = ["192.0.2.0/24"]\ntrusted_proxies = ["127.0.0.1"]'
    with Listener(tmp_path, options) as listener:
        for forwarded, status in (("192.0.2.7", 202), ("198.51.100.1, 192.0.2.7", 202), ("198.51.100.1", 403)):
            headers = {**JSON, **BEARER, "X-Forwarded-For": forwarded}
            assert listener.post(ASSET, asset(1), headers).status == status
        assert listener.post(ASSET, asset(1), {**JSON, **BEARER}).status == 403
        assert listener.post(ASSET, asset(1)).status == 202, "a signature is good from everywhere"


def test_a_source_that_sends_too_much_is_told_when_to_try_again(tmp_path: Path) -> None:
    options = 'rate = 0.5\nburst = 3\ntrusted_proxies = ["127.0.0.1"]'
    with Listener(tmp_path, options) as listener:

        def once(source: str) -> int:
            headers = {**signed(asset(1)), "X-Forwarded-For": source}
            answer = listener.post(ASSET, asset(1), headers)
            assert answer.status != 429 or int(answer.headers["retry-after"]) in (1, 2)
            return answer.status

        assert [once("192.0.2.1") for _ in range(4)] == [202, 202, 202, 429]
        assert once("192.0.2.2") == 202
        assert listener.get("/events/x", {**BEARER, "X-Forwarded-For": "192.0.2.1"}).status == 429
        assert listener.get("/health").status == 200


def test_what_was_done_long_ago_leaves_the_inbox(tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=20)
    new = [NewEvent(kind="asset-created", sender="webhook", key=key, object=key, body=b"{}") for key in "ab"]
    listener = Listener(tmp_path, "retention_days = 10")
    with open_inbox(listener.inbox) as inbox:
        for event in inbox.accept(new, long_ago)[:1]:
            inbox.drop(event.id, long_ago)
        with listener:
            deadline = time.monotonic() + 10
            while len(inbox.list()) > 1 and time.monotonic() < deadline:
                time.sleep(0.05)
        assert [event.key for event in inbox.list()] == ["b"]


def test_metrics_and_health_tell_how_it_is(tmp_path: Path) -> None:
    with Listener(tmp_path) as listener:
        assert listener.get("/health").json == {"status": "ok"}
        listener.post(ASSET, asset(1))
        listener.post(ASSET, asset(1))
        listener.post(ASSET, b"{}")
        assert listener.metric(f'syncd_webhooks_answers_total{{path="{ASSET}",status="202"}}') == 2
        assert listener.metric(f'syncd_webhooks_answers_total{{path="{ASSET}",status="400"}}') == 1
        assert listener.metric('syncd_webhooks_events_total{duplicate="true",kind="asset-created"}') == 1
        assert listener.metric("syncd_webhooks_commits_total") == 2
        assert listener.metric("syncd_webhooks_connections") == 1
        assert 0 <= listener.metric("syncd_events_oldest_waiting_seconds") < 60


def test_nothing_of_a_body_and_no_secret_is_logged(tmp_path: Path) -> None:
    body = b'{"student_id": "SECRET-STUDENT", "action": "check-in", "checked_by": "Somebody"}'
    with Listener(tmp_path) as listener:
        listener.post(CHECK, body)
        listener.post(CHECK, body + b" x")
        listener.post(CHECK, body, {**JSON, "Authorization": "Bearer SECRET-TOKEN"})
        assert listener.stop() == 0
        log = json.dumps(listener.log)
    assert "SECRET" not in log
    assert "Somebody" not in log
    refused = [record for record in listener.log if "were refused" in record["MESSAGE"]]
    assert [record["MESSAGE"] for record in refused] == ["2 requests were refused: 1 webhook.body, 1 webhook.token"]
    assert {record["PRIORITY"] for record in refused} == {"4"}, "a warning, sd-daemon(3)"


def test_several_requests_share_a_connection(shared: Listener) -> None:
    with shared.connection() as connection:
        for number in range(3):
            connection.sendall(request("POST", ASSET, signed(asset(number + 1)), asset(number + 1)))
            answer = read_answer(connection)
            assert answer is not None
            assert answer.status == 202


def test_nothing_of_the_state_is_made_but_its_inbox(shared: Listener) -> None:
    shared.post(ASSET, asset(1))
    assert [path.name for path in shared.inbox.parent.iterdir()] == ["webhooks"]
