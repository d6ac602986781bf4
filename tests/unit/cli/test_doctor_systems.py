"""``syncd doctor``: what can be wrong outside: the network, Google, Request Tracker."""

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from syncd.sandbox.faults import Rule
from syncd.sandbox.rt.house import CHROMEBOOKS, add_field
from syncd.sandbox.rt.records import CustomField
from unit.cli.ward import GOOGLE, JOB, RT, Ward, no_systemd, states, ward

__all__ = ["no_systemd", "ward"]

SCOPE = "https://www.googleapis.com/auth/admin.directory.device.chromeos"


# -- network ----------------------------------------------------------------------------------------------------


def test_a_name_that_cannot_be_resolved_hides_nothing_of_the_other_system(ward: Ward) -> None:
    ward.replace(f'url = "{ward.site.url}/rt"', 'url = "https://rt.nowhere.invalid"')
    culprit = ward.only(1, RT, "DNS")
    assert "rt.nowhere.invalid cannot be resolved" in culprit["found"]
    assert "check rt.url" in culprit["remedy"]


def test_a_port_where_nobody_listens_is_told(ward: Ward) -> None:
    ward.replace(f'api_root = "{ward.site.url}/"', 'api_root = "http://127.0.0.1:1/"')
    found = ward.doctor(1)
    assert "127.0.0.1 port 1 cannot be connected to: Connection refused" in found[GOOGLE, "connection"]["found"]
    assert found[GOOGLE, "clock"]["found"] == "because google connection failed"
    assert found[GOOGLE, "token endpoint clock"]["state"] == found[JOB, "google token"]["state"] == "ok"
    assert found[JOB, "google devices"]["found"] == "because google connection failed"
    assert states(found, RT) == {"ok"}


def test_an_address_that_is_none_is_a_matter_of_configuration(ward: Ward) -> None:
    ward.replace(f'url = "{ward.site.url}/rt"', 'url = "rt.example.org"')
    assert "must be http:// or https://" in ward.only(78, RT, "DNS")["found"]


@pytest.mark.parametrize(("off", "words"), [(-90, r"9[01] s ahead of rt"), (3600, r"(3599|3600) s behind rt")])
def test_a_clock_that_disagrees_with_the_server_is_a_warning(ward: Ward, off: int, words: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=off), usegmt=True)
    ward.site.server.faults.add(Rule(method="GET", route=r"^/rt$", status=200, headers={"Date": date}))
    culprit = ward.only(0, RT, "clock", "warning")
    assert re.match(words, culprit["found"])
    assert "timedatectl" in culprit["remedy"]


def test_a_server_without_a_date_cannot_tell_the_time(ward: Ward) -> None:
    ward.site.server.faults.add(Rule(method="GET", route=r"^/rt$", status=200, headers={"Date": "today"}))
    assert "does not say what time it has" in ward.only(0, RT, "clock", "warning")["found"]


def test_a_clock_that_google_does_not_accept_is_told_with_its_size(ward: Ward) -> None:
    ward.site.google.settings.clock = lambda: time.time() + 3 * 3600
    culprit = ward.only(77, JOB, "google token")
    assert "too old or too early" in culprit["found"]
    assert "seconds slow: set it (timedatectl)" in culprit["remedy"]


def test_what_answers_nonsense_is_told(ward: Ward) -> None:
    ward.site.server.faults.add(Rule(route="/REST/2.0/", status=200, body="<html>Down for maintenance</html>"))
    assert "not JSON" in ward.only(1, RT, "token")["found"]


# -- Google -----------------------------------------------------------------------------------------------------


def test_a_scope_that_is_not_delegated_is_told_with_the_client_id(ward: Ward) -> None:
    ward.site.google.settings.scopes = frozenset()
    culprit = ward.only(77, JOB, "google token")
    assert "client ID 100000000000000000042" in culprit["remedy"]
    assert SCOPE in culprit["remedy"]


def test_of_several_scopes_the_refused_ones_are_named(ward: Ward) -> None:
    ward.configure(google=f'scopes = ["{SCOPE}", "https://www.googleapis.com/auth/drive"]')
    culprit = ward.only(77, JOB, "google token")
    assert culprit["remedy"] == "add to the client ID there: https://www.googleapis.com/auth/drive"


def test_configured_scopes_without_the_one_of_the_job_are_told(ward: Ward) -> None:
    ward.configure(google=f'scopes = ["{SCOPE.replace("device.chromeos", "orgunit")}"]')
    found = ward.doctor(78)
    assert found[JOB, "google scopes"]["found"] == f"google.scopes has no {SCOPE}"
    assert found[JOB, "google devices"]["found"] == "because chromebooks google token failed"


def test_an_administrator_that_there_is_not_is_told(ward: Ward) -> None:
    ward.replace("admin@example.org", "nobody@example.org")
    assert "Google knows no such account" in ward.only(77, JOB, "google token")["found"]


def test_an_org_unit_that_there_is_not_is_told(ward: Ward) -> None:
    ward.configure(job='org_units = ["/Nowhere"]')
    assert "rejects org unit '/Nowhere'" in ward.only(78, JOB, "google devices")["found"]


def test_google_being_down_says_nothing_about_rt(ward: Ward) -> None:
    ward.site.server.faults.add(Rule(route="/admin/", status=503))
    ward.only(1, JOB, "google devices")


# -- RT ---------------------------------------------------------------------------------------------------------


def test_a_wrong_token_skips_what_needs_it_and_says_so(ward: Ward) -> None:
    ward.credential("rt-token", "1-27-wrong")
    culprit = ward.only(77, RT, "token")
    assert "Auth Tokens" in culprit["remedy"]


def test_a_wrong_password_is_told(ward: Ward) -> None:
    ward.configure(rt='auth = "password"\nusername = "rt-sync"')
    (ward.site.credentials_directory / "rt-password").write_text("wrong")
    (ward.site.credentials_directory / "rt-password").chmod(0o600)
    assert "does not accept the password of rt-sync" in ward.only(77, RT, "password")["found"]


def test_an_rt_that_is_too_old_is_told(ward: Ward) -> None:
    body, kind = '{"Version": "4.4.7"}', {"Content-Type": "application/json"}
    ward.site.server.faults.add(Rule(route="/REST/2.0/rt$", status=200, body=body, headers=kind))
    culprit = ward.only(78, RT, "version")
    assert culprit["found"] == "RT is version 4.4.7; syncd needs 5.0.2 or newer"


@pytest.mark.parametrize(
    ("right", "check", "status", "job"),
    [
        ("ShowCatalog", "rt catalogs", 78, ""),
        ("ShowAsset", "rt rights", 77, ""),
        ("SeeCustomField", "rt rights", 77, ""),
        ("CreateAsset", "rt rights", 77, 'missing_assets = "create"'),
        ("ModifyAsset", "rt rights", 77, 'missing_assets = "create"'),
    ],
)
def test_a_right_that_the_api_user_lacks_is_named(ward: Ward, right: str, check: str, status: int, job: str) -> None:
    ward.configure(job=job)
    ward.take_right(right)
    found = ward.doctor(status)
    assert (found[JOB, check]["state"], right in found[JOB, check]["found"]) == ("failed", True)
    fields = {each["found"] for key, each in found.items() if key[1].startswith("rt CF.") and each["state"] != "ok"}
    assert fields <= {f"because {check} failed"}
    assert bool(fields) == (right not in {"CreateAsset", "ModifyAsset"})
    assert states(found, GOOGLE) == {"ok"}
    assert found[JOB, "google devices"]["state"] == "ok"


def test_an_unknown_catalog_is_named_with_the_nearest_one(ward: Ward) -> None:
    ward.replace('catalogs = ["Chromebooks"]', 'catalogs = ["Chromeboks"]')
    found = ward.doctor(78)
    assert '(there is "Chromebooks")' in found[JOB, "rt catalogs"]["found"]
    assert "Admin > Assets > Catalogs > Create" in found[JOB, "rt catalogs"]["remedy"]
    assert found[JOB, "rt rights"]["found"] == "because rt catalogs failed"


@pytest.mark.parametrize(
    ("field", "source", "kind"),
    [("Warranty Note", "model", "Enter one value"), ("Seen On", "lastSync", "Select datetime")],
)
def test_a_missing_custom_field_is_told_with_the_values_to_make_it_with(
    ward: Ward, field: str, source: str, kind: str
) -> None:
    ward.replace('"CF.{Model}" = "model"', f'"CF.{{{field}}}" = "{source}"')
    culprit = ward.only(78, JOB, f"rt CF.{{{field}}}")
    assert "is not applied to the catalog" in culprit["found"]
    assert f'Create: Name "{field}", Type "{kind}", Applies to "Assets"' in culprit["remedy"]
    assert "Admin > Assets > Catalogs > Chromebooks > Custom Fields tick it" in culprit["remedy"]
    assert "SeeCustomField and ModifyCustomField" in culprit["remedy"]


def test_a_custom_field_of_the_wrong_type_is_told_and_nobody_is_asked_to_make_it_again(ward: Ward) -> None:
    ward.replace('"CF.{Model}" = "model"', '"CF.{LAN IP}" = "model"')
    culprit = ward.only(78, JOB, "rt CF.{LAN IP}")
    assert "is of type IPAddress" in culprit["found"]
    assert "`syncd fields`" in culprit["remedy"]
    assert "Create" not in culprit["remedy"]


def test_an_ambiguous_custom_field_is_told(ward: Ward) -> None:
    world = ward.site.rt.world
    add_field(world, CustomField(id=0, name="Model", type="Freeform"), (CHROMEBOOKS,), ())
    assert "is ambiguous" in ward.only(78, JOB, "rt CF.{Model}")["found"]


def test_a_time_zone_that_is_not_the_api_users_is_told(ward: Ward) -> None:
    ward.credential("rt-token", ward.site.rt.token("rt-west"))
    assert "America/Los_Angeles" in ward.only(78, JOB, "rt time zone")["found"]


def test_rights_and_configuration_together_are_neither(ward: Ward) -> None:
    ward.credential("rt-token", "1-27-wrong")
    ward.configure(job='org_units = ["/Nowhere"]')
    found = ward.doctor(1)
    assert {check["fault"] for check in found.values() if check["state"] == "failed"} == {"rights", "configuration"}
