"""The flake and the NixOS module, evaluated on whole systems. Nothing is built."""

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nix.evaluation import ROOT, SYSTEM, Flake, Refused, nix_files, syntax_error
from nix.unit_text import Directives, as_elsewhere, directives, operator_elsewhere, without_hashes
from syncd.host.units.daemons import units as daemon_units
from syncd.host.units.render import Alerts, Daemons, Host, known_jobs, operator_script, units

GOLDEN = Path(__file__).parent / "golden"
MODULE = f"checks.{SYSTEM}.module"
MAX_EXPOSURE = 1.2
ZONES = {"students": "/srv/rosters", "battery": "/srv/batteries"}
TASKS: dict[str, Any] = {"drop_zones": ZONES, "exports": ["battery", "students"]}
EVENTS = Daemons(listen="127.0.0.1:8470", worker=True, poll=True, chromebooks=True)
OF_EXAMPLE = ["chromebooks", "battery-telemetry", "battery-csv"]


@pytest.fixture(scope="session")
def example(flake: Flake) -> dict[str, str]:
    """Return the units of nix/example.nix, by name."""
    texts: dict[str, str] = flake.eval(f"{MODULE}.example")
    return texts


@pytest.fixture(scope="session")
def everything(flake: Flake) -> dict[str, str]:
    """Return the units of nix/tests/everything.nix, by name."""
    texts: dict[str, str] = flake.eval(f"{MODULE}.everything")
    return texts


@pytest.fixture(scope="session")
def cases(flake: Flake) -> dict[str, dict[str, str]]:
    """Return what each case of nix/tests/cases.nix is to say, by kind and name."""
    said: dict[str, dict[str, str]] = flake.eval(
        f"{MODULE}.cases", "builtins.mapAttrs (_: builtins.mapAttrs (_: case: case.says))"
    )
    return said


@pytest.mark.parametrize("path", nix_files(), ids=lambda path: path.name)
def test_nix_can_read_the_file(path: Path) -> None:
    if shutil.which("nix-instantiate") is None:
        pytest.skip("there is no nix-instantiate: not even the syntax of the Nix files was looked at")
    assert syntax_error(path) == ""


def test_every_output_of_the_flake_evaluates(flake: Flake) -> None:
    flake.check()


def test_the_units_of_the_example_are_the_golden_ones(example: dict[str, str]) -> None:
    texts = {name: without_hashes(text) for name, text in example.items()}
    if os.environ.get("SYNCD_UPDATE_GOLDEN") == "1":
        for old in GOLDEN.iterdir():
            old.unlink()
        for name, text in texts.items():
            (GOLDEN / name).write_text(text)
    assert texts == {path.name: path.read_text() for path in GOLDEN.iterdir()}


def test_assertions_name_the_option_and_the_remedy(flake: Flake, cases: dict[str, dict[str, str]]) -> None:
    said = flake.eval(MODULE, "check: { inherit (check) asserted warned; }")
    for kind in ("asserted", "warned"):
        assert said[kind].keys() == cases[kind].keys()
        for name, expected in cases[kind].items():
            assert any(expected in message for message in said[kind][name]), (name, said[kind][name])
            assert len(said[kind][name]) == 1, name


def test_gam_comes_with_its_package_and_a_setting_goes_before_it(flake: Flake) -> None:
    module = (
        "{ pkgs, ... }: { services.syncd.jobs.battery-gam = { enable = true; package = pkgs.coreutils; } // more; }"
    )
    programs = flake.eval(
        MODULE,
        f'check: map (more: (check.fragment {{ host = "job"; module = {module}; }}).settings.jobs.battery-gam.program)'
        ' [ { } { settings.program = "/opt/gam/bin/gam"; } ]',
    )
    assert programs[0].startswith("/nix/store/")
    assert programs[0].endswith("/bin/gam")
    assert programs[1] == "/opt/gam/bin/gam"


def test_types_refuse_with_the_options_path(flake: Flake, cases: dict[str, dict[str, str]]) -> None:
    assert cases["typed"]
    for name, expected in cases["typed"].items():
        with pytest.raises(Refused) as refused:
            flake.eval(f"{MODULE}.typed.{name}")
        error = str(refused.value).rpartition("error:")[2]
        assert expected in error, (name, error)


# -- one source of unit text: the module and `syncd units` write the same -------------------------------------


def _as_elsewhere(text: str, host: Host) -> str:
    return as_elsewhere(text, program=host.program, config=host.config, scripts=str(host.scripts))


def _all(host: Host, jobs: list[str]) -> dict[str, str]:
    return units(host, jobs) | daemon_units(host)


def _like_example() -> Host:
    return Host(
        program="/opt/syncd/bin/syncd",
        credentials={
            "google-service-account": "/run/secrets/syncd/google-service-account",
            "rt-token": "/run/secrets/syncd/rt-token",
            "webhook-token": "/run/secrets/syncd/webhook-token",
        },
        drop_zones={kind: f"/var/lib/syncd-drop/{kind}" for kind in ZONES},
        exports=["battery", "students"],
        daemons=EVENTS,
        alerts=Alerts(mail_to="it@example.org", mail_from="syncd@example", sendmail="/run/wrappers/bin/sendmail"),
    )


def test_syncd_units_writes_what_the_module_writes(example: dict[str, str]) -> None:
    host = _like_example()
    ours = {name: directives(text) for name, text in _all(host, OF_EXAMPLE).items()}
    theirs = {
        name: directives(_as_elsewhere(text, host))
        for name, text in example.items()
        if name != "syncd-catalog.service"  # NixOS has no package scripts that could do this once
    }
    assert ours == theirs


def _like_everything() -> Host:
    return Host(
        program="/opt/syncd/bin/syncd",
        schedules={
            "chromebooks": "Mon..Fri 06:30",
            "export-students": "Mon 06:00",
            "export-battery": "never",
            "poll-asset-created": "*:00/10",
            "events": "never",
        },
        environment_file="/run/secrets/syncd/environment",
        metrics_directory="/var/lib/node-exporter-textfiles",
        **TASKS,
        daemons=replace(EVENTS, listen="[::1]:9470"),
        alerts=Alerts(
            mail_to="it@example.org",
            mail_from="syncd@example.org",
            sendmail="/run/wrappers/bin/sendmail",
            command=["/run/current-system/sw/bin/logger", 'a "quoted" $word, 100%'],
            ping_url="credential",
        ),
    )


ONLY_NIXOS = {"TimeoutStartSec", "RandomizedDelaySec", "LoadCredential", "LoadCredentialEncrypted"}
"""What an admin elsewhere sets by a drop-in, or by other options."""
MORE_WORDS = (' "100%% $$HOME"', ' "--format" "xlsx"')
"""What extraArgs adds to a command line."""


def test_syncd_units_writes_what_the_module_writes_with_every_option_set(everything: dict[str, str]) -> None:
    host = _like_everything()

    def units_of(texts: dict[str, str]) -> dict[str, Directives]:
        found = {name: directives(text) for name, text in texts.items()}
        for section in (section for unit in found.values() for section in unit.values()):
            for name in ONLY_NIXOS & section.keys():
                del section[name]
        return found

    def plain(text: str) -> str:
        for words in MORE_WORDS:
            text = text.replace(words, "")
        return _as_elsewhere(text.replace("syncd-north", "syncd"), host)

    theirs = {name: plain(text) for name, text in everything.items() if name != "syncd-catalog.service"}
    assert units_of(_all(host, [*OF_EXAMPLE, "battery-gam"])) == units_of(theirs)


NORTH = {
    "syncd-chromebooks.service": [
        "StateDirectory=syncd-north",
        "TimeoutStartSec=30min",
        "LoadCredential=google-service-account:/run/secrets/syncd/google-service-account",
        "LoadCredentialEncrypted=rt-password:/etc/syncd/rt-password.cred",
    ],
    "syncd-chromebooks.timer": ["RandomizedDelaySec=1h"],
    "syncd-battery-gam.service": [
        "LoadCredential=gam-oauth2:/run/secrets/syncd/gam-oauth2",
        "RuntimeDirectory=syncd-battery-gam",
    ],
    "syncd-export-students.service": ["StateDirectory=syncd-north syncd-north/exports"],
    "syncd-after-import-battery.timer": ["ConditionPathExists=/var/lib/syncd-north/imported/battery"],
    "syncd-webhooks.service": [
        "BindPaths=/var/lib/private/syncd-north/webhooks:/run/syncd-webhooks",
        "LoadCredential=webhook-secret:/run/secrets/syncd/webhook-secret",
        "StateDirectory=syncd-north syncd-north/webhooks",
    ],
    "syncd-alert-ping@.service": ["LoadCredential=alert-ping-url:/run/secrets/syncd/alert-ping-url"],
}


def test_options_of_the_module_alone_are_in_its_units(everything: dict[str, str]) -> None:
    missing = {name: set(lines) - set(everything[name].split("\n")) for name, lines in NORTH.items()}
    assert missing == {name: set() for name in NORTH}
    usual = re.compile(r"/var/lib/(private/)?syncd(/|$)|^StateDirectory=syncd( |$)", re.MULTILINE)
    assert [name for name, text in everything.items() if usual.search(text)] == []
    chromebooks, students = (everything[f"syncd-{name}.service"] for name in ("chromebooks", "export-students"))
    assert f'"run" "chromebooks"{MORE_WORDS[0]}\n' in chromebooks
    assert f'"--output" "/var/lib/syncd-north/exports"{MORE_WORDS[1]}\n' in students


def test_the_operators_command_is_the_same_on_both(flake: Flake) -> None:
    host = _like_example()
    text = operator_elsewhere(flake.eval(f"{MODULE}.operator"), program=host.program, config=host.config)

    def lines(script: str) -> list[str]:
        return sorted(line for line in script.splitlines() if line and not line.startswith("#"))

    assert lines(text) == lines(operator_script(host))


# -- what systemd says of them ---------------------------------------------------------------------------------


def _exposure(path: Path) -> float:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = re.search(r"Overall exposure level for [^:]*: ([0-9.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def _complaints(folder: Path, names: list[str]) -> list[str]:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(folder / name) for name in names)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"},
    )
    return [line for line in done.stderr.splitlines() if any(name in line for name in names)]


def _judge(texts: dict[str, str], folder: Path) -> dict[str, float]:
    """Return the exposure of each service; fail where systemd would ignore a directive."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    for name, text in texts.items():
        # a command of the store is not here; what it is does not matter to these judges
        (folder / name).write_text(re.sub(r'(?m)^(Exec\w+=!?)("[^"]*"|\S+)', r"\1/bin/true", text))
    assert _complaints(folder, sorted(texts)) == []
    return {name: _exposure(folder / name) for name in texts if name.endswith(".service")}


def _assert_least_privilege(exposures: dict[str, Any]) -> None:
    assert exposures
    assert {name: score for name, score in exposures.items() if score > MAX_EXPOSURE} == {}


def test_no_golden_unit_is_more_exposed_than_it_has_to_be(tmp_path: Path) -> None:
    _assert_least_privilege(_judge({path.name: path.read_text() for path in GOLDEN.iterdir()}, tmp_path))


def test_no_unit_of_syncd_units_is_more_exposed_than_it_has_to_be(tmp_path: Path) -> None:
    alerts = Alerts(mail_to="it@example.org", command=["logger"], ping_url="https://ping.example.org")
    host = Host(
        program="/opt/syncd/bin/syncd", metrics_directory="/var/lib/metrics", daemons=EVENTS, alerts=alerts, **TASKS
    )
    _assert_least_privilege(_judge(_all(host, [*known_jobs()]), tmp_path))


def test_the_page_tells_how_exposed_each_unit_is(tmp_path: Path) -> None:
    alerts = Alerts(mail_to="it@example.org", command=["logger"], ping_url="https://ping.example.org")
    host = Host(program="/opt/syncd/bin/syncd", daemons=EVENTS, alerts=alerts, **TASKS)
    texts = _all(host, [*known_jobs()])
    texts["syncd-catalog.service"] = (GOLDEN / "syncd-catalog.service").read_text()
    places = {"JOB": "|".join(known_jobs()), "KIND": "(?<=import-)battery|(?<=export-)battery|students"}
    measured: dict[str, float] = {}
    for name, score in _judge(texts, tmp_path).items():
        for place, names in places.items():
            name = re.sub(names, place, name)  # noqa: PLW2901 - the name as the page has it
        assert measured.setdefault(name, score) == score, name
    page = (ROOT / "docs/deployment/nixos.md").read_text()
    told = re.findall(r"^\| `(syncd-[^`]+\.service)` \| ([0-9.]+) \|", page, re.MULTILINE)
    assert {name: float(score) for name, score in told} == measured


def test_the_judge_sees_a_wrong_directive(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="PrivateTmpp"):
        _judge({"syncd-wrong.service": "[Service]\nType=oneshot\nPrivateTmpp=yes\nExecStart=/bin/true\n"}, tmp_path)
    assert _judge({"syncd-bare.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n"}, tmp_path) == {
        "syncd-bare.service": pytest.approx(9.6, abs=0.5)
    }
