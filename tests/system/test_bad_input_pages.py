"""A read that is not whole makes no plan: what is wrong with it is said, and a later try may succeed (75)."""

import json
from pathlib import Path

import pytest

from syncd.sandbox.faults import Rule
from syncd.sandbox.google.presets import PRESETS
from system.site import Site

TRY_LATER = 75
LATER_PAGES = r"chromeos\?.*pageToken="
HTML = "<html><head><title>Maintenance</title></head><body>Back soon.</body></html>"


def page(*devices: str, token: str = "") -> str:
    listed = [{"deviceId": device, "serialNumber": f"SYN-{device}", "status": "ACTIVE"} for device in devices]
    return json.dumps({"chromeosdevices": listed, **({"nextPageToken": token} if token else {})})


GOOGLE = {
    "a page that is cut": (Rule(route=LATER_PAGES, cut=True), "cut its answer short"),
    "a page that is cut, and says it is whole": (
        Rule(route=LATER_PAGES, status=200, body='{"chromeosdevices": [{"deviceId": "d1"}, {"dev'),
        "A page of the device list is none (application/json",
    ),
    "HTML instead of JSON": (PRESETS["html_for_json"], "A page of the device list is none (text/html"),
    "an error with status 200": (
        Rule(route=LATER_PAGES, status=200, body='{"error": {"code": 500, "message": "Backend Error"}}'),
        "holds an error in place of devices",
    ),
    "a page token that repeats": (
        Rule(route=LATER_PAGES, status=200, body=page(token="again")),
        "The device list does not end: Google repeats a page",
    ),
    "a page that comes twice": (
        Rule(route=LATER_PAGES, status=200, body=page("d1", "d1")),
        "The device list holds a device twice",
    ),
    "a list that ends early": (
        Rule(route=LATER_PAGES, status=200, body=page()),
        "The device list ended early: 20 of 40 devices",
    ),
}

ENVELOPE = {"page": 1, "pages": 1, "per_page": 100, "items": []}
ASSETS = r"/REST/2\.0/assets\?.*CustomFields.*per_page=100|/REST/2\.0/assets\?per_page=100.*CustomFields"
RT = {
    "a page that is cut": (Rule(route=ASSETS, cut=True), "cut its answer short"),
    "HTML instead of JSON": (Rule(route=ASSETS, status=200, body=HTML), "RT answered with something that is not JSON"),
    "a list that ends early": (
        Rule(
            route=ASSETS,
            status=200,
            headers={"Content-Type": 'application/json; charset="utf-8"'},
            body=json.dumps({**ENVELOPE, "count": 0, "total": 42}),
        ),
        "a page has 0 rows where 42 were announced",
    ),
    "an answer of another shape": (
        Rule(route=ASSETS, status=200, body='{"message": "all is well"}'),
        "it is not what REST 2.0 answers",
    ),
}


@pytest.mark.parametrize(("rule", "words"), GOOGLE.values(), ids=GOOGLE.keys())
def test_a_device_list_that_is_not_whole_makes_no_plan(site: Site, tmp_path: Path, rule: Rule, words: str) -> None:
    site.configure(google={"page_size": 20})
    no_plan(site, tmp_path / "plan.json", rule, words)


@pytest.mark.parametrize(("rule", "words"), RT.values(), ids=RT.keys())
def test_an_asset_list_that_is_not_whole_makes_no_plan(site: Site, tmp_path: Path, rule: Rule, words: str) -> None:
    no_plan(site, tmp_path / "plan.json", rule, words)


def no_plan(site: Site, plan: Path, rule: Rule, words: str) -> None:
    site.fail(rule)
    finished = site.refuses(TRY_LATER, "plan", "chromebooks", "-o", str(plan))
    assert words in finished.error
    assert finished.stdout == ""
    assert not plan.exists()
    assert site.struck() > 0


def test_a_read_that_failed_spoils_nothing_for_the_next_run(site: Site) -> None:
    site.configure(google={"page_size": 20})
    site.fail(GOOGLE["a list that ends early"][0], *(rule for rule, _ in RT.values()))
    failed = site.refuses(TRY_LATER, "apply", "chromebooks", "--json")
    site.heal()
    assert site.syncd("apply", "chromebooks", "--json").ended(0).result == "applied"
    recorded = {run["id"]: run for run in json.loads(site.syncd("runs", "--json").ended(0).stdout)}
    assert recorded[failed.run]["result"] == "failed"
    assert recorded[failed.run]["plan_hash"] == ""


def test_a_page_token_that_is_refused_is_no_reason_to_give_up_at_once(site: Site) -> None:
    site.configure(google={"page_size": 20})
    refused = PRESETS["page_token_refused"]
    site.fail(Rule(route=refused.route, status=refused.status, body=refused.body, times=1))
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "planned"
    assert site.struck() == 1


def test_smaller_pages_are_taken_where_google_allows_no_larger_ones(site: Site) -> None:
    site.sandbox.google.settings.page_limit = 15
    assert site.syncd("plan", "chromebooks", "--json").ended(0).result == "planned"
    assert site.sandbox.server.requests("chromeosdevices.list") == 1 + 3
