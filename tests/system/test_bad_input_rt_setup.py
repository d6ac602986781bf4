"""What RT lacks, in rights or in its set-up, is said before anything is read: all of it at once (77 or 78)."""

import pytest

from syncd.sandbox.rt.house import CHROMEBOOKS, add_field
from syncd.sandbox.rt.records import CustomField
from system.site import Site

NO_PERMISSION, CONFIGURATION = 77, 78
CREATE = {"missing_assets": "create"}


def take_right(site: Site, *rights: str) -> None:
    user = site.user()
    user.rights = [right for right in user.rights if right not in rights]
    site.keep(user)


def add_custom_field(site: Site, name: str) -> None:
    add_field(site.sandbox.rt.world, CustomField(id=0, name=name, type="Freeform"), (CHROMEBOOKS,), ())
    site.sandbox.rt.world.flush()


@pytest.mark.parametrize(
    ("right", "job", "status", "words"),
    [
        ("ShowCatalog", {}, CONFIGURATION, 'no catalog "Chromebooks", or the API user lacks ShowCatalog on it'),
        ("ShowAsset", {}, NO_PERMISSION, 'the API user sees no asset in the catalog "Chromebooks"'),
        ("SeeCustomField", {}, NO_PERMISSION, 'no custom field on the catalog "Chromebooks": grant SeeCustomField'),
        ("CreateAsset", CREATE, NO_PERMISSION, 'lacks CreateAsset on the catalog "Chromebooks"'),
        ("ModifyAsset", CREATE, NO_PERMISSION, 'lacks ModifyAsset on the catalog "Chromebooks"'),
    ],
    ids=["ShowCatalog", "ShowAsset", "SeeCustomField", "CreateAsset", "ModifyAsset"],
)
def test_a_right_that_the_api_user_lacks_is_named_with_the_catalog(
    site: Site, right: str, job: dict[str, str], status: int, words: str
) -> None:
    site.configure(job=job, to_rt={})
    take_right(site, right)
    error = site.refuses(status, "plan", "chromebooks").error
    assert "RT is not ready for this job" in error
    assert words in error


def test_a_missing_custom_field_is_named_with_the_nearest_one(site: Site) -> None:
    site.configure(to_rt={"CF.{OS Versoin}": "osVersion"})
    error = site.refuses(CONFIGURATION, "plan", "chromebooks").error
    assert 'CF.{OS Versoin} is not applied to the catalog "Chromebooks"' in error
    assert '(there is "OS Version")' in error


def test_an_ambiguous_custom_field_is_named_with_the_ids_to_choose_from(site: Site) -> None:
    first = site.field("Model").id
    add_custom_field(site, "Model")
    error = site.refuses(CONFIGURATION, "plan", "chromebooks").error
    second = site.field("Model").id
    assert second != first
    assert f'CF.{{Model}} is ambiguous on the catalog "Chromebooks": custom fields {first}, {second}' in error
    assert "name one as CF.{id}" in error


@pytest.mark.parametrize(
    ("field", "source", "words"),
    [
        ("CF.{AUE Date}", "model", "CF.{AUE Date} is of type Date with one value (date); the job needs text or multi"),
        ("CF.{LAN IP}", "lastSync", "CF.{LAN IP} is of type IPAddress with one value (address); the job needs date"),
    ],
)
def test_a_custom_field_of_the_wrong_type_is_named_with_the_type_it_needs(
    site: Site, field: str, source: str, words: str
) -> None:
    site.configure(to_rt={field: source})
    assert words in site.refuses(CONFIGURATION, "plan", "chromebooks").error


def test_a_serial_field_of_the_wrong_type_is_refused_too(site: Site) -> None:
    site.configure(job={"serial_field": "CF.{Last Sync}"})
    error = site.refuses(CONFIGURATION, "plan", "chromebooks").error
    assert "CF.{Last Sync} is of type DateTime with one value (datetime); the job needs text or multi" in error


def test_an_unknown_catalog_is_named_with_the_nearest_one(site: Site) -> None:
    site.configure(job={"catalogs": ["Chromeboks"]})
    error = site.refuses(CONFIGURATION, "plan", "chromebooks").error
    assert 'there is no catalog "Chromeboks"' in error
    assert '(there is "Chromebooks")' in error


def test_everything_that_is_wrong_is_named_at_once(site: Site) -> None:
    add_custom_field(site, "Model")
    take_right(site, "CreateAsset")
    site.configure(
        job={"catalogs": ["Chromebooks", "Tablets"], "missing_assets": "create"},
        rt={"timezone": "Europe/Berlin"},
        to_google={"notes": "CF.{Remarks}"},
        to_rt={"CF.{Model}": "model", "CF.{LAN IP}": "osVersion", "CF.{OU path}": "orgUnitPath"},
    )
    site.user().timezone = "America/Los_Angeles"
    site.keep(site.user())
    error = site.refuses(CONFIGURATION, "plan", "chromebooks").error
    for words in (
        'no catalog "Tablets"',
        'lacks CreateAsset on the catalog "Chromebooks"',
        "time zone in RT is America/Los_Angeles, and rt.timezone says Europe/Berlin",
        "CF.{Remarks} is not applied",
        "CF.{Model} is ambiguous",
        "CF.{LAN IP} is of type IPAddress",
        "CF.{OU path} is not applied",
    ):
        assert words in error


def test_a_right_that_only_a_write_can_miss_is_told_for_each_asset_and_google_is_done(site: Site) -> None:
    """RT shows nobody whether they may change custom fields (RT 5.0.3, observed): the first write does."""
    take_right(site, "ModifyCustomField", "ModifyAsset")
    finished = site.syncd("apply", "chromebooks", "--json").ended(1)
    states = {(action.system, finished.outcomes[action.id].state) for action in finished.actions}
    assert states == {("google", "verified"), ("rt", "failed")}
    refusals = [outcome.error for outcome in finished.outcomes.values() if outcome.state == "failed"]
    assert all("RT refused to update asset" in text and "Permission Denied" in text for text in refusals)


def test_an_address_without_rt_behind_it_is_said_to_be_one(site: Site) -> None:
    site.configure(rt={"url": f"{site.sandbox.url}/rt/REST/2.0"})
    error = site.refuses(CONFIGURATION, "plan", "chromebooks").error
    assert "RT's REST 2.0 is not at this address" in error
    assert "without /REST/2.0" in error


def test_an_org_unit_that_google_does_not_have_is_named(site: Site) -> None:
    site.configure(job={"org_units": ["/Nowhere"]})
    error = site.refuses(CONFIGURATION, "plan", "chromebooks").error
    assert "Google rejects org unit '/Nowhere'" in error
