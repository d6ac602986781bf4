"""How the listener starts, what it tells systemd, and how it ends."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from unit.webhooks.listener import ASSET, Answer, Listener, read_answer, request, signed

BODY = b'{"asset_id": 1}'


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_that_is_on_the_way_is_answered_before_it_stops(tmp_path: Path, number: signal.Signals) -> None:
    text = request("POST", ASSET, signed(BODY), BODY)
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, ExitStack() as opened:
        line.bind(str(path))
        line.settimeout(20)
        listener = opened.enter_context(Listener(tmp_path, environment={"NOTIFY_SOCKET": str(path)}))
        begun, idle = (opened.enter_context(listener.connection()) for _ in range(2))
        begun.sendall(text[:40])
        while listener.metric("syncd_webhooks_connections") < 3:  # these two, and the one that asks
            time.sleep(0.01)
        assert listener.process is not None
        listener.process.send_signal(number)
        assert any(line.recv(4096) == b"STOPPING=1" for _ in range(1000))
        time.sleep(0.1)  # a silent connection is closed after a second
        idle.sendall(text)
        begun.sendall(text[40:])
        answers = [read_answer(begun), read_answer(idle)]
        assert listener.ended() == 0
    for answer in answers:
        assert answer is not None
        assert (answer.status, answer.headers["connection"]) == (202, "close")


def test_a_connection_that_never_sends_anything_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    with Listener(tmp_path, "request_seconds = 60.0") as listener, listener.connection():
        time.sleep(0.1)
        began = time.monotonic()
        assert listener.stop() == 0
        assert time.monotonic() - began < 6


def test_systemd_is_told_of_every_turn(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(path))
        line.settimeout(20)
        environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "600000"}
        with Listener(tmp_path, environment=environment) as listener:
            told = [line.recv(4096).decode() for _ in range(4)]
            assert listener.stop() == 0
            line.settimeout(0.2)
            told += _rest(line)
    assert told[0].startswith("STATUS=listening on 127.0.0.1:")
    assert told[1] == "READY=1"
    assert told[2:4] == ["WATCHDOG=1"] * 2
    assert told[-1] in ("STOPPING=1", "WATCHDOG=1")
    assert told.count("STOPPING=1") == 1


def _rest(line: socket.socket) -> Iterator[str]:
    while True:
        try:
            yield line.recv(4096).decode()
        except TimeoutError:
            return


def test_a_socket_that_systemd_holds_refuses_nobody_while_the_listener_restarts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as held:
        port = held.getsockname()[1]
        answers: list[Answer | None] = []
        done = threading.Event()
        sender = Listener(tmp_path / "sender", port=port)

        def send() -> None:
            number = 0
            while not done.is_set():
                number += 1
                body = b'{"asset_id": %d}' % number
                answers.append(sender.raw(request("POST", ASSET, {**signed(body), "Connection": "close"}, body)))

        threads = [threading.Thread(target=send) for _ in range(3)]
        for each in threads:
            each.start()
        try:
            for _ in range(3):
                with Listener(tmp_path, "rate = 0.0", sockets=[held], port=port) as listener:
                    before = len(answers)
                    while len(answers) < before + 30:
                        time.sleep(0.01)
                    assert listener.stop() == 0
        finally:
            with Listener(tmp_path, "rate = 0.0", sockets=[held], port=port) as listener:
                done.set()
                for each in threads:
                    each.join(30)
        assert len(answers) > 90
        assert {answer.status if answer else 0 for answer in answers} == {202}


def test_a_unit_may_see_the_folder_of_the_inbox_alone(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    with Listener(tmp_path, arguments=["--inbox", str(folder)]) as listener:
        assert listener.post(ASSET, BODY).status == 202
    assert (folder / "inbox.db").is_file()
    assert not (tmp_path / "state").exists()


def test_help_loads_no_server() -> None:
    program = (
        "import sys\nfrom syncd.cli import _run\n_run(['serve', 'webhooks', '--help'])\n"
        "sys.exit(any(name in sys.modules for name in ('uvicorn', 'litestar', 'httptools')))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert done.returncode == 0


def test_a_descriptor_that_is_no_socket_is_a_mistake(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        listener = Listener(tmp_path, sockets=[other])
        listener.spawn()
        assert listener.ended() == 78
    assert "no listening stream socket" in listener.log[-1]["MESSAGE"]
