"""Google's failures by name, and the synthetic fleet, against Google's documents."""

import pytest
import requests

from contract.discovery import Discovery
from contract.google_sandbox import Running, running
from syncd.sandbox.fleet import make_fleet
from syncd.sandbox.google import PRESETS, GoogleApp

HTML = {"bad_gateway_html", "html_for_json", "token_unavailable", "rate_text"}
BROKEN = {"cut_page", "lost_answer", "dropped_connection"}


@pytest.mark.parametrize("name", sorted(set(PRESETS) - HTML - BROKEN))
def test_a_preset_is_an_error_body_that_fits_its_status(name: str) -> None:
    rule = PRESETS[name]
    if name.startswith("token_"):
        assert '"error_description"' in rule.body
        return
    path = "/admin/directory/v1/customer/my_customer/devices/chromeos"
    assert rule.status is not None
    assert Discovery.installed().check_answer("GET", path, [], rule.status, rule.body.encode()) == []


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_strikes_the_call_it_is_for(name: str) -> None:
    with running() as google:
        google.server.faults.add(PRESETS[name])
        try:
            struck = "token" if name.startswith("token_") else ask(google)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            struck = "broken"
        if struck == "token":
            google.ask("POST", "/token", data={})
        assert google.server.faults.listing()[0]["used"] >= 1
        assert (struck == "broken") == (name in BROKEN)


def ask(google: Running) -> str:
    google.ask("PATCH", f"{google.chromeos}/00000000-0000-4000-8000-000000000001", json={"notes": "x"})
    google.ask("GET", google.chromeos, params={"pageToken": "x"})
    return "answered"


def test_a_fleet_is_what_googles_documents_describe() -> None:
    fleet = make_fleet(60)
    with running(GoogleApp.from_fleet(fleet)) as google:
        assert len(google.devices(projection="FULL", maxResults="300")) == 60
        google.ask("GET", "/admin/directory/v1/customer/my_customer/orgunits", params={"type": "allIncludingParent"})
        assert google.discovery.violations == []
        assert google.discovery.seen == {"directory.chromeosdevices.list", "directory.orgunits.list"}
