"""What node_exporter finds after runs that end in every way."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from syncd.sandbox.faults import Rule
from system.site import Options, Site, wait_until

SUCCESS = "syncd_run_last_success_timestamp_seconds"
RUN = "syncd_run_last_run_timestamp_seconds"
FILE = "syncd-chromebooks.prom"
PATCH: dict[str, Any] = {"route": "/devices/chromeos/", "method": "PATCH"}


class Exporter:
    """The folder, and what stands in it."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.folder = folder
        self._site = site

    def configure(self, *, job: Options | None = None, google: Options | None = None) -> None:
        """Configure the site, and metrics into the folder."""
        self._site.configure(job={"mode": "apply", **(job or {})}, google=google)
        with self._site.sandbox.config_file.open("a") as file:
            file.write(f'\n[metrics]\ntextfile_directory = "{self.folder}"\n')

    def read(self) -> dict[str, float]:
        """Return all samples: name and labels without the job, as ``syncd_objects{state=changed}``."""
        families = text_string_to_metric_families((self.folder / FILE).read_text())
        samples = [sample for family in families for sample in family.samples]
        assert {sample.labels.pop("job") for sample in samples} == {"chromebooks"}
        return {_spelled(sample.name, sample.labels): sample.value for sample in samples}

    def changed(self, act: Callable[[], object]) -> dict[str, float]:
        """Return by how much the samples changed by what was done, those that did not left out."""
        before = self.read()
        act()
        return {name: value - before.get(name, 0) for name, value in self.read().items() if value != before.get(name)}


def _spelled(name: str, labels: dict[str, str]) -> str:
    told = ",".join(f"{label}={value}" for label, value in sorted(labels.items()))
    return f"{name}{{{told}}}" if told else name


@pytest.fixture
def exporter(site: Site, tmp_path: Path) -> Exporter:
    """Return a folder that the site's job writes to."""
    folder = tmp_path / "textfiles"
    folder.mkdir()
    exporter = Exporter(site, folder)
    exporter.configure()
    return exporter


def test_a_run_that_applies_says_what_it_did(site: Site, exporter: Exporter) -> None:
    run = site.syncd("run", "chromebooks", "--json").ended(0)
    found = exporter.read()
    counts = run.json["run"]["counts"]
    assert found[SUCCESS] == found[RUN] > 0
    assert found["syncd_run_duration_seconds"] > 0
    assert found["syncd_actions_total{kind=update,outcome=verified}"] == counts["update"] > 0
    assert found["syncd_objects{state=conflict}"] == counts["conflict"] > 0
    assert found["syncd_http_requests_total{code=200,system=google}"] == run.json["run"]["requests"]["google"]
    assert found["syncd_circuit_state{system=rt}"] == 0
    assert 0 <= found["syncd_snapshot_age_seconds{read=full,system=rt}"] < 60
    assert (exporter.folder / FILE).stat().st_mode & 0o777 == 0o644


def test_a_failed_run_moves_the_last_run_and_never_the_last_success(site: Site, exporter: Exporter) -> None:
    site.syncd("run", "chromebooks").ended(0)
    site.fail(Rule(route="/rt/.*", status=503))
    moved = exporter.changed(lambda: site.syncd("run", "chromebooks").ended(75))
    assert SUCCESS not in moved
    assert moved[RUN] > 0
    assert moved["syncd_http_requests_total{code=503,system=rt}"] == 2
    assert moved["syncd_http_retries_total{system=rt}"] == 1


def test_a_refused_run_is_counted_and_an_approved_one_is_the_success(site: Site, exporter: Exporter) -> None:
    exporter.configure(job={"limits": {"update": {"count": 0, "percent": 0}}})
    refused = site.syncd("run", "chromebooks", "--json").ended(3)
    found = exporter.read()
    assert (found["syncd_guard_refusals_total"], found[SUCCESS]) == (1, 0)
    assert found[RUN] > 0
    assert found["syncd_objects{state=changed}"] > 0
    approved = refused.json["plan"]["hash"]
    moved = exporter.changed(lambda: site.syncd("apply", "chromebooks", "--approve", approved).ended(0))
    assert moved[SUCCESS] > 0
    assert "syncd_guard_refusals_total" not in moved


def test_a_run_without_its_credential_is_a_failed_run(site: Site, exporter: Exporter) -> None:
    site.syncd("run", "chromebooks").ended(0)
    site.credential("rt-token", None)
    moved = exporter.changed(lambda: site.refuses(77, "run", "chromebooks"))
    assert set(moved) & {SUCCESS, RUN} == {RUN}
    newest = json.loads(site.syncd("runs", "--json").ended(0).stdout)[0]
    assert (newest["result"], newest["code"], newest["mode"]) == ("failed", "credentials.missing", "apply")


def test_a_stopped_run_says_how_far_it_came(site: Site, exporter: Exporter) -> None:
    exporter.configure(google={"concurrency": 1})
    site.fail(Rule(**PATCH, delay=0.3))
    running = site.syncd.start("run", "chromebooks")
    wait_until("a change of a device", lambda: site.sandbox.server.requests(method="PATCH") > 0)
    running.end(signal.SIGTERM).ended(75)
    found = exporter.read()
    assert (found[SUCCESS], found[RUN] > 0) == (0, True)
    assert found["syncd_actions_total{kind=update,outcome=not_started}"] > 0


def test_what_a_killed_run_did_is_counted_by_the_next(site: Site, exporter: Exporter) -> None:
    site.fail(Rule(**PATCH, delay=30, times=1))
    running = site.syncd.start("run", "chromebooks")
    wait_until("a change of a device", lambda: site.sandbox.server.requests(method="PATCH") > 0)
    running.end(signal.SIGKILL)
    assert list(exporter.folder.iterdir()) == []
    site.heal()
    site.syncd("run", "chromebooks").ended(0)
    found = exporter.read()
    settled = {
        state: found[f"syncd_actions_total{{kind=update,outcome={state}}}"] for state in ("verified", "unproven")
    }
    assert settled["unproven"] > 0
    assert settled["verified"] > 0


def test_counters_go_on_when_the_file_is_lost_or_could_not_be_written(site: Site, exporter: Exporter) -> None:
    site.syncd("run", "chromebooks").ended(0)
    first = exporter.read()
    away = exporter.folder.rename(exporter.folder.with_name("away"))
    run = site.syncd("run", "chromebooks").ended(0)
    [warning] = [record["MESSAGE"] for record in run.records if record["PRIORITY"] == "4"]
    assert warning == (
        f"the metrics of chromebooks cannot be written to {exporter.folder}: No such file or directory; "
        "make the folder, or correct metrics.textfile_directory."
    )
    (away / FILE).unlink()
    away.rename(exporter.folder)
    site.syncd("run", "chromebooks").ended(0)
    requests = "syncd_http_requests_total{code=200,system=rt}"
    actions = "syncd_actions_total{kind=update,outcome=verified}"
    now = exporter.read()
    assert now[requests] >= first[requests] + 8  # two runs' worth
    assert now[actions] == first[actions]


def test_a_folder_that_may_not_be_written_costs_no_run_its_success(site: Site, exporter: Exporter) -> None:
    exporter.folder = Path("/sys/kernel") if os.geteuid() == 0 else Path("/")  # not even root may write there
    exporter.configure()
    run = site.syncd("run", "chromebooks", "--json").ended(0)
    assert run.result == "applied"
    [warning] = [record for record in run.records if record["PRIORITY"] == "4"]
    assert f"cannot be written to {exporter.folder}: " in warning["MESSAGE"]
    assert warning["SYNCD_RUN_ID"] == run.json["run"]["id"]


def test_without_a_folder_nothing_is_written_and_nothing_is_said(site: Site, exporter: Exporter) -> None:
    site.configure()
    run = site.syncd("run", "chromebooks").ended(0)
    assert [record for record in run.records if int(record["PRIORITY"]) <= 4] == []
    assert list(exporter.folder.iterdir()) == []
