"""What the job's unit leaves in the journal, and what it does not."""

import json
import re

from syncd.host.messages import MessageId
from system.units.host import CONFIG, PROGRAM, SERVICE, Host


def test_the_journal_has_the_fields_of_a_run_under_its_id(host: Host) -> None:
    assert host.start() == 0, host.log()
    run = host.run_id()
    records = host.records(f"SYNCD_RUN_ID={run}")
    assert records
    for record in records:
        assert record["SYNCD_JOB"] == "chromebooks"
        assert record["_SYSTEMD_UNIT"] == SERVICE
        assert re.fullmatch("[0-9a-f]{32}", record["MESSAGE_ID"])
        assert record["PRIORITY"] in set("34567")
    kinds = [record["MESSAGE_ID"] for record in records]
    assert set(kinds) <= set(MessageId)
    assert kinds.count(MessageId.RUN_FINISHED) == 1
    changed = [record for record in records if record["MESSAGE_ID"] == MessageId.ACTION_DONE]
    assert len(changed) >= host.patches() > 0
    for record in changed:
        assert record["SYNCD_SYSTEM"] in {"google", "rt"}
        assert record["SYNCD_OBJECT"]
        assert record["SYNCD_ACTION"]
        assert record["SYNCD_FIELD"]
        assert int(record["SYNCD_DURATION_MS"]) >= 0


CATALOG = "/usr/local/lib/systemd/catalog/syncd.catalog"


def write_units(host: Host) -> None:
    """Install the catalog that `syncd units` writes."""
    host.box.run(PROGRAM, "units", "--output", "/root/syncd-units")
    host.box.run("install", "-D", "-m", "644", "/root/syncd-units/syncd.catalog", CATALOG)


def explained(host: Host) -> str:
    return host.box.run("journalctl", "--catalog", "--no-pager", f"SYNCD_RUN_ID={host.run_id()}")


def test_journalctl_explains_a_record(host: Host) -> None:
    write_units(host)
    assert host.box.attempt("journalctl", "--update-catalog").stderr == ""
    assert host.start() == 0, host.log()
    assert "Defined-By: syncd" in explained(host)
    assert f"What it did: syncd show {host.run_id()}" in explained(host)


def test_a_broken_catalog_is_named_and_harms_neither_jobs_nor_explanations(host: Host) -> None:
    write_units(host)
    host.box.run("journalctl", "--update-catalog")
    host.box.write(CATALOG, "half a file\n")
    update = host.box.attempt("journalctl", "--update-catalog")
    assert update.returncode != 0
    assert f"[{CATALOG}:1]" in update.stderr
    assert host.start() == 0, host.log()
    assert "What it did: syncd show" in explained(host), "the index that was there is kept"
    write_units(host)
    assert host.box.attempt("journalctl", "--update-catalog").returncode == 0


def test_no_secret_is_in_the_journal_an_environment_or_a_command_line(host: Host) -> None:
    account = json.loads((host.site.credentials_directory / "google-service-account").read_text())
    token = (host.site.credentials_directory / "rt-token").read_text()
    key_lines = [line for line in account["private_key"].splitlines() if "-----" not in line]
    host.slow_down(0.5)
    host.drop_in(
        SERVICE, f"[Service]\nExecStart=\nExecStart=/opt/syncd/bin/syncd --verbose --config {CONFIG} run chromebooks\n"
    )
    host.start(wait=False)
    host.wait_for_patches(2)
    seen = host.box.run("sh", "-c", "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'")
    host.wait_for(lambda: host.state() in {"inactive", "failed"}, "the end", 30)
    journal = host.box.run("journalctl", "--all", "--output=export", "--no-pager")
    assert "CREDENTIALS_DIRECTORY" in seen
    assert host.records("PRIORITY=7", f"_SYSTEMD_UNIT={SERVICE}"), "the log was not verbose"
    for secret in (token, account["private_key_id"], *key_lines):
        assert len(secret) > 4
        assert secret not in seen
        assert secret not in journal
