"""The sentences of the troubleshooting tables are sentences of the program."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from unit.docs.pages import INTEGRATIONS, ROOT, rows, section

SYMPTOMS = [
    (page.name, symptom)
    for page in INTEGRATIONS
    for row in rows(section(page, "Troubleshooting"))
    for symptom in re.findall(r"`([^`]+)`", row[0])
]
SHORTEST = 12
"""Letters of a symptom that are its own; fewer would be found anywhere."""


@cache
def sentences() -> tuple[str, ...]:
    """Return every text of the program; what is filled in at run time is a line feed."""
    return tuple(
        text for file in sorted((ROOT / "src").glob("**/*.py")) for text in _texts(ast.parse(file.read_text()))
    )


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "\n" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"%[sd]|\{[\w.]+\}", "\n", node.value)


def pattern(symptom: str) -> re.Pattern[str]:
    """Return what finds a symptom: ``…`` stands for things that are filled in, and what is between them."""
    pieces = [re.escape(piece.strip()) for piece in symptom.split("…")]
    return re.compile(r"\s*(?:.*\n.*)?\s*".join(pieces), re.DOTALL)


def is_said(symptom: str) -> bool:
    """Return whether a sentence of the program is this; the longest piece alone rules out nearly all of them."""
    longest = max((piece.strip() for piece in symptom.split("…")), key=len)
    return any(pattern(symptom).search(sentence) for sentence in sentences() if longest in sentence)


@pytest.mark.parametrize(("page", "symptom"), SYMPTOMS)
def test_a_symptom_is_a_sentence_of_the_program(page: str, symptom: str) -> None:
    assert len(re.sub(r"\W", "", symptom)) >= SHORTEST, page
    assert is_said(symptom), symptom


def test_a_made_up_symptom_is_not_found() -> None:
    assert not is_said("Refused, everything was changed: …")
    assert len(SYMPTOMS) > 20
