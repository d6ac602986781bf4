import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
import pytest

from syncd.host.errors import ConfigurationError, NotFound, NotPermitted, Unavailable, WriteRefused
from syncd.host.http import HttpClient, Reply, Request
from syncd.systems.google.devices import ChromeDevices
from syncd.systems.google.records import FIELDS, WRITABLE, Device, mask, refused
from unit.google.asking import connected, error, paged
from unit.http_server import Answer, Script, Seen, Stub, json_answer
from unit.virtual_clock import VirtualClock

ROOT = "/admin/directory/v1/customer/my_customer"
FIELD = ("serialNumber",)


@contextmanager
def asking(
    script: Script, clock: VirtualClock | None = None, page_size: int = 300
) -> Iterator[tuple[ChromeDevices, Stub]]:
    clock = clock or VirtualClock()
    with connected(script, clock) as (client, stub):
        yield ChromeDevices(client, "my_customer", page_size, clock=clock), stub


def device(number: int, **fields: object) -> dict[str, object]:
    return {"deviceId": f"d{number}", "serialNumber": f"SYN{number:05}", **fields}


def page(numbers: Sequence[int], token: str = "") -> Answer:
    body: dict[str, object] = {"kind": "x", "etag": '"e"'}
    if numbers:
        body["chromeosdevices"] = [device(number) for number in numbers]
    return json_answer(body | ({"nextPageToken": token} if token else {}))


def ids(devices: Sequence[Device]) -> list[str]:
    return [found.device_id for found in devices]


# -- list ----------------------------------------------------------------------------------------------------


def test_a_list_is_all_pages_with_only_the_fields_asked_for() -> None:
    script = [page([1, 2], "t1"), page([3], "t2"), page([])]
    seen_progress: list[tuple[str, int, int | None]] = []
    with asking(script) as (devices, stub):
        found = devices.list(fields=["status", "serialNumber"], progress=lambda *said: seen_progress.append(said))
    assert ids(found) == ["d1", "d2", "d3"]
    assert [seen.query.get("pageToken") for seen in stub.seen] == [None, "t1", "t2"]
    assert stub.seen[0].path == f"{ROOT}/devices/chromeos"
    assert stub.seen[0].query == {
        "fields": "nextPageToken,chromeosdevices(deviceId,serialNumber,status)",
        "maxResults": "300",
        "prettyPrint": "false",
        "projection": "FULL",
    }
    assert [done for _, done, _ in seen_progress] == [2, 3, 3]


@pytest.mark.parametrize("body", [b"{}", b'{"kind": "admin#directory#chromeosdevices"}', b'{"chromeosdevices": []}'])
def test_an_empty_fleet_is_an_empty_list(body: bytes) -> None:
    with asking([Answer(body=body)]) as (devices, _):
        assert devices.list(fields=FIELD) == []


def test_every_field_is_read_and_absent_ones_are_empty() -> None:
    full = {name: f"value of {name}" for name in FIELDS - {"recentUsers"}}
    users = [{"type": "USER_TYPE_UNMANAGED"}, {"type": "USER_TYPE_MANAGED", "email": "a@example.org"}]
    body = {"chromeosdevices": [{**full, "recentUsers": users, "unknownField": {"x": 1}}, {"deviceId": "bare"}]}
    with asking([json_answer(body)]) as (devices, _):
        one, bare = devices.list(fields=FIELDS)
    encoded = msgspec.to_builtins(one)
    assert {name: encoded[name] for name in full} == full
    assert one.ethernet_mac_address == "value of ethernetMacAddress"
    assert one.last_user == "a@example.org"
    assert bare == Device(device_id="bare")
    assert bare.last_user == ""


def test_fields_that_were_not_asked_for_read_as_empty_and_take_no_memory() -> None:
    with asking([page([1])]) as (devices, _):
        (one,) = devices.list(fields=["status"])
    assert (one.device_id, one.notes, one.recent_users, one.last_user) == ("d1", "", (), "")
    assert sys.getsizeof(one) < sys.getsizeof(Device(device_id="d1"))


def test_texts_of_few_values_are_kept_once() -> None:
    pages = [
        json_answer({"chromeosdevices": [device(1, model="Acme C1", status="ACTIVE")], "nextPageToken": "t"}),
        json_answer({"chromeosdevices": [device(2, model="Acme C1", status="ACTIVE")]}),
    ]
    with asking(pages) as (devices, _):
        one, two = devices.list(fields=["model", "status"])
    assert one.model is two.model
    assert one.status is two.status


def test_a_field_that_is_not_read_is_refused() -> None:
    with asking([page([])]) as (devices, stub):
        with pytest.raises(ConfigurationError, match="syncd reads no field serialnumber"):
            devices.list(fields=["serialnumber"])
        assert stub.seen == []


def test_org_units_are_read_once_each_and_a_device_is_listed_once() -> None:
    def answer(seen: Seen) -> Answer:
        return page([1, 2] if seen.query["orgUnitPath"] == "/A" else [2, 3])

    with asking(answer) as (devices, stub):
        found = devices.list(fields=FIELD, org_units=["/A", "/a/Sub", "B"], query="status:provisioned")
    assert ids(found) == ["d1", "d2", "d3"]
    asked = [(seen.query["orgUnitPath"], seen.query["includeChildOrgunits"]) for seen in stub.seen]
    assert asked == [("/A", "true"), ("/B", "true")]
    assert {seen.query["query"] for seen in stub.seen} == {"status:provisioned"}


def test_children_can_be_left_out() -> None:
    with asking(lambda seen: page([len(seen.query["orgUnitPath"])])) as (devices, stub):
        devices.list(fields=FIELD, org_units=["/A", "/A/Sub", "/"], include_children=False)
    asked = [(seen.query["orgUnitPath"], seen.query["includeChildOrgunits"]) for seen in stub.seen]
    assert asked == [("/A", "false"), ("/A/Sub", "false"), ("/", "false")]


def test_the_root_with_its_children_is_the_whole_fleet() -> None:
    with asking([page([1])]) as (devices, stub):
        devices.list(fields=FIELD, org_units=["/A", "/"])
    assert len(stub.seen) == 1
    assert "orgUnitPath" not in stub.seen[0].query


@pytest.mark.parametrize(
    ("message", "sizes"),
    [
        ("Invalid value '300'. Values must be within the range: [1, 200]", ["300", "200", "200"]),
        ("Invalid value. Values must be within the range: [1, 150]", ["300", "150", "150"]),
        ("Too many", ["300", "200", "200"]),
    ],
)
def test_pages_become_smaller_when_google_allows_fewer(message: str, sizes: list[str]) -> None:
    with asking([error(400, "invalidParameter", message), page([1], "t"), page([2])]) as (devices, stub):
        assert ids(devices.list(fields=FIELD)) == ["d1", "d2"]
        assert [seen.query["maxResults"] for seen in stub.seen] == sizes


def test_a_parameter_that_stays_refused_is_an_error() -> None:
    with asking([error(400, "invalidParameter", "Something else")]) as (devices, stub):
        with pytest.raises(ConfigurationError, match="Something else"):
            devices.list(fields=FIELD)
        assert [seen.query["maxResults"] for seen in stub.seen] == ["300", "200", "100"]


@pytest.mark.parametrize(
    "bad",
    [
        Answer(body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        Answer(body=b'{"chromeosdevices": [{"deviceId": "d9", "seri'),
        Answer(body=b""),
        Answer(body=b"[]"),
        Answer(body=b"null"),
        Answer(body=b'{"chromeosdevices": [{"serialNumber": "no id"}]}'),
        Answer(body=b'{"error": {"code": 500}}'),
        page([1]),
        page([8, 8]),
        page([9], "t1"),
        page([], "t1"),
    ],
    ids=[
        "html",
        "cut JSON",
        "empty",
        "array",
        "null",
        "device without id",
        "error in 200",
        "device of an earlier page",
        "device twice on a page",
        "repeated token",
        "empty page with a repeated token",
    ],
)
def test_a_list_that_is_not_whole_gives_nothing(bad: Answer) -> None:
    with asking([page([1, 2], "t1"), bad]) as (devices, stub):
        with pytest.raises(Unavailable) as caught:
            devices.list(fields=FIELD)
        assert len(stub.seen) == 2
    assert (caught.value.code, caught.value.exit_status) == ("google.incomplete", 75)


def test_a_list_of_empty_pages_without_end_is_not_whole() -> None:
    with asking(lambda seen: page([], "t" + seen.query.get("pageToken", ""))) as (devices, stub):
        with pytest.raises(Unavailable, match="does not end"):
            devices.list(fields=FIELD)
        assert len(stub.seen) < 200


def test_a_page_cut_by_the_connection_is_asked_for_again() -> None:
    cut = Answer(body=page([3]).body, cut=True)
    with asking([page([1], "t1"), cut, page([2])]) as (devices, _):
        assert ids(devices.list(fields=FIELD)) == ["d1", "d2"]


def test_a_page_that_stays_cut_is_unavailable() -> None:
    with asking([page([1], "t1"), Answer(body=page([3]).body, cut=True)]) as (devices, _):
        with pytest.raises(Unavailable, match="cut its answer short") as caught:
            devices.list(fields=FIELD)
        assert caught.value.code == "google.gave_up"


TOKEN_REFUSED = error(400, "invalid", "Invalid Input: t1")


def test_a_page_token_refused_for_a_moment_is_asked_again() -> None:
    clock = VirtualClock()
    with asking([page([1], "t1"), TOKEN_REFUSED, TOKEN_REFUSED, page([2])], clock) as (devices, stub):
        assert ids(devices.list(fields=FIELD)) == ["d1", "d2"]
        assert [seen.query.get("pageToken") for seen in stub.seen] == [None, "t1", "t1", "t1"]
    assert clock.sleeps == [1.0, 3.0]


def test_a_page_token_refused_for_good_starts_the_list_again() -> None:
    script = [page([1], "t1"), *[TOKEN_REFUSED] * 3, page([1, 2], "t1"), page([3])]
    with asking(script) as (devices, stub):
        assert ids(devices.list(fields=FIELD)) == ["d1", "d2", "d3"]
        assert len(stub.seen) == 6


def test_a_page_token_refused_in_two_readings_is_an_incomplete_list() -> None:
    with asking(paged({"": page([1], "t1"), "t1": TOKEN_REFUSED})) as (devices, stub):
        with pytest.raises(Unavailable, match="refused a page token in two readings") as caught:
            devices.list(fields=FIELD)
        assert len(stub.seen) == 2 * (1 + 3)
    assert caught.value.code == "google.incomplete"


def test_a_first_page_that_is_refused_names_org_unit_and_query() -> None:
    with asking([error(400, "invalid", "Invalid Input: INVALID_OU_ID")]) as (devices, stub):
        with pytest.raises(ConfigurationError, match="org unit '/Nowhere', query 'status:x'"):
            devices.list(fields=FIELD, org_units=["/Nowhere"], query="status:x")
        assert len(stub.seen) == 1


def test_a_quota_is_waited_for() -> None:
    script = [error(403, "quotaExceeded", "Limit"), error(429, "rateLimitExceeded", "Limit"), page([1])]
    with asking(script) as (devices, _):
        assert ids(devices.list(fields=FIELD)) == ["d1"]


# -- writes --------------------------------------------------------------------------------------------------


def test_a_patch_sends_the_changes_and_returns_what_google_has() -> None:
    answer = json_answer({"deviceId": "d/1", "annotatedUser": "a@example.org"})
    with asking([answer]) as (devices, stub):
        found = devices.patch("d/1", {"annotatedUser": "a@example.org", "notes": ""})
    [seen] = stub.seen
    assert (seen.method, seen.path) == ("PATCH", f"{ROOT}/devices/chromeos/d%2F1")
    assert seen.query["fields"] == "annotatedUser,deviceId,notes"
    assert msgspec.json.decode(seen.body) == {"annotatedUser": "a@example.org", "notes": ""}
    assert (found.annotated_user, found.notes) == ("a@example.org", "")


def test_a_patch_whose_answer_was_lost_is_repeated() -> None:
    with asking([Answer(reset=True), error(503, "backendError", "x"), json_answer(device(1))]) as (devices, stub):
        devices.patch("d1", {"notes": "x"})
        assert len(stub.seen) == 3


@pytest.mark.parametrize("changes", [{"serialNumber": "x"}, {"orgUnitPath": "/A"}, {"notes": "x", "model": "y"}, {}])
def test_a_patch_of_anything_else_is_never_sent(changes: dict[str, str]) -> None:
    with asking([json_answer(device(1))]) as (devices, stub):
        with pytest.raises(ConfigurationError, match="cannot be written"):
            devices.patch("d1", changes)
        assert stub.seen == []


@pytest.mark.parametrize(
    "answer", [Answer(body=b"<html>"), Answer(body=b"{}"), json_answer(device(2)), Answer(204, b"")]
)
def test_an_answer_that_proves_nothing_is_not_taken_for_success(answer: Answer) -> None:
    with asking([answer]) as (devices, _):
        with pytest.raises(Unavailable) as caught:
            devices.patch("d1", {"notes": "x"})
        assert (caught.value.code, caught.value.object) == ("google.incomplete", "d1")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(400, "invalid", "Invalid Input: notes"), WriteRefused),
        (error(404, "notFound", "Resource Not Found: d1"), NotFound),
        (error(403, "forbidden", "Not Authorized"), NotPermitted),
        (error(412, "conditionNotMet", "x"), WriteRefused),
    ],
)
def test_a_refused_patch_is_raised_at_once(answer: Answer, kind: type[Exception]) -> None:
    with asking([answer]) as (devices, stub):
        with pytest.raises(kind, match=r"d1|Google refuses access"):
            devices.patch("d1", {"notes": "x"})
        assert len(stub.seen) == 1


def test_moves_go_fifty_at_a_time() -> None:
    with asking([Answer(204, b"")]) as (devices, stub):
        devices.move("Carts/Étage 2", [f"d{number}" for number in range(101)])
        devices.move("/A", [])
    assert [len(msgspec.json.decode(seen.body)["deviceIds"]) for seen in stub.seen] == [50, 50, 1]
    assert {seen.path for seen in stub.seen} == {f"{ROOT}/devices/chromeos/moveDevicesToOu"}
    assert {seen.query["orgUnitPath"] for seen in stub.seen} == {"/Carts/Étage 2"}
    assert {seen.method for seen in stub.seen} == {"POST"}


def test_a_refused_move_is_an_error() -> None:
    with (
        asking([error(400, "invalid", "Invalid Input: INVALID_OU_ID")]) as (devices, _),
        pytest.raises(WriteRefused, match="move devices to org unit /A: Google refused it"),
    ):
        devices.move("/A", ["d1"])


def test_org_units_are_listed_with_the_root() -> None:
    body = {"organizationUnits": [{"orgUnitPath": "/A", "name": "A"}, {"orgUnitPath": "/"}, {"orgUnitPath": "/A/B"}]}
    with asking([json_answer(body), Answer(body=b"{}"), Answer(body=b"<html>")]) as (devices, stub):
        assert devices.org_units() == ["/", "/A", "/A/B"]
        assert devices.org_units() == ["/"]
        with pytest.raises(Unavailable):
            devices.org_units()
    assert stub.seen[0].path == f"{ROOT}/orgunits"
    assert stub.seen[0].query["type"] == "allIncludingParent"


@pytest.mark.parametrize(
    ("ask", "operation"),
    [
        (lambda devices: devices.list(fields=FIELD), "list devices"),
        (ChromeDevices.count, "count devices"),
        (ChromeDevices.org_units, "list org units"),
    ],
)
def test_an_answer_that_is_none_is_told_with_what_was_asked(
    ask: Callable[[ChromeDevices], object], operation: str
) -> None:
    with asking([Answer(body=b"<html>")]) as (devices, _), pytest.raises(Unavailable) as caught:
        ask(devices)
    assert (caught.value.code, caught.value.operation) == ("google.incomplete", operation)


# -- records -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "fine"),
    [
        ("annotatedUser", "x" * 100, True),
        ("annotatedUser", "x" * 101, False),
        ("annotatedLocation", "x" * 201, False),
        ("notes", "x" * 501, False),
        ("annotatedAssetId", "x" * 5000, True),
        ("model", "x", False),
    ],
)
def test_values_that_google_would_refuse_are_known_beforehand(field: str, value: str, fine: bool) -> None:  # noqa: FBT001
    assert (refused(field, value) is None) is fine


def test_what_can_be_written_can_be_read() -> None:
    assert set(WRITABLE) <= FIELDS
    assert mask([]) == "deviceId"


class Pages:
    """A client that answers with synthetic pages, without a network."""

    def __init__(self, devices: int) -> None:
        self._devices = devices

    def send(self, request: Request) -> Reply:
        first = int(dict(request.params).get("pageToken", "0"))
        last = min(first + 300, self._devices)
        body: dict[str, object] = {"chromeosdevices": [synthetic(number) for number in range(first, last)]}
        if last < self._devices:
            body["nextPageToken"] = str(last)
        return Reply(200, {}, msgspec.json.encode(body), 1)


def synthetic(number: int) -> dict[str, object]:
    return {
        "deviceId": f"{number:08x}-0000-4000-8000-{number:012x}",
        "serialNumber": f"SYN{number:07}",
        "status": "ACTIVE",
        "annotatedUser": f"user{number:06}@example.org",
        "annotatedAssetId": f"CB-{number:06}",
        "orgUnitPath": f"/Schools/School {number % 40}/Carts",
        "macAddress": f"{number:012x}",
        "model": f"Acme Chromebook {number % 12}",
    }


def test_ten_thousand_devices_take_less_than_five_megabytes() -> None:
    client: HttpClient = Pages(10_000)  # type: ignore[assignment]
    devices = ChromeDevices(client, "my_customer", 300)
    tracemalloc.start()
    try:
        found = devices.list(fields=[*synthetic(0)])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == 10_000
    assert kept < 10_000 * 500
    assert sys.getsizeof(found[0]) < 200
