"""Takes the documentation apart: fenced blocks with their language, in order."""

import re
from dataclasses import dataclass
from pathlib import Path

from nix.evaluation import ROOT

DEPLOYMENT = ROOT / "docs/deployment"
_BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^>]*) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Snippet:
    """A fenced block; ``mark`` is the comment in the line above it."""

    page: str
    line: int
    language: str
    text: str
    mark: str = ""

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def snippets(page: Path) -> list[Snippet]:
    """Return the blocks of a page."""
    text = page.read_text()
    return [
        Snippet(
            page=page.name,
            line=text.count("\n", 0, found.start("text")),
            language=found["language"],
            text=found["text"],
            mark=found["mark"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]


def section(page: Path, title: str) -> list[Snippet]:
    """Return the blocks below a heading, up to the next heading of its level."""
    text = page.read_text()
    found = re.search(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section {title!r}"
    first, last = (text.count("\n", 0, end) for end in found.span())
    return [snippet for snippet in snippets(page) if first <= snippet.line <= last]
