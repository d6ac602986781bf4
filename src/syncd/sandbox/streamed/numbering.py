"""The devices and assets of a streamed fleet: those of a small one, again and again, each time with other numbers.

Device ``number`` (from 1) is a copy of one of the ``PATTERN`` pairs of a fleet in sync. Its serial, asset name, MAC
address, user and ids have its own number, and everything else is that of its pair: made from JSON by replacing texts.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import gcd

from syncd.sandbox.fleet import NETWORK_GEAR, Fleet, make_fleet

PATTERN = 200
"""Pairs that are made; all others are copies of these."""

ASSET_MARK = 7_000_000_000
"""The id of the pattern's asset ``n`` is this and ``n``: a number that stands in a JSON text for nothing else."""
USER_MARK = 8_000_000_000
"""The id of the pattern's user ``n`` is this and two times ``n``."""

_FIRST_USER = 1_000
_SCATTER = 0x9E3779B1
"""Devices come in the order of their ids, in which their numbers are scattered, as those of a true fleet are."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What tells one device and its asset from the other copies of their pair; ``user`` is 0 where it has none."""

    number: int
    user: int
    device_id: str
    asset_id: int
    user_id: int

    def texts(self) -> tuple[bytes, ...]:
        """Return the texts to be replaced, in the order of all copies."""
        number = self.number
        texts = (
            f"SYN{number:07d}",
            f"EX-{number:07d}",
            f"0200{number:08x}",
            f"0201{number:08x}",
            self.device_id,
            str(self.asset_id),
        )
        return (*map(str.encode, texts), *self._user_texts())

    def _user_texts(self) -> tuple[bytes, ...]:
        return (b"s%07d" % self.user, b"%d" % self.user_id) if self.user else ()


@dataclass(frozen=True)
class Numbering:
    """``size`` pairs, made of a pattern. In Google's list devices have places, from 0."""

    size: int
    seed: int = 1

    @cached_property
    def pattern(self) -> Fleet:
        """The fleet that all others are copies of."""
        return make_fleet(PATTERN, self.seed, drift=False)

    @cached_property
    def originals(self) -> tuple[Copy, ...]:
        """The pairs of the pattern."""
        users = [int(asset.owner[1:]) if asset.held_by else 0 for asset in self.pattern.assets[:PATTERN]]
        return tuple(
            Copy(number, user, device["deviceId"], ASSET_MARK + number, USER_MARK + 2 * user)
            for number, (user, device) in enumerate(zip(users, self.pattern.devices, strict=True), 1)
        )

    @cached_property
    def _originals(self) -> tuple[tuple[bytes, ...], ...]:
        return tuple(original.texts() for original in self.originals)

    @cached_property
    def _scatter(self) -> int:
        return next(factor for factor in range(_SCATTER, 2 * _SCATTER) if gcd(factor, self.size) == 1)

    @cached_property
    def _gather(self) -> int:
        return pow(self._scatter, -1, self.size) if self.size > 1 else 0

    def at(self, place: int) -> int:
        """Return the number of the device at a place."""
        return place * self._scatter % self.size + 1

    def device_id(self, number: int) -> str:
        """Return the id of a device; ids rise with the places."""
        place = (number - 1) * self._gather % self.size
        return f"{place:08x}-0000-4000-8000-{number:012x}"

    def number_of(self, device_id: str) -> int | None:
        """Return the number of the device with an id, None for an id of nobody."""
        try:
            number = int(device_id[-12:], 16)
        except ValueError:
            return None
        return number if 1 <= number <= self.size and self.device_id(number) == device_id else None

    def copy(self, number: int) -> Copy:
        """Return what a device and its asset have of their own."""
        turn, place = divmod(number - 1, PATTERN)
        user = self.originals[place].user
        user += turn * len(self.pattern.users) if user else 0
        return Copy(number, user, self.device_id(number), number, _FIRST_USER + 2 * user)

    def original(self, number: int) -> int:
        """Return the place in the pattern, from 0, of what a number is a copy of."""
        return (number - 1) % PATTERN

    def renumbered(self, text: bytes, number: int) -> bytes:
        """Return what JSON about an original says of the copy with a number."""
        for old, new in zip(self._originals[self.original(number)], self.copy(number).texts(), strict=True):
            text = text.replace(old, new)
        return text


def chromebooks(fleet: Fleet) -> Fleet:
    """Return a fleet without the assets that belong to no device."""
    return replace(fleet, assets=[asset for asset in fleet.assets if asset.catalog != NETWORK_GEAR])


def definitions(fleet: Fleet) -> Fleet:
    """Return what a fleet has besides devices, assets and users."""
    return replace(fleet, devices=[], assets=[], users=[])
