"""The listener behind its socket and the worker under a real systemd: nothing is refused, and nothing is lost."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import Any, Self

import pytest

from nix.evaluation import ROOT
from services.ports import free_port
from syncd.host.messages import MessageId
from syncd.sandbox.faults import Rule
from system.units.host import NO_LIMITS, Host

LISTENER, SOCKET, WORKER = "syncd-webhooks.service", "syncd-webhooks.socket", "syncd-worker.service"
POLL, LETTERS = "syncd-poll-asset-created.service", "syncd-events.service"
TOKEN = "synthetic-token-for-the-webhook"
EVENTS = """
[webhooks]
rate = 0
[events]
first_wait_seconds = 0.2
longest_wait_seconds = 1.0
lease_seconds = 2
[events.asset-created]
appear_minutes = 0.05
fill_seconds = 1
[[events.asset-created.sequences]]
catalog = "Chromebooks"
prefix = "W12-"
"""
RESTARTS = 20
SENDERS, PAUSE = 4, 0.01


class Desk:
    """A host that takes webhooks and works on them, and somebody who sends them."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.port = free_port()
        host.configure(rt="rate = 1000.0", more=NO_LIMITS + EVENTS)
        host.put_secret("webhook-token", TOKEN)
        host.drop_in(SOCKET, f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{self.port}\n")
        host.drop_in(WORKER, "[Service]\nRestartSec=500ms\n")
        self.chromebooks = [asset.id for asset in host.site.rt.world.assets.values() if asset.catalog == 2]

    def send(self, asset: int) -> tuple[int, str]:
        """Tell of an asset on a connection of its own, as RT does; return the status and the event's id."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", "Connection": "close"}
        try:
            connection.request("POST", "/webhook/asset-created", json.dumps({"asset_id": asset}), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()).get("id", "")
        finally:
            connection.close()

    def make_asset(self, name: str) -> int:
        """Make an asset in RT that tells nobody of it."""
        token = (self.host.site.credentials_directory / "rt-token").read_text()
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        connection = HTTPConnection("127.0.0.1", self.host.site.server.port, timeout=20)
        connection.request("POST", "/rt/REST/2.0/asset", json.dumps({"Name": name, "Catalog": "Chromebooks"}), headers)
        made: str = json.loads(connection.getresponse().read())["id"]
        connection.close()
        return int(made)

    def events(self) -> dict[str, list[dict[str, Any]]]:
        """Return all events by state."""
        found: dict[str, list[dict[str, Any]]] = {}
        for event in json.loads(self.host.operator("events", "list", "--all", "--limit", "10000", "--json")):
            found.setdefault(event["state"], []).append(event)
        return found

    def wait_until_done(self, number: int) -> None:
        self.host.wait_for(lambda: len(self.events().get("done", ())) == number, f"{number} events done", 60)

    def tags(self) -> list[str]:
        """Return the names of assets that are tags."""
        names = [asset.name for asset in self.host.site.rt.world.assets.values()]
        return [name for name in names if name.startswith("W12-")]

    def pid(self, unit: str) -> int:
        return int(self.host.show("MainPID", unit=unit)["MainPID"])


class Load:
    """Senders that tell of assets again and again, until they are told to stop."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._over = threading.Event()
        self.answers: Counter[str] = Counter()
        self.taken: dict[int, str] = {}
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _send(self, number: int) -> None:
        mine = self._desk.chromebooks[number::SENDERS]
        turn = 0
        while not self._over.wait(PAUSE):
            asset = mine[turn % len(mine)]
            turn += 1
            try:
                status, event = self._desk.send(asset)
            except (OSError, HTTPException) as error:
                self.answers[repr(error)] += 1
                continue
            self.answers[str(status)] += 1
            if self.taken.setdefault(asset, event) != event:
                self.answers["another id"] += 1


@pytest.fixture
def desk(host: Host) -> Iterator[Desk]:
    desk = Desk(host)
    yield desk
    for unit in (SOCKET, LISTENER, WORKER, POLL, LETTERS):
        host.systemctl("stop", unit, check=False)


def test_no_request_is_refused_during_twenty_restarts_under_load_and_the_worker_takes_what_came(desk: Desk) -> None:
    desk.host.systemctl("start", SOCKET)
    assert desk.host.show("ActiveState", unit=LISTENER) == {"ActiveState": "inactive"}
    assert desk.send(desk.chromebooks[0])[0] == 202  # the first request starts it
    seen = {desk.pid(LISTENER)}
    with Load(desk) as load:
        for _ in range(RESTARTS):
            desk.host.systemctl("restart", LISTENER)
            seen.add(desk.pid(LISTENER))
    assert len(seen) == RESTARTS + 1
    assert set(load.answers) == {"202"}, load.answers
    assert load.answers["202"] > 20 * RESTARTS
    assert {event["id"] for event in desk.events()["waiting"]} == set(load.taken.values())
    assert set(load.taken) == set(desk.chromebooks)
    desk.host.systemctl("start", WORKER)
    desk.wait_until_done(len(load.taken))
    assert len(set(desk.tags())) == len(load.taken)
    assert desk.host.show("NRestarts", "Result", unit=LISTENER) == {"NRestarts": "0", "Result": "success"}


def test_a_killed_listener_and_a_killed_worker_come_back_and_nothing_is_lost(desk: Desk) -> None:
    for unit in (SOCKET, WORKER):
        desk.host.systemctl("start", unit)
    taken = desk.chromebooks[:12]
    for number, asset in enumerate(taken):
        assert desk.send(asset)[0] == 202
        if number % 4 == 3:
            for unit in (LISTENER, WORKER):
                desk.host.systemctl("kill", "--signal=KILL", unit)
    desk.wait_until_done(len(taken))
    assert len(set(desk.tags())) == len(taken)
    for unit in (LISTENER, WORKER):
        desk.host.wait_for(lambda: desk.host.show("ActiveState", unit=unit)["ActiveState"] == "active", unit)  # noqa: B023
        assert int(desk.host.show("NRestarts", unit=unit)["NRestarts"]) >= 1, unit
    desk.host.systemctl("stop", WORKER)
    assert desk.host.show("Result", "ExecMainStatus", unit=WORKER) == {"Result": "success", "ExecMainStatus": "0"}


PROBE = """
import os, socket, sqlite3
def tried(what):
    try:
        return what()
    except (OSError, sqlite3.Error) as error:
        return type(error).__name__
def reach(family, address):
    with socket.socket(family) as probe:
        probe.settimeout(3)
        probe.connect(address)
print('inbox', sorted(os.listdir('/run/syncd-webhooks')))
print('state', *(tried(lambda: os.listdir(path)) for path in ('/var/lib/syncd', '/var/lib/private')))
print('store', tried(lambda: open('/var/lib/private/syncd/syncd.sqlite').read()))
print('secrets', *(tried(lambda: os.listdir(path)) for path in ('/run/credentials', '/run/secrets/syncd')))
print('network', tried(lambda: reach(socket.AF_INET, ('127.0.0.1', {port}))))
print('write', tried(lambda: open('/run/syncd-webhooks/note', 'w').close()), tried(lambda: open('/etc/note', 'w')))
"""


def test_the_listener_sees_its_inbox_and_no_store_no_credential_of_others_and_no_network(desk: Desk) -> None:
    host = desk.host
    for unit in (SOCKET, WORKER):
        host.systemctl("start", unit)
    desk.send(desk.chromebooks[0])
    desk.wait_until_done(1)
    assert host.box.run("ls", f"/run/credentials/{LISTENER}").split() == ["webhook-token"]
    networks = [host.box.run("readlink", f"/proc/{pid}/ns/net") for pid in (1, desk.pid(LISTENER), desk.pid(WORKER))]
    assert networks[0] == networks[2] != networks[1]
    assert "rt-token" in host.box.run("ls", f"/run/credentials/{WORKER}")
    listener = (ROOT / "tests/nix/golden" / LISTENER).read_text().partition("[Install]")[0]
    kept = [
        line
        for line in listener.splitlines()
        if not line.startswith(
            ("ExecStart=", "LoadCredential=", "On", "Env", "X-", "Type=", "Watchdog", "Req", "After")
        )
    ]
    host.box.write("/opt/probe.py", PROBE.replace("{port}", str(host.site.server.port)))
    probe = "\n".join([*kept, "Type=oneshot", "ExecStart=/usr/bin/python3 /opt/probe.py"])
    host.box.write("/etc/systemd/system/syncd-probe.service", probe)
    host.systemctl("daemon-reload")
    host.systemctl("start", "syncd-probe.service")
    told = dict(line.split(" ", 1) for line in host.messages("_SYSTEMD_UNIT=syncd-probe.service"))
    told.pop("Failed", "")  # to set up an interface that the box may not
    assert told == {
        "inbox": "['inbox.db', 'inbox.db-shm', 'inbox.db-wal']",
        "state": "PermissionError PermissionError",
        "store": "PermissionError",
        "secrets": "PermissionError PermissionError",
        "network": "OSError",
        "write": "None OSError",
    }


def test_each_new_dead_letter_is_told_of_once_and_then_that_there_are_none(desk: Desk) -> None:
    host = desk.host
    host.serve_mail()
    host.drop_in("syncd-alert-mail@.service", '[Service]\nEnvironment="SYNCD_ALERT_SENDMAIL=/usr/sbin/sendmail"\n')
    refuse = Rule(route="/asset/", method="PUT", status=403, body='{"message": "Permission Denied"}')
    host.site.server.faults.add(refuse)
    for unit in (SOCKET, WORKER):
        host.systemctl("start", unit)
    for number, asset in enumerate(desk.chromebooks[:2], 1):
        desk.send(asset)
        host.wait_for(lambda: len(desk.events().get("dead", ())) == number, "a dead letter")  # noqa: B023
        for _ in range(2):
            assert host.box.attempt("systemctl", "start", LETTERS).returncode == 1
        host.wait_for(lambda: len(host.letters()) == number, "a letter")  # noqa: B023
    host.site.server.faults.clear()
    host.operator("events", "retry", "--dead")
    desk.wait_until_done(2)
    host.systemctl("start", LETTERS)
    host.wait_for(lambda: len(host.letters()) == 3, "another letter")
    first, _, last = host.mails()
    assert "there are dead letters" in first["Subject"]
    assert "sudo syncd events list --state dead" in first.get_content()
    assert "events works again on" in last["Subject"]
    assert len(host.records(f"MESSAGE_ID={MessageId.DEAD_LETTERS}")) == 4


def test_the_poll_finds_what_nobody_told_of(desk: Desk) -> None:
    host = desk.host
    host.systemctl("start", POLL)
    world = host.site.rt.world
    host.systemctl("start", WORKER)
    made = desk.make_asset("NEW-1")
    host.systemctl("start", POLL)
    desk.wait_until_done(1)
    assert world.assets[made].name in desk.tags()
