"""Whom a device belongs to: owners and holders without an address, several of them, and devices that came back."""

import pytest

from system.commands import Finished
from system.site import Options, Site

HOLDER: Options = {"annotatedUser": {"from": "HeldBy.EmailAddress", "clear": True}}
KEEPING: Options = {"annotatedUser": {"from": "Owner.EmailAddress", "clear": False}}


def user_of(site: Site, kind: str) -> str:
    """Return the user that Google has for the device of a case."""
    device = site.sandbox.fleet.of_kind(kind)[0].devices[0]
    return str(site.sandbox.google.device(device).get("annotatedUser", ""))


def asset_of(site: Site, kind: str) -> str:
    return site.asset(site.sandbox.fleet.of_kind(kind)[0].assets[0])


def why(finished: Finished, site: Site, kind: str) -> list[str]:
    device = site.sandbox.fleet.of_kind(kind)[0].devices[0]
    return [each.why for each in finished.listings if each.state == "unknown" and each.object == device]


def test_an_asset_of_two_holders_tells_no_user_and_one_of_a_single_holder_does(site: Site) -> None:
    site.configure(to_google=HOLDER, to_rt={})
    two = user_of(site, "two_holders")
    changed = site.sandbox.fleet.of_kind("user_differs")[0].assets[0]
    holder = next(asset.held_by[0] for asset in site.sandbox.fleet.assets if asset.name == changed)
    finished = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert why(finished, site, "two_holders") == ["annotatedUser left alone because the asset has several holders"]
    assert user_of(site, "two_holders") == two
    assert user_of(site, "user_differs") == site.user(holder).email


def test_a_holder_without_an_address_does_not_take_the_user_away(site: Site) -> None:
    site.configure(to_google=HOLDER, to_rt={})
    present = user_of(site, "owner_without_email")
    finished = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert why(finished, site, "owner_without_email") == [
        "annotatedUser left alone because the holder has no e-mail address"
    ]
    assert user_of(site, "owner_without_email") == present != ""


def test_a_device_whose_holder_gave_it_back_loses_its_user(site: Site) -> None:
    site.configure(to_google=HOLDER, to_rt={})
    assert user_of(site, "returned")
    site.syncd("apply", "chromebooks").ended(0)
    assert user_of(site, "returned") == ""


@pytest.mark.parametrize(("to_google", "left"), [({}, False), (KEEPING, True)], ids=["by default", "clear = false"])
def test_a_returned_device_loses_its_user_unless_the_mapping_says_not_to(
    site: Site, to_google: Options, *, left: bool
) -> None:
    site.configure(to_google=to_google, to_rt={})
    assert user_of(site, "returned")
    site.syncd("apply", "chromebooks").ended(0)
    assert bool(user_of(site, "returned")) == left


def test_a_device_that_comes_back_later_loses_its_user_then_and_gets_the_next_one(site: Site) -> None:
    """What changed in RT is found without reading everything again."""
    site.configure(to_rt={})
    site.syncd("apply", "chromebooks").ended(0)
    asset = asset_of(site, "user_differs")
    site.rest.put(f"/asset/{asset}", Owner="Nobody")
    cleared = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert [(action.kind, action.after) for action in cleared.actions] == [("clear", {"annotatedUser": None})]
    site.rest.put(f"/asset/{asset}", Owner="rt-west")
    given = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert [action.after for action in given.actions] == [{"annotatedUser": "rt-west@example.test"}]


def test_an_address_that_changed_in_rt_reaches_the_devices_of_its_owner(site: Site) -> None:
    site.configure(to_rt={})
    site.syncd("apply", "chromebooks").ended(0)
    address = user_of(site, "user_differs")
    number = next(user.id for user in site.sandbox.rt.world.users.values() if user.email == address)
    site.rest.put(f"/user/{number}", EmailAddress="married.name@example.org")
    finished = site.syncd("apply", "chromebooks", "--json").ended(0)
    assert {str(action.after) for action in finished.actions} == {"{'annotatedUser': 'married.name@example.org'}"}
    assert user_of(site, "user_differs") == "married.name@example.org"


def test_a_user_that_is_only_spelt_otherwise_is_no_change(site: Site) -> None:
    site.configure(to_rt={})
    site.syncd("apply", "chromebooks").ended(0)
    device = site.sandbox.fleet.of_kind("user_differs")[0].devices[0]
    site.sandbox.google.edit(device, annotatedUser=user_of(site, "user_differs").upper())
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "in_sync"
