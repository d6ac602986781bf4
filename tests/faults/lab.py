"""Both stand-ins behind a socket that breaks on demand, and clients that wait in virtual time.

A request that is to be struck is picked out where the client hands it to its connection; one that cannot reach its
server is sent to where none answers, any other is marked, and the server then breaks its answer.
"""

import math
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
import pytest
import requests
from requests.adapters import HTTPAdapter

from faults.asking import on_the_stack
from faults.deadends import Deadends
from faults.kinds import ATTEMPTS, Fault
from syncd.host.credentials import Credentials, Secret
from syncd.sandbox.fleet import make_fleet
from syncd.sandbox.google import GoogleApp
from syncd.sandbox.people import make_people
from syncd.sandbox.rt import RtApp
from syncd.sandbox.rt.records import Group
from syncd.sandbox.server import JSON, Answer, Call
from syncd.systems.google import Google, auth, open_google
from syncd.systems.google.options import (
    DEVICES_WRITE,
    MEMBERS_WRITE,
    ORG_UNITS_READ,
    TELEMETRY_READ,
    USERS_READ,
    GoogleOptions,
)
from syncd.systems.rt import look
from syncd.systems.rt.client import RequestTracker, open_rt
from syncd.systems.rt.options import RtOptions
from syncd.systems.rt.schema import Need
from syncd.systems.rt.users.schema import UserNeed
from unit.certificate import write_certificate
from unit.google.key import private_key
from unit.rt.memory_store import MemoryStore
from unit.virtual_clock import VirtualClock

DEVICES = 8
T = TypeVar("T")
ADMIN = "admin@example.org"
GROUP = "Technicians"
"""A group that somebody made in RT."""
GROUP_OF_GOOGLE = "high-school@example.org"
STRUCK = "X-Struck"
ALWAYS = 1_000
LONG = 1_000.0
"""Virtual seconds that pass at each look at the clock while a body drips."""

FAST = {"rate": 100_000.0, "attempts": ATTEMPTS, "budget_seconds": 1e9}
NOT_DONE = Answer(200, {"Content-Type": JSON}, b'{"done": false}')
"""What is broken on its way where nothing was done."""

SCOPES = (DEVICES_WRITE, ORG_UNITS_READ, USERS_READ, MEMBERS_WRITE, TELEMETRY_READ)


@dataclass(frozen=True)
class Route:
    """Which requests are struck: by method (empty for any), and by what is found in the path and query.

    ``and_all_after``: from the first of them on, all others in which this is found are struck, too.
    """

    method: str
    pattern: str
    and_all_after: str = ""

    def takes(self, method: str | None, target: str, *, begun: bool) -> bool:
        if begun and self.and_all_after:
            return re.search(self.and_all_after, target) is not None
        return self.method in ("", method) and re.search(self.pattern, target) is not None


class DrippingClock(VirtualClock):
    """Virtual time; while something drips for a thread, each of its looks at the clock finds that much has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.drips = threading.local()

    def monotonic(self) -> float:
        if getattr(self.drips, "on", False):
            self.advance(LONG)
        return super().monotonic()


class Lab:
    """A Google and an RT, what is to go wrong with them, how often they were asked, and by which functions."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # To read all authorities of the world takes 0.1 s.
        self.ca_file = str(write_certificate(folder))
        fleet = make_fleet(DEVICES, drift=False)
        self.people = people = make_people(6, drift=False)
        self.google_app = GoogleApp.from_fleet(fleet, people=people)
        self.google_app.account._kept.put("key", {"private_key": private_key(), "private_key_id": "synthetic"})
        self.rt_app = RtApp.from_fleet(fleet, people=people)
        world = self.rt_app.world
        students = [user.id for user in world.users.values() if user.email.endswith("@example.org")]
        world.add(Group(id=world.next_user_id(), name=GROUP, members=students[:3]))
        self.clock = DrippingClock()
        self.fault: Fault | None = None
        self.route = Route("", "")
        self.asked = 0
        self.askers: set[str] = set()
        self._left = 0
        self._over = threading.Event()
        self.deadends = Deadends()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @contextmanager
    def running(self) -> Iterator["Lab"]:
        self._thread.start()
        with pytest.MonkeyPatch.context() as patch, self.deadends.open():
            self._gate(patch)
            # To read a key takes 0.3 s.
            patch.setattr(auth, "_signer", _once(auth._signer))
            assert self.known.device
            try:
                yield self
            finally:
                self.heal()
                self._server.shutdown()
                self._server.server_close()

    @contextmanager
    def struck(self, fault: Fault, route: Route, times: int = ALWAYS) -> Iterator[None]:
        """Let requests of a route go wrong for a while."""
        self.fault, self.route, self.asked, self._left = fault, route, 0, times
        self.askers = set()
        self.clock.sleeps.clear()
        try:
            yield
        finally:
            self.heal()

    def heal(self) -> None:
        self.fault, self._left, self.clock.drips.on = None, 0, False
        over, self._over = self._over, threading.Event()
        over.set()

    @property
    def rt(self) -> RtApp:
        """The RT, for those who edit it."""
        return self.rt_app

    # -- the clients

    @contextmanager
    def opened(self) -> Iterator["Systems"]:
        """Give both systems, with clients that know nothing of earlier ones."""
        with ExitStack() as stack:
            yield Systems(self, stack)

    def open_google(self, **options: object) -> Google:
        known = {"delegated_user": ADMIN, "api_root": f"{self.url}/", "ca_file": self.ca_file, **FAST, **options}
        settings = msgspec.convert(known, GoogleOptions)
        google = open_google(settings, self.credentials, scopes=SCOPES, state_dir=None, clock=self.clock)
        google.authenticator._token, google.authenticator._good_until = self._token, math.inf
        return google

    def open_rt(self, **options: object) -> RequestTracker:
        known = {"url": f"{self.url}/rt", "username": "rt-sync", "ca_file": self.ca_file, **FAST, **options}
        settings = msgspec.convert(known, RtOptions)
        return open_rt(settings, self.credentials, snapshots=MemoryStore(), clock=self.clock)

    @cached_property
    def _token(self) -> Secret:
        """One token for all: fetching it is an operation of its own."""
        return Secret(self.google_app.account.issue(ADMIN, self.google_app.settings.scopes))

    @cached_property
    def credentials(self) -> Credentials:
        self.google_app.write_credentials(self._folder, self.url)
        secrets = {"rt-token": self.rt_app.token(), "rt-password": "rt-sync-password"}
        for name, secret in secrets.items():
            (self._folder / name).write_text(secret)
        return Credentials({"CREDENTIALS_DIRECTORY": str(self._folder)}, keyring=False)

    @property
    def credentials_directory(self) -> Path:
        """Where the credentials are."""
        assert self.credentials is not None
        return self._folder

    @cached_property
    def known(self) -> "Known":
        with closing(self.open_rt()) as rt:
            return Known(self, rt)

    # -- what happens to a request

    def _gate(self, patch: pytest.MonkeyPatch) -> None:
        send = HTTPAdapter.send

        def gate(adapter: HTTPAdapter, request: requests.PreparedRequest, **given: Any) -> requests.Response:  # noqa: ANN401
            return send(adapter, request, **{**given, **self._picked(request)})

        patch.setattr(HTTPAdapter, "send", gate)

    def _picked(self, request: requests.PreparedRequest) -> dict[str, object]:
        """Strike a request where it is its turn; return what the adapter is given besides."""
        fault, self.clock.drips.on = self.fault, False
        if fault is None or not self.route.takes(request.method, request.path_url, begun=self.asked > 0):
            return {}
        self.asked += 1
        self.askers.update(on_the_stack())
        if self._left <= 0:
            return {}
        self._left -= 1
        if fault.nowhere:
            request.url = self.deadends.url(fault.nowhere) + request.path_url
            return {}
        request.headers[STRUCK] = "1"
        self.clock.drips.on = fault.wire == "drip"
        return {"timeout": (5.0, fault.patience)} if fault.wire.startswith("stall") else {}

    def answer(self, call: Call) -> Answer:
        if call.path.startswith("/rt"):
            below = Call(call.method, call.path[3:], call.query, call.headers, call.body, f"{self.url}/rt")
            return self.rt_app.handle(below)
        return self.google_app.handle(call)

    def wait_until_over(self) -> None:
        self._over.wait(10)


class Known:
    """What a run knows before it is struck: what is there, and what preflight found."""

    def __init__(self, lab: Lab, rt: RequestTracker) -> None:
        read = ("Name", "CF.{Serial Number}", "Owner.Name")
        write = ("CF.{Location}", "CF.{Type}", "Owner.EmailAddress")
        self.assets = rt.preflight(Need(catalogs=("Chromebooks",), read=read, write=write, create=True))
        self.users = rt.user_preflight(
            UserNeed(write=("Name", "EmailAddress", "CF.{Grade}", "CF.{School}"), create=True)
        )
        self.survey = look.catalogs(rt.rest, ["Chromebooks"], "UTC")
        self.serial_field = self.assets.custom_field("CF.{Serial Number}").id
        self.device: str = next(iter(lab.google_app.tenant.devices))
        self.group = next(str(group["email"]) for group in lab.google_app.tenant.groups.values())
        self.member = next(user for user in lab.google_app.tenant.users.values() if not user.get("isAdmin"))
        world = lab.rt_app.world
        self.asset = next(number for number, asset in world.assets.items() if asset.owner)
        self.catalog = self.assets.catalogs[0].id
        self.serial = "SYN0000001"
        students = [user for user in world.users.values() if user.email.endswith("@example.org")]
        self.user, self.email = students[0].id, students[0].email
        self.names = {user.id: user.name for user in students[:4]}


class Systems:
    """What an operation works on: each system is opened when it is first used."""

    def __init__(self, lab: Lab, stack: ExitStack) -> None:
        self.lab = lab
        self._stack = stack

    @property
    def known(self) -> "Known":
        """What was known before anything failed."""
        return self.lab.known

    @cached_property
    def google(self) -> Google:
        return self._stack.enter_context(self.lab.open_google())

    @cached_property
    def google_in_pages(self) -> Google:
        """One whose devices come in two pages."""
        return self._stack.enter_context(self.lab.open_google(page_size=DEVICES - 1))

    @cached_property
    def google_one_by_one(self) -> Google:
        """One whose devices come one a page."""
        return self._stack.enter_context(self.lab.open_google(page_size=1))

    @cached_property
    def rt(self) -> RequestTracker:
        return self._stack.enter_context(closing(self.lab.open_rt()))

    @cached_property
    def rt_by_password(self) -> RequestTracker:
        """One that logs in."""
        return self._stack.enter_context(closing(self.lab.open_rt(auth="password")))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        super().__init__(("127.0.0.1", 0), _Line)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients hang up on purpose."""


class _Line(BaseHTTPRequestHandler):
    """One connection: it serves calls, and breaks the answers that are to be broken."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay quiet."""

    def _serve(self) -> None:
        lab = cast("_Server", self.server).lab
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = _call(self.command, self.path, headers, body, lab.url)
        fault = lab.fault if STRUCK in self.headers else None
        if fault is None:
            self.wfile.write(_whole(lab.answer(call)))
            return
        answer = lab.answer(call) if fault.effect else NOT_DONE
        self._break(lab, fault, fault.answer(answer) if fault.answer else answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _break(self, lab: Lab, fault: Fault, answer: Answer) -> None:
        whole = _whole(answer)
        head = len(whole) - len(answer.body)
        sent = {"reset": 0, "stall": 0, "head, reset": head, "stall in the body": head}.get(fault.wire, len(whole))
        if fault.wire in ("half, reset", "half"):
            sent = head + len(answer.body) // 2
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n" if fault.wire == "no HTTP" else whole[:sent])
        if fault.wire.startswith("stall"):
            lab.wait_until_over()
        if fault.wire.endswith("reset"):
            self._reset()
        self.close_connection = fault.wire not in ("", "drip")

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()


def _once(make: Callable[..., T]) -> Callable[..., T]:
    """Return a function that makes one thing, at its first call."""
    made: list[T] = []

    def get(*given: object) -> T:
        if not made:
            made.append(make(*given))
        return made[0]

    return get


def _call(method: str, target: str, headers: dict[str, str], body: bytes, root: str) -> Call:
    path, _, query = target.partition("?")
    return Call(method, path, parse_qsl(query, keep_blank_values=True), headers, body, root)


def _whole(answer: Answer) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} Said", *(f"{name}: {value}" for name, value in answer.headers.items())]
    lines += [] if answer.status == 204 else [f"Content-Length: {len(answer.body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body
