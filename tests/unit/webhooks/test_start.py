"""What keeps the listener from starting, and what is said of it."""

import resource
import socket
from pathlib import Path

import pytest

from syncd.daemons.webhooks import serving
from syncd.host.errors import ConfigurationError
from unit.cli.commands import Cli, Result
from unit.cli.conftest import logging_as_it_was, nothing_of_this_machine
from unit.webhooks.listener import KEY, Listener, secret

__all__ = ["logging_as_it_was", "nothing_of_this_machine"]


@pytest.fixture(autouse=True)
def never_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """End a listener that does start, which would wait for webhooks for ever."""
    monkeypatch.setattr(serving, "Listener", None)


def start(listener: Listener) -> Result:
    cli = Cli()
    cli.environment |= listener.written()
    return cli("--log", "json", "serve", "webhooks")


@pytest.mark.parametrize(
    ("credentials", "options", "status", "told"),
    [
        ({}, "", 77, "neither a credential webhook-secret nor webhook-token"),
        ({"webhook-secret": "hunter2"}, "", 77, "line 1 of credential webhook-secret is not"),
        ({"webhook-token": "short"}, "", 77, "line 1 of credential webhook-token is not"),
        ({"webhook-secret": ""}, "", 77, "is empty"),
        ({"webhook-secret": secret(KEY)}, 'token_sources = ["10.0.0.0/33"]', 78, "10.0.0.0/33"),
        ({"webhook-secret": secret(KEY)}, 'trusted_proxies = ["nginx"]', 78, "nginx"),
        ({"webhook-secret": secret(KEY)}, "rates = 5", 78, "did you mean webhooks.rate"),
        ({"webhook-secret": secret(KEY)}, "retention_days = 6", 78, "retention_days"),
    ],
)
def test_it_does_not_start_without_what_it_needs(
    tmp_path: Path, credentials: dict[str, str], options: str, status: int, told: str
) -> None:
    result = start(Listener(tmp_path, options, credentials=credentials))
    assert result.status == status
    errors = [record["MESSAGE"] for record in result.records if int(record["PRIORITY"]) <= 3]
    assert len(errors) == 1
    assert told in errors[0]
    assert "hunter2" not in result.err


def test_more_connections_than_a_process_may_have_files_are_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    with pytest.raises(ConfigurationError, match="raise LimitNOFILE= of the unit"):
        serving.make_room(4096)


@pytest.mark.parametrize("listen", ["localhost:80", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", ":80", "/run/x"])
def test_what_is_no_address_is_refused(tmp_path: Path, listen: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[webhooks]\nlisten = "{listen}"\n')
    told = Cli().ended(78, "--config", config, "config", "check")
    assert "write it like 127.0.0.1:8470" in told.err


def test_an_address_that_another_process_has_is_tried_again_later(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = start(Listener(tmp_path, port=taken.getsockname()[1]))
    assert result.status == 75
    assert "another process does" in result.records[-1]["MESSAGE"]


def test_an_address_of_another_host_is_a_mistake(tmp_path: Path) -> None:
    result = start(Listener(tmp_path, host="192.0.2.1"))
    assert result.status == 78
    assert "nobody can listen on 192.0.2.1 port 0 here" in result.err
