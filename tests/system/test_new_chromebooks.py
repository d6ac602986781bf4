"""The Chromebook of a new asset is brought in line at once, as a run would do it, and no other."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from services.rest2 import criterion
from syncd.sandbox.faults import Rule
from syncd.state.inbox.records import Event, asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, open_inbox
from syncd.state.lock import JobLock
from system.conftest import MakeSite
from system.site import Site

EVENTS = """
[events]
tries = 2
first_wait_seconds = {first_wait}
[events.asset-created]
chromebooks = {chromebooks}
[[events.asset-created.sequences]]
catalog = "Chromebooks"
prefix = "W12-"
"""


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """Return a site where both sides agree, but for a device that has lost its asset."""
    return make_site(drift=False)


def configure(site: Site, *, chromebooks: bool = True, first_wait: float = 0.01, **job: object) -> None:
    """Configure the job, and events that wait so long (s) at most before they are tried again."""
    site.configure(job={"mode": "apply", **job})
    with site.sandbox.config_file.open("a") as file:
        file.write(EVENTS.format(chromebooks=str(chromebooks).lower(), first_wait=first_wait))


def device(site: Site) -> dict[str, Any]:
    """Return a device of Google that has an asset."""
    return next(each for each in site.sandbox.google.tenant.devices.values() if each["status"] == "ACTIVE")


def new_asset(site: Site, serial: str, name: str = "Cart") -> int:
    """Create an asset for a device whose own one is out of the way."""
    for asset in site.rest.search("/assets", criterion("CF.{Serial Number}", serial))["items"]:
        # RT lets nobody delete what is in use; nor does it matter here what became of it.
        site.rest.put(f"/asset/{asset['id']}", CustomFields={"Serial Number": None})
    return int(site.rest.create("asset", Name=name, Catalog="Chromebooks", CustomFields={"Serial Number": serial}))


def tell(site: Site, asset: int) -> str:
    with open_inbox(site.sandbox.directory / "state" / DIRECTORY_NAME) as inbox:
        (receipt,) = inbox.accept([asset_created(asset, "webhook")], datetime.now(UTC))
        return receipt.id


def event(site: Site, event_id: str) -> Event:
    with open_inbox(site.sandbox.directory / "state" / DIRECTORY_NAME) as inbox:
        found = inbox.get(event_id)
        assert found is not None
        return found


def result(site: Site, event_id: str) -> dict[str, Any]:
    found = event(site, event_id)
    assert (found.state, found.error) == ("done", "")
    assert found.result is not None
    return dict(msgspec.json.decode(found.result))


def work(site: Site) -> None:
    site.syncd("work", "--until-idle").ended(0)


def annotations(site: Site) -> dict[str, str]:
    """Return the asset id that each device shows, by device id."""
    devices = site.sandbox.google.tenant.devices.values()
    return {each["deviceId"]: each.get("annotatedAssetId", "") for each in devices}


def annotated(site: Site, device_id: str) -> str:
    return annotations(site)[device_id]


def test_the_device_of_a_new_asset_gets_its_tag_at_once_and_the_audit_log_has_both(site: Site) -> None:
    configure(site)
    chosen = device(site)
    serial, device_id = chosen["serialNumber"], chosen["deviceId"]
    asset = new_asset(site, serial)
    before = annotations(site)
    told = tell(site, asset)
    work(site)
    found = result(site, told)
    assert (found["state"], found["tag"], found["chromebooks"]["state"]) == ("tagged", "W12-00001", "applied")
    assert annotations(site) == before | {device_id: "W12-00001"}
    runs = {audited.run.id: audited for audited in site.audit()}
    assert {audited.run.job for audited in runs.values()} == {"asset-created"}
    assert runs[found["run"]].states == {("rt", "verified")}
    assert ("google", "verified") in runs[found["chromebooks"]["run"]].states
    explained = site.syncd("explain", "chromebooks", serial, "--json").ended(0).json
    history = {(change["system"], change["field"]): change for case in explained["cases"] for change in case["history"]}
    assert (history["rt", "Name"]["before"], history["rt", "Name"]["after"]) == ("Cart", "W12-00001")
    assert history["google", "annotatedAssetId"]["after"] == "W12-00001"


def test_a_whole_run_after_it_finds_nothing_left_to_do_for_the_asset_and_its_guard_is_not_misled(site: Site) -> None:
    configure(site)
    site.syncd("run", "chromebooks").ended(0)
    chosen = device(site)
    tell(site, new_asset(site, chosen["serialNumber"]))
    work(site)
    finished = site.syncd("plan", "chromebooks", "--json").ended(0)
    assert [action for action in finished.actions if action.object == chosen["deviceId"]] == []


def test_an_asset_that_has_its_tag_already_is_looked_at_too(site: Site) -> None:
    configure(site)
    chosen = device(site)
    told = tell(site, new_asset(site, chosen["serialNumber"], "W12-00777"))
    work(site)
    assert result(site, told)["state"] == "has_tag"
    assert annotated(site, chosen["deviceId"]) == "W12-00777"


def test_it_is_done_only_where_it_is_wanted(site: Site) -> None:
    configure(site, chromebooks=False)
    chosen = device(site)
    before = annotated(site, chosen["deviceId"])
    told = tell(site, new_asset(site, chosen["serialNumber"]))
    work(site)
    assert "chromebooks" not in result(site, told)
    assert annotated(site, chosen["deviceId"]) == before


def test_the_mode_and_the_limits_of_the_job_hold_for_one_asset_too(site: Site) -> None:
    chosen = device(site)
    before = annotated(site, chosen["deviceId"])
    configure(site, mode="plan")
    told = tell(site, new_asset(site, chosen["serialNumber"]))
    work(site)
    assert result(site, told)["chromebooks"]["state"] == "planned"
    configure(site, limits={"update": {"count": 0}})
    told = tell(site, new_asset(site, chosen["serialNumber"]))
    work(site)
    assert result(site, told)["chromebooks"]["state"] == "refused"
    assert annotated(site, chosen["deviceId"]) == before


def test_an_asset_without_a_serial_number_is_left_to_the_next_run(site: Site) -> None:
    configure(site)
    told = tell(site, int(site.rest.create("asset", Name="x", Catalog="Chromebooks")))
    requests = site.sandbox.server.requests()
    work(site)
    assert result(site, told)["chromebooks"]["state"] == "no_serial"
    assert site.sandbox.server.requests() - requests < 15, "Google was read as a whole"


def test_while_google_is_down_the_asset_has_its_tag_and_in_the_end_the_next_run_has_the_rest(site: Site) -> None:
    configure(site)
    chosen = device(site)
    asset = new_asset(site, chosen["serialNumber"])
    told = tell(site, asset)
    site.fail(Rule(route="/admin.*", status=503, times=10_000))
    work(site)
    assert site.rest.get(f"/asset/{asset}")["Name"] == "W12-00001"
    waiting = event(site, told)
    assert (waiting.state, waiting.attempts) in {("waiting", 1), ("done", 2)}
    while event(site, told).state == "waiting":
        work(site)
    found = result(site, told)
    assert (found["state"], found["chromebooks"]["state"]) == ("has_tag", "not_yet")
    site.heal()


def test_a_run_of_the_whole_job_that_is_under_way_is_waited_for(site: Site) -> None:
    configure(site, first_wait=600)
    chosen = device(site)
    told = tell(site, new_asset(site, chosen["serialNumber"]))
    with JobLock(site.sandbox.directory / "state", "chromebooks"):
        work(site)
    assert (event(site, told).state, event(site, told).attempts) == ("waiting", 1)
    assert annotated(site, chosen["deviceId"]) != "W12-00001"
    site.syncd("events", "retry", told).ended(0)
    work(site)
    assert result(site, told)["chromebooks"]["state"] == "applied"
    assert annotated(site, chosen["deviceId"]) == "W12-00001"
