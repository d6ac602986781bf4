"""SECURITY.md says of each unit what its file says, and says something of each."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from nix.unit_text import daemon_names
from syncd.host.units.render import known_jobs, known_kinds
from unit.docs.pages import ROOT, rows, section

PAGE = ROOT / "SECURITY.md"
UNITS = {re.sub(r"`", "", row[0]): row[1:] for row in rows(section(PAGE, "What each unit may do")) if len(row) == 5}
POWERS = [row for row in rows(section(PAGE, "What each unit may do")) if len(row) == 3]
FILES = sorted((ROOT / "tests/nix/golden").glob("*.service"))
"""The unit files themselves, as the NixOS module and `syncd units` make them."""

KINDS = {"import": "an import", "export": "an export"}
OPERATOR = "sudo syncd"


def directives(file: Path) -> Mapping[str, str]:
    """Return the directives of a unit file; values of one that is there several times are joined by a space."""
    found: dict[str, str] = {}
    for line in file.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found[name] = f"{found[name]} {value}" if name in found else value
    return found


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_row_of_a_unit_is_what_its_file_says(file: Path) -> None:
    user, secrets, network, writes = UNITS[file.name]
    unit = directives(file)
    loaded = {pair.partition(":")[0] for pair in unit.get("LoadCredential", "").split()}
    assert loaded <= names(secrets)
    assert bool(loaded) <= (secrets != "none")
    assert (f"`{unit['User']}`" if "User" in unit else "root, without capabilities") == user
    assert (network == "yes") == (unit.get("PrivateNetwork") != "yes")
    state = unit.get("StateDirectory", "").split()
    assert bool(state) == any(word in writes for word in ("/var/lib/syncd", "a folder of its own")), writes
    paths = unit.get("ReadWritePaths", "").replace("-/", "/").split()
    assert {path for path in paths if "textfile" not in path} <= names(writes)


def test_every_unit_has_a_row_and_no_other() -> None:
    tasks = {f"{room[:-1]}-{kind}" for room in ("imports", "exports") for kind in known_kinds(room)}
    alerts = {f"alert-{way}@" for way in ("command", "mail", "ping")}
    services = {f"syncd-{name}.service" for name in {*known_jobs(), *tasks, *daemon_names(), *alerts, "catalog"}}
    assert UNITS.keys() == services | {OPERATOR}


def test_only_the_units_that_need_them_have_google_s_key_and_tokens_of_rt() -> None:
    for name in (
        "syncd-webhooks.service",
        "syncd-events.service",
        *(f"syncd-import-{k}.service" for k in ("battery",)),
    ):
        assert not names(UNITS[name][1]) & {"google-service-account", "rt-token", "rt-password"}
        assert UNITS[name][2] != "yes"
    assert [name for name, row in UNITS.items() if row[2] != "yes" and "rt-token" in row[1]] == []


def kinds() -> Iterator[str]:
    """Yield what a unit is called in the table of what an attacker can do."""
    for unit in UNITS:
        name = unit.removeprefix("syncd-").removesuffix(".service")
        if name in known_jobs():
            yield "a job"
        elif unit == OPERATOR:
            yield unit
        else:
            yield KINDS.get(name.partition("-")[0], f"syncd-{name}")


def test_what_an_attacker_can_do_is_said_of_every_unit_and_of_no_other() -> None:
    told = {name for row in POWERS for name in (names(row[0]) or {row[0]})}
    assert told == set(kinds())
    assert all(row[1] for row in POWERS)


def test_the_page_is_found_from_the_readme_and_says_how_to_report() -> None:
    assert "](SECURITY.md)" in (ROOT / "README.md").read_text()
    assert "advisory" in section(PAGE, "Report a weakness")
