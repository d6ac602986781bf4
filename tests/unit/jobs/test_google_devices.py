"""Devices as one side: every field, who takes part, and writes with what proves them."""

from collections.abc import Collection, Sequence

import pytest

from syncd.host.errors import Unavailable, WriteRefused
from syncd.jobs.sides.google_devices import DEVICE_FIELDS, MOVE_BATCH, DeviceWriter, device_side, same_value, sort_out
from syncd.reconcile.model import Action
from syncd.systems.google.devices import Device
from syncd.systems.google.records import FIELDS, WRITABLE
from unit.jobs.sample import change, device

READ = {
    "deviceId": "d-1",
    "serialNumber": "SYN0000001",
    "status": "ACTIVE",
    "model": "HP Chromebook 11 G9 EE",
    "osVersion": "141.0.7390.55",
    "macAddress": "02000000000a",
    "ethernetMacAddress": "02010000000A",
    "lastSync": "2026-11-20T14:05:06.123Z",
    "autoUpdateThrough": "2029-06-01",
    "lastUser": "last@example.org",
    "annotatedAssetId": "EX-1",
    "annotatedUser": "user@example.org",
    "annotatedLocation": "Room 1",
    "notes": "Loaner",
    "orgUnitPath": "/Students",
}


@pytest.mark.parametrize("name", [*DEVICE_FIELDS])
def test_every_field_is_read_from_what_google_sends(name: str) -> None:
    assert DEVICE_FIELDS[name].read(device()) == READ[name]


@pytest.mark.parametrize("name", [*DEVICE_FIELDS])
def test_every_field_is_one_that_google_can_be_asked_for(name: str) -> None:
    assert DEVICE_FIELDS[name].wire_name in FIELDS


@pytest.mark.parametrize("name", [*DEVICE_FIELDS])
def test_a_field_that_google_does_not_send_reads_as_empty(name: str) -> None:
    assert DEVICE_FIELDS[name].read(Device(device_id="")) == ""


def test_what_the_adapter_writes_can_be_mapped_and_so_can_the_unit() -> None:
    writable = {name for name, field in DEVICE_FIELDS.items() if field.writable}
    assert writable == {*WRITABLE, "orgUnitPath"}
    assert DEVICE_FIELDS["annotatedUser"].longest == 100
    assert DEVICE_FIELDS["annotatedAssetId"].longest is None


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        ("text", "Room 1", "Room 1", True),
        ("text", "Room 1", "room 1", False),
        ("text", "00123", "123", False),
        ("email", "S1@Example.org", "s1@example.org", True),
        ("email", "s1@example.org", "s2@example.org", False),
        ("org_unit", "/Students/Üben", "/students/üBEN", True),
        ("org_unit", "/Students", "/Staff", False),
        ("mac", "02000000000A", "02:00:00:00:00:0a", True),
        ("mac", "0200.0000.000a", "02-00-00-00-00-0A", True),
        ("mac", "02000000000a", "02000000000b", False),
        ("mac", "unknown", "none", False),
        ("mac", "000000000000", "ffffffffffff", False),
        ("time", "2026-11-20T14:05:06Z", "2026-11-20T14:05:07Z", False),
        ("date", "2029-06-01", "2029-06-01", True),
    ],
)
def test_values_are_the_same_in_the_sense_of_their_type(kind: str, one: str, other: str, *, same: bool) -> None:
    assert same_value(kind, one, other) == same  # type: ignore[arg-type]
    assert same_value(kind, other, one) == same  # type: ignore[arg-type]


def test_nothing_is_the_same_as_nothing_and_as_nothing_else() -> None:
    assert same_value("email", None, None)
    assert not same_value("email", None, "s1@example.org")
    assert not same_value("text", ("a", "b"), "a")


# -- who takes part ---------------------------------------------------------------------------------------------


def test_devices_with_another_status_are_counted_and_left_out() -> None:
    devices = [device(deviceId=status, status=status) for status in ("ACTIVE", "DISABLED", "DEPROVISIONED", "NEW_ONE")]
    found = sort_out(devices, ("ACTIVE", "DISABLED"))
    assert [one.device_id for one in found.included] == ["ACTIVE", "DISABLED"]
    assert [one.device_id for one in found.excluded] == ["DEPROVISIONED", "NEW_ONE"]
    assert not found.listings


def test_a_deprovisioned_twin_gives_way_to_the_device_enrolled_since_and_is_listed() -> None:
    twin = device(deviceId="old", serialNumber=" syn0000001 ", status="DEPROVISIONED")
    found = sort_out([twin, device(deviceId="new")], ("ACTIVE", "DEPROVISIONED"))
    assert [one.device_id for one in found.included] == ["new"]
    assert [(one.state, one.object, one.label) for one in found.listings] == [("superseded", "old", "syn0000001")]
    assert not found.excluded


def test_a_deprovisioned_device_without_a_twin_stays() -> None:
    devices = [
        device(deviceId="gone", status="DEPROVISIONED", serialNumber="SYN0000002"),
        device(deviceId="blank", status="DEPROVISIONED", serialNumber=""),
        device(deviceId="here", serialNumber=""),
        device(deviceId="other"),
    ]
    found = sort_out(devices, ("ACTIVE", "DEPROVISIONED"))
    assert len(found.included) == 4
    assert found.listings == []


def test_two_deprovisioned_devices_of_one_serial_both_stay_to_be_a_conflict() -> None:
    devices = [device(deviceId=name, status="DEPROVISIONED") for name in ("a", "b")]
    assert len(sort_out(devices, ("DEPROVISIONED",)).included) == 2


def test_a_side_has_the_keys_that_are_asked_for_in_their_order() -> None:
    side = device_side([device()], ("mac", "serial"))
    assert [rule.name for rule in side.keys] == ["mac", "serial"]
    assert [rule.normalise(str(rule.read(device()))) for rule in side.keys] == ["02000000000a", "SYN0000001"]


def test_a_device_without_a_serial_goes_by_its_id() -> None:
    side = device_side([], ("serial",))
    assert (side.label(device(serialNumber=" A1B2 ")), side.label(device(serialNumber=" "))) == ("A1B2", "d-1")


# -- writes -----------------------------------------------------------------------------------------------------


class FakeDevices:
    def __init__(self, *devices: Device) -> None:
        self.devices = list(devices)
        self.patches: list[tuple[str, dict[str, str]]] = []
        self.moves: list[tuple[str, list[str]]] = []
        self.asked: list[set[str]] = []
        self.error: Exception | None = None
        self.answer = device()

    def patch(self, device_id: str, changes: dict[str, str]) -> Device:
        self.patches.append((device_id, changes))
        if self.error:
            raise self.error
        return self.answer

    def move(self, org_unit_path: str, device_ids: Sequence[str]) -> None:
        self.moves.append((org_unit_path, list(device_ids)))
        if self.error:
            raise self.error

    def list(self, *, fields: Collection[str]) -> Sequence[Device]:
        self.asked.append(set(fields))
        return self.devices


def writer(devices: FakeDevices) -> DeviceWriter:
    return DeviceWriter(devices, 8)  # type: ignore[arg-type]


def moves(count: int, target: str = "/Staff") -> list[Action]:
    return [change("google", f"{target}-{number}", "move", orgUnitPath=target) for number in range(count)]


def test_moves_go_together_by_target_fifty_at_most_and_all_else_alone() -> None:
    updates = [change("google", "d-1", notes="a"), change("google", "d-2", "clear", notes=None)]
    staff, students = moves(120), moves(3, "/Students")
    batches = [tuple(batch) for batch in writer(FakeDevices()).batches([*students, *updates, *staff])]
    assert batches[:2] == [(updates[0],), (updates[1],)]
    assert [len(batch) for batch in batches[2:]] == [50, 50, 20, 3]
    assert all(len({action.after["orgUnitPath"] for action in batch}) == 1 for batch in batches[2:])
    assert sorted(action.id for batch in batches for action in batch) == sorted(
        action.id for action in (*students, *updates, *staff)
    )
    assert MOVE_BATCH == 50


def test_a_patch_is_proven_by_the_device_in_its_answer() -> None:
    devices = FakeDevices()
    devices.answer = device(notes="new", annotatedUser="S1@EXAMPLE.ORG", annotatedLocation="")
    action = change("google", "d-1", notes="new", annotatedUser="s1@example.org", annotatedLocation=None)
    (outcome,) = writer(devices).write([action])
    assert devices.patches == [("d-1", {"notes": "new", "annotatedUser": "s1@example.org", "annotatedLocation": ""})]
    assert outcome.state == "verified"
    assert outcome.found == {"notes": "new", "annotatedUser": "S1@EXAMPLE.ORG", "annotatedLocation": None}


def test_an_answer_with_another_value_proves_nothing() -> None:
    devices = FakeDevices()
    (outcome,) = writer(devices).write([change("google", "d-1", notes="new")])
    assert (outcome.state, outcome.found) == ("unproven", {"notes": "Loaner"})


@pytest.mark.parametrize("code", ["google.incomplete", "google.gave_up", "google.backend"])
def test_a_device_that_google_cannot_deal_with_does_not_stop_the_others(code: str) -> None:
    devices = FakeDevices()
    devices.error = Unavailable("no answer", code=code)
    (outcome,) = writer(devices).write([change("google", "d-1", notes="new")])
    assert (outcome.state, outcome.code, outcome.error) == ("unproven", code, "no answer")
    states = [outcome.state for outcome in writer(devices).write(moves(3))]
    assert states == ["unproven"] * 3


@pytest.mark.parametrize("code", ["google.circuit_open", "google.daily_limit"])
def test_what_concerns_google_as_a_whole_is_raised(code: str) -> None:
    devices = FakeDevices()
    devices.error = Unavailable("out", code=code)
    for batch in ([change("google", "d-1", notes="new")], moves(2)):
        with pytest.raises(Unavailable):
            writer(devices).write(batch)


def test_a_refused_patch_is_the_engines_to_record() -> None:
    devices = FakeDevices()
    devices.error = WriteRefused("no", code="google.invalid")
    with pytest.raises(WriteRefused):
        writer(devices).write([change("google", "d-1", notes="new")])


def test_moves_are_one_request_and_wait_for_the_read_back() -> None:
    devices = FakeDevices()
    batch = moves(3)
    outcomes = writer(devices).write(batch)
    assert devices.moves == [("/Staff", [action.object for action in batch])]
    assert [(outcome.action, outcome.state) for outcome in outcomes] == [(action.id, "unproven") for action in batch]


def test_reading_back_is_one_list_of_the_fields_in_question() -> None:
    devices = FakeDevices(device(), device(deviceId="d-2", orgUnitPath="/Staff", notes=""))
    moved, noted = change("google", "d-2", "move", orgUnitPath="/Staff"), change("google", "d-2", notes=None)
    gone = change("google", "d-3", notes="x")
    found = writer(devices).read_back([moved, noted, gone], {})
    assert found == {moved.id: {"orgUnitPath": "/Staff"}, noted.id: {"notes": None}}
    assert devices.asked == [{"orgUnitPath", "notes"}]


def test_what_is_read_back_is_compared_as_google_spells_it() -> None:
    assert writer(FakeDevices()).same("orgUnitPath", "/staff", "/Staff")
    assert writer(FakeDevices()).same("annotatedUser", "S1@example.org", "s1@example.org")
    assert not writer(FakeDevices()).same("notes", "a", "A")
