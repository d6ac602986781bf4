"""Metrics, alert rules and dashboard before Prometheus's own judge."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import needing
from services import promtool as promtool_service
from services.promtool import Promtool
from syncd.sandbox.site import Sandbox
from system.commands import Program

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "docs/monitoring"
RULES = MONITORING / "alerts.yml"
RECORDED = Path(__file__).with_name("alerts.test.yml")
VARIABLES = {"$instance": ".*", "$__rate_interval": "5m"}


@pytest.fixture(scope="module")
def promtool(request: pytest.FixtureRequest) -> Promtool:
    with needing(request.config, "promtool"):
        return promtool_service.get()


def test_the_rules_are_good(promtool: Promtool) -> None:
    assert "SUCCESS" in promtool.run("check", "rules", RULES)


def test_the_rules_fire_on_recorded_series(promtool: Promtool) -> None:
    assert "SUCCESS" in promtool.run("test", "rules", RECORDED)


@pytest.mark.parametrize(
    ("right", "wrong", "noticed"),
    [
        ("26 * 3600", "28 * 3600", "SyncdNoSuccess"),
        ("for: 26h", "for: 30h", "SyncdNeverSucceeded"),
        ("last_run_timestamp_seconds > syncd", "last_run_timestamp_seconds >= syncd", "SyncdGuardRefused"),
        ("> 0.05", "> 0.03", "SyncdErrorRatio"),
        ('outcome!="not_started"', 'outcome!="x"', "SyncdErrorRatio"),
        ("> 0.1", "> 0.2", "SyncdHttpErrorRatio"),
        ('{read="full"}', "", "SyncdSnapshotOld"),
        ("== 70", "== 75", "SyncdCrashed"),
        ('{state="dead"}', "", "SyncdDeadLetters"),
        ("_seconds > 3600", "_seconds >= 3600", "SyncdEventsWait"),
    ],
)
def test_the_recorded_series_notice_a_wrong_rule(
    promtool: Promtool, tmp_path: Path, right: str, wrong: str, noticed: str
) -> None:
    text = RULES.read_text()
    assert right in text
    (tmp_path / "alerts.yml").write_text(text.replace(right, wrong))
    (tmp_path / "test.yml").write_text(RECORDED.read_text().replace("../../docs/monitoring/", ""))
    done = promtool.attempt("test", "rules", tmp_path / "test.yml")
    assert done.returncode != 0
    assert noticed in done.stdout + done.stderr


def test_the_expressions_of_the_dashboard_are_good(promtool: Promtool, tmp_path: Path) -> None:
    panels = json.loads((MONITORING / "grafana.json").read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    assert expressions
    rules = [{"record": f"panel:{number}", "expr": _filled_in(text)} for number, text in enumerate(expressions)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
    assert f"SUCCESS: {len(rules)} rules found" in promtool.run("check", "rules", file)


def _filled_in(expression: str) -> str:
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression
    return expression


def test_what_runs_write_is_good(promtool: Promtool, tmp_path: Path) -> None:
    folder = tmp_path / "textfiles"
    folder.mkdir()
    with Sandbox(tmp_path / "sandbox", devices=40) as site:
        limits = "[jobs.chromebooks.limits.update]\ncount = 0\npercent = 0.0\n"
        metrics = f'[metrics]\ntextfile_directory = "{folder}"\n'
        site.config_file.write_text(site.configuration(job='mode = "apply"') + limits + metrics)
        syncd = Program(site.config_file, site.credentials_directory, tmp_path)
        refused = syncd("run", "chromebooks", "--json").ended(3)
        first = (folder / "syncd-chromebooks.prom").read_text()
        syncd("apply", "chromebooks", "--approve", refused.json["plan"]["hash"]).ended(0)
        second = (folder / "syncd-chromebooks.prom").read_text()
    assert 'syncd_guard_refusals_total{job="chromebooks"} 1.0' in first
    for text in (first, second):
        assert promtool.run("check", "metrics", stdin=text) == ""


@pytest.mark.parametrize(
    ("result", "status", "told"), [("success", "0", 0), ("exit-code", "75", 75), ("watchdog", "ABRT", -1)]
)
def test_what_units_write_is_good(promtool: Promtool, tmp_path: Path, result: str, status: str, told: int) -> None:
    script = ROOT / "src/syncd/host/units/metrics.sh"
    environment = {"PATH": os.environ["PATH"], "SERVICE_RESULT": result, "EXIT_STATUS": status}
    subprocess.run(["/bin/sh", script, tmp_path, "chromebooks"], env=environment, check=True, timeout=60)
    [file] = tmp_path.iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == ("syncd-chromebooks-unit.prom", 0o644)
    assert promtool.run("check", "metrics", stdin=file.read_text()) == ""
    found = re.search(r'^syncd_unit_last_exit_status\{job="chromebooks"\} (.*)$', file.read_text(), re.MULTILINE)
    assert found
    assert int(found[1]) == told


def test_the_judge_sees_what_is_wrong(promtool: Promtool) -> None:
    done = promtool.attempt("check", "metrics", stdin="# TYPE things counter\nthings 1\n")
    assert done.returncode != 0
    assert "_total" in done.stderr
