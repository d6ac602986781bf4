"""The package's own tests have what they import: a build sees only the files that nix/package.nix names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nix.evaluation import ROOT

TESTS = ROOT / "tests"
FILES = re.findall(r"^ +\.\./(tests/\S+)$", (ROOT / "nix/package.nix").read_text(), re.MULTILINE)


def imported(file: Path) -> Iterator[str]:
    """Yield the names of modules, and of what may be one, that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def needed() -> set[Path]:
    """Return the files of tests that those of the package import, over all steps."""
    seen: set[Path] = set()
    ahead = [*TESTS.glob("unit/**/*.py")]
    while ahead:
        file = ahead.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in imported(file):
            base = TESTS / name.replace(".", "/")
            ahead += [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()]
            ahead += [path for path in (base.parent / "__init__.py",) if path.exists() and path.is_relative_to(TESTS)]
    return seen


def test_the_package_has_all_that_its_tests_import() -> None:
    assert FILES
    missing = [
        str(file.relative_to(ROOT))
        for file in needed()
        if not any(file.is_relative_to(ROOT / name) for name in FILES) and file != TESTS / "conftest.py"
    ]
    assert missing == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_the_package_names_is_there(name: str) -> None:
    assert (ROOT / name).exists()
