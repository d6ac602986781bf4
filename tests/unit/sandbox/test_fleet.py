"""The fleet of the sandbox: two sides, which differ in the ways that are documented and in no other."""

import pytest

from syncd.sandbox.fleet import CHROMEBOOKS, CUSTOM_FIELDS, KINDS, NOBODY, Asset, Fleet, as_reported, make_fleet

SMALL = make_fleet(60)
EMAIL = {user.login: user.email for user in SMALL.users}


def by_id(fleet: Fleet) -> dict[str, dict[str, object]]:
    return {device["deviceId"]: device for device in fleet.devices}


def in_sync(fleet: Fleet) -> list[tuple[dict[str, object], Asset]]:
    cases = {name for case in fleet.cases for name in (*case.devices, *case.assets)}
    devices = {device["deviceId"]: device for device in fleet.devices if device["deviceId"] not in cases}
    chromebooks = [asset for asset in fleet.assets if asset.catalog == CHROMEBOOKS and asset.name not in cases]
    return [(devices.pop(str(asset.custom_fields["Google Device ID"])), asset) for asset in chromebooks]


def test_the_same_seed_gives_the_same_fleet_and_another_one_another() -> None:
    assert make_fleet(60) == SMALL
    assert make_fleet(60, seed=2).devices != SMALL.devices


@pytest.mark.parametrize(("devices", "often", "rare"), [(40, 1, 1), (50, 1, 1), (5_000, 5, 1)])
def test_every_kind_is_there_as_often_as_documented(devices: int, often: int, rare: int) -> None:
    fleet = make_fleet(devices)
    assert len(fleet.devices) == devices
    assert len({device["deviceId"] for device in fleet.devices}) == devices
    counts = dict(fleet.expected)
    assert sum(len(case.devices) for case in fleet.cases) + counts.pop("in_sync") == devices
    assert {kind: often if KINDS[kind].every == 1_000 else rare for kind in KINDS} == counts
    assert len(in_sync(fleet)) == fleet.expected["in_sync"]


def test_a_fleet_too_small_for_every_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 40"):
        make_fleet(39)
    assert len(make_fleet(3, drift=False).devices) == 3


def test_without_drift_and_outside_the_cases_both_sides_agree_in_everything() -> None:
    whole = make_fleet(200, drift=False)
    assert whole.cases == ()
    email = {user.login: user.email for user in whole.users} | {NOBODY: None}
    pairs = in_sync(whole)
    assert len(pairs) == 200
    for device, asset in pairs:
        assert device["annotatedAssetId"] == asset.name
        assert device.get("annotatedUser") == email[asset.owner]
        assert {name: asset.custom_fields[name] for name in as_reported(device)} == as_reported(device)
    statuses = {device["status"] for device in whole.devices}
    assert statuses == {"ACTIVE", "DISABLED", "DEPROVISIONED"}


def test_every_value_fits_its_custom_field() -> None:
    fields = {field.name: field for field in CUSTOM_FIELDS}
    for asset in SMALL.assets:
        for name, value in asset.custom_fields.items():
            assert asset.catalog in fields[name].catalogs
            assert isinstance(value, tuple) == (fields[name].max_values == 0)
            if fields[name].values:
                assert set(value if isinstance(value, tuple) else [value]) <= set(fields[name].values)
        assert asset.owner == NOBODY or asset.owner in EMAIL


def only(kind: str) -> tuple[list[dict[str, object]], list[Asset]]:
    """Return the devices and the assets of the one case of a kind."""
    device = by_id(SMALL)
    asset = {each.name: each for each in SMALL.assets}
    (case,) = SMALL.of_kind(kind)
    return [device[key] for key in case.devices], [asset[name] for name in case.assets]


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_that_a_kind_names_differ(kind: str) -> None:
    google, rt = only(kind)
    for changed in KINDS[kind].google_fields:
        wanted = {
            "annotatedAssetId": rt[0].name,
            "annotatedUser": EMAIL.get(rt[0].owner),
            "annotatedLocation": rt[0].custom_fields.get("Location"),
        }
        assert google[0].get(changed) != wanted[changed]
    for changed in KINDS[kind].rt_fields:
        assert rt[0].custom_fields.get(changed) != as_reported(google[0])[changed]


def test_each_kind_is_what_its_name_says() -> None:
    assert only("returned")[1][0].owner == NOBODY
    assert [len(side) for side in only("only_in_rt")] == [0, 1]
    assert [len(side) for side in only("only_in_google")] == [1, 0]
    assert [each["status"] for each in only("reenrolled")[0]] == ["ACTIVE", "DEPROVISIONED"]
    for kind in ("reenrolled", "duplicate_in_google"):
        assert len({each["serialNumber"] for each in only(kind)[0]}) == 1
    assert len({each.serial for each in only("duplicate_in_rt")[1]}) == 1
    assert len(only("long_text")[1][0].name) == 255
    assert len(only("long_text")[1][0].custom_fields["Location"]) == 300
    assert EMAIL[only("owner_without_email")[1][0].owner] == ""
    assert len(only("two_holders")[1][0].held_by) == 2
    (zeros,), (zeros_asset,) = only("leading_zeros")
    assert zeros_asset.name.lstrip("0") == zeros["annotatedAssetId"] != zeros_asset.name
    (mac,), (mac_asset,) = only("mac_only")
    assert str(mac_asset.custom_fields["MAC Address"]).replace(":", "").lower() == mac["macAddress"]
    (untidy,), (untidy_asset,) = only("untidy_serial")
    assert untidy_asset.serial.replace(" ", "").upper() == untidy["serialNumber"] != untidy_asset.serial
    assert only("other_catalog")[1][0].catalog != CHROMEBOOKS


def test_a_serial_tells_its_kind_in_either_sides_spelling() -> None:
    (case,) = SMALL.of_kind("untidy_serial")
    assert len(case.serials) == 2
    assert {SMALL.kind_of(serial) for serial in case.serials} == {"untidy_serial"}
    assert SMALL.kind_of("SYN0000060") == ""
