"""A plan file is applied exactly, or not at all: stale and edited ones are refused (3), and what is no plan is (65)."""

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syncd.jobs.settings import JOBS
from system.conftest import StartSite
from system.site import Site

REFUSED, BAD_DATA = 3, 65


@pytest.fixture
def saved(site: Site, tmp_path: Path) -> Path:
    """Return the file of a plan that has just been made."""
    path = tmp_path / "plan.json"
    site.syncd("plan", "chromebooks", "-o", str(path)).ended(0)
    return path


@pytest.fixture(scope="module")
def kept(start_site: StartSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, bytes]]:
    """Return a site on which nothing is ever applied, and a plan of it."""
    folder = tmp_path_factory.mktemp("plan-files")
    with start_site(folder / "site") as site:
        site.syncd("plan", "chromebooks", "-o", str(folder / "plan.json")).ended(0)
        yield site, (folder / "plan.json").read_bytes()


def first_device(path: Path) -> dict[str, Any]:
    actions = json.loads(path.read_text())["actions"]
    return dict(next(action for action in actions if action["system"] == "google"))


def test_a_saved_plan_is_applied_exactly_and_nobody_else_may_read_it(site: Site, saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    applied = site.syncd("apply", str(saved), "--json").ended(0)
    assert applied.json["plan"]["hash"] == json.loads(saved.read_text())["hash"]
    assert {outcome.state for outcome in applied.outcomes.values()} == {"verified"}


def test_a_plan_of_a_state_that_is_no_more_is_stale_and_the_object_that_moved_is_named(site: Site, saved: Path) -> None:
    action = first_device(saved)
    site.sandbox.google.edit(action["object"], **dict.fromkeys(action["after"], "changed meanwhile"))
    error = site.refuses(REFUSED, "apply", str(saved)).error
    assert f"The saved plan is stale, nothing was changed: google {action['object']} (" in error
    assert "plan again (syncd plan chromebooks -o FILE)" in error


def test_a_plan_that_was_applied_is_stale(site: Site, saved: Path) -> None:
    site.syncd("apply", str(saved)).ended(0)
    error = site.refuses(REFUSED, "apply", str(saved)).error
    assert "The saved plan is stale" in error
    assert "and 6 more (11) of 11 would not be planned like this now" in error


def test_what_came_apart_elsewhere_does_not_stand_against_a_saved_plan_and_is_left_for_the_next(
    site: Site, saved: Path
) -> None:
    known = {action["object"] for action in json.loads(saved.read_text())["actions"]}
    other = next(device for device in site.sandbox.google.tenant.devices.values() if in_sync(site, device, known))
    site.sandbox.google.edit(other["deviceId"], annotatedAssetId="something else")
    site.syncd("apply", str(saved)).ended(0)
    assert site.sandbox.google.device(other["deviceId"])["annotatedAssetId"] == "something else"
    (left,) = site.syncd("plan", "chromebooks", "--json").ended(0).actions
    assert left.object == other["deviceId"]


def in_sync(site: Site, device: dict[str, Any], known: set[str]) -> bool:
    kind = site.sandbox.fleet.kind_of(device["serialNumber"]) if "serialNumber" in device else "blank"
    return not kind and device["status"] == "ACTIVE" and device["deviceId"] not in known


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "another job": lambda plan: plan.update(job="nosuch"),
    "another value": lambda plan: plan["actions"][0]["after"].update(annotatedAssetId="mine"),
    "another object": lambda plan: plan["actions"][0].update(object="d1"),
    "an action less": lambda plan: plan["actions"].pop(),
    "another hash": lambda plan: plan.update(hash="0" * 64),
    "another before": lambda plan: plan["actions"][0].update(before={}),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_edited_plan_is_refused_whatever_was_edited(
    kept: tuple[Site, bytes], tmp_path: Path, edit: Callable[[dict[str, Any]], object]
) -> None:
    site, plan = kept[0], json.loads(kept[1])
    edit(plan)
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(plan))
    error = site.refuses(REFUSED, "apply", str(path)).error
    assert "was changed after it was written: its hash does not fit; plan again" in error


def test_a_saved_plan_above_a_limit_is_refused_and_its_approval_works(site: Site, saved: Path) -> None:
    site.configure(job={"limits": {"update": {"count": 1}}})
    error = site.refuses(REFUSED, "apply", str(saved)).error
    command = f"syncd apply {saved} --approve "
    assert command in error
    site.syncd("apply", str(saved), "--approve", error.partition(command)[2].strip()).ended(0)


@pytest.mark.parametrize(
    "content",
    [b"", b"no JSON", b"[]", b"{}", b'{"job": "chromebooks"}', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "text", "a list", "an empty object", "half a plan", "no UTF-8", "very deep"],
)
def test_a_file_that_is_no_plan_is_said_to_be_none(kept: tuple[Site, bytes], tmp_path: Path, content: bytes) -> None:
    site, _ = kept
    asked = site.sandbox.server.requests()
    path = tmp_path / "no plan.json"
    path.write_bytes(content)
    error = site.refuses(BAD_DATA, "apply", str(path)).error
    assert f"{path} is not a plan file (" in error
    assert "write one with syncd plan JOB -o FILE" in error
    assert site.sandbox.server.requests() == asked


def test_a_plan_of_another_version_is_told_apart_from_no_plan(kept: tuple[Site, bytes], tmp_path: Path) -> None:
    site, plan = kept[0], json.loads(kept[1])
    path = tmp_path / "newer.json"
    path.write_text(json.dumps({**plan, "format": 99}))
    assert "has format 99, this version reads 1: plan again" in site.refuses(BAD_DATA, "apply", str(path)).error


def test_a_target_that_is_neither_job_nor_file_is_named_with_the_jobs_there_are(site: Site) -> None:
    error = site.refuses(BAD_DATA, "apply", "chromebook").error
    assert f"'chromebook' is neither a job ({', '.join(JOBS)}) nor a plan file that can be read" in error


def test_an_unknown_job_is_named_with_the_jobs_there_are(site: Site) -> None:
    for verb in ("plan", "run"):
        error = site.refuses(BAD_DATA, verb, "chromebook").error
        assert "there is no job 'chromebook'; the jobs are: chromebooks" in error


def test_a_run_that_is_unknown_is_named_with_the_nearest(site: Site) -> None:
    planned = site.syncd("plan", "chromebooks").ended(0)
    for command in (("show", f"{planned.run[:-1]}z"), ("revert", f"{planned.run[:-1]}z", "--apply")):
        error = site.refuses(BAD_DATA, *command).error
        assert f"there is no run '{planned.run[:-1]}z'; the nearest are {planned.run} (chromebooks)" in error


def test_a_plan_that_cannot_be_written_is_said_after_it_was_shown(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "plan.json"
    finished = site.refuses(BAD_DATA, "plan", "chromebooks", "-o", str(path))
    assert f"the plan cannot be written to {path}: No such file or directory; name another file." in finished.error
    assert "annotatedAssetId" in finished.stdout
