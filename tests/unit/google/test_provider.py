from pathlib import Path

import msgspec
import pytest

from syncd.host.credentials import Credentials
from syncd.host.errors import ConfigurationError, NotPermitted, Unavailable
from syncd.systems.google import Google as OpenGoogle
from syncd.systems.google import open_google
from syncd.systems.google.options import DEVICES_READ, DEVICES_WRITE, GoogleOptions
from unit.google.key import SUBJECT, Google, key_info
from unit.host.circuit_memory import Memory
from unit.http_server import Answer, Seen, Stub, json_answer, serving
from unit.virtual_clock import VirtualClock


def opened(
    stub: Stub,
    tmp_path: Path,
    clock: VirtualClock,
    memory: Memory | None = None,
    *,
    keep: bool = True,
    **options: object,
) -> OpenGoogle:
    (tmp_path / "google-service-account").write_bytes(msgspec.json.encode(key_info(stub.url + "/token")))
    settings = {"delegated_user": SUBJECT, "api_root": stub.url + "/", "attempts": 2, **options}
    return open_google(
        msgspec.convert(settings, GoogleOptions),
        Credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)}, keyring=False),
        scopes=[DEVICES_READ],
        state_dir=tmp_path if keep else None,
        circuit_memory=memory,
        clock=clock,
    )


def one_device(seen: Seen) -> Answer:
    if seen.headers["authorization"] != "Bearer token-2":
        return Answer(401, b'{"error": {"code": 401, "message": "Invalid Credentials"}}')
    return json_answer({"chromeosdevices": [{"deviceId": "d1"}]})


def test_a_token_that_expired_in_the_middle_is_renewed(tmp_path: Path) -> None:
    google = Google(one_device)
    clock = VirtualClock()
    with serving(google) as stub, opened(stub, tmp_path, clock) as opened_google:
        assert [found.device_id for found in opened_google.devices.list(fields=[])] == ["d1"]
        assert opened_google.client.stats.by_code == {"401": 1, "200": 1}
    assert google.tokens == 2
    assert (tmp_path / "google.rate").exists()


def test_opening_makes_no_request_and_needs_no_state_directory(tmp_path: Path) -> None:
    with serving(Google(one_device)) as stub, opened(stub, tmp_path, VirtualClock(), keep=False):
        assert stub.seen == []
    assert not (tmp_path / "google.rate").exists()


def test_a_token_that_stays_refused_is_no_permission(tmp_path: Path) -> None:
    google = Google(lambda _: Answer(401, b"{}"))
    with (
        serving(google) as stub,
        opened(stub, tmp_path, VirtualClock()) as opened_google,
        pytest.raises(NotPermitted, match="not even a fresh one"),
    ):
        opened_google.devices.list(fields=[])
    assert google.tokens == 2


def test_the_configured_scopes_replace_those_of_the_job(tmp_path: Path) -> None:
    refusal = json_answer({"error": "unauthorized_client"}, 401)
    for scopes, named in (([], DEVICES_READ + "."), ([DEVICES_WRITE], DEVICES_WRITE + ".")):
        with (
            serving([refusal]) as stub,
            opened(stub, tmp_path, VirtualClock(), scopes=scopes) as opened_google,
            pytest.raises(NotPermitted) as caught,
        ):
            opened_google.devices.list(fields=[])
        assert caught.value.sentence.endswith(named)


def test_the_configured_rate_is_kept(tmp_path: Path) -> None:
    clock = VirtualClock()
    google = Google(lambda _: json_answer({"chromeosdevices": []}))
    with serving(google) as stub, opened(stub, tmp_path, clock, rate=2.0, concurrency=3) as opened_google:
        for _ in range(13):
            opened_google.devices.list(fields=[])
    assert clock.monotonic() == pytest.approx((13 - 3) / 2)


def test_the_circuit_remembers_google_between_runs(tmp_path: Path) -> None:
    memory, clock = Memory(), VirtualClock()
    with serving(Google(lambda _: Answer(503))) as stub:
        codes = []
        for _ in range(6):
            with opened(stub, tmp_path, clock, memory) as opened_google, pytest.raises(Unavailable) as caught:
                opened_google.devices.list(fields=[])
            codes.append(caught.value.code)
    assert codes == ["google.gave_up"] * 5 + ["google.circuit_open"]


def test_a_missing_key_is_said_before_anything_is_asked() -> None:
    options = GoogleOptions(delegated_user=SUBJECT)
    with pytest.raises(NotPermitted, match="google-service-account"):
        open_google(options, Credentials({}, keyring=False), scopes=[DEVICES_READ], state_dir=None)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("api_root", "admin.googleapis.com", "URL of google"),
        ("ca_file", "/nowhere.pem", "google.ca_file"),
        ("proxy", "nowhere", "URL of google"),
    ],
)
def test_options_that_cannot_work_are_configuration_errors(tmp_path: Path, option: str, value: str, words: str) -> None:
    with serving([Answer()]) as stub, pytest.raises(ConfigurationError, match=words):
        opened(stub, tmp_path, VirtualClock(), **{option: value})  # type: ignore[arg-type]
