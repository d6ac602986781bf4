import pytest

from syncd.daemons.webhooks.sources import LOCAL, MOST_SOURCES, Rates, Sources
from syncd.host.listening import networks


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "source"),
    [
        ((), "192.0.2.1", b"198.51.100.7", "192.0.2.1"),
        (("192.0.2.1",), "192.0.2.1", b"198.51.100.7", "198.51.100.7"),
        (("192.0.2.1",), "192.0.2.1", b"203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (("192.0.2.0/24",), "192.0.2.1", b"203.0.113.9, 192.0.2.2", "203.0.113.9"),
        (("192.0.2.1",), "192.0.2.9", b"198.51.100.7", "192.0.2.9"),
        (("192.0.2.1",), "192.0.2.1", b"unknown", "192.0.2.1"),
        (("192.0.2.1",), "192.0.2.1", b"", "192.0.2.1"),
        (("192.0.2.1",), "192.0.2.1", b"\xff\xfe,,", "192.0.2.1"),
        (("127.0.0.1",), LOCAL, b"198.51.100.7", "198.51.100.7"),
        ((), LOCAL, b"198.51.100.7", LOCAL),
        (("10.0.0.0/8",), "::ffff:10.0.0.1", b"2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_source_is_the_first_that_no_trusted_proxy_vouches_for(
    trusted: tuple[str, ...], peer: str, forwarded: bytes, source: str
) -> None:
    assert Sources(networks(trusted)).of(peer, forwarded) == source


def test_a_source_may_do_a_burst_and_then_its_rate() -> None:
    rates = Rates(10.0, 5)
    assert [rates.wait("a", 100.0) for _ in range(5)] == [0.0] * 5
    assert rates.wait("a", 100.0) == pytest.approx(0.1)
    assert rates.wait("b", 100.0) == 0.0
    assert rates.wait("a", 100.1) == 0.0
    assert rates.wait("a", 100.1) > 0.0


def test_never_more_than_burst_and_rate_are_let_through() -> None:
    rates = Rates(20.0, 10)
    passed = sum(rates.wait("a", 0.01 * tick) == 0.0 for tick in range(1001))
    assert passed == pytest.approx(10 + 20 * 10, abs=1)


def test_no_rate_is_no_limit() -> None:
    rates = Rates(0.0, 1)
    assert not any(rates.wait("a", 0.0) for _ in range(1000))


def test_addresses_of_one_ipv6_network_are_one_source() -> None:
    rates = Rates(1.0, 1)
    assert rates.wait("2001:db8::1", 0.0) == 0.0
    assert rates.wait("2001:db8::2", 0.0) > 0.0
    assert rates.wait("2001:db8:0:1::1", 0.0) == 0.0


def test_the_sources_that_are_remembered_are_bounded() -> None:
    rates = Rates(0.001, 1)
    for number in range(MOST_SOURCES + 10):
        rates.wait(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)
    assert len(rates._times) == MOST_SOURCES
