"""``syncd doctor``: what the listener, the worker and their events need."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from syncd.host.checks import units as unit_checks
from syncd.host.systemd import SHOWN, Unit, Units
from syncd.sandbox.site import Sandbox
from syncd.state.inbox.records import asset_created
from syncd.state.inbox.store import DIRECTORY_NAME, FILE_NAME, Inbox, open_inbox
from unit.cli.ward import Ward, no_systemd, ward

__all__ = ["no_systemd", "ward"]

WEBHOOKS = "[webhooks]\n"
TAGS = (
    '[[events.asset-created.sequences]]\ncatalog = "Chromebooks"\nprefix = "W12-"\nwhen = { "CF.{Location}" = "Lab" }\n'
)
CHECKS = '[events.student-check]\ncatalogs = ["Chromebooks"]\n'
TOKEN = "0123456789abcdef" * 4
SECRET = f"whsec_{'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3'}"
TAGGED = "asset-created Chromebooks"


def add(ward: Ward, *tables: str, **credentials: str) -> None:
    """Add tables to the configuration, and credentials: ``webhook_token``."""
    ward.add(*tables)
    for name, text in credentials.items():
        path = ward.site.credentials_directory / name.replace("_", "-")
        path.touch(mode=0o600)
        path.write_text(text)


def inbox_of(site: Sandbox) -> Inbox:
    return open_inbox(site.directory / "state" / DIRECTORY_NAME)


# -- the listener -----------------------------------------------------------------------------------------------


def test_a_listener_that_can_tell_who_sends_is_right(ward: Ward) -> None:
    add(ward, WEBHOOKS, webhook_token=TOKEN, webhook_secret=f"{SECRET}\n{SECRET}")
    found = ward.doctor(0)
    assert found["webhooks", "senders"]["found"] == "may sign with 2 secrets, or show 1 token"
    assert found["webhooks", "credential webhook-token"]["state"] == "ok"
    assert found["webhooks", "address"]["found"] == "127.0.0.1:8470"
    told = ward.cli.ended(0, "credentials", "check", "--json").json["checks"]
    assert ("webhooks", "senders") in {(check["area"], check["check"]) for check in told}


def test_without_a_table_of_the_listener_it_is_not_looked_at(ward: Ward) -> None:
    assert "webhooks" not in {area for area, _ in ward.doctor(0)}


def test_a_listener_without_any_secret_is_a_matter_of_rights(ward: Ward) -> None:
    add(ward, WEBHOOKS)
    assert "neither a credential webhook-secret nor webhook-token" in ward.only(77, "webhooks", "senders")["found"]


def test_the_operator_does_not_see_the_secrets_of_the_listener(ward: Ward) -> None:
    add(ward, WEBHOOKS)
    ward.cli.environment[SHOWN] = "Id=syncd-webhooks.service\nLoadState=loaded\n"
    assert ward.doctor(0)["webhooks", "senders"]["state"] == "skipped"


def test_a_secret_that_is_none_is_named_by_its_line(ward: Ward) -> None:
    add(ward, WEBHOOKS, webhook_token=f"{TOKEN}\nshort")
    culprit = ward.only(77, "webhooks", "senders")
    assert "line 2 of credential webhook-token" in culprit["found"]
    assert "short" not in culprit["found"] + culprit["remedy"]


def test_a_secret_that_others_may_read_is_a_warning(ward: Ward) -> None:
    add(ward, WEBHOOKS, webhook_token=TOKEN)
    (ward.site.credentials_directory / "webhook-token").chmod(0o644)
    assert "mode 0644" in ward.only(0, "webhooks", "credential webhook-token", "warning")["found"]


def test_an_empty_secret_hides_the_rest(ward: Ward) -> None:
    add(ward, WEBHOOKS, webhook_token=" ")
    assert "is empty" in ward.only(77, "webhooks", "credential webhook-token")["found"]


def test_an_address_for_everybody_is_a_warning(ward: Ward) -> None:
    add(ward, WEBHOOKS, 'listen = "0.0.0.0:8470"\n', webhook_token=TOKEN)
    assert "without TLS" in ward.only(0, "webhooks", "address", "warning")["found"]


def test_a_mistake_in_the_table_of_the_listener_is_told_once(ward: Ward) -> None:
    add(ward, WEBHOOKS, "listne = 1\n")
    found = ward.doctor(78)
    assert "did you mean webhooks.listen" in found["configuration", "file"]["found"]
    assert found["webhooks", "all"]["state"] == "skipped"


# -- what is done about events ----------------------------------------------------------------------------------


def test_what_new_assets_need_of_rt_is_looked_at(ward: Ward) -> None:
    add(ward, TAGS)
    found = ward.doctor(0)
    assert found["configuration", "jobs"]["found"] == "chromebooks, asset-created"
    assert found[TAGGED, "rt CF.{Location}"]["state"] == "ok"
    assert found[TAGGED, "rt rights"]["state"] == "ok"
    assert (TAGGED, "rt CF.{Serial Number}") not in found


def test_the_serial_number_is_needed_where_the_chromebook_is_cared_for(ward: Ward) -> None:
    add(ward, "[events.asset-created]\nchromebooks = true\n", TAGS)
    assert ward.doctor(0)[TAGGED, "rt CF.{Serial Number}"]["state"] == "ok"


def test_a_catalog_of_a_sequence_that_rt_lacks_is_named(ward: Ward) -> None:
    add(ward, TAGS.replace('"Chromebooks"', '"iPads"'))
    found = ward.doctor(78)
    assert '"iPads"' in found["asset-created iPads", "rt catalogs"]["found"]


def test_what_student_checks_need_of_rt_is_looked_at(ward: Ward) -> None:
    add(ward, CHECKS, 'repair_queue = "General"\nid_field = "CF.{Student ID}"\n')
    found = ward.doctor(0)
    assert found["student-check", "rt CF.{Serial Number}"]["state"] == "ok"
    assert "CF.{Student ID}" in found["student-check", "rt users"]["found"]
    assert found["student-check", "rt queue"]["found"].startswith("General")


def test_a_queue_that_rt_lacks_is_named(ward: Ward) -> None:
    add(ward, CHECKS, 'repair_queue = "Nowhere"\n')
    assert 'no queue "Nowhere"' in ward.doctor(78)["student-check", "rt queue"]["found"]


def test_events_without_rt_are_a_matter_of_configuration(ward: Ward) -> None:
    ward.site.config_file.write_text(f'[state]\ndirectory = "{ward.site.directory}/state"\n{CHECKS}')
    found = ward.doctor(78)
    assert "needs [rt]" in found["configuration", "jobs"]["found"]


def test_a_mistake_about_events_leaves_the_checks_of_the_jobs(ward: Ward) -> None:
    add(ward, "[events]\ntires = 3\n")
    found = ward.doctor(78)
    assert found["events", "all"]["found"] == "because configuration file failed"
    assert found["chromebooks", "rt catalogs"]["state"] == "ok"


# -- the inbox --------------------------------------------------------------------------------------------------


def test_an_inbox_that_is_not_there_yet_is_right_and_not_made(ward: Ward) -> None:
    add(ward, TAGS)
    assert "not there yet" in ward.doctor(0)["inbox", "inbox"]["found"]
    assert not (ward.site.directory / "state").exists()


def test_dead_events_are_a_warning(ward: Ward) -> None:
    now = datetime.now(UTC)
    with inbox_of(ward.site) as inbox:
        inbox.accept([asset_created(asset, "webhook") for asset in (17, 18)], now)
        assert ward.doctor(0)["inbox", "events"]["found"] == "2 wait, 0 are dead, 0 are done"
        event = inbox.claim("a", now, timedelta(seconds=60))
        assert event is not None
        inbox.bury(event.id, "a", now, "rt.refused", "RT refused to update asset 17.")
        culprit = ward.only(0, "inbox", "events", "warning")
    assert culprit["found"] == "1 wait, 1 are dead, 0 are done"
    assert "syncd events list --state dead" in culprit["remedy"]


def test_a_damaged_inbox_is_told_with_the_way_back(ward: Ward) -> None:
    with inbox_of(ward.site) as inbox:
        path = inbox.path
    assert path.name == FILE_NAME
    path.write_bytes(b"x" * 9000)
    assert "restore a backup" in ward.only(1, "inbox", "inbox")["remedy"]


def test_an_inbox_of_a_newer_syncd_is_a_matter_of_configuration(ward: Ward) -> None:
    with inbox_of(ward.site) as inbox, inbox._database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    assert "of a newer syncd" in str(ward.only(78, "inbox", "inbox"))


# -- the units --------------------------------------------------------------------------------------------------


def give_units(monkeypatch: pytest.MonkeyPatch, units: Mapping[str, Unit]) -> None:
    monkeypatch.setattr(unit_checks, "units_of", lambda _, __: Units(jobs=dict(units)))


@pytest.mark.parametrize(
    ("name", "given", "words", "remedy"),
    [
        ("webhooks", {"loaded": False}, "there is no syncd-webhooks.service", "services.syncd.webhooks.enable"),
        ("worker", {"loaded": False}, "there is no syncd-worker.service", "`syncd units --worker`"),
        ("worker", {"active": "inactive"}, "not started", "systemctl enable --now syncd-worker.service"),
        ("worker", {"active": "failed", "result": "oom-kill"}, "oom-kill", "--unit=syncd-worker.service"),
    ],
)
def test_units_that_are_not_as_they_should_be_are_warnings(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, name: str, given: Mapping[str, object], words: str, remedy: str
) -> None:
    add(ward, WEBHOOKS, TAGS, webhook_token=TOKEN)
    unit = {"service": f"syncd-{name}.service", "loaded": True, "active": "active", "result": "success", **given}
    give_units(monkeypatch, {name: Unit(**unit)})  # type: ignore[arg-type]
    culprit = ward.doctor(0)["systemd", f"syncd-{name}.service"]
    assert (culprit["state"], words in culprit["found"], remedy in culprit["remedy"]) == ("warning", True, True)


def test_units_that_run_are_right(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    add(ward, TAGS)
    unit = Unit(service="syncd-worker.service", loaded=True, active="active", result="success")
    give_units(monkeypatch, {"worker": unit})
    assert ward.doctor(0)["systemd", "syncd-worker.service"]["state"] == "ok"
