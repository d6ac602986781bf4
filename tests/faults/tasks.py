"""What whole commands have to do, what the store keeps of it, and the tables that configure them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count

from crash.edits import chromebooks, gam, put
from faults.commands import House
from faults.lab import GROUP_OF_GOOGLE
from syncd.sandbox.rt.records import ASSET, NOBODY, USER_FIELDS
from syncd.state.inbox.records import ASSET_CREATED, NewEvent, asset_created
from system.batteries import table

Words = tuple[str, ...]
Done = Callable[[], int]
"""Tells how often what was to be done is done."""

_number = count(1)
_LIMITS = (
    "limits = { "
    + ", ".join(f"{kind} = {{ percent = 100, count = 1000 }}" for kind in ("update", "create", "clear", "disable"))
    + " }\n"
)
_ROSTER = "[imports.students]\nshrink_percent = 100\n"
_USERS = f"""{_ROSTER}
[jobs.rt-users]
mode = "apply"
leavers = "report"
{_LIMITS}
[jobs.rt-users.fields]
"CF.{{Grade}}" = "{{grade}}"
"""
_GROUPS = f"""{_ROSTER}
[jobs.groups]
mode = "apply"
{_LIMITS}
[jobs.groups.groups]
"{GROUP_OF_GOOGLE}" = {{ type = "roster" }}
"""
_BATTERY = "[imports.battery]\n"
_EXPORTS = '[exports.students]\ncatalogs = ["Chromebooks"]\n[exports.battery]\ncatalogs = ["Chromebooks"]\n'
_EVENTS = f"""
[[events.asset-created.sequences]]
catalog = "Chromebooks"
prefix = "W12-"
[events.student-check]
catalogs = ["Chromebooks"]
mode = "apply"
{_LIMITS}"""
_IMPORT = ("import", "students", "{folder}/students.csv")


@dataclass(frozen=True)
class Task:
    """A command with something to do. ``prepare`` lets something be to do; ``kept`` is what the store has of the last.

    ``files`` writes what is read, ``setup`` are commands that let all agree; ``told``: what a good end warns of.
    """

    command: Words
    tables: str
    prepare: Callable[[House], Done]
    kept: Callable[[House], str]
    setup: tuple[Words, ...] = ()
    files: Callable[[House], None] = lambda _: None
    told: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        """Whether it is the worker, which tries an event again by itself."""
        return self.command[0] == "work"


# -- what there is to do


def _roster(house: House) -> None:
    (house.folder / "students.csv").write_text(house.lab.people.csv())


def _changed_user(house: House) -> Done:
    """Let a student have another grade in RT than in the roster."""
    user = house.rt.world.user_named(house.lab.people.students[1]["username"])
    field = house.rt.world.field_named("Grade", USER_FIELDS)
    assert user is not None
    assert field is not None
    right = list(user.values[field.id])
    put(house, f"user/{user.id}", CustomFields={"Grade": str(100 + next(_number))})
    return lambda: int(house.rt.world.users[user.id].values[field.id] == right)


def _new_student(house: House) -> Done:
    """Let a student of the roster be unknown to RT: the user is somebody else now."""
    row, world = house.lab.people.students[0], house.rt.world
    user = world.user_named(row["username"])
    assert user is not None
    put(
        house,
        f"user/{user.id}",
        Name=f"somebody{next(_number)}",
        EmailAddress="",
        CustomFields={"Student ID": ""},
    )
    return lambda: sum([row["student_id"]] in each.values.values() for each in world.users.values())


def _lost_member(house: House) -> Done:
    """Let a student not be in the group."""
    tenant = house.lab.google_app.tenant
    user = tenant.user(house.lab.people.students[0]["email"])
    key = f"{_group(house)}/{user['id'] if user else ''}"
    tenant.members.remove(key)
    return lambda: int(key in tenant.members)


def _stranger(house: House) -> Done:
    """Let somebody of the staff be in the group."""
    tenant = house.lab.google_app.tenant
    user = next(user for user in tenant.users.values() if str(user["orgUnitPath"]).startswith("/Staff"))
    key = f"{_group(house)}/{user['id']}"
    tenant.members.put(key, {"group": _group(house), "id": user["id"], "role": "MEMBER", "type": "USER"})
    return lambda: int(key not in tenant.members)


def _group(house: House) -> str:
    found = house.lab.google_app.tenant.group(GROUP_OF_GOOGLE)
    assert found is not None
    return str(found["id"])


def _battery_file(house: House) -> None:
    """Write what GAM prints of six devices, newer than what Google's telemetry tells."""
    gam(house.folder, house)
    path = house.folder / "battery.csv"
    path.write_text(path.read_text().replace("2026-11-18T11", "2026-11-19T11"))


def _changed_battery(house: House, at: int) -> Done:
    """Let RT have another health of a battery."""
    field = house.rt.world.field_named("Battery Health")
    assert field is not None
    number = chromebooks(house)[at].id
    right = list(house.rt.world.assets[number].values[field.id])
    put(house, f"asset/{number}", CustomFields={"Battery Health": "1"})
    return lambda: int(house.rt.world.assets[number].values[field.id] == right)


def _old_file(house: House, name: str) -> Done:
    """Let an older file be there."""
    path = house.folder / "out" / name
    path.write_text("old\n")
    return lambda: int(path.read_text() != "old\n")


def _new_asset(house: House, *, told: bool = True) -> Done:
    """Make an asset; its event is ``told``, or to be found by a poll."""
    number = int(put(house, "asset", Name=f"new {next(_number)}", Catalog="Chromebooks")["id"])
    if not told:
        return lambda: sum(event.object == f"asset:{number}" for event in house.inbox.list())
    house.tell(asset_created(number, "webhook"))
    return lambda: int(house.rt.world.assets[number].name.startswith("W12-"))


def _check_in(house: House) -> Done:
    """Let a device be with somebody, and be brought back."""
    number, _ = _brought_back(house)
    return lambda: int(house.rt.world.assets[number].owner == NOBODY)


def _damage(house: House) -> Done:
    """The same, with damage that is to get a ticket."""
    _, event = _brought_back(house, damage="keys are missing")
    return lambda: sum(event in ticket.subject for ticket in house.rt.world.tickets.values())


def _brought_back(house: House, **more: str) -> tuple[int, str]:
    asset = chromebooks(house)[0]
    put(house, f"asset/{asset.id}", Owner=str(house.lab.known.user))
    body = json.dumps({"action": "check-in", "asset_id": asset.id, **more}).encode()
    key, what = f"check {next(_number)}", f"asset:{asset.id}"
    event = house.tell(NewEvent(kind="student-check", sender="webhook", key=key, object=what, body=body))
    return asset.id, event


# -- what is kept


def _run_of(job: str, house: House) -> str:
    record = house.store.ledger.newest(job)
    assert record is not None
    actions = [("action", *_state(result.state, result.code)) for _, result in house.store.ledger.actions(record.id)]
    return "; ".join(" ".join(words) for words in [("run", *_state(record.result, record.code)), *actions])


def _event(house: House) -> str:
    event = house.inbox.list(limit=1)[0]
    return " ".join(("event", *_state(event.state, event.code if event.state != "done" else "")))


def _state(state: str, code: str) -> tuple[str, ...]:
    return (f"{state},", f"`{code}`") if code else (state,)


def _file(name: str, house: House) -> str:
    return "the file as it was" if (house.folder / "out" / name).read_text() == "old\n" else "the new file"


def _position(house: House) -> str:
    lines = house.rt.world.transactions.values()
    newest = max(each.id for each in lines if (each.object_type, each.type) == (ASSET, "Create"))
    return "the new position" if house.store.cursors.get(ASSET_CREATED) == newest else "the position as it was"


# -- the commands


def _job(name: str, tables: str, prepare: Callable[[House], Done], *before: Words) -> Task:
    words = ("run", name)
    return Task(words, tables, prepare, partial(_run_of, name), (*before, words, words), _roster)


def _battery(name: str, at: int, *before: Words) -> Task:
    more = 'program = "{folder}/gam"\n' if name == "battery-gam" else ""
    words, tables = ("apply", name), _BATTERY + table(name, _LIMITS + more)
    prepare = partial(_changed_battery, at=at)
    return Task(words, tables, prepare, partial(_run_of, name), (*before, words, words), _battery_file)


def _export(what: str, *before: Words) -> Task:
    words = ("export", what, "-o", f"{{folder}}/out/{what}.csv")
    tables = _USERS + _EXPORTS + _BATTERY + table("battery-csv", _LIMITS)
    name = f"{what}.csv"
    return Task(words, tables, partial(_old_file, name=name), partial(_file, name), (_IMPORT, *before), _files)


def _files(house: House) -> None:
    _roster(house)
    _battery_file(house)


def _work(prepare: Callable[[House], Done]) -> Task:
    return Task(("work", "--until-idle"), _EVENTS, prepare, _event)


_BATTERIES = ("import", "battery", "{folder}/battery.csv")
CHANGED_USER = _job("rt-users", _USERS, _changed_user, _IMPORT)
NEW_STUDENT = _job("rt-users", _USERS, _new_student, _IMPORT)
LOST_MEMBER = _job("groups", _GROUPS, _lost_member, _IMPORT)
STRANGER = _job("groups", _GROUPS, _stranger, _IMPORT)
TELEMETRY = _battery("battery-telemetry", 6)
CSV = _battery("battery-csv", 0, _BATTERIES)
GAM = _battery("battery-gam", 1)
STUDENTS = _export("students")
DRIFT = _export("drift", ("plan", "rt-users"))
FLEET = _export("battery", _BATTERIES, ("plan", "battery-csv"))
NEW_ASSET = _work(_new_asset)
CHECK_IN = _work(_check_in)
DAMAGE = _work(_damage)
POLL = Task(
    ("poll", "asset-created"),
    _EVENTS,
    partial(_new_asset, told=False),
    _position,
    setup=(("poll", "asset-created"),),
    told=("POLLED",),
)
CHECKINS = Task(
    ("export", "checkins", "-o", "{folder}/out/checkins.csv"),
    "",
    partial(_old_file, name="checkins.csv"),
    partial(_file, "checkins.csv"),
)
ROSTER = Task(_IMPORT, _ROSTER, lambda _: lambda: 1, lambda _: "", (), _roster)
BATTERY_FILE = Task(_BATTERIES, _BATTERY, lambda _: lambda: 1, lambda _: "", (), _battery_file)
ASKING_NOBODY = {"export checkins": CHECKINS, "import students": ROSTER, "import battery": BATTERY_FILE}
"""Commands that no fault of a system can strike."""
