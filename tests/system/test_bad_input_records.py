"""Records that identify nothing, or two things, are listed and left alone; names of any kind arrive as they are.

One plan, one apply and one more plan of a fleet that has every such case are looked at from all sides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from syncd.reconcile.model import Action, Listing
from syncd.sandbox.fleet import Case
from syncd.sandbox.site import Sandbox
from system.commands import Finished
from system.conftest import StartSite
from system.site import Site, Whole


@dataclass(frozen=True)
class Story:
    """A site before and after its first apply, and the commands in between."""

    site: Site
    before: Whole
    after: Whole
    plan: Finished
    applied: Finished
    again: Finished

    def case(self, kind: str) -> Case:
        (case,) = self.site.sandbox.fleet.of_kind(kind)
        return case

    def device(self, kind: str, when: Whole) -> dict[str, Any]:
        return dict(when["google.devices"][self.case(kind).devices[0]])

    def asset_ids(self, kind: str) -> list[str]:
        return [self.site.asset(name[:255]) for name in self.case(kind).assets]

    def listings(self, state: str, kind: str) -> list[Listing]:
        involved = {*self.case(kind).devices, *self.asset_ids(kind)}
        return [listing for listing in self.plan.listings if listing.state == state and listing.object in involved]

    def actions(self, kind: str) -> list[Action]:
        involved = {*self.case(kind).devices, *self.asset_ids(kind)}
        return [action for action in self.plan.actions if action.object in involved]


@pytest.fixture(scope="module")
def story(start_site: StartSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with start_site(tmp_path_factory.mktemp("records") / "site") as site:
        before = site.whole()
        plan = site.syncd("plan", "chromebooks", "--json").ended(0)
        assert site.whole() == before
        applied = site.syncd("apply", "chromebooks", "--json").ended(0)
        after = site.whole()
        yield Story(site, before, after, plan, applied, site.syncd("apply", "chromebooks", "--json").ended(0))


UNUSABLE = {
    "blank_serial": "no usable key: serial is blank",
    "short_serial": "no usable key: serial is shorter than 4 characters",
    "placeholder_serial": "no usable key: serial is a placeholder",
}


@pytest.mark.parametrize(("kind", "words"), UNUSABLE.items())
def test_a_serial_that_identifies_nothing_is_rejected_with_the_reason_on_both_sides(
    story: Story, kind: str, words: str
) -> None:
    found = story.listings("rejected", kind)
    assert {listing.system for listing in found} == {"google", "rt"}
    assert all(words in listing.why for listing in found)
    untouched(story, kind)


def test_devices_of_one_serial_are_in_conflict_with_each_other_and_with_its_asset(story: Story) -> None:
    found = story.listings("conflict", "duplicate_in_google")
    assert [listing.system for listing in found] == ["google", "google", "rt"]
    assert all(device in listing.why for device in story.case("duplicate_in_google").devices for listing in found)
    untouched(story, "duplicate_in_google")


def test_assets_of_one_serial_are_in_conflict_with_each_other_and_with_its_device(story: Story) -> None:
    found = story.listings("conflict", "duplicate_in_rt")
    assert [listing.system for listing in found] == ["google", "rt", "rt"]
    assert all(f"asset {number} " in listing.why for number in story.asset_ids("duplicate_in_rt") for listing in found)
    untouched(story, "duplicate_in_rt")


def untouched(story: Story, kind: str) -> None:
    assert story.actions(kind) == []
    for device in story.case(kind).devices:
        assert story.after["google.devices"][device] == story.before["google.devices"][device]
    for asset in story.asset_ids(kind):
        assert story.after["rt.assets"][asset] == story.before["rt.assets"][asset]


def test_every_record_that_was_not_reconciled_is_counted_and_listed(story: Story) -> None:
    counts = story.plan.json["plan"]["report"]["counts"]
    for state in ("conflict", "rejected", "only_google", "only_rt", "unknown"):
        assert counts[state] == len([listing for listing in story.plan.listings if listing.state == state]) > 0


@pytest.mark.parametrize("kind", ["script_name", "emoji_name", "leading_zeros", "long_text"])
def test_a_name_arrives_in_google_letter_for_letter(story: Story, kind: str) -> None:
    (name,) = story.case(kind).assets
    assert story.device(kind, story.before)["annotatedAssetId"] != name[:255]
    assert story.device(kind, story.after)["annotatedAssetId"] == name[:255]


def test_a_text_that_is_longer_than_google_takes_is_left_alone_and_its_length_is_told(story: Story) -> None:
    (listing,) = story.listings("unknown", "long_text")
    assert listing.why == "annotatedLocation left alone because it has 300 characters and Google takes 200"
    location = story.device("long_text", story.before)["annotatedLocation"]
    assert story.device("long_text", story.after)["annotatedLocation"] == location


@pytest.mark.parametrize("kind", ["untidy_serial", "mac_only"])
def test_an_untidy_serial_and_a_mac_alone_find_their_device_and_keep_their_spelling(story: Story, kind: str) -> None:
    (asset,), (device,) = story.asset_ids(kind), story.case(kind).devices
    before, after = (when["rt.assets"][asset]["values"] for when in (story.before, story.after))
    assert after[str(story.site.field("Google Device ID").id)] == [device]
    for name in ("Serial Number", "MAC Address"):
        number = str(story.site.field(name).id)
        assert after.get(number) == before.get(number)


def test_a_deprovisioned_twin_does_not_stand_against_the_device_enrolled_since(story: Story) -> None:
    active, gone = story.case("reenrolled").devices
    assert story.after["google.devices"][gone] == story.before["google.devices"][gone]
    assert not [listing for listing in story.plan.listings if listing.object in {active, gone}]


def test_an_owner_without_an_address_does_not_take_the_user_from_the_device(story: Story) -> None:
    (listing,) = story.listings("unknown", "owner_without_email")
    assert listing.why == "annotatedUser left alone because the owner has no e-mail address"
    user = story.device("owner_without_email", story.before)["annotatedUser"]
    assert user
    assert story.device("owner_without_email", story.after)["annotatedUser"] == user


def test_a_returned_device_loses_its_user_and_nothing_else(story: Story) -> None:
    (action,) = story.actions("returned")
    assert (action.kind, action.after) == ("clear", {"annotatedUser": None})
    before, after = story.device("returned", story.before), story.device("returned", story.after)
    assert before.pop("annotatedUser")
    assert "annotatedUser" not in after
    assert {**before, "etag": ""} == {**after, "etag": ""}


def test_apply_does_what_the_plan_said_and_nothing_else_changes(story: Story) -> None:
    assert story.applied.actions == story.plan.actions
    assert {outcome.state for outcome in story.applied.outcomes.values()} == {"verified"}
    for system, collection in (("google", "google.devices"), ("rt", "rt.assets")):
        before, after = story.before[collection], story.after[collection]
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        assert changed == {action.object for action in story.plan.actions if action.system == system}
    for collection in ("google.orgunits", "google.users", "rt.users", "rt.catalogs", "rt.custom_fields"):
        assert story.after[collection] == story.before[collection]


def test_a_second_apply_finds_nothing_to_do_and_writes_nothing(story: Story) -> None:
    assert story.again.result == "in_sync"
    assert story.again.actions == []
    assert story.site.whole() == story.after


def test_nobodys_name_or_address_is_in_the_log(story: Story) -> None:
    people = {user.email for user in story.site.sandbox.fleet.users if user.email}
    people |= {user.real_name for user in story.site.sandbox.fleet.users}
    for finished in (story.plan, story.applied, story.again):
        assert not [person for person in people if person in finished.stderr]


def test_the_configuration_that_the_sandbox_prints_leads_to_it(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "site", devices=40) as sandbox:
        site = Site(sandbox)
        sandbox.config_file.write_text(sandbox.configuration())
        assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "planned"
