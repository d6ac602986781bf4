"""Boxes with a serial number and MAC addresses: records of either side that are no more than their keys."""

from collections.abc import Sequence

import msgspec

from syncd.reconcile.keys import mac_key, serial_key
from syncd.reconcile.sides import KeyRule, Side

M1, M2, M3 = "001a2b3c4d01", "001a2b3c4d02", "001a2b3c4d03"


class Box(msgspec.Struct, frozen=True):
    id: str
    serial: str = ""
    macs: tuple[str, ...] = ()


SERIAL = KeyRule[Box]("serial", lambda box: (box.serial,), serial_key)
MAC = KeyRule[Box]("mac", lambda box: box.macs, mac_key)


def side(system: str, noun: str, boxes: Sequence[Box]) -> Side[Box]:
    return Side(
        system=system,
        noun=noun,
        records=boxes,
        ident=lambda box: box.id,
        label=lambda box: box.id,
        keys=(SERIAL, MAC),
    )
