"""A student check as a form asks for it: the listener takes it, the worker does it, the listener has the answer."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from services.ports import free_port
from soak.webhooks import TOKEN, Program, prepare
from syncd.sandbox.site import Sandbox

OPTIONS = """
[events.student-check]
catalogs = ["Chromebooks"]
mode = "apply"
limits.clear = { percent = 100, count = 10 }
"""


class Desk:
    """A form: it asks, and waits for the answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"

    def ask(self, **asked: object) -> dict[str, Any]:
        reply = self._session.post(f"{self._url}/webhook/student-check", json=asked, timeout=10)
        assert reply.status_code == 202, reply.text
        return self.answer(reply.json()["id"])

    def answer(self, event: str) -> dict[str, Any]:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found: dict[str, Any] = self._session.get(f"{self._url}/events/{event}", timeout=10).json()
            if found["state"] in ("done", "dead"):
                return found
            time.sleep(0.1)
        raise TimeoutError(event)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Sandbox, Desk]]:
    with Sandbox(tmp_path / "sandbox", devices=40) as sandbox:
        port = free_port()
        environment = prepare(sandbox, port)
        sandbox.config_file.write_text(sandbox.config_file.read_text() + OPTIONS)
        programs = [
            Program("listener", ["serve", "webhooks"], environment, tmp_path / "listener.log"),
            Program("worker", ["work"], environment, tmp_path / "worker.log"),
        ]
        try:
            programs[0].wait_for(port)
            yield sandbox, Desk(f"http://127.0.0.1:{port}")
        finally:
            assert [program.stop() for program in programs] == [0, 0]


def test_a_device_is_taken_back_and_the_list_has_it(desk: tuple[Sandbox, Desk]) -> None:
    sandbox, form = desk
    asset = next(asset for asset in sandbox.rt.world.assets.values() if asset.owner != 6 and asset.status != "deleted")
    done = form.ask(asset_id=asset.id, action="check-in", damage="keys are missing", checked_by="desk 1")
    assert (done["state"], done["result"]["checked_in"]) == ("done", [asset.id])
    assert done["result"]["ticket"] == 1
    assert (asset.owner, asset.held_by) == (6, [])
    assert form.ask(asset_id=asset.id)["result"]["devices"] == []


def test_a_student_whom_nobody_knows_is_a_dead_letter_with_the_reason(desk: tuple[Sandbox, Desk]) -> None:
    done = desk[1].ask(student_id="no such student")
    assert (done["state"], done["code"]) == ("dead", "check.no_student")
