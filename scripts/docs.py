"""Write the option tables of the documentation from the code; ``--check`` only compares.

A table stands between ``<!-- options: TABLE -->`` and ``<!-- end options -->``, where TABLE is a table of the
configuration file, for example ``jobs.chromebooks``.
"""

import re
import sys
from pathlib import Path

import msgspec

from syncd.host.config import OptionDoc, option_docs
from syncd.jobs.settings import TABLES

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- options: (?P<table>[\w.]+) -->\n).*?(<!-- end options -->)", re.DOTALL)


def row(option: OptionDoc) -> str:
    """Return one line of a table; a vertical bar inside a cell is escaped."""
    cells = (f"`{option.path}`", option.type, f"`{option.default}`" if option.default else "required")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in (*cells, option.description)) + " |"


def table(name: str, type_: type[msgspec.Struct]) -> str:
    """Return the Markdown table of the options of one table of the configuration file."""
    lines = ["| option | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join(lines + [row(option) for option in option_docs(type_, name)]) + "\n"


def render(text: str) -> str:
    """Return a page with its tables made anew."""
    return BLOCK.sub(lambda found: found[1] + table(found["table"], TABLES[found["table"]]) + found[3], text)


def main() -> int:
    """Rewrite the pages, or with ``--check`` name those that are out of date."""
    stale = []
    for page in sorted(ROOT.glob("docs/**/*.md")):
        old = page.read_text()
        if (new := render(old)) != old:
            stale.append(page.relative_to(ROOT))
            if "--check" not in sys.argv:
                page.write_text(new)
    if stale and "--check" in sys.argv:
        print("out of date, run `make format`:", *stale)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
