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


def section(page: Path, title: str) -> str:
    """Return the text below a heading, up to the next heading of the same level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section {title!r}"
    return found[1]
