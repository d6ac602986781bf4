"""The pages of the documentation, and what a reader finds in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGES = (*(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")), *sorted(ROOT.glob("docs/**/*.md")))
INTEGRATIONS = sorted(ROOT.glob("docs/integrations/*.md"))
DEPLOYMENT = ROOT / "docs/deployment"

_FENCE = re.compile(
    r"(?:<!-- (?P<mark>[^>]*) -->\n)?^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Snippet:
    """A fenced block; ``line`` is where it begins, ``mark`` the comment in the line above it."""

    page: str
    line: int
    language: str
    text: str
    mark: str = ""

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def snippets(page: Path) -> list[Snippet]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text()
    return [
        Snippet(
            page=page.name,
            line=text.count("\n", 0, found.start("text")),
            language=found["language"],
            text=re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
            mark=found["mark"] or "",
        )
        for found in _FENCE.finditer(text)
    ]


def snippets_under(page: Path, title: str) -> list[Snippet]:
    """Return the fenced blocks under a heading of the second level."""
    before, heading, _ = page.read_text().partition(f"\n## {title}\n")
    assert heading, f"{page.name} has no section {title!r}"
    first = before.count("\n") + 1
    last = first + section(page, title).count("\n") + 1
    return [snippet for snippet in snippets(page) if first <= snippet.line <= last]


def blocks(page: Path, language: str) -> Iterator[str]:
    """Yield the fenced blocks in a language."""
    return (snippet.text for snippet in snippets(page) if snippet.language == language)


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def headings(page: Path, level: int = 2) -> list[str]:
    return re.findall(rf"^{'#' * level} (.+)$", prose(page), re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors that headings get (GitHub): lower case, no punctuation, hyphens for spaces."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def section(page: Path, title: str) -> str:
    """Return what stands under a heading of the second level."""
    return re.split(r"^## ", page.read_text().partition(f"\n## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of all table rows in a text, headers left out."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = [at for at, row in enumerate(cells) if set("".join(row)) <= set("-")]
    headers = {at - 1 for at in rules}
    return [row for at, row in enumerate(cells) if at not in headers and at not in rules]
