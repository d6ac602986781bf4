"""The catalogue of the kinds of journal records: whole, stable, used, and the same wherever it is written."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import syncd
from syncd.host import errors
from syncd.host.catalog import catalog
from syncd.host.errors import DataError, IntegrationError, Refused, WriteRefused
from syncd.host.messages import MessageId, kind_of, message_id

SOURCES = sorted(Path(syncd.__file__).parent.rglob("*.py"))
LOGGING = {"debug", "info", "warning", "error", "exception", "critical", "log"}
LOGGERS = {"log", "_log", "logger", "_logger", "logging"}
EVERYWHERE = {"JOB", "RUN_ID"}
"""Fields that the process puts on each record (syncd.host.logs.RunFilter)."""


@cache
def trees() -> list[tuple[str, ast.Module]]:
    return [(path.name, ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES]


# -- the texts


def test_every_kind_has_an_id_of_its_own_and_its_texts() -> None:
    assert len(MessageId) == len(MessageId.__members__)
    assert len({kind.subject for kind in MessageId}) == len(MessageId)
    for kind in MessageId:
        assert re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", kind), kind.name
        assert kind.subject
        assert not kind.subject.endswith(".")
        assert kind.happened.endswith("."), kind.name
        assert kind.remedy, kind.name
        assert re.match(r"(man|https|file|info):\S+$", kind.documentation), "journalctl takes a URI"


def test_ids_are_stable() -> None:
    # journalctl queries, alerts and catalog files of installed systems are built on these.
    assert str(MessageId.RUN_STARTED) == "956e6e82f7d1412b9831899b582d1d63"
    assert str(MessageId.CREDENTIALS_REFUSED) == "0de660cd859048a7a70705c07cea4717"


def test_a_kind_is_found_by_its_name_or_is_one_already() -> None:
    assert message_id("RUN_FAILED") is MessageId.RUN_FAILED
    assert message_id(MessageId.RUN_FAILED) is MessageId.RUN_FAILED
    assert message_id("") is None
    assert message_id("RUN_FAILD") is None


def test_texts_name_only_fields_that_records_have() -> None:
    # `{"SYSTEM": ...}` in the sources is the field SYNCD_SYSTEM of a record.
    keys = (key for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys)
    fields = {key.value for key in keys if isinstance(key, ast.Constant)}
    for kind in MessageId:
        for field in re.findall("@(.*?)@", kind.happened + kind.remedy):
            assert re.fullmatch("SYNCD_[A-Z_]+", field), (kind.name, field)
            assert field.removeprefix("SYNCD_") in fields | EVERYWHERE, (kind.name, field)


# -- the catalog file


def test_the_catalog_file_is_made_of_the_kinds() -> None:
    written = Path(syncd.__file__).parent / "host/units/syncd.catalog"
    assert written.read_text() == catalog(), "run scripts/docs.py"


def test_each_entry_of_the_catalog_has_its_parts() -> None:
    # https://systemd.io/CATALOG/: a line with the id, headers, an empty line, text
    entries = re.split(r"^-- (?=[0-9a-f]{32}$)", catalog(), flags=re.MULTILINE)[1:]
    assert len(entries) == len(MessageId)
    for kind, entry in zip(MessageId, entries, strict=True):
        head, happened, *remedy = entry.rstrip().split("\n\n")
        assert head.splitlines() == [
            str(kind),
            f"Subject: {kind.subject}",
            "Defined-By: syncd",
            f"Documentation: {kind.documentation}",
        ]
        assert happened.split() == kind.happened.split()
        assert "\n".join(remedy).split() == kind.remedy.split()
        assert max(map(len, entry.splitlines())) <= 100


def test_a_command_stands_on_one_line_of_the_catalog() -> None:
    lines = {line for line in catalog().splitlines() if "syncd apply" in line}
    assert lines == {"If it is right, approve it: syncd apply @SYNCD_JOB@ --approve @SYNCD_PLAN@"}


# -- their use


def named(tree: ast.Module) -> Iterator[str]:
    """Yield what a source file names beside the key ``message_id``, and each ``MessageId.NAME``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from (
                str(value.value)
                for key, value in pairs
                if isinstance(key, ast.Constant) and key.value == "message_id" and isinstance(value, ast.Constant)
            )
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "MessageId":
            yield from [node.attr] if node.attr != "__members__" else []


def test_every_kind_that_the_sources_name_is_in_the_catalogue() -> None:
    assert [(place, name) for place, tree in trees() for name in named(tree) if message_id(name) is None] == []


def test_every_kind_of_the_catalogue_is_used_in_the_sources() -> None:
    texts = (node for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant))
    used = {name for _, tree in trees() for name in named(tree)} | {str(node.value) for node in texts}
    assert sorted(MessageId.__members__.keys() - used) == []


def calls(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.AST]]:
    """Yield each call that logs, with the function around it."""
    around: ast.AST = tree
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            around = node
            for inner in ast.walk(around):
                if isinstance(inner, ast.Call) and _logs(inner):
                    yield inner, around


def _logs(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LOGGING
        and isinstance(function.value, ast.Name)
        and function.value.id in LOGGERS
    )


def has_kind(call: ast.Call, around: ast.AST, tree: ast.Module) -> bool:
    """Return whether ``extra=`` has a message id: written there, kept in a name, or made by a function."""
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "extra"), None)
    nodes: list[ast.AST] = [given] if given else []
    if isinstance(given, ast.Name):
        nodes = [node.value for node in ast.walk(around) if isinstance(node, ast.Assign) and _is_for(node, given.id)]
    if isinstance(given, ast.Call) and isinstance(given.func, ast.Name):
        name = given.func.id
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    inner = (one for node in nodes for one in ast.walk(node) if isinstance(one, ast.Dict))
    return any(isinstance(key, ast.Constant) and key.value == "message_id" for one in inner for key in one.keys)


def _is_for(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def test_every_record_that_the_sources_write_is_of_a_kind() -> None:
    found = [
        (f"{place}:{call.lineno}", has_kind(call, around, tree))
        for place, tree in trees()
        for call, around in calls(tree)
    ]
    assert len(found) > 10, "the search finds nothing"
    assert [place for place, kind in found if not kind] == []


@pytest.mark.parametrize(
    ("source", "is_of_a_kind"),
    [
        ('def f():\n    log.warning("x")', False),
        ('def f():\n    log.warning("x", extra={"syncd": {}})', False),
        ('def f():\n    log.warning("x", extra={"message_id": "A"})', True),
        ('def f():\n    e = {"message_id": "A"}\n    log.warning("x", extra=e)', True),
        ('def f():\n    e = {}\n    log.warning("x", extra=e)', False),
        ('def f():\n    log.warning("x", extra=g())\ndef g():\n    return {"message_id": "A"}', True),
    ],
)
def test_the_search_sees_a_record_of_no_kind(source: str, is_of_a_kind: bool) -> None:  # noqa: FBT001
    tree = ast.parse(source)
    assert [has_kind(call, around, tree) for call, around in calls(tree)] == [is_of_a_kind]


# -- errors


def test_every_error_that_ends_a_command_is_of_a_kind() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, IntegrationError)]
    kinds = Counter(kind_of(one("x", code="x")) for one in classes)
    assert kinds.pop(MessageId.COMMAND_FAILED) == 3, "the root, and what a system refuses or does not have"
    assert set(kinds.values()) == {1}
    assert kind_of(WriteRefused("x", code="x")) is MessageId.COMMAND_FAILED
    assert kind_of(Refused("x", code="roster.refused")) is MessageId.ROSTER_REFUSED
    assert kind_of(DataError("x", code="roster.bad_rows")) is MessageId.INPUT_UNUSABLE
