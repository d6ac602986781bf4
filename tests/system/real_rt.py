"""A school with a real Request Tracker 5 and the stand-in for Google, driven by the real command line.

Between syncd and RT stands a relay that remembers every request: what a run costs is counted by somebody else.
"""

import http.client
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar
from urllib.parse import urlencode, urlsplit

from services.rest2 import Rest2, criterion
from services.rt5 import Rt5
from syncd.sandbox.fleet import Fleet
from syncd.sandbox.google import GoogleApp
from syncd.sandbox.server import Answer, Call, Server
from syncd.sandbox.site import ADMIN, GOOGLE_OWNED
from system.commands import Program
from system.site import wait_until

Record = dict[str, Any]

TO_RT = {
    "CF.{Serial Number}": "serialNumber",
    "CF.{MAC Address}": "macAddress",
    "CF.{Google ID (unique)}": "deviceId",
    **GOOGLE_OWNED,
}
"""All that Google knows and RT has a field for."""

LONG = os.environ.get("SYNCD_LONG_TESTS") == "1"
"""Whether a school is as large as a real one; `make soak` has it so, since RT takes minutes to make one."""

_CONFIGURATION = """\
[state]
directory = "{directory}/state"

[google]
delegated_user = "{admin}"
api_root = "{url}/"
rate = 1000

[rt]
url = "{url}/rt"
rate = 1000
{rt}
[jobs.chromebooks]
catalogs = ["Chromebooks"]
{job}
[jobs.chromebooks.to_google]
annotatedLocation = "CF.{{Location}}"
notes = "CF.{{Notes}}"

[jobs.chromebooks.to_rt]
{to_rt}
"""


@dataclass(frozen=True)
class Passed:
    """A request that went by. ``path`` is below RT's URL, ``sign_in`` is ``token``, ``cookie`` or empty."""

    method: str
    path: str
    query: Mapping[str, str]
    sign_in: str

    @property
    def is_write(self) -> bool:
        return self.method not in {"GET", "POST"} or self.path in {"/REST/2.0/asset", "/REST/2.0/user"}


class Relay:
    """An app that passes requests on to RT, and RT's answers back."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self.passed: list[Passed] = []

    def handle(self, call: Call) -> Answer:
        headers = {name: text for name, text in call.headers.items() if name not in {"host", "connection"}}
        sign_in = "token" if "authorization" in headers else "cookie" if "cookie" in headers else ""
        self.passed.append(Passed(call.method, call.path, dict(call.query), sign_in))
        connection = http.client.HTTPConnection(self._host, timeout=60)
        try:
            connection.request(call.method, f"{call.path}?{urlencode(call.query)}", call.body or None, headers)
            reply = connection.getresponse()
            left_out = {"connection", "content-length", "transfer-encoding"}
            kept = {name: text for name, text in reply.getheaders() if name.lower() not in left_out}
            return Answer(reply.status, kept, reply.read())
        finally:
            connection.close()


@dataclass(frozen=True)
class Done:
    """A command that has ended: what it printed, its log records, and its requests to RT."""

    status: int
    document: Record
    records: list[dict[str, str]]
    passed: list[Passed]

    @property
    def run(self) -> str:
        return str(self.document["run"]["id"])

    @property
    def hash(self) -> str:
        return str(self.document["plan"]["hash"])

    @property
    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.document["run"]["counts"]
        return counts

    @property
    def outcomes(self) -> list[Record]:
        outcomes: list[Record] = self.document["outcomes"]
        return outcomes

    @property
    def changes(self) -> list[tuple[str, str, str, Record]]:
        """System, kind, label and new values of each action, in the order of the plan."""
        actions = self.document["plan"]["actions"]
        return [(action["system"], action["kind"], action["label"], action["after"]) for action in actions]

    @property
    def errors(self) -> str:
        """What was said at ERROR and above."""
        return "\n".join(record["MESSAGE"] for record in self.records if int(record["PRIORITY"]) <= 3)

    def listed(self, state: str) -> list[str]:
        """Return the labels of the records that are listed in a state."""
        return [item["label"] for item in self.document["plan"]["report"]["listings"] if item["state"] == state]

    @property
    def preflight(self) -> list[Passed]:
        """The requests before the first look at the change feed."""
        return self.passed[: self._start]

    @property
    def reads(self) -> list[Passed]:
        """The reads from the first look at the change feed on."""
        return [passed for passed in self.passed[self._start :] if not passed.is_write]

    @property
    def writes(self) -> list[Passed]:
        return [passed for passed in self.passed if passed.is_write]

    @property
    def _start(self) -> int:
        paths = [passed.path for passed in self.passed]
        return paths.index("/REST/2.0/transactions") if "/REST/2.0/transactions" in paths else len(paths)


@dataclass
class School:
    """Both sides, a configuration, and a state directory."""

    job: ClassVar[str] = "chromebooks"
    """Which job is planned and applied, where no other is named."""

    directory: Path
    rt5: Rt5
    fleet: Fleet
    google: GoogleApp
    relay: Relay
    server: Server
    config: Path = field(init=False)
    credentials: Path = field(init=False)
    program: Program = field(init=False)

    def __post_init__(self) -> None:
        self.config, self.credentials = self.directory / "config.toml", self.directory / "credentials"
        self.program = Program(self.config, self.credentials, self.directory)

    def configure(self, *, user: str = "rt-sync", rt: str = "", job: str = "") -> Self:
        """Write configuration and credentials; ``rt`` and ``job`` are further lines of their tables."""
        self.google.write_credentials(self.credentials, self.server.url)
        for name, secret in (("rt-token", self.rt5.tokens[user]), ("rt-password", f"{user}-password")):
            (self.credentials / name).write_text(secret)
            (self.credentials / name).chmod(0o600)
        rules = "\n".join(f'"{name}" = "{source}"' for name, source in TO_RT.items())
        places = {"directory": self.directory, "admin": ADMIN, "url": self.server.url}
        self.config.write_text(_CONFIGURATION.format(**places, rt=rt, job=job, to_rt=rules))
        return self

    def syncd(self, *arguments: str, expect: int | None = 0) -> Done:
        """Run a command to its end; ``expect`` is the exit status that it must have (None: any)."""
        self.relay.passed.clear()
        done = self.program(*arguments, "--json", timeout=600)
        assert expect in {None, done.status}, done.told
        document = json.loads(done.stdout) if done.stdout else {}
        return Done(done.status, document, done.records, [*self.relay.passed])

    def plan(self, *more: str, job: str = "") -> Done:
        """Plan a job, refused or not."""
        return self._planned("plan", job or self.job, *more)

    def apply(self, plan: Done | None = None, *, job: str = "", expect: int = 0) -> Done:
        """Apply what the plan shows, with an approval of it."""
        approved = (plan or self.plan(job=job)).hash
        return self.syncd("apply", job or self.job, "--approve", approved, expect=expect)

    def revert(self, run: str) -> Done:
        """Undo a run, with an approval of what its plan shows."""
        plan = self._planned("revert", run)
        return self.syncd("revert", run, "--apply", "--approve", plan.hash)

    def settle(self, job: str = "", reads: int = 3) -> None:
        """Plan until no more is read: what was read within seconds of its change is read once more."""
        wait_until("a plan that reads nothing again", lambda: len(self.plan(job=job).reads) <= reads)

    def _planned(self, *arguments: str) -> Done:
        done = self.syncd(*arguments, expect=None)
        assert done.status in {0, 3}, done.errors
        return done

    def state(self, empty: str = "") -> tuple[Record, Record]:
        """Return everything that RT and Google hold, but for times of change and etags.

        A custom field with the value ``empty`` counts as empty.
        """
        devices = {device["deviceId"]: {**device, "etag": ""} for device in self.google.tenant.devices.values()}
        return rt_state(self.rt5, empty), devices


S = TypeVar("S", bound=School)


@contextmanager
def opened(kind: type[S], rt5: Rt5, fleet: Fleet, directory: Path) -> Iterator[S]:
    """Open a school of a kind, configured, for an RT that is in the state it is to begin with."""
    google, relay = GoogleApp.from_fleet(fleet), Relay(rt5.url)
    with Server({"": google, "/rt": relay}) as server:
        yield kind(directory, rt5, fleet, google, relay, server).configure()
        assert not server.failures


def rt_state(rt5: Rt5, empty: str) -> Record:
    """Return all of RT's assets with all fields and all of its users, by number."""
    shown = "Name,Description,Status,Catalog,Owner,HeldBy,Contact,Created,Creator,CustomFields"
    assets = _all(rt5, "/assets", shown, criterion("id", 0, ">"))
    for asset in assets.values():
        listed = {entry["name"]: sorted(entry["values"], key=str) for entry in asset["CustomFields"]}
        asset["CustomFields"] = {name: found if found != [empty] else [] for name, found in listed.items()}
    users = _all(rt5, "/users", "id,Name,EmailAddress,RealName,Disabled", criterion("Name", "", "!="))
    return {"assets": assets, "users": users}


def values(asset: Record) -> dict[str, str]:
    """Return the custom fields of one value that an asset of ``rt_state`` has, by name."""
    return {name: found[0] for name, found in asset["CustomFields"].items() if found}


def _all(rt5: Rt5, path: str, fields: str, query: Record) -> dict[str, Record]:
    page = partial(_page, rt5, path, fields, query)
    first = page(1)
    with ThreadPoolExecutor(2) as pool:
        pages = [first, *pool.map(page, range(2, int(first["pages"]) + 1))]
    found = {str(item["id"]): item for answer in pages for item in answer["items"]}
    assert len(found) == first["total"] > 0
    return found


def _page(rt5: Rt5, path: str, fields: str, query: Record, number: int) -> Record:
    more = {"fields": fields, "per_page": "50", "page": str(number), "orderby": "id"}
    with closing(Rest2(rt5.url, rt5.tokens, rt5.root)) as client:
        return client.search(path, query, find_disabled_rows="1", **more)
