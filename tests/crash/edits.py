"""What people do meanwhile: edits of RT, of files and of the inbox, before and between the commands of a scene."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from syncd.sandbox.rt import RtApp
from syncd.sandbox.rt.records import NOBODY, Asset
from syncd.sandbox.server import Call
from syncd.sandbox.site import Sandbox
from syncd.state.inbox.records import NewEvent, asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, open_inbox

CHROMEBOOKS, DELETED = 2, "deleted"


class Office(Protocol):
    """An RT at an address that its administrators write to; a sandbox has one."""

    @property
    def rt(self) -> RtApp: ...

    @property
    def url(self) -> str: ...


def put(office: Office, path: str, **fields: object) -> dict[str, Any]:
    """Write to RT as its administrators do; a path without a number creates."""
    headers = {"authorization": f"token {office.rt.token()}", "content-type": "application/json"}
    method = "PUT" if path.rpartition("/")[2].isdigit() else "POST"
    answer = office.rt.handle(
        Call(method, f"/REST/2.0/{path}", [], headers, msgspec.json.encode(fields), f"{office.url}/rt")
    )
    assert answer.status < 300, answer.body
    found = msgspec.json.decode(answer.body)
    return found if isinstance(found, dict) else {}


def chromebooks(office: Office) -> list[Asset]:
    """Return the assets that are Chromebooks, in their order."""
    assets = office.rt.world.assets.values()
    return [asset for asset in assets if asset.catalog == CHROMEBOOKS and asset.status != DELETED]


def drift(_folder: Path, sandbox: Sandbox, kinds: str = "move return place model lost") -> None:
    """Move three devices to another unit, take two back, let two places and models be others, and lose two assets."""
    fields = {found.name: str(found.id) for found in sandbox.rt.world.custom_fields.values()}
    owned = [asset for asset in chromebooks(sandbox) if asset.owner != NOBODY and asset.values]
    unit = str(sandbox.fleet.org_units[-1]["orgUnitPath"])
    edits: dict[str, tuple[int, dict[str, Any]]] = {
        "move": (3, {"CustomFields": {fields["OU"]: unit}}),
        "return": (2, {"Owner": "Nobody", "HeldBy": []}),
        "place": (2, {"CustomFields": {fields["Location"]: "Lager"}}),
        "model": (2, {"CustomFields": {fields["Model"]: "Other", fields["OS Version"]: "1"}}),
        "lost": (2, {"Status": DELETED}),
    }
    found = iter(owned)
    for kind in kinds.split():
        number, values = edits[kind]
        for asset in [next(found) for _ in range(number)]:
            put(sandbox, f"asset/{asset.id}", **values)


def new_assets(folder: Path, sandbox: Sandbox, *, told: bool = False) -> None:
    """Make two assets, and tell the inbox of them."""
    made = [int(put(sandbox, "asset", Name=f"new {n}", Catalog="Chromebooks")["id"]) for n in (1, 2)]
    if told:
        tell(folder, *(asset_created(asset, "webhook") for asset in made))


def bring_back(folder: Path, sandbox: Sandbox) -> None:
    """Ask for two check-ins, one of them with damage."""
    owned = [asset for asset in chromebooks(sandbox) if asset.owner != NOBODY][:2]
    asked: tuple[dict[str, str], ...] = ({"damage": "keys are missing", "checked_by": "desk"}, {})
    tell(
        folder,
        *(
            NewEvent(
                kind="student-check",
                sender="webhook",
                key=f"check {asset.id}",
                object=f"asset:{asset.id}",
                body=json.dumps({"action": "check-in", "asset_id": asset.id, **more}).encode(),
            )
            for asset, more in zip(owned, asked, strict=True)
        ),
    )


def tell(folder: Path, *events: NewEvent) -> None:
    with open_inbox(folder / "state" / DIRECTORY_NAME) as inbox:
        inbox.accept(events, datetime.now(UTC))


def roster(folder: Path, sandbox: Sandbox, *, where: str = "students.csv", edited: bool = False) -> None:
    """Deliver the roster; ``edited``: one student has left, and one has another first name."""
    assert sandbox.people is not None
    header, *rows = sandbox.people.csv().splitlines()
    if edited:
        rows = [rows[1].replace(",", ",Other ", 1), *rows[2:]]
    target = folder / where
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join([header, *rows, ""]))


def new_year(folder: Path, sandbox: Sandbox) -> None:
    """Let one student leave and one have another name, disable one, and forget one of RT's users."""
    roster(folder, sandbox, edited=True)
    assert sandbox.people is not None
    students = [user for row in sandbox.people.students if (user := sandbox.rt.world.user_named(row["username"]))]
    put(sandbox, f"user/{students[-1].id}", Disabled="1")
    put(sandbox, f"user/{students[-2].id}", Name="somebody", EmailAddress="", CustomFields={"Student ID": ""})


def batteries(folder: Path, office: Office, *, where: str = "battery.csv", health: int = 3400) -> None:
    """Deliver what GAM prints of all devices."""
    head = (
        "deviceId,serialNumber,batteryInfo.0.designCapacity,batteryInfo.0.serialNumber,"
        "batteryStatusReport.0.batteryHealth,batteryStatusReport.0.cycleCount,"
        "batteryStatusReport.0.fullChargeCapacity,batteryStatusReport.0.reportTime,batteryStatusReport.0.serialNumber"
    )
    rows = [
        f"d{asset.id},{serial},4000,B{asset.id},BATTERY_HEALTH_NORMAL,112,{health},2026-11-18T11:00:00Z,B{asset.id}"
        for asset in chromebooks(office)[:6]
        if (serial := serial_of(office, asset))
    ]
    target = folder / where
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join([head, *rows, ""]))


def serial_of(office: Office, asset: Asset) -> str:
    known = office.rt.world.field_named("Serial Number")
    assert known is not None
    return (asset.values.get(known.id) or [""])[0].strip()


def gam(folder: Path, office: Office) -> None:
    """Put a program in GAM's place that prints a file."""
    batteries(folder, office)
    program = folder / "gam"
    program.write_text(f"#!/bin/sh\ncat '{folder}/battery.csv'\n")
    program.chmod(0o755)
