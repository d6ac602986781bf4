import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.daemons.webhooks import signatures
from syncd.daemons.webhooks.signatures import fault_of_signature, sign
from syncd.host.credentials import Credentials
from syncd.host.errors import NotPermitted
from unit.webhooks.listener import KEY, OLD_KEY, TOKEN, secret

NOW = 1_614_265_330.0
TIME = b"1614265330"
# The example that libraries of Standard Webhooks test themselves with.
EXAMPLE_KEY = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
EXAMPLE = b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
EXAMPLE_ID, EXAMPLE_BODY = b"msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'


def fault(
    signature: bytes,
    *keys: bytes,
    message_id: bytes = b"id",
    timestamp: bytes = TIME,
    body: bytes = b"{}",
    now: float = NOW,
) -> str:
    return fault_of_signature(keys or (KEY,), message_id, timestamp, signature, body, now=now, tolerance=300)


def credentials(text: str) -> Credentials:
    return Credentials({"SYNCD_X": text}, keyring=False)


def test_the_published_example_fits() -> None:
    assert sign(EXAMPLE_KEY, EXAMPLE_ID, TIME, EXAMPLE_BODY) == EXAMPLE
    assert fault(EXAMPLE, EXAMPLE_KEY, message_id=EXAMPLE_ID, body=EXAMPLE_BODY) == ""


def test_any_of_several_secrets_and_signatures_may_fit() -> None:
    right = sign(OLD_KEY, b"id", TIME, b"{}")
    assert fault(right, KEY, OLD_KEY) == ""
    assert fault(b"v1,AAAA v1a,xyz " + right, KEY, OLD_KEY) == ""
    assert fault(right, KEY) != ""


@given(st.sampled_from(["key", "id", "time", "body"]), st.binary(min_size=1, max_size=20))
def test_a_signature_is_of_all_its_parts(part: str, other: bytes) -> None:
    right = sign(KEY, b"id", TIME, b"{}")
    if part == "key":
        assert fault(right, KEY[:-1] + b"\xff") != ""
    elif part == "id":
        assert fault(right, message_id=b"di") != ""
    elif part == "time":
        assert fault(right, timestamp=b"1614265331") != ""
    else:
        assert fault(right, body=b"{}" + other) != ""


@given(st.binary(max_size=200))
def test_no_made_up_signature_fits(signature: bytes) -> None:
    assert fault(signature) == "webhook-signature does not fit the body, the id and the time" or (
        "more than 16" in fault(signature)
    )


@pytest.mark.parametrize("wrong", [b"v2,", b"v1a,", b"V1,", b"", b" v1,"])
def test_only_version_one_counts(wrong: bytes) -> None:
    right = sign(KEY, b"id", TIME, b"{}")
    assert fault(wrong + right[3:]) == ("" if wrong == b" v1," else fault(b"x"))


@pytest.mark.parametrize("away", [-301, 301, -86_400, 86_400])
def test_a_time_too_far_away_is_refused_either_way(away: int) -> None:
    right = sign(KEY, b"id", TIME, b"{}")
    assert "more than 300 s" in fault(right, now=NOW + away)


@pytest.mark.parametrize("away", [-300, 300, 0])
def test_a_time_within_the_tolerance_is_taken(away: int) -> None:
    assert fault(sign(KEY, b"id", TIME, b"{}"), now=NOW + away) == ""


@pytest.mark.parametrize("timestamp", [b"", b"yesterday", b"1e9", b"-5", b"+5", b" 5", b"1.5", b"1" * 13, b"\xd9\xa1"])
def test_a_time_that_is_no_number_is_refused(timestamp: bytes) -> None:
    right = sign(KEY, b"id", timestamp, b"{}")
    assert fault(right, timestamp=timestamp) == "webhook-timestamp is no whole number of seconds"


@pytest.mark.parametrize("message_id", [b"", b"a b", b"a.b", b"\xc3\xa4", b"x" * 257, b"a\n"])
def test_an_id_that_could_be_read_in_two_ways_is_refused(message_id: bytes) -> None:
    assert fault(sign(KEY, message_id, TIME, b"{}"), message_id=message_id).startswith("webhook-id is not")


def test_more_signatures_than_anybody_needs_are_refused() -> None:
    assert "more than 16" in fault(b" ".join([b"v1,A"] * 17))


def test_secrets_stand_one_a_line() -> None:
    found = signatures.secrets(credentials(f"{secret(KEY)}\n\n  {secret(OLD_KEY)}\r\n"), "x")
    assert found == (KEY, OLD_KEY)
    assert signatures.tokens(credentials(f"{TOKEN}\n{TOKEN}2"), "x") == (TOKEN.encode(), f"{TOKEN}2".encode())


def test_a_credential_that_is_not_there_has_none() -> None:
    assert signatures.secrets(Credentials({}, keyring=False), "x") == ()


@pytest.mark.parametrize(
    "line", [secret(b"short"), secret(bytes(65)), KEY.hex(), "whsec_%%%", "whsec_", secret(KEY)[:-2], "whsec_äöü"]
)
def test_a_secret_that_is_none_is_named_by_its_line_and_not_told(line: str) -> None:
    with pytest.raises(NotPermitted, match="line 2 of credential x") as refused:
        signatures.secrets(credentials(f"{secret(KEY)}\n{line}"), "x")
    assert refused.value.code == "credentials.malformed"
    assert line.removeprefix("whsec_")[:6] not in refused.value.sentence or len(line) < 8


@pytest.mark.parametrize("line", ["short", "two words that are long enough for it", "ä" * 30, "x" * 513])
def test_a_token_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(NotPermitted, match="line 1 of credential x"):
        signatures.tokens(credentials(line), "x")


def test_a_token_is_known_or_not() -> None:
    assert signatures.is_known((b"one", b"two"), b"two")
    assert not signatures.is_known((b"one", b"two"), b"three")
    assert not signatures.is_known((), b"")
