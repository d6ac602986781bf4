"""What the page of the architecture names is there."""

import re

import pytest

from syncd.state.schema import metadata
from unit.docs.pages import ROOT, prose, rows, section

PAGE = ROOT / "docs/architecture.md"
MADE_UP = re.compile(r"JOB|ROOM|SYSTEM|\.\.\.\.")
"""What stands for a name of the reader's own."""

FILES = sorted(
    name
    for name in set(re.findall(r"`([\w./-]+/(?:[\w.-]+\.\w+)?)`", prose(PAGE)))
    if "/" in name and not MADE_UP.search(name)
)
IN_THE_STATE_FOLDER = {"webhooks/inbox.db"}
TABLES = {name for row in rows(section(PAGE, "State")) for name in re.findall(r"`(\w+)`", row[0])}
STEPS = [
    pytest.param(file, function, id=f"{file}-{function}")
    for _, file, functions, _ in rows(section(PAGE, "One run"))
    for function in re.findall(r"`(\w+)`", functions)
]


@pytest.mark.parametrize("name", FILES)
def test_a_file_or_room_is_there(name: str) -> None:
    assert name in IN_THE_STATE_FOLDER or (ROOT / name).exists() or (ROOT / "src/syncd" / name).exists()


@pytest.mark.parametrize(("file", "function"), STEPS)
def test_a_step_of_a_run_is_in_its_file(file: str, function: str) -> None:
    text = (ROOT / "src/syncd" / file.strip("`")).read_text()
    assert re.search(rf"^ *def {function}\(", text, re.MULTILINE)


def test_names_of_the_code_are_in_the_code() -> None:
    named = {word for word in re.findall(r"`(_?[A-Za-z]\w+)(?:\(.*?\))?`", prose(PAGE)) if not MADE_UP.search(word)}
    code = "\n".join(file.read_text() for folder in ("src", "tests") for file in (ROOT / folder).glob("**/*.py"))
    assert len(named) > 50
    assert named - {*re.findall(r"\w+", code), "mypy"} == set()


def test_every_table_of_the_store_has_an_owner() -> None:
    assert set(metadata.tables) == TABLES


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 40
    assert len(STEPS) > 10
