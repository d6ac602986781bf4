"""One copy of the texts that an asset and its device both have: serial, name and MAC address of nearly every pair.

Of a large fleet these texts take as much memory as all else that is held of its assets.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import attrgetter

from msgspec.structs import force_setattr

from syncd.systems.google.devices import Device
from syncd.systems.rt.assets import Asset, slices

_SLICE = 2_000


def with_shared_texts(assets: Iterable[Asset], devices: Iterable[Device], twins: Mapping[str, str]) -> Iterator[Asset]:
    """Yield assets, all of one class, that hold the texts of the devices with their very serial numbers.

    ``twins`` are attributes of assets and of devices that mostly have the same text; the first are the serial numbers.
    """
    serial, serial_number = next(iter(twins.items()))
    by_serial = {getattr(device, serial_number): device for device in devices}
    for some in slices(assets, _SLICE):
        met = zip(some, map(by_serial.get, map(attrgetter(serial), some)), strict=True)
        pairs = [(asset, device) for asset, device in met if device is not None]
        if pairs:
            theirs, ours = zip(*pairs, strict=True)
            _share(theirs, ours, twins)
        yield from some


def _share(assets: Sequence[Asset], devices: Sequence[Device], twins: Mapping[str, str]) -> None:
    for name, twin in twins.items():
        texts = zip(map(attrgetter(name), assets), map(attrgetter(twin), devices), strict=True)
        one_of_both = [its if its == own else own for own, its in texts]
        # No loop of Python's own: half a million texts pass here.
        deque(map(force_setattr, assets, repeat(name), one_of_both), maxlen=0)
