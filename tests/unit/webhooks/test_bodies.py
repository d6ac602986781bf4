import json
from typing import Any

import pytest

from syncd.daemons.webhooks.bodies import AssetCreated, Body, StudentCheck, read

DEEP = b"[" * 100_000


def kept(kind: type[Body], given: Any, message_id: str = "") -> Any:  # noqa: ANN401
    return json.loads(read(kind, json.dumps(given).encode()).new_event(message_id).body)


@pytest.mark.parametrize("asset", [17, "17"])
def test_a_new_asset_is_known_by_its_number(asset: object) -> None:
    given = {"event": "asset-created", "asset_id": asset, "name": None, "catalog": "Chromebooks", "timestamp": 1.5}
    event = read(AssetCreated, json.dumps(given).encode()).new_event("any")
    assert (event.kind, event.key, event.object) == ("asset-created", "asset:17", "asset:17")
    assert json.loads(event.body) == {"event": "asset-created", "asset_id": 17}


@pytest.mark.parametrize(
    ("given", "of"),
    [
        ({"student_id": "0042"}, "student:0042"),
        ({"asset_id": "9", "action": "check-in"}, "asset:9"),
        ({"serial": " 5cd1 "}, "serial:5CD1"),
    ],
)
def test_a_check_is_about_one_thing(given: dict[str, str], of: str) -> None:
    event = read(StudentCheck, json.dumps(given).encode()).new_event("m1")
    assert (event.kind, event.key, event.object) == ("student-check", "m1", of)


def test_a_check_without_an_id_is_another_one_each_time() -> None:
    body = read(StudentCheck, b'{"student_id": "1"}')
    assert body.new_event("").key != body.new_event("").key


def test_what_a_check_says_is_kept() -> None:
    given = {"asset_id": 9, "action": "check-in", "damage": "a ä\n", "broken_screen": True, "checked_by": "Sam"}
    assert kept(StudentCheck, given) == given
    assert kept(StudentCheck, {"student_id": "1", "timestamp": "now"}) == {"student_id": "1", "action": "report"}


@pytest.mark.parametrize(
    ("kind", "text", "fault"),
    [
        (AssetCreated, b"", "truncated"),
        (AssetCreated, b"{}", "asset_id"),
        (AssetCreated, b"null", "Expected `object`"),
        (AssetCreated, b"[]", "Expected `object`"),
        (AssetCreated, DEEP, "Expected `object`"),
        (AssetCreated, b'{"name": ' + DEEP, "name"),
        (AssetCreated, b'{"x": ' + DEEP, "unknown field `x`"),
        (AssetCreated, b'{"asset_id": 1, "aset_id": 1}', "unknown field `aset_id`"),
        (AssetCreated, b'{"asset_id": 1, "asset_id": 2}', "asset_id twice"),
        (AssetCreated, b'{"asset_id": 1, "asset_\\u0069d": 2}', "asset_id twice"),
        (AssetCreated, b'{"asset_id": 0}', ">= 1"),
        (AssetCreated, b'{"asset_id": -1}', ">= 1"),
        (AssetCreated, b'{"asset_id": 2147483648}', "<= 2147483647"),
        (AssetCreated, b'{"asset_id": true}', "asset_id"),
        (AssetCreated, b'{"asset_id": "17 "}', "regex"),
        (AssetCreated, b'{"asset_id": "017"}', "regex"),
        (AssetCreated, b'{"asset_id": "17\\n"}', "regex"),
        (AssetCreated, b'{"asset_id": NaN}', "malformed"),
        (AssetCreated, b'{"asset_id": 1, "timestamp": Infinity}', "malformed"),
        (AssetCreated, b'{"asset_id": 1, "timestamp": 1e999}', "range"),
        (AssetCreated, b'{"asset_id": ' + b"9" * 5000 + b"}", "range"),
        (AssetCreated, b'{"asset_id": 1, "name": "\xff"}', "utf-8"),
        (AssetCreated, b'{"asset_id": 1, "name": "\\ud800"}', "cannot be used"),
        (AssetCreated, b'\xef\xbb\xbf{"asset_id": 1}', "malformed"),
        (AssetCreated, b'{"asset_id": 1} x', "malformed"),
        (AssetCreated, b'{"asset_id": 1, "event": "student-check"}', "Invalid enum value"),
        (AssetCreated, b'{"asset_id": 1, "name": "' + b"x" * 1025 + b'"}', "<= 1024"),
        (StudentCheck, b"{}", "not none"),
        (StudentCheck, b'{"student_id": "1", "serial": "2"}', "not student_id and serial"),
        (StudentCheck, b'{"student_id": ""}', ">= 1"),
        (StudentCheck, b'{"student_id": " "}', "student_id is blank"),
        (StudentCheck, b'{"student_id": "1", "damage": "x"}', "damage is told with the action check-in"),
        (StudentCheck, b'{"student_id": "1", "broken_screen": true}', "damage is told with the action check-in"),
        (StudentCheck, b'{"student_id": 1}', "student_id"),
        (StudentCheck, b'{"student_id": "1", "action": "checkin"}', "Invalid enum value"),
    ],
)
def test_what_is_no_body_is_refused_with_a_sentence(kind: type[Body], text: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        read(kind, text)
    assert fault in str(refused.value)
    assert len(str(refused.value)) < 400
