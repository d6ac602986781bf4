from pathlib import Path

import msgspec
import pytest

from syncd.host.credentials import Credentials
from syncd.host.errors import ConfigurationError, Unavailable
from syncd.systems.rt.client import RequestTracker, open_rt
from syncd.systems.rt.options import RtOptions
from syncd.systems.rt.schema import Need
from unit.http_server import Answer, Stub, serving
from unit.rt.memory_store import MemoryStore
from unit.virtual_clock import VirtualClock

NEED = Need(catalogs=("Chromebooks",))


def opened(stub: Stub, tmp_path: Path, clock: VirtualClock, **options: object) -> RequestTracker:
    (tmp_path / "rt-token").write_text("1-27-synthetic")
    return open_rt(
        msgspec.convert({"url": stub.url, **options}, RtOptions),
        Credentials({"CREDENTIALS_DIRECTORY": str(tmp_path)}, keyring=False),
        snapshots=MemoryStore(),
        clock=clock,
    )


@pytest.mark.parametrize(
    ("options", "attempts"), [({"attempts": 3}, 3), ({"attempts": 1}, 1), ({"attempts": 20, "budget_seconds": 0}, 1)]
)
def test_a_request_is_given_up_after_the_configured_attempts(
    tmp_path: Path, options: dict[str, object], attempts: int
) -> None:
    clock = VirtualClock()
    with serving([Answer(503)]) as stub:
        rt = opened(stub, tmp_path, clock, **options)
        with pytest.raises(Unavailable) as caught:
            rt.preflight(NEED)
        rt.close()
        assert len(stub.seen) == attempts
    assert caught.value.code == "rt.gave_up"


def test_the_configured_rate_is_kept(tmp_path: Path) -> None:
    clock = VirtualClock()
    with serving([Answer(401)]) as stub:
        rt = opened(stub, tmp_path, clock, rate=2.0, concurrency=3)
        for _ in range(13):
            with pytest.raises(Exception, match="credentials"):
                rt.preflight(NEED)
        rt.close()
    assert clock.monotonic() == pytest.approx((13 - 3) / 2)


def test_a_password_needs_a_user_name(tmp_path: Path) -> None:
    with serving([Answer()]) as stub, pytest.raises(ConfigurationError, match=r"rt\.username"):
        opened(stub, tmp_path, VirtualClock(), auth="password")
