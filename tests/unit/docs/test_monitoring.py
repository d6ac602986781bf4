"""The dashboard, the rules and the page about them speak of metrics that there are."""

import json
import re
from itertools import product

import pytest

from syncd.daemons.webhooks.figures import METRICS as OF_THE_LISTENER
from syncd.host.units.render import HERE
from syncd.jobs.metrics import METRICS
from unit.docs.pages import ROOT, rows

FOLDER = ROOT / "docs/monitoring"
PAGE = (FOLDER / "README.md").read_text()
OF_UNITS = dict(re.findall(r"^# HELP (\w+) (.*)$", (HERE / "metrics.sh").read_text(), re.MULTILINE))
EXPORTED = {metric.name for metric in METRICS} | set(OF_UNITS)
DASHBOARD = json.loads((FOLDER / "grafana.json").read_text())
EXPRESSIONS = [
    pytest.param(target["expr"], id=panel["title"]) for panel in DASHBOARD["panels"] for target in panel["targets"]
]


def named(text: str) -> set[str]:
    return set(re.findall(r"\bsyncd_\w+", text))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_panel_shows_metrics_that_there_are(expression: str) -> None:
    assert named(expression)
    assert named(expression) <= EXPORTED


def test_every_metric_has_a_panel() -> None:
    shown = set().union(*(named(str(expression.values[0])) for expression in EXPRESSIONS))
    # The panels show how a unit ended; when it did is in the program's own metric.
    assert EXPORTED - shown == {"syncd_unit_last_run_timestamp_seconds"}


def test_panels_do_not_overlap_and_keep_to_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = set(product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])))
        assert not cells & taken, panel["title"]
        taken |= cells
    assert max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_rules_are_about_metrics_that_there_are() -> None:
    there = EXPORTED | {metric.name for metric in OF_THE_LISTENER}
    assert named((FOLDER / "alerts.yml").read_text()) <= there


def test_the_page_has_every_metric_with_its_labels_and_its_meaning() -> None:
    told = {row[0].strip("`"): (row[1], row[2]) for row in rows(PAGE) if row[0].startswith("`syncd_")}
    expected = {
        metric.name: (", ".join(f"`{name}`" for name in metric.labels), metric.help)
        for metric in (*METRICS, *OF_THE_LISTENER)
    }
    assert told == expected | {name: ("`job`", text) for name, text in OF_UNITS.items()}


def test_the_page_has_every_alert() -> None:
    alerts = re.findall(r"^ +- alert: (\w+)$", (FOLDER / "alerts.yml").read_text(), re.MULTILINE)
    assert [row[0].strip("`") for row in rows(PAGE) if row[0].startswith("`Syncd")] == alerts
