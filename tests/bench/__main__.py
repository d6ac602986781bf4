"""Measure every limit in one run, print the table, and write it into docs/reference/performance.md."""

import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench import batteries, battery_files, exports, imports, load, people, rosters, status, webhooks
from bench.rig import Site, Used, cheapest, compile_all, run

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "performance.md"
START, END = "<!-- measured by make bench -->\n", "<!-- end measured -->"
FIELDS = "deviceId,serialNumber,status,annotatedAssetId,annotatedUser,macAddress"
ALL_FIELDS = f"{FIELDS},annotatedLocation,autoUpdateThrough,lastSync,model,orgUnitPath,osVersion,recentUsers"
SMALL, LARGE, CHANGED, PAIRS = 5_000, 100_000, 250, 7
BARE = str(Path(__file__).with_name("bare.py"))


class Row(NamedTuple):
    """One line of the table; ``met`` is None where there is no limit."""

    what: str
    limit: str
    measured: str
    met: bool | None


def at_most(what: str, limit: float, measured: float, unit: str = "") -> Row:
    """Return the row of an upper limit."""
    return Row(what, f"≤ {limit:g}{unit}", f"{measured:g}{unit}", measured <= limit)


def reads(asked: Counter[str]) -> int:
    """Return the requests that read RT, preflight apart."""
    return asked["rt feed"] + asked["rt assets"]


def _unchanged(title: str, asked: Counter[str], devices: int) -> Iterator[Row]:
    yield at_most(f"{title}: Google pages", math.ceil(devices / 300), asked["google list"])
    yield at_most(f"{title}: RT reads", 3, reads(asked))
    yield at_most(f"{title}: preflight, token and count", 10, asked["preflight"])
    yield at_most(f"{title}: writes", 0, asked["google write"] + asked["rt write"])


def requests_made(site: Site) -> Iterator[Row]:
    """Count requests: cold, warm, listed, and after changes."""
    plain = site.environment("small")
    pages = math.ceil(site.devices / 100)
    used, cold = site.syncd(plain, "plan", "chromebooks")
    assert used.status == 0, used.output
    yield at_most(f"{site.devices:,} devices, cold: RT reads (a page of custom fields per 100)", pages + 3, reads(cold))
    _, warm = site.syncd(plain, "plan", "chromebooks")
    yield from _unchanged(f"{site.devices:,} devices, nothing changed", warm, site.devices)
    origin = 4.0 * site.devices
    yield Row(
        f"{site.devices:,} devices, nothing changed: the scripts replaced (4.0 RT requests per device)",
        "",
        f"{origin:,.0f}, {origin / (reads(warm) + warm['preflight']):,.0f} times as many",
        None,
    )
    limited = site.environment("limited", rt_user="rt-catalog")
    site.syncd(limited, "plan", "chromebooks")
    _, listed = site.syncd(limited, "plan", "chromebooks")
    yield at_most("rights on one catalog, so no proof by counts: RT reads", 3 + 51, reads(listed))
    yield from _changed(site, plain)


def _changed(site: Site, plain: dict[str, str]) -> Iterator[Row]:
    site.change_assets(CHANGED, {"Name": "BENCH-<n>"})
    _, asked = site.syncd(plain, "plan", "chromebooks")
    more = math.ceil(CHANGED / 100)
    yield at_most(f"{CHANGED} assets renamed: RT reads", 3 + more, reads(asked))
    _, asked = site.syncd(plain, "apply", "chromebooks")
    yield at_most(
        f"{CHANGED} assets renamed: writes to Google (their answers prove them)", CHANGED, asked["google write"]
    )
    full = site.environment("full", full=True)
    used, _ = site.syncd(full, "plan", "chromebooks")
    assert used.status == 0, used.output
    site.change_assets(CHANGED, {"CustomFields": {"OS Version": "0"}})
    _, asked = site.syncd(full, "plan", "chromebooks")
    yield at_most(f"{CHANGED} assets with another custom field: RT reads", 3 + more, reads(asked))
    _, asked = site.syncd(full, "apply", "chromebooks")
    yield at_most(f"{CHANGED} assets to correct: writes to RT", CHANGED, asked["rt write"])
    # What was read within three seconds of its change is read once more.
    yield at_most(f"{CHANGED} assets to correct: RT reads, with those that verify", 3 + 2 * more, reads(asked))


def pace(site: Site) -> Iterator[Row]:
    """Measure how close an apply comes to the configured rate while Google takes 100 ms for an answer."""
    slow = site.environment("slow", rate=40.0)
    site.syncd(slow, "plan", "chromebooks")
    site.change_assets(400, {"Name": "PACE-<n>"})
    site.fail({"route": "/devices/chromeos/", "method": "PATCH", "delay": 0.1})
    used, asked = site.syncd(slow, "apply", "chromebooks", "--json")
    site.heal()
    number = msgspec.json.decode(used.output)["run"]["id"]
    shown, _ = site.syncd(slow, "show", number, "--json")
    results = [item["result"] for item in msgspec.json.decode(shown.output)["actions"]]
    began = min(datetime.fromisoformat(result["started_at"]) for result in results)
    ended = max(datetime.fromisoformat(result["settled_at"]) for result in results)
    rate = asked["google write"] / (ended - began).total_seconds()
    yield Row("apply with 100 ms latency: share of the rate of 40/s", "≥ 90 %", f"{rate / 40:.0%}", rate >= 36)


def large(site: Site) -> Iterator[Row]:
    """Measure memory and CPU of 100,000 devices against the bare loop, in turns."""
    for title, full, fields in (("default mapping", False, FIELDS), ("all fields mapped", True, ALL_FIELDS)):
        environment = site.environment(f"large-{full}", full=full)
        cold, _ = site.syncd(environment, "plan", "chromebooks")
        assert cold.status == 0, cold.output
        pairs = [
            (site.syncd(environment, "plan", "chromebooks"), _bare(site, environment, fields)) for _ in range(PAIRS)
        ]
        ours, bare = cheapest(ours for (ours, _), _ in pairs), cheapest(bare for _, bare in pairs)
        asked = pairs[0][0][1]
        if not full:
            yield from _unchanged(f"{site.devices:,} devices, nothing changed", asked, site.devices)
        peak = max(ours.peak for (ours, _), _ in pairs)
        yield at_most(f"{site.devices:,} devices, {title}: peak memory", 250, round(peak), " MB")
        limit = 3.0
        yield Row(
            f"{site.devices:,} devices, {title}: CPU against a bare loop",
            f"≤ {limit:g} times",
            f"{ours / bare:.2f} times ({bare:.2f} s)",
            ours <= limit * bare,
        )
        yield Row(f"{site.devices:,} devices, {title}: peak memory of a cold run", "", f"{cold.peak:.0f} MB", None)


def battery_requests(site: Site) -> Iterator[Row]:
    """Count what a run of battery-telemetry asks, right after one of the Chromebooks'."""
    found = batteries.measure(site)
    what = f"batteries of {site.devices:,} devices, nothing changed"
    yield at_most(f"{what}: pages of telemetry", math.ceil(site.devices / 1000), found.asked["telemetry"])
    yield at_most(f"{what}: RT reads, the snapshot shared with the Chromebooks", 3, reads(found.asked))
    yield at_most(f"{what}: preflight and token", 10, found.asked["preflight"])
    yield at_most(f"{what}: writes", 0, found.asked["rt write"])
    if site.devices == SMALL:
        searches, gets, puts = site.devices, site.devices, 2 * site.devices
        ours = reads(found.asked) + found.asked["preflight"] + found.asked["telemetry"]
        total = searches + gets + puts
        yield Row(
            f"{what}: the scripts replaced ({searches:,} searches, {gets:,} GET, {puts:,} PUT)",
            "",
            f"{total:,}, {total / ours:,.0f} times as many",
            None,
        )
    else:
        yield at_most(f"{what}: peak memory", 250, round(found.used.peak), " MB")


def large_export(site: Site) -> Iterator[Row]:
    """Measure what exporting a large roster takes, and what it asks of RT when little has changed."""
    found = exports.measure(site)
    what = f"{exports.STUDENTS:,} students exported, {site.devices:,} devices"
    yield at_most(f"{what}: peak memory, CSV", 200, round(max(found.cold, found.csv)), " MB")
    yield at_most(f"{what}: peak memory, XLSX", 200, round(found.xlsx), " MB")
    yield at_most(f"{what}, once more: RT reads", 4, found.reads)


def _bare(site: Site, environment: dict[str, str], fields: str) -> Used:
    used = run([sys.executable, BARE, site.url, str(site.credentials), fields, "warm"], environment)
    assert used.status == 0, used.output
    return used


def start_up() -> Iterator[Row]:
    """Measure what `syncd --help` costs against importing click."""
    nothing: dict[str, str] = {}
    commands = ([sys.executable, "-m", "syncd", "--help"], [sys.executable, "-c", "import click"])
    pairs = [[run(command, nothing) for command in commands] for _ in range(31)]
    ours, bare = map(cheapest, zip(*pairs, strict=True))
    ratio = ours / bare
    yield Row("`syncd --help`: CPU against `import click`", "≤ 1.5 times", f"{ratio:.2f} times", ratio <= 1.5)


def long_history(folder: Path) -> Iterator[Row]:
    """Measure what a long history costs an operator who looks at `syncd status`."""
    empty, full = status.measure(folder)
    what = f"`syncd status` with {status.RUNS:,} runs and {status.RUNS * status.ACTIONS:,} actions: CPU against none"
    yield Row(what, "≤ 2 times", f"{full / empty:.2f} times ({full:.2f} s)", full <= 2 * empty)


def large_roster(folder: Path) -> Iterator[Row]:
    """Measure what importing a large roster costs against a bare csv loop over the same file."""
    first, second = rosters.measure(folder)
    what = f"{imports.ROWS:,} students imported"
    yield at_most(f"{what}: peak memory", 200, round(max(first.peak, second.peak)), " MB")
    measured = f"{first.ratio:.2f} times ({first.bare:.2f} s)"
    yield Row(f"{what}: CPU against a bare csv loop", "≤ 4 times", measured, first.ratio <= imports.LIMIT)
    yield Row(f"{what} again, 1 % changed: CPU against a bare csv loop", "", f"{second.ratio:.2f} times", None)


def large_battery_file(folder: Path) -> Iterator[Row]:
    """Measure what importing the batteries of a large fleet costs against a bare csv loop over the same file."""
    first, second, third = battery_files.measure(folder)
    what = f"batteries of {imports.ROWS:,} devices imported"
    yield at_most(f"{what}: peak memory", 200, round(max(first.peak, second.peak, third.peak)), " MB")
    measured = f"{first.ratio:.2f} times ({first.bare:.2f} s)"
    yield Row(f"{what}: CPU against a bare csv loop", "≤ 4 times", measured, first.ratio <= imports.LIMIT)
    again = f"{second.ratio:.2f} times"
    title = f"{what} again, 1 % changed: CPU against a bare csv loop"
    yield Row(title, "≤ 4 times", again, second.ratio <= imports.LIMIT)
    title = f"{what} again, all reports newer, the older ones into the history: CPU against a bare csv loop"
    yield Row(title, "", f"{third.ratio:.2f} times", None)


def users(folder: Path) -> Iterator[Row]:
    """Count the requests of the job that keeps users."""
    found = people.measure(folder)
    what = f"{people.PEOPLE:,} people, {found.users:,} users in RT"
    bare = people.pages(found.users)
    measured = f"{found.cold.reads}, a bare list takes {bare}"
    yield Row(f"{what}, cold: RT reads, with those that find who is disabled", "", measured, None)
    yield at_most(f"{what}, nothing changed: RT reads", 3, found.warm.reads)
    yield at_most(f"{what}, nothing changed: preflight", 10, found.warm.preflight)
    yield at_most(f"{what}, nothing changed: writes", 0, found.warm.writes)
    yield at_most(
        f"{people.CHANGED} people changed: writes, each with all fields in it", people.CHANGED, found.changed.writes
    )
    origin = 2 * people.PEOPLE
    times = origin / (found.warm.reads + found.warm.preflight)
    title = f"{what}, nothing changed: the scripts replaced (2 PUT per person)"
    yield Row(title, "", f"{origin:,}, {times:,.0f} times as many", None)


def webhook_listener(folder: Path) -> Iterator[Row]:
    """Measure what the listener takes, against one that keeps nothing, and one that commits each event alone."""
    found = webhooks.measure(folder)
    what = f"webhooks, {load.CONNECTIONS} connections, signed bodies of 1 kB"
    pace, late, cpu = f"{what}: 202s a second, each on disk", f"{what}: 99 of 100 answers", f"{what}: CPU of 10,000"
    ours = {name: found.middle("ours", name) for name in ("rate", "p99", "cpu")}
    if "theirs" in found.turns:
        against = "against Debian's webhook"
        rate, p99, used = (found.ratio("ours", "theirs", name) for name in ours)
        yield Row(f"{pace}, {against}", "≥ 1 times", f"{rate:.2f} times ({ours['rate']:,.0f})", rate >= 1)
        yield Row(f"{late}, {against}", "≤ 1 times", f"{p99:.2f} times ({ours['p99']:.0f} ms)", p99 <= 1)
        yield Row(f"{cpu}, {against}", "≤ 1 times", f"{used:.2f} times ({ours['cpu']:.2f} s)", used <= 1)
    else:
        told = f"{ours['rate']:,.0f}, {ours['p99']:.0f} ms, {ours['cpu']:.2f} s"
        yield Row(f"{what}: the package webhook is not installed; a second, 99 of 100, CPU of 10,000", "", told, None)
    yield from _one_by_one(found, pace, cpu)
    full = f"with {webhooks.EVENTS:,} events in the inbox, against none"
    rate, p99, used = (found.ratio("full", "ours", name) for name in ours)
    yield Row(f"{pace}, {full}", f"≥ {webhooks.KEPT:.0%}", f"{rate:.0%}", rate >= webhooks.KEPT)
    yield Row(f"{late}, {full}", f"≤ {webhooks.SLOWED:.0%}", f"{p99:.0%}", p99 <= webhooks.SLOWED)
    yield Row(f"{cpu}, {full}", "", f"{used:.0%}", None)


def _one_by_one(found: webhooks.Found, pace: str, cpu: str) -> Iterator[Row]:
    against = "against one commit for each request"
    rate = found.ratio("ours", "alone", "rate")
    told = f"{rate:.1f} times ({found.middle('alone', 'rate'):,.0f})"
    yield Row(f"{pace}, {against}", "≥ 10 times", told, rate >= 10)
    told = f"{found.ceiling():.1f} times (sync {found.sync:.1f} ms)"
    yield Row(f"{pace}, {against}: at best, were one core never to wait", "", told, None)
    yield Row(f"{cpu}, {against}", "", f"{found.ratio('ours', 'alone', 'cpu'):.2f} times", None)


def _table(rows: list[Row]) -> str:
    marks = {True: "met", False: "MISSED", None: ""}
    lines = ["| what | limit | measured | |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.limit} | {row.measured} | {marks[row.met]} |" for row in rows]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print and write; status 1 when a limit is missed."""
    compile_all()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="syncd-bench-") as name:
        folder = Path(name)
        parts: list[tuple[int, list[Callable[[Site], Iterator[Row]]]]] = [
            (SMALL, [battery_requests, requests_made, pace]),
            (LARGE, [battery_requests, large, large_export]),
        ]
        for devices, measures in parts:
            with Site(folder / str(devices), devices) as site:
                for measure in measures:
                    for row in measure(site):
                        print(row.what, row.limit, row.measured, sep=" | ", flush=True)
                        rows.append(row)
        rows += long_history(folder / "history")
        rows += large_roster(folder / "rosters")
        rows += large_battery_file(folder / "batteries")
        rows += users(folder / "people")
        rows += webhook_listener(folder / "webhooks")
    rows += start_up()
    table = _table(rows)
    print(f"\n{table}\n{time.strftime('%Y-%m-%d')}")
    head, _, rest = PAGE.read_text().partition(START)
    PAGE.write_text(head + START + table + END + rest.partition(END)[2])
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
