"""The devices that a job takes, and how Google can be asked for some of them (Directory API, query operators).

Google finds a serial number by any part of it that it has as it is: one with white space inside, which no firmware
writes, is found by a whole reading only.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from syncd.host.errors import NotFound
from syncd.reconcile.keys import serial_key
from syncd.reconcile.ports import Progress
from syncd.systems.google.devices import ChromeDevices, Device

_PLAIN = re.compile(r"[\w.@/-]+")


@dataclass(frozen=True, kw_only=True)
class Population:
    """What the filters of a job leave of all devices.

    ``fields`` are wire names.
    """

    devices: ChromeDevices
    fields: Iterable[str]
    org_units: Sequence[str]
    include_children: bool
    query: str

    @property
    def filtered(self) -> bool:
        """Whether there are devices outside of it."""
        return bool(self.org_units or self.query)

    def whole(self, progress: Progress | None = None) -> list[Device]:
        """Return all of it, in the order of a run."""
        return self._list(self.query, progress)

    def with_serial(self, key: str) -> list[Device]:
        """Return the devices with a serial number."""
        return [device for device in self._like("id", key) if _has(device, key)]

    def with_asset_id(self, text: str) -> list[Device]:
        """Return the devices whose annotated asset id has this text in it."""
        return self._like("asset_id", text)

    def outside_too(self, key: str) -> list[Device]:
        """Return the devices with a serial number, in the whole tenant."""
        query = "" if '"' in key else _term("id", key)
        return [device for device in self.devices.list(fields=self.fields, query=query) if _has(device, key)]

    def with_id(self, device_id: str) -> Device | None:
        """Return the device with an id, in the whole tenant."""
        try:
            return self.devices.get(device_id, fields=self.fields)
        except NotFound:
            return None

    def _like(self, operator: str, text: str) -> list[Device]:
        """Return the devices that a term finds; all of them where the text cannot stand in a query."""
        return self.whole() if '"' in text else self._list(f"{self.query} {_term(operator, text)}")

    def _list(self, query: str, progress: Progress | None = None) -> list[Device]:
        return self.devices.list(
            fields=self.fields,
            org_units=self.org_units,
            include_children=self.include_children,
            query=query.strip(),
            counted=progress is not None,
            progress=progress,
        )


def _has(device: Device, key: str) -> bool:
    return serial_key(device.serial_number) == key


def _term(operator: str, text: str) -> str:
    return f"{operator}:{text}" if _PLAIN.fullmatch(text) else f'{operator}:"{text}"'
