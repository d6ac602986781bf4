from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from syncd.host.clock import SystemClock
from syncd.host.errors import IntegrationError, NotFound, NotPermitted, Unavailable, WriteRefused
from syncd.host.http import Reply, Request
from syncd.systems.rt.errors import Forbidden, classify
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.write import AssetWriter
from unit.rt.fake_rt import FakeRt, schema

if TYPE_CHECKING:
    from syncd.host.http import HttpClient
    from syncd.systems.rt.schema import Value

SERIAL = "CF.{Serial Number}"


class WritingRt(FakeRt):
    """Also takes writes: ``answer`` says what becomes of them."""

    def __init__(self, answer: Callable[[Request], object], assets: int = 0) -> None:
        super().__init__(assets)
        self.answer = answer

    def send(self, request: Request) -> Reply:
        if request.path.endswith("assets"):
            found = [row for row in self.assets.values() if self._wanted(row, request)]
            body = {"items": found, "count": len(found), "per_page": 100, "total": len(found)}
            return Reply(200, {}, msgspec.json.encode(body), 1)
        self.requests.append(request)
        answer = self.answer(request)
        if isinstance(answer, IntegrationError):
            raise answer
        return Reply(200, {}, msgspec.json.encode(answer), 1)

    def _wanted(self, row: Mapping[str, object], request: Request) -> bool:
        query = msgspec.json.decode(request.body or b"[]")
        values = next(one["value"] for one in query if one["field"] == "CF.{2}")
        listed = cast("list[dict[str, list[str]]]", row["CustomFields"])
        return listed[0]["values"][0].lower() in [value.lower() for value in values]


def writer(rt: WritingRt) -> AssetWriter:
    return AssetWriter(Rest(cast("HttpClient", rt), rt, SystemClock()), schema(timezone="America/Los_Angeles"))


def sent(rt: WritingRt) -> dict[str, object]:
    body: dict[str, object] = msgspec.json.decode(rt.requests[-1].body or b"{}")
    return body


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({SERIAL: "A"}, {"CustomFields": {"2": "A"}}),
        ({SERIAL: None}, {"CustomFields": {"2": None}}),
        ({"CF.{Recent Users}": None}, {"CustomFields": {"18": []}}),
        ({"CF.{Recent Users}": ("b", "a")}, {"CustomFields": {"18": ["a", "b"]}}),
        ({"CF.{Tags}": ("loaner",)}, {"CustomFields": {"19": ["Loaner"]}}),
        ({"CF.{Last Sync}": "2026-01-02T03:04:05Z"}, {"CustomFields": {"15": "2026-01-01 19:04:05"}}),
        ({"CF.{Last Sync}": "2026-11-01T14:00:24Z"}, {"CustomFields": {"15": "2026-11-01 07:00:24"}}),
        ({"CF.{Last Sync}": None}, {"CustomFields": {"15": ""}}),
        ({"CF.{AUE}": None}, {"CustomFields": {"16": None}}),
        ({"CF.{AUE}": "2029-06-30"}, {"CustomFields": {"16": "2029-06-30 12:00:00"}}),
        ({"Name": "A", "Owner": None, "HeldBy": None}, {"Name": "A", "Owner": "Nobody", "HeldBy": []}),
        ({"Owner": "41", "HeldBy": ("43",)}, {"Owner": "41", "HeldBy": ["43"]}),
    ],
)
def test_values_are_sent_in_the_one_form_rt_stores_as_meant(
    change: "dict[str, Value]", body: dict[str, object]
) -> None:
    rt = WritingRt(lambda _: [])
    assert not writer(rt).update_asset(7, change).proven
    assert sent(rt) == body
    assert rt.requests[0].params == ()
    assert rt.requests[0].idempotent


@pytest.mark.parametrize(
    "sentence",
    [
        "Asset W12-0001: Permission Denied",
        "No permission to modify this asset",
        "Could not add a new value to custom field 'OU': Permission Denied",
        "Could not add new custom field value: Permission Denied",
        "Could not add a new value to custom field 'X': 'U1' is not a unique value",
        "Invalid value for custom field",
        "Custom field value 2026-05-01 06:00:24 could not be found for custom field Last Sync",
        "Asset W12-0003: Status 'bogus' isn't a valid status for this asset.",
        "Asset W12-0003: You can't change status from 'recycled' to 'new'.",
        "Asset W12-0001: Illegal value for Name",
        "Asset W12-0001: Catalog Nope does not exist",
        "Could not find or create user '99999'",
        "One, and only one, of Principal/PrincipalId/User/Group is required",
    ],
)
def test_a_sentence_of_refusal_is_an_error_that_quotes_it(sentence: str) -> None:
    with pytest.raises(WriteRefused) as caught:
        writer(WritingRt(lambda _: [sentence])).update_asset(7, {SERIAL: "A"})
    assert sentence in str(caught.value)
    assert caught.value.object == "asset 7"


@pytest.mark.parametrize(
    ("sentences", "end"),
    [
        (
            ["Could not add a new value to custom field 'OU': Permission Denied"],
            " API user ModifyCustomField.",
        ),
        (["Asset W12-0001: Permission Denied"], "; grant the API user ModifyAsset."),
        (["Asset W: Permission Denied", "custom field X: Permission Denied"], " ModifyAsset and ModifyCustomField."),
        (["Invalid value for custom field"], "Invalid value for custom field."),
        (["Invalid value for custom field"] * 30, " Invalid value ...."),
    ],
)
def test_a_refusal_for_want_of_a_right_names_the_right(sentences: list[str], end: str) -> None:
    with pytest.raises(WriteRefused) as caught:
        writer(WritingRt(lambda _: sentences)).update_asset(7, {SERIAL: "A"})
    assert str(caught.value).endswith(end)


@pytest.mark.parametrize(
    ("sentence", "proven"),
    [
        ("Serial Number A changed to B", True),
        ("Serial Number A added", True),
        ("A is no longer a value for custom field Serial Number", True),
        ("Asset W: Name changed from 'a' to 'Could not: Permission Denied'", True),
        ("Numéro de série A ajouté", False),
        (None, False),
    ],
)
def test_a_sentence_of_success_proves_and_others_do_not(sentence: str | None, *, proven: bool) -> None:
    assert writer(WritingRt(lambda _: [sentence])).update_asset(7, {SERIAL: "B"}).proven == proven


def test_a_write_that_broke_rt_is_unproven_and_not_repeated() -> None:
    reply = Reply(500, {"content-type": "application/json"}, b"", 1)
    error = classify(Request("PUT", "asset/7", "update", object="asset 7", body=b"{}"), reply)
    assert isinstance(error, Unavailable)
    assert not error.retryable
    assert not writer(WritingRt(lambda _: error)).update_asset(7, {SERIAL: "B"}).proven


def _lost(_: Request) -> Unavailable:
    return Unavailable("lost", code="rt.answer_lost")


@pytest.mark.parametrize("serial", ["S2", "S3"])
def test_a_create_whose_answer_was_lost_adopts_the_one_asset_with_its_serial(serial: str) -> None:
    rt = WritingRt(_lost, assets=3)
    assert writer(rt).create_asset(2, {"Name": "x", SERIAL: serial}, key=SERIAL) == int(serial[1:])
    assert [request.idempotent for request in rt.requests] == [False]


def test_a_create_whose_answer_was_lost_and_left_nothing_stays_unknown() -> None:
    with pytest.raises(Unavailable, match="lost"):
        writer(WritingRt(_lost, assets=3)).create_asset(2, {SERIAL: "S9"}, key=SERIAL)


def test_a_create_whose_answer_was_lost_never_picks_one_of_two() -> None:
    rt = WritingRt(_lost)
    rt.put(1, "S1")
    rt.put(2, "S1")
    with pytest.raises(WriteRefused, match="2 assets"):
        writer(rt).create_asset(2, {SERIAL: "S1"}, key=SERIAL)


def test_values_are_found_exactly_though_rt_ignores_case() -> None:
    rt = WritingRt(_lost)
    rt.put(1, "abc")
    rt.put(2, "ABC")
    assert writer(rt).find_assets(2, ["ABC", "none"]) == {"ABC": [2]}


@pytest.mark.parametrize(
    ("status", "content", "body", "expected", "retryable"),
    [
        (401, "application/json", b'{"message":"Unauthorized"}', NotPermitted, False),
        (403, "application/json", b'{"message":"Forbidden"}', Forbidden, False),
        (404, "application/json", b'{"message":"Not Found"}', NotFound, False),
        (429, "text/html", b"", Unavailable, True),
        (500, "application/json", b"", Unavailable, True),
        (503, "text/html", b"<html>", Unavailable, True),
        (200, "text/html", b"<html>", Unavailable, True),
    ],
)
def test_answers_have_their_error(
    status: int, content: str, body: bytes, expected: type[IntegrationError], *, retryable: bool
) -> None:
    error = classify(Request("GET", "asset/1", "read"), Reply(status, {"content-type": content}, body, 1))
    assert type(error) is expected
    assert error.retryable == retryable


def test_an_answer_that_is_no_rest2_points_at_the_url() -> None:
    error = classify(Request("GET", "asset/1", "read"), Reply(404, {"content-type": "text/html"}, b"<html>", 1))
    assert "rt.url" in str(error)
