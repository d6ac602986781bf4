"""What comes out of syncd, whatever it is told to do and whatever it meets: no secret, and nobody's name in the log."""

import json
import re
import stat
from pathlib import Path

import pytest

from security.walk import Walk
from syncd.jobs.settings import JOBS
from unit import leaks
from unit.cli.test_front_door import COMMANDS

ELSEWHERE = {"sandbox", "demo"}
"""Verbs that serve or start other verbs, and know no secret but those of stand-ins that they make themselves."""

INFO = 6
OPEN = {"metrics": {0o644}, "out/units": {0o644, 0o755}}
"""What others may read: the exporter, and systemd's own tools."""


def test_every_verb_was_walked_over(walked: Walk) -> None:
    assert COMMANDS.keys() - walked.verbs == ELSEWHERE
    assert {f"{verb} {job}" for verb in ("plan", "apply") for job in JOBS} <= walked.verbs


def test_no_secret_comes_out_anywhere(walked: Walk) -> None:
    secrets = {what: secret.encode() for what, secret in walked.school.secrets().items()}
    outputs = list(walked.outputs())
    assert [(what, where) for where, text in outputs for what, secret in secrets.items() if secret in text] == []
    assert len(secrets) > 40
    assert len(outputs) > 200


def test_the_walk_met_what_it_looks_for(walked: Walk) -> None:
    """If no server had sent a secret back, and no file of GAM had been printed, nothing would have been proved."""
    log = "\n".join(walked.logged.values())
    for told in ("you sent token ***", "you sent Bearer ***", "GAM: ", "Could not take token ***", "RuntimeError: ("):
        assert told in log + "\n".join(walked.printed.values()), told
    kinds = {secret.partition(" ")[0] for secret in walked.school.secrets()}
    assert {"access", "session", "line"} <= kinds


def records(walked: Walk) -> list[dict[str, str]]:
    """Return the records that are logged without --verbose."""
    lines = [line for text in walked.logged.values() for line in text.splitlines() if line.startswith("{")]
    return [record for record in map(json.loads, lines) if int(record["PRIORITY"]) <= INFO]


def test_no_record_names_people(walked: Walk) -> None:
    people = walked.school.personal()
    log = [json.dumps(record, ensure_ascii=False) for record in (*records(walked), *map(dict, walked.records))]
    assert len(people) > 100
    assert len(log) > 100
    told = {(text, line) for line in log for text in people if text in line}
    assert told == set()


def test_what_is_printed_names_people_or_the_search_would_find_nothing(walked: Walk) -> None:
    printed = "\n".join(walked.printed.values())
    assert sum(text in printed for text in walked.school.personal()) > 20


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_what_is_written_is_for_its_owner_whatever_the_umask(walked: Walk) -> None:
    """The walk has no umask at all. What somebody left in a drop zone keeps its mode, in a folder that is closed."""
    folder = walked.school.folder
    found = {str(path.relative_to(folder)): path for path in walked.files()}
    ours = {name: path for name, path in found.items() if not re.match(r"drop/.*\.csv$", name)}
    assert len(ours) > 60
    wrong = {name: oct(mode_of(path)) for name, path in ours.items() if mode_of(path) not in allowed(name, path)}
    assert wrong == {}


def allowed(name: str, path: Path) -> set[int]:
    for place, modes in OPEN.items():
        if name.startswith(place):
            return modes
    return {0o700} if path.is_dir() else {0o600}


def test_no_command_of_any_test_may_print_its_credentials(tmp_path: Path) -> None:
    (tmp_path / "rt-token").write_text("1-27-0123456789abcdef\n")
    (tmp_path / "key").write_text(json.dumps({"private_key": "-----BEGIN-----\nMIIsynthetic\n", "client_id": "x" * 20}))
    for secret in ("1-27-0123456789abcdef", "MIIsynthetic"):
        with pytest.raises(AssertionError, match="came out of a command"):
            leaks.check(tmp_path, "nothing", f"and then {secret}.")
    leaks.check(tmp_path, "BEGIN", "x" * 20)
    leaks.check(None, "1-27-0123456789abcdef")
