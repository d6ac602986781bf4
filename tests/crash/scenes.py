"""The commands that are killed, each with a world in which it has something of everything to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from crash.edits import batteries, bring_back, drift, gam, new_assets, new_year, roster
from syncd.sandbox.site import GOOGLE_OWNED, Sandbox
from system.batteries import table

Words = tuple[str, ...]
Edit = Callable[[Path, Sandbox], None]

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


PEOPLE = {"people": 40}

SCENES = (
    Scene(
        "chromebooks",
        ("run", "chromebooks"),
        ("run", "chromebooks"),
        _EVERYTHING,
        prepare=partial(drift, kinds="lost"),
        setup=(("plan", "chromebooks"),),
        change=partial(drift, kinds="move return place model"),
    ),
    Scene("chromebooks, the first run", ("run", "chromebooks"), ("run", "chromebooks"), _EVERYTHING),
    Scene(
        "chromebooks, a plan that was approved",
        ("apply", "{folder}/plan.json", "--approve", "{hash}"),
        ("plan", "chromebooks"),
        _EVERYTHING.replace(_LIMITS, ""),
        prepare=drift,
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
        prepare=drift,
        setup=(("run", "chromebooks"),),
    ),
    Scene(
        "rt-users",
        ("run", "rt-users"),
        ("run", "rt-users"),
        _USERS,
        prepare=new_year,
        setup=(("import", "students", "{folder}/students.csv"),),
        sandbox=PEOPLE,
    ),
    Scene(
        "groups",
        ("run", "groups"),
        ("run", "groups"),
        _USERS + _GROUPS,
        prepare=roster,
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
        prepare=batteries,
        setup=(("import", "battery", "{folder}/battery.csv"),),
    ),
    Scene(
        "battery-gam",
        ("apply", "battery-gam"),
        ("apply", "battery-gam"),
        table("battery-gam", _LIMITS + 'program = "{folder}/gam"\n'),
        prepare=gam,
    ),
    Scene(
        "import students",
        ("import", "students", "{folder}/students.csv"),
        ("import", "students", "{folder}/students.csv"),
        _USERS,
        prepare=roster,
        setup=(("import", "students", "{folder}/students.csv"),),
        change=partial(roster, edited=True),
        sandbox=PEOPLE,
    ),
    Scene(
        "import students, from the drop zone",
        ("import", "students", "--drop-zone"),
        ("import", "students", "--drop-zone"),
        _USERS,
        change=partial(roster, where="state/drop/students/students.csv"),
        sandbox=PEOPLE,
    ),
    Scene(
        "import battery",
        ("import", "battery", "{folder}/battery.csv"),
        ("import", "battery", "{folder}/battery.csv"),
        _BATTERY,
        prepare=partial(batteries, health=3500),
        setup=(("import", "battery", "{folder}/battery.csv"),),
        change=batteries,
    ),
    Scene(
        "import battery, from the drop zone",
        ("import", "battery", "--drop-zone"),
        ("import", "battery", "--drop-zone"),
        _BATTERY,
        change=partial(batteries, where="state/drop/battery/battery.csv"),
    ),
    Scene(
        "export students",
        ("export", "students", "--anonymous", "-o", "{folder}/out/students.csv"),
        ("export", "students", "--anonymous", "-o", "{folder}/out/students.csv"),
        _USERS + _EXPORTS,
        prepare=roster,
        setup=(("import", "students", "{folder}/students.csv"),),
        sandbox=PEOPLE,
    ),
    Scene(
        "export battery",
        ("export", "battery", "-o", "{folder}/out/battery.csv"),
        ("export", "battery", "-o", "{folder}/out/battery.csv"),
        _BATTERY + _EXPORTS + table("battery-csv", _LIMITS),
        prepare=batteries,
        setup=(("import", "battery", "{folder}/battery.csv"), ("plan", "battery-csv")),
    ),
    Scene(
        "export drift",
        ("export", "drift", "-o", "{folder}/out/drift.csv"),
        ("export", "drift", "-o", "{folder}/out/drift.csv"),
        _USERS + _EXPORTS,
        prepare=new_year,
        setup=(("import", "students", "{folder}/students.csv"), ("plan", "rt-users")),
        sandbox=PEOPLE,
    ),
    Scene(
        "export checkins",
        ("export", "checkins", "-o", "{folder}/out/checkins.csv"),
        ("export", "checkins", "-o", "{folder}/out/checkins.csv"),
        _EVENTS + _CHECKS,
        prepare=bring_back,
        setup=(("work", "--until-idle"),),
    ),
    Scene(
        "poll asset-created",
        ("poll", "asset-created"),
        ("poll", "asset-created"),
        _EVENTS + _TAGS,
        setup=(("poll", "asset-created"),),
        change=new_assets,
    ),
    Scene(
        "work, asset-created",
        ("work", "--until-idle"),
        ("work", "--until-idle"),
        _EVENTS + _TAGS,
        setup=(("poll", "asset-created"),),
        change=partial(new_assets, told=True),
    ),
    Scene(
        "work, student-check",
        ("work", "--until-idle"),
        ("work", "--until-idle"),
        _EVENTS + _CHECKS,
        setup=(("work", "--until-idle"),),
        change=bring_back,
    ),
)
