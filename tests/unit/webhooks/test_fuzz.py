"""Whatever is sent: never a 5xx, never a bad event."""

import json
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.state.inbox.store import open_inbox
from unit.webhooks.listener import ASSET, BEARER, CHECK, JSON, Listener, request, signed

FUZZ = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NAMES = ["webhook-id", "webhook-timestamp", "webhook-signature", "authorization", "content-type", "content-length"]
NAMES += ["transfer-encoding", "expect", "connection", "upgrade", "x-forwarded-for", "host", "x"]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
IDS = ["student_id", "serial"]
FIELDS = ["asset_id", "student_id", "serial", "action", "event", "damage", "broken_screen", "checked_by", "name", "x"]
VALUES = st.sampled_from(["17", 17, 0, "", "check-in", "report", True, None, "asset-created"]) | ANY_JSON
BODIES = st.one_of(
    st.binary(max_size=300),
    ANY_JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5).map(lambda value: json.dumps(value).encode()),
)
PIECES = st.one_of(
    st.binary(max_size=60),
    st.text("v1, =+/A.", max_size=60).map(str.encode),
    st.sampled_from([b"chunked", b"100-continue", b"Bearer x", b"close", b"websocket", b"0", b"99999999999999999999"]),
)


@FUZZ
@given(
    st.sampled_from([ASSET, CHECK, "/events/x", "/"]),
    st.lists(st.tuples(st.sampled_from(NAMES), PIECES), max_size=6),
    st.binary(max_size=100),
)
def test_no_headers_make_it_fail_or_get_in(
    shared: Listener, path: str, headers: list[tuple[str, bytes]], body: bytes
) -> None:
    lines = b"".join(b"%s: %s\r\n" % (name.encode(), value) for name, value in headers)
    text = b"POST %s HTTP/1.1\r\nconnection: close\r\n%s\r\n%s" % (path.encode(), lines, body)
    with shared.connection() as connection:
        connection.settimeout(0.3)
        connection.sendall(text)
        try:
            answer = connection.recv(4096)
        except (TimeoutError, ConnectionResetError):
            answer = b""  # it waits for more, or is not worth an answer
    statuses = [line.split()[1] for line in answer.splitlines() if line.startswith(b"HTTP/1.1 ")]
    assert all(status[:1] == b"4" or status == b"100" for status in statuses), answer
    if not headers:
        assert statuses[-1] in (b"401", b"404", b"405", b"400")


@FUZZ
@given(st.sampled_from([ASSET, CHECK]), BODIES, st.booleans())
def test_no_body_of_a_known_sender_makes_it_fail_and_only_good_ones_are_kept(
    shared: Listener,
    path: str,
    body: bytes,
    by_token: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    headers = {**JSON, **BEARER} if by_token else signed(body, f"fuzz-{uuid4()}")
    answer = shared.post(path, body, headers)
    assert answer.status in (202, 400), answer
    if answer.status == 202:
        with open_inbox(shared.inbox) as inbox:
            event = inbox.get(answer.json["id"])
        assert event is not None
        kept, given_ = json.loads(event.body), json.loads(body)
        assert {kept.get(name, "") for name in IDS} == {str(given_.get(name) or "") for name in IDS} or (
            kept["asset_id"] == int(given_["asset_id"])
        )


@FUZZ
@given(st.lists(st.binary(min_size=1, max_size=400), min_size=1, max_size=4))
def test_no_bytes_make_it_fail(shared: Listener, pieces: list[bytes]) -> None:
    with shared.connection() as connection:
        connection.settimeout(0.1)
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            answer = connection.recv(4096)
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


def test_it_still_works_afterwards(shared: Listener) -> None:
    assert shared.post(ASSET, b'{"asset_id": 5}').status == 202
    assert shared.raw(request("GET", "/health", {})) is not None
