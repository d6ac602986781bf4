"""A sandbox with all that syncd can be told to do, and secrets that a test knows."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from syncd.sandbox.server import JSON, Answer, App, Call
from syncd.sandbox.site import Sandbox
from syncd.state.inbox.records import NewEvent, asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, open_inbox
from syncd.state.store import open_store
from unit.cli.commands import FAST
from unit.google.key import private_key
from unit.jobs.exporting.fleets import report
from unit.state.sample import check_in

PROXY_PASSWORD = "marker-of-the-proxy-password"
PING_URL = "http://127.0.0.1:9/marker-of-the-ping-address"
RT_PASSWORD = "marker of the RT password"
GIVEN = {
    "alert-ping-url": PING_URL,
    "rt-password": RT_PASSWORD,
    "webhook-token": "marker-of-a-webhook-token",
    "webhook-secret": "whsec_bWFya2VyLW9mLXRoZS13ZWJob29rLXNlY3JldA==",
    "gam-cfg": "[DEFAULT]\nadmin_email = admin@example.org\nmarker = marker-of-gam-cfg\n",
    "gam-oauth2service": '{"type": "service_account", "private_key": "marker-of-the-key-of-gam"}',
}

TABLES = """
[metrics]
textfile_directory = "{folder}/metrics"

[jobs.rt-users]
[jobs.groups.groups]
"high-school@example.org" = {{ type = "roster", schools = ["High School"] }}
[jobs.battery-csv]
{battery}
[jobs.battery-telemetry]
{battery}
[jobs.battery-gam]
program = "{folder}/gam"
{battery}
[exports.students]
catalogs = ["Chromebooks"]
id_field = ""

[exports.battery]
catalogs = ["Chromebooks"]

[imports.students]
drop_zone = "{folder}/drop/students"
settle_seconds = 0

[webhooks]
listen = "127.0.0.1:0"

[events]
tries = 1

[[events.asset-created.sequences]]
catalog = "Chromebooks"
prefix = "W12-"

[events.student-check]
catalogs = ["Chromebooks"]
"""
USERS = "[jobs.rt-users.fields]"
BATTERY = """catalogs = ["Chromebooks"]
recent_days = 36500
to_rt = { "CF.{Battery Health}" = "percent", "CF.{Battery Reported}" = "report_time" }
"""

CARELESS_GAM = f"""#!{sys.executable}
import os, pathlib, sys
for file in sorted(pathlib.Path(os.environ["GAMCFGDIR"]).glob("*.*")):
    print(file.read_text(), file=sys.stderr)
print("deviceId,serialNumber,batteryStatusReport.0.fullChargeCapacity,batteryStatusReport.0.reportTime")
print("d1,SYN0000001,3920,2026-11-18T11:00:00Z")
"""
"""A GAM that prints its own keys."""


HOSTILE = "=cmd|'x'!A1<script>&\x1b]0;owned\x07\x9b31m\u202egpj.\u2028\n00:00:00 info     all is well\r\""
"""What somebody may write into a note who means harm: a formula, terminal escapes, a bidi override, a forged line."""

HOSTILE_FROM = 11
"""The first device that has it."""


class Echo:
    """A stand-in that, while it has an ``answer``, puts all that it was sent into it, as careless proxies do."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.answer: Answer | None = None
        self.method = ""

    def handle(self, call: Call) -> Answer:
        if self.answer is None or self.method not in ("", call.method):
            return self._app.handle(call)
        sent = " ".join(filter(None, (call.headers.get("authorization"), call.headers.get("cookie"))))
        headers = {
            name: value.replace("@sent@", sent.rpartition(" ")[2]) for name, value in self.answer.headers.items()
        }
        body = self.answer.body.decode().replace("@sent@", json.dumps(sent)[1:-1])
        return Answer(self.answer.status, {"Content-Type": JSON, **headers}, body.encode())


@dataclass
class School:
    """A sandbox, the folder around it, and what stands before its stand-ins: ``""`` is Google, ``/rt`` is RT."""

    site: Sandbox
    folder: Path
    echo: Mapping[str, Echo]

    @property
    def state(self) -> Path:
        return self.site.directory / "state"

    def configure(self, *, google: str = "", rt: str = "", more: str = "") -> None:
        """Write the configuration, with further lines for its tables."""
        plain, _, users = self.site.configuration(google=FAST + google, rt=FAST + rt).partition(USERS)
        tables = TABLES.format(folder=self.folder, battery=BATTERY)
        self.site.config_file.write_text(f"{plain}{tables}\n{USERS}{users}\n{more}")

    def credential(self, name: str, text: str) -> None:
        path = self.site.credentials_directory / name
        path.touch(mode=0o600)
        path.write_text(text)

    def secrets(self) -> dict[str, str]:
        """Return every secret by what it is, those that the stand-ins gave out meanwhile included."""
        key = self.site.google.account.key_file(self.site.url)
        lines = [line for line in key["private_key"].splitlines() if "-----" not in line]
        bearers = [*self.site.google.tenant.documents.collection("google.tokens")]
        gam = ("marker-of-gam-cfg", "marker-of-the-key-of-gam")
        return {
            "RT's token": self.site.rt.token(),
            "the id of Google's key": key["private_key_id"],
            **{f"line {number} of Google's key": line for number, line in enumerate(lines, 1)},
            **{f"access token {number}": token for number, token in enumerate(bearers, 1)},
            **{f"session {number} of RT": cookie for number, cookie in enumerate(self.site.rt._sign_in._sessions, 1)},
            **dict(zip(gam, gam, strict=True)),
            **{name: text for name, text in GIVEN.items() if not name.startswith("gam")},
            "the path of the ping's address": PING_URL.rpartition("/")[2],
            "the proxy's password": PROXY_PASSWORD,
        }

    def personal(self) -> set[str]:
        """Return what tells of people: names, addresses, login names, and notes about their devices."""
        people = [
            user for user in self.site.rt.world.users.values() if user.email and user.name not in ("root", "rt-sync")
        ]
        names = {text for user in people for text in (user.name, user.email, user.real_name)}
        devices = [self.site.google.device(device["deviceId"]) for device in self.site.fleet.devices]
        notes = {each.get(name, "") for each in devices for name in ("annotatedUser", "notes")}
        return {text for text in names | notes if len(text) > 3}


@contextmanager
def opened(folder: Path) -> Iterator[School]:
    """Serve 50 devices and 40 people; store and inbox know of batteries, check-ins and events."""
    with Sandbox(folder / "site", devices=50, people=40) as site:
        site.google.account._kept.put("key", {"private_key": private_key(), "private_key_id": "marker0of0the0key0id"})
        site.google.write_credentials(site.credentials_directory, site.url)
        echo = {prefix: Echo(app) for prefix, app in site.server._apps}
        site.server._apps = [(prefix, echo[prefix]) for prefix, _ in site.server._apps]
        school = School(site, folder, echo)
        for name, text in GIVEN.items():
            school.credential(name, text)
        for made in ("metrics", "drop/students", "out", "alerts"):
            (folder / made).mkdir(parents=True)
        (folder / "gam").write_text(CARELESS_GAM)
        (folder / "gam").chmod(0o755)
        school.configure()
        site.rt.world.user_named("rt-sync").password = RT_PASSWORD  # type: ignore[union-attr]
        _plant(site)
        _fill(school)
        yield school
        assert site.server.failures == []


def _plant(site: Sandbox) -> None:
    """Write what means harm wherever others than administrators can write."""
    texts = ("notes", "annotatedUser", "annotatedLocation", "annotatedAssetId", "model", "osVersion", "orgUnitPath")
    for number, device in enumerate(site.fleet.devices[HOSTILE_FROM:17]):
        site.google.edit(device["deviceId"], **dict.fromkeys(texts, f"{HOSTILE}{number}"))
    serial = site.fleet.devices[17]["deviceId"]
    site.google.edit(serial, serialNumber=HOSTILE)
    world = site.rt.world
    for asset in [*world.assets.values()][12:18]:
        asset.name = f"{HOSTILE}{asset.id}"
        world.save(asset)
    for user in [user for user in world.users.values() if user.email and user.name not in ("root", "rt-sync")][:4]:
        user.real_name = f"{HOSTILE}{user.id}"
        world.save(user)
    world.flush()


def _fill(school: School) -> None:
    with open_store(school.state) as store:
        store.batteries.history.note([report("SYN0000001", 95.0), report("SYN0000002", 40.0)])
        store.checkins.begin([check_in(event="e1", asset=10, at="2026-11-10T12:00:00.000Z")])
        store.checkins.finish("e1", 0)
    student = school.site.people.students[0]["student_id"] if school.site.people else ""
    body = json.dumps({"student_id": student}).encode()
    check = NewEvent(kind="student-check", sender="webhook", key="k1", object=f"student:{student}", body=body)
    with open_inbox(school.state / DIRECTORY_NAME) as inbox:
        inbox.accept([asset_created(17, "webhook"), asset_created(99_999, "webhook"), check], datetime.now(UTC))
