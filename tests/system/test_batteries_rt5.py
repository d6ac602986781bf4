"""The jobs of batteries from end to end: the real command line, the real GAM, a real Request Tracker 5."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import pytest

from contract.real_gam import NO_WAY_OUT, configure, program
from services.rest2 import Rest2
from services.rt5 import Rt5
from services.seed import restore_fleet
from syncd.jobs.batteries.reports import NORMAL, REPLACE_NOW, REPLACE_SOON, Battery
from syncd.sandbox.fleet import make_fleet
from syncd.sandbox.google.telemetry import made_up
from syncd.systems.gam.command import BATTERIES
from system.batteries import MAPPING, table
from system.real_rt import Record, School, opened, values

DEVICES = 60
GAM, CSV, TELEMETRY = JOBS = ("battery-gam", "battery-csv", "battery-telemetry")
NAMES = {NORMAL: "Normal", REPLACE_SOON: "Replace soon", REPLACE_NOW: "Replace now"}
CATEGORIES = ((90, "Excellent"), (80, "Good"), (70, "Fair"), (60, "Poor"), (0, "Critical"))
FIELDS = {name.removeprefix("CF.{").removesuffix("}"): fact for name, fact in MAPPING.items()}


class Cart(School):
    """A school that looks after its batteries."""

    def configure(self, **_: str) -> Self:
        super().configure()
        home = self.directory / "gam"
        if not home.exists():
            configure(self.google, self.server.url, home)
        gam = f'program = "{program()}"\nconfig_dir = "{home}"\n'
        self.config.write_text(self.config.read_text() + "".join(table(job, gam if job == GAM else "") for job in JOBS))
        self.program.environment |= NO_WAY_OUT
        return self

    def save_output(self) -> Path:
        """Let GAM write its output into a file, as an admin would."""
        file, home = self.directory / "batteries.csv", self.directory / "gam"
        environment = {**self.program.environment, "HOME": str(home), "GAMCFGDIR": str(home)}
        asked = [str(program()), "redirect", "csv", str(file), *BATTERIES]
        subprocess.run(asked, env=environment, capture_output=True, check=True, timeout=120)
        return file

    def report(self) -> dict[str, Record]:
        """Let all devices report what they do anyway, by records that a test may change; return the plain ones."""
        customer, records = self.google.tenant.customer, self.google.tenant.telemetry.values()
        for device in self.google.tenant.devices.values():
            if device["status"] != "DEPROVISIONED":
                self.told(made_up(device, customer))
        times = Counter(record.get("serialNumber") for record in records)
        return {
            record["serialNumber"]: record for record in records if plain(record) and times[record["serialNumber"]] == 1
        }

    def told(self, record: Record) -> None:
        """Put a changed record of a device in the place of the one before."""
        self.google.tenant.telemetry.put(record["deviceId"], record)

    def shown(self) -> dict[str, dict[str, str]]:
        """Return the battery's fields of each asset of RT, by serial number in capitals without spaces."""
        assets = [values(asset) for asset in self.state()[0]["assets"].values()]
        return {
            "".join(asset["Serial Number"].split()).upper(): {name: asset[name] for name in FIELDS if name in asset}
            for asset in assets
            if "Serial Number" in asset
        }


def plain(record: Record) -> bool:
    """Tell whether a record is of a device with a serial number, and of one battery with a report of everything."""
    infos, reports = record.get("batteryInfo", []), record.get("batteryStatusReport", [])
    return "serialNumber" in record and len(infos) == 1 and bool(reports) and infos[0]["designCapacity"] != "0"


def expected(record: Record) -> dict[str, str]:
    """Return what an asset has to show of a device with one battery."""
    last = max(record["batteryStatusReport"], key=lambda report: report["reportTime"])
    full, design = int(last["fullChargeCapacity"]), int(record["batteryInfo"][0]["designCapacity"])
    percent = Battery("", datetime.now(UTC), full_charge=full, design=design).percent
    assert percent is not None
    facts = {
        "percent": f"{percent:.1f}",
        "status": NAMES[last["batteryHealth"]],
        "category": next(name for low, name in CATEGORIES if percent >= low),
        "cycles": str(last["cycleCount"]),
        "report_time": f"{last['reportTime'][:19]}Z",
    }
    return {name: facts[fact] for name, fact in FIELDS.items()}


@pytest.fixture
def cart(rt5: Rt5, tmp_path: Path) -> Iterator[Cart]:
    fleet = make_fleet(DEVICES)
    restore_fleet(rt5, fleet)
    with opened(Cart, rt5, fleet, tmp_path) as cart:
        yield cart


@pytest.mark.parametrize("job", JOBS)
def test_three_sources_make_one_plan_and_after_one_nothing_is_left_for_the_others(cart: Cart, job: str) -> None:
    first, records = cart.state(), cart.report()
    cart.syncd("import", "battery", str(cart.save_output()))
    plans = {each: cart.plan(job=each) for each in JOBS}
    ids = {each: [action["id"] for action in plan.document["plan"]["actions"]] for each, plan in plans.items()}
    assert ids[GAM] == ids[CSV] == ids[TELEMETRY]
    assert len(ids[GAM]) > DEVICES / 2
    for each in JOBS:
        assert plans[each].writes == []
        assert {plans[each].counts[state] for state in ("no_battery", "not_recent", "not_in_source")} != {0}
        told = {listing["label"] for listing in plans[each].document["plan"]["report"]["listings"]}
        assert told
        assert plans[each].counts[f"only_{each.removeprefix('battery-')}"] > 0

    applied = cart.apply(job=job)
    assert {outcome["state"] for outcome in applied.outcomes} == {"verified"}
    assert len(applied.writes) == len(ids[GAM])
    shown = cart.shown()
    matched = [record for serial, record in records.items() if serial in shown]
    changed = {label: after for _, _, label, after in applied.changes}
    assert len(matched) > DEVICES / 2
    for record in matched:
        if shown[record["serialNumber"]].get("Battery Reported"):
            assert shown[record["serialNumber"]] == expected(record)
    assert sum("CF.{Battery Health}" in after for after in changed.values()) > DEVICES / 2

    for each in JOBS:
        again = cart.syncd("run", each)
        assert (again.changes, again.writes) == ([], []), each
        assert again.document["run"]["result"] == "in_sync"

    reverted = cart.revert(applied.run)
    assert {outcome["state"] for outcome in reverted.outcomes} == {"verified"}
    assert cart.state("1970-01-01T00:00:00Z") == first


def test_what_is_not_known_and_what_is_older_changes_nothing(cart: Cart, rt: Rest2) -> None:
    records = cart.report()
    cart.apply(job=TELEMETRY)
    shown = cart.shown()
    bare, unmeasured, older, newer, noisy = [
        serial for serial in records if shown.get(serial, {}).get("Battery Reported")
    ][:5]
    later = _changed(records[bare], days=1)
    for name in ("batteryInfo", "batteryStatusReport"):
        del later[name]
    cart.told(later)
    cart.told(_changed(records[unmeasured], days=1, design="0", batteryHealth="BATTERY_HEALTH_UNSPECIFIED"))
    cart.told(_changed(records[older], days=-30, share=0.1, cycleCount=9999))
    cart.told(_changed(records[newer], days=1, share=0.5, batteryHealth=REPLACE_NOW))
    cart.told(_changed(records[noisy], days=1, more=1))

    done = cart.apply(job=TELEMETRY)
    assert len(done.changes) == len(done.writes) == 1
    assert done.counts["older"] == 1
    after = cart.shown()
    for serial in (bare, unmeasured, older, noisy):
        assert after[serial] == shown[serial], serial
    assert after[newer] == expected(cart.google.tenant.telemetry.get(_id(records[newer])) or {})
    assert after[newer]["Battery Health"] == "50.0"

    number = next(key for key, asset in cart.state()[0]["assets"].items() if values(asset).get("Serial Number") == bare)
    rt.put(f"/asset/{number}", CustomFields={"Battery Reported": ""})
    told = cart.syncd("explain", TELEMETRY, f" {bare.lower()} ").document["cases"][0]
    assert told["state"] in {"no_battery", "policy_off"}
    assert told["actions"] == []


def test_both_jobs_read_the_assets_once(cart: Cart) -> None:
    """The snapshot is one, although the jobs want different fields of it."""
    cart.report()
    chromebooks = cart.apply()
    assert len(chromebooks.reads) > 0
    cart.apply(job=TELEMETRY)
    cart.settle(TELEMETRY, reads=2)
    for _ in range(2):
        for job in ("chromebooks", TELEMETRY):
            done = cart.syncd("run", job)
            assert done.document["run"]["result"] == "in_sync", job
            assert done.writes == []
            assert len(done.preflight) <= 10
            assert len(done.reads) <= 2, job


def test_a_select_that_lacks_values_is_named_before_anything_is_read(cart: Cart) -> None:
    names = "\n[jobs.battery-telemetry.categories]\nFresh = 80\nOld = 0\n"
    words = '\n[jobs.battery-telemetry.status_names]\nBATTERY_REPLACE_NOW = "Away with it"\n'
    cart.config.write_text(cart.config.read_text() + names + words)
    done = cart.syncd("plan", TELEMETRY, expect=78)
    assert "CF.{Battery Category} is a Select without the value 'Fresh' and 'Old'" in done.errors
    assert "CF.{Battery Status} is a Select without the value 'Away with it'" in done.errors
    assert done.reads == []


def _id(record: Record) -> str:
    return str(record["deviceId"])


def _changed(record: Record, *, days: int, share: float = 0, more: int = 0, design: str = "", **words: Any) -> Record:  # noqa: ANN401
    """Return a record whose newest report is by so many days later, with another share of the design capacity."""
    made = deepcopy(record)
    info, reports = made["batteryInfo"][0], made["batteryStatusReport"]
    last = max(reports, key=lambda report: str(report["reportTime"]))
    moment = datetime.fromisoformat(last["reportTime"]) + timedelta(days=days)
    last |= {"reportTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), **words}
    full = int(info["designCapacity"]) * share if share else int(last["fullChargeCapacity"]) + more
    last["fullChargeCapacity"] = str(round(full))
    if design:
        info["designCapacity"] = design
        last |= {"fullChargeCapacity": "0", "cycleCount": 0}
    made["batteryStatusReport"] = [last]
    return made
