"""The commands that are killed, each with a world in which it has something of everything to do."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from syncd.sandbox.rt.records import NOBODY, Asset
from syncd.sandbox.server import Call
from syncd.sandbox.site import GOOGLE_OWNED, Sandbox
from syncd.state.inbox.records import NewEvent, asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, open_inbox
from system.batteries import table

Words = tuple[str, ...]
Edit = Callable[[Path, Sandbox], None]

CHROMEBOOKS, DELETED = 2, "deleted"

_LIMITS = (
    "limits = { "
    + ", ".join(
        f"{kind} = {{ percent = 100, count = 1000 }}" for kind in ("update", "create", "clear", "move", "disable")
    )
    + " }\n"
)

_OWNED = "".join(f'"{name}" = "{source}"\n' for name, source in GOOGLE_OWNED.items() if name != "CF.{OU}")
_EVERYTHING = f"""
[jobs.chromebooks]
catalogs = ["Chromebooks"]
mode = "apply"
missing_assets = "create"
{_LIMITS}
[jobs.chromebooks.to_google]
annotatedAssetId = "Name"
annotatedLocation = "CF.{{Location}}"
annotatedUser = {{ from = "Owner.EmailAddress", clear = true }}
orgUnitPath = "CF.{{OU}}"
[jobs.chromebooks.to_rt]
{_OWNED}"""

_USERS = f"""
[imports.students]
shrink_percent = 100
settle_seconds = 0
[jobs.rt-users]
absent_runs = 1
mode = "apply"
{_LIMITS}
[jobs.rt-users.fields]
"CF.{{Grade}}" = "{{grade}}"
"CF.{{School}}" = "{{school}}"
"""

_GROUPS = f"""
[jobs.groups]
mode = "apply"
{_LIMITS}
[jobs.groups.groups]
"high-school@example.org" = {{ type = "roster", schools = ["High School"] }}
"elementary@example.org" = {{ type = "roster", schools = ["Elementary"] }}
"""

_BATTERY = "[imports.battery]\nsettle_seconds = 0\n"
_EXPORTS = '[exports.students]\ncatalogs = ["Chromebooks"]\n[exports.battery]\ncatalogs = ["Chromebooks"]\n'
_EVENTS = """
[events]
lease_seconds = 1
first_wait_seconds = 0.1
longest_wait_seconds = 0.2
"""
_TAGS = """
[[events.asset-created.sequences]]
catalog = "Chromebooks"
prefix = "W12-"
"""
_CHECKS = f"""
[events.student-check]
catalogs = ["Chromebooks"]
mode = "apply"
{_LIMITS}"""


@dataclass(frozen=True)
class Scene:
    """A command, and how the world is before it.

    ``command`` is killed and run again, ``further`` must find nothing to do after that; ``otherwise`` is what a person
    does where the command is refused after a kill. ``setup`` are commands before all that, ``prepare`` and ``change``
    edit the world before and after them. In commands ``{folder}`` is the scene's folder, ``{run}`` the newest run of
    the setup, ``{hash}`` that of the plan in ``plan.json``.
    """

    name: str
    command: Words
    further: Words
    tables: str = ""
    setup: tuple[Words, ...] = ()
    otherwise: tuple[Words, ...] = ()
    prepare: Edit = lambda _folder, _sandbox: None
    change: Edit = lambda _folder, _sandbox: None
    sandbox: Mapping[str, Any] = field(default_factory=dict)

    @property
    def works(self) -> bool:
        """Whether it is a worker, which is done when no event is open."""
        return self.command[0] == "work"


# -- what people do meanwhile


def put(sandbox: Sandbox, path: str, **fields: object) -> dict[str, Any]:
    """Write to RT as its administrators do; a path without a number creates."""
    headers = {"authorization": f"token {sandbox.rt.token()}", "content-type": "application/json"}
    method = "PUT" if path.rpartition("/")[2].isdigit() else "POST"
    answer = sandbox.rt.handle(
        Call(method, f"/REST/2.0/{path}", [], headers, msgspec.json.encode(fields), f"{sandbox.url}/rt")
    )
    assert answer.status < 300, answer.body
    found = msgspec.json.decode(answer.body)
    return found if isinstance(found, dict) else {}


def chromebooks(sandbox: Sandbox) -> list[Asset]:
    """Return the assets that are Chromebooks, in their order."""
    assets = sandbox.rt.world.assets.values()
    return [asset for asset in assets if asset.catalog == CHROMEBOOKS and asset.status != DELETED]


def _drift(_folder: Path, sandbox: Sandbox, kinds: str = "move return place model lost") -> None:
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


def _new_assets(folder: Path, sandbox: Sandbox, *, told: bool = False) -> None:
    """Make two assets, and tell the inbox of them."""
    made = [int(put(sandbox, "asset", Name=f"new {n}", Catalog="Chromebooks")["id"]) for n in (1, 2)]
    if told:
        _tell(folder, *(asset_created(asset, "webhook") for asset in made))


def _bring_back(folder: Path, sandbox: Sandbox) -> None:
    """Ask for two check-ins, one of them with damage."""
    owned = [asset for asset in chromebooks(sandbox) if asset.owner != NOBODY][:2]
    asked: tuple[dict[str, str], ...] = ({"damage": "keys are missing", "checked_by": "desk"}, {})
    _tell(
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


def _tell(folder: Path, *events: NewEvent) -> None:
    with open_inbox(folder / "state" / DIRECTORY_NAME) as inbox:
        inbox.accept(events, datetime.now(UTC))


def _roster(folder: Path, sandbox: Sandbox, *, where: str = "students.csv", edited: bool = False) -> None:
    """Deliver the roster; ``edited``: one student has left, and one has another first name."""
    assert sandbox.people is not None
    header, *rows = sandbox.people.csv().splitlines()
    if edited:
        rows = [rows[1].replace(",", ",Other ", 1), *rows[2:]]
    target = folder / where
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join([header, *rows, ""]))


def _new_year(folder: Path, sandbox: Sandbox) -> None:
    """Let one student leave and one have another name, disable one, and forget one of RT's users."""
    _roster(folder, sandbox, edited=True)
    assert sandbox.people is not None
    students = [user for row in sandbox.people.students if (user := sandbox.rt.world.user_named(row["username"]))]
    put(sandbox, f"user/{students[-1].id}", Disabled="1")
    put(sandbox, f"user/{students[-2].id}", Name="somebody", EmailAddress="", CustomFields={"Student ID": ""})


def _batteries(folder: Path, sandbox: Sandbox, *, where: str = "battery.csv", health: int = 3400) -> None:
    """Deliver what GAM prints of all devices."""
    head = (
        "deviceId,serialNumber,batteryInfo.0.designCapacity,batteryInfo.0.serialNumber,"
        "batteryStatusReport.0.batteryHealth,batteryStatusReport.0.cycleCount,"
        "batteryStatusReport.0.fullChargeCapacity,batteryStatusReport.0.reportTime,batteryStatusReport.0.serialNumber"
    )
    rows = [
        f"d{asset.id},{serial},4000,B{asset.id},BATTERY_HEALTH_NORMAL,112,{health},2026-11-18T11:00:00Z,B{asset.id}"
        for asset in chromebooks(sandbox)[:6]
        if (serial := _serial(sandbox, asset))
    ]
    target = folder / where
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join([head, *rows, ""]))


def _serial(sandbox: Sandbox, asset: Asset) -> str:
    known = sandbox.rt.world.field_named("Serial Number")
    assert known is not None
    return (asset.values.get(known.id) or [""])[0].strip()


def _gam(folder: Path, sandbox: Sandbox) -> None:
    """Put a program in GAM's place that prints a file."""
    _batteries(folder, sandbox)
    program = folder / "gam"
    program.write_text(f"#!/bin/sh\ncat '{folder}/battery.csv'\n")
    program.chmod(0o755)


PEOPLE = {"people": 40}

SCENES = (
    Scene(
        "chromebooks",
        ("run", "chromebooks"),
        ("run", "chromebooks"),
        _EVERYTHING,
        prepare=partial(_drift, kinds="lost"),
        setup=(("plan", "chromebooks"),),
        change=partial(_drift, kinds="move return place model"),
    ),
    Scene("chromebooks, the first run", ("run", "chromebooks"), ("run", "chromebooks"), _EVERYTHING),
    Scene(
        "chromebooks, a plan that was approved",
        ("apply", "{folder}/plan.json", "--approve", "{hash}"),
        ("plan", "chromebooks"),
        _EVERYTHING.replace(_LIMITS, ""),
        prepare=_drift,
        setup=(("plan", "chromebooks", "-o", "{folder}/plan.json"),),
        otherwise=(
            ("plan", "chromebooks", "-o", "{folder}/plan.json"),
            ("apply", "{folder}/plan.json", "--approve", "{hash}"),
        ),
    ),
    Scene(
        "chromebooks, a plan that is written",
        ("plan", "chromebooks", "-o", "{folder}/out/plan.json"),
        ("plan", "chromebooks", "-o", "{folder}/out/plan.json"),
        _EVERYTHING,
    ),
    Scene(
        "chromebooks, a revert",
        ("revert", "{run}", "--apply"),
        ("revert", "{run}", "--apply"),
        _EVERYTHING,
        prepare=_drift,
        setup=(("run", "chromebooks"),),
    ),
    Scene(
        "rt-users",
        ("run", "rt-users"),
        ("run", "rt-users"),
        _USERS,
        prepare=_new_year,
        setup=(("import", "students", "{folder}/students.csv"),),
        sandbox=PEOPLE,
    ),
    Scene(
        "groups",
        ("run", "groups"),
        ("run", "groups"),
        _USERS + _GROUPS,
        prepare=_roster,
        setup=(("import", "students", "{folder}/students.csv"),),
        sandbox=PEOPLE,
    ),
    Scene(
        "battery-telemetry",
        ("apply", "battery-telemetry"),
        ("apply", "battery-telemetry"),
        table("battery-telemetry", _LIMITS),
    ),
    Scene(
        "battery-csv",
        ("apply", "battery-csv"),
        ("apply", "battery-csv"),
        _BATTERY + table("battery-csv", _LIMITS),
        prepare=_batteries,
        setup=(("import", "battery", "{folder}/battery.csv"),),
    ),
    Scene(
        "battery-gam",
        ("apply", "battery-gam"),
        ("apply", "battery-gam"),
        table("battery-gam", _LIMITS + 'program = "{folder}/gam"\n'),
        prepare=_gam,
    ),
    Scene(
        "import students",
        ("import", "students", "{folder}/students.csv"),
        ("import", "students", "{folder}/students.csv"),
        _USERS,
        prepare=_roster,
        setup=(("import", "students", "{folder}/students.csv"),),
        change=partial(_roster, edited=True),
        sandbox=PEOPLE,
    ),
    Scene(
        "import students, from the drop zone",
        ("import", "students", "--drop-zone"),
        ("import", "students", "--drop-zone"),
        _USERS,
        change=partial(_roster, where="state/drop/students/students.csv"),
        sandbox=PEOPLE,
    ),
    Scene(
        "import battery",
        ("import", "battery", "{folder}/battery.csv"),
        ("import", "battery", "{folder}/battery.csv"),
        _BATTERY,
        prepare=partial(_batteries, health=3500),
        setup=(("import", "battery", "{folder}/battery.csv"),),
        change=_batteries,
    ),
    Scene(
        "import battery, from the drop zone",
        ("import", "battery", "--drop-zone"),
        ("import", "battery", "--drop-zone"),
        _BATTERY,
        change=partial(_batteries, where="state/drop/battery/battery.csv"),
    ),
    Scene(
        "export students",
        ("export", "students", "--anonymous", "-o", "{folder}/out/students.csv"),
        ("export", "students", "--anonymous", "-o", "{folder}/out/students.csv"),
        _USERS + _EXPORTS,
        prepare=_roster,
        setup=(("import", "students", "{folder}/students.csv"),),
        sandbox=PEOPLE,
    ),
    Scene(
        "export battery",
        ("export", "battery", "-o", "{folder}/out/battery.csv"),
        ("export", "battery", "-o", "{folder}/out/battery.csv"),
        _BATTERY + _EXPORTS + table("battery-csv", _LIMITS),
        prepare=_batteries,
        setup=(("import", "battery", "{folder}/battery.csv"), ("plan", "battery-csv")),
    ),
    Scene(
        "poll asset-created",
        ("poll", "asset-created"),
        ("poll", "asset-created"),
        _EVENTS + _TAGS,
        setup=(("poll", "asset-created"),),
        change=_new_assets,
    ),
    Scene(
        "work, asset-created",
        ("work", "--until-idle"),
        ("work", "--until-idle"),
        _EVENTS + _TAGS,
        setup=(("poll", "asset-created"),),
        change=partial(_new_assets, told=True),
    ),
    Scene(
        "work, student-check",
        ("work", "--until-idle"),
        ("work", "--until-idle"),
        _EVENTS + _CHECKS,
        setup=(("work", "--until-idle"),),
        change=_bring_back,
    ),
)
