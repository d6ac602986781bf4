"""``syncd events``: what came in is listed, shown, tried again and dropped."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.state.inbox.records import asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, Inbox, open_inbox
from unit.cli.commands import Cli, with_store

LEASE = timedelta(seconds=60)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with open_inbox(tmp_path / "state" / DIRECTORY_NAME) as opened:
        yield opened


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return with_store(tmp_path)


def put(inbox: Inbox, *assets: int) -> list[str]:
    told = [asset_created(asset, "webhook") for asset in assets]
    return [receipt.id for receipt in inbox.accept(told, datetime.now(UTC))]


def end(inbox: Inbox, how: str) -> None:
    """Let the event that is due end in a state."""
    now = datetime.now(UTC)
    event = inbox.claim("a", now, LEASE)
    assert event is not None
    if how == "done":
        inbox.finish(event.id, "a", now, b'{"asset":17,"state":"tagged","tag":"W12-00001"}')
    elif how == "dead":
        inbox.bury(event.id, "a", now, "rt.refused", "RT refused to update asset 17.")
    else:
        inbox.retry(event.id, "a", now + timedelta(minutes=20), "rt.unavailable", "RT is not available.")


def test_what_waits_or_is_dead_is_listed_newest_first(cli: Cli, inbox: Inbox) -> None:
    done, dead, later, waiting = (put(inbox, asset)[0] for asset in (17, 18, 19, 20))
    for how in ("done", "dead", "later"):
        end(inbox, how)
    result = cli.ended(0, "events", "list")
    assert [row[0] for row in result.rows] == ["event", waiting, later, dead]
    assert result.rows[3][1:5] == ["asset-created", "asset:18", "dead", "1"]
    assert result.rows[3][7] == "RT refused to update asset 17."
    assert result.rows[2][6] in {"in 20 min", "in 19 min"}
    everything = cli.ended(0, "events", "list", "--all", "--json").json
    assert [each["id"] for each in everything] == [waiting, later, dead, done]
    assert [each["id"] for each in cli.ended(0, "events", "list", "--state", "done", "--json").json] == [done]
    assert [each["id"] for each in cli.ended(0, "events", "list", "-n", "1", "--json").json] == [waiting]
    assert cli.ended(0, "events", "list", "--kind", "student-check", "--json").json == []


def test_an_empty_inbox_says_so(cli: Cli) -> None:
    assert cli.ended(0, "events", "list").out == "No events that wait or are dead.\n"
    assert cli.ended(0, "events", "list", "--all").out == "No events.\n"


def test_one_event_is_shown_with_what_was_told_and_what_became_of_it(cli: Cli, inbox: Inbox) -> None:
    (event,) = put(inbox, 17)
    end(inbox, "done")
    shown = cli.ended(0, "events", "show", event, "--json").json
    assert shown["body"] == {"event": "asset-created", "asset_id": 17}
    assert shown["result"] == {"asset": 17, "state": "tagged", "tag": "W12-00001"}
    assert shown["finished"]
    table = dict(cli.ended(0, "events", "show", event).rows[1:])
    assert table["state"] == "done"
    assert "W12-00001" in table["result"]


def test_a_body_that_is_no_json_is_shown_all_the_same(cli: Cli, inbox: Inbox) -> None:
    (event,) = put(inbox, 17)
    now = datetime.now(UTC)
    claimed = inbox.claim("a", now, LEASE)
    assert claimed is not None
    inbox.finish(event, "a", now, b"\xff not json")
    assert "not json" in cli.ended(0, "events", "show", event, "--json").json["result"]


def test_dead_letters_are_tried_again(cli: Cli, inbox: Inbox) -> None:
    first, second, waiting = put(inbox, 17, 18, 19)
    end(inbox, "dead")
    end(inbox, "dead")
    assert f"{first} (asset-created of asset:17) is tried again." in cli.ended(0, "events", "retry", first).out
    assert cli.ended(0, "events", "retry", "--dead", "--json").json == {"events": [second]}
    assert {event.id: (event.state, event.attempts) for event in inbox.list()} == dict.fromkeys(
        (first, second, waiting), ("waiting", 0)
    )
    assert cli.ended(0, "events", "retry", "--dead").out == "No events are dead.\n"


def test_what_is_done_is_neither_tried_again_nor_dropped(cli: Cli, inbox: Inbox) -> None:
    (event,) = put(inbox, 17)
    end(inbox, "done")
    assert f"event {event} is done and cannot be tried again" in cli.ended(65, "events", "retry", event).err
    assert f"event {event} is done and cannot be dropped" in cli.ended(65, "events", "drop", event).err


def test_an_event_is_dropped_and_comes_back_when_it_is_tried_again(cli: Cli, inbox: Inbox) -> None:
    (event,) = put(inbox, 17)
    assert "was dropped" in cli.ended(0, "events", "drop", event).out
    assert [each.state for each in inbox.list()] == ["dropped"]
    cli.ended(0, "events", "retry", event)
    assert [each.state for each in inbox.list()] == ["waiting"]


def test_an_event_that_there_is_not_is_named_and_nothing_else_is_changed(cli: Cli, inbox: Inbox) -> None:
    (event,) = put(inbox, 17)
    for verb in ("show", "retry", "drop"):
        assert "there is no event 'nothing'" in cli.ended(65, "events", verb, "nothing").err
    cli.ended(65, "events", "drop", event, "nothing")
    assert [each.state for each in inbox.list()] == ["waiting"]


@pytest.mark.parametrize("arguments", [("retry",), ("retry", "--dead", "x"), ("drop",), ("list", "--state", "lost")])
def test_what_says_nothing_is_a_usage_error(cli: Cli, arguments: tuple[str, ...]) -> None:
    cli.ended(64, "events", *arguments)


def test_a_check_fails_while_there_are_dead_letters_and_names_the_newest(cli: Cli, inbox: Inbox) -> None:
    put(inbox, 17)
    assert cli.ended(0, "events", "check").out == "No events are dead.\n"
    assert cli.ended(0, "events", "check", "--json").json == {"dead": 0, "newest": None}
    late = put(inbox, 18)[0]
    now = datetime.now(UTC)
    first, second = (inbox.claim("a", now, LEASE) for _ in range(2))
    assert first is not None
    assert second is not None
    for event, after in ((second, 0), (first, 5)):
        inbox.bury(event.id, "a", now + timedelta(seconds=after), "rt.refused", "RT refused to update it.")
    told = f"2 events are dead, the newest: asset-created of asset:17, event {first.id}: RT refused to update it.\n"
    assert second.id == late
    assert cli.ended(1, "events", "check").out == told
    found = cli.ended(1, "events", "check", "--json").json
    assert (found["dead"], found["newest"]["id"]) == (2, first.id)
    cli.ended(0, "events", "retry", "--dead")
    cli.ended(0, "events", "check")
