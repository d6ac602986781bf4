"""What commands print: tables on a terminal, plain columns in a pipe, JSON when asked for."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec

_ESCAPED = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160))}
# Direction marks and isolates can make a line read as something else (Unicode TR 36).
_ESCAPED |= {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)}
_ESCAPED[ord("\n")] = "\\n"
_ESCAPED[ord("\t")] = "\\t"


def safe(text: str) -> str:
    """Return text that cannot drive a terminal: control characters are shown as escapes."""
    return text.translate(_ESCAPED)


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec can encode
    """Print one JSON document, two spaces a level."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, indent: str = "") -> None:
    """Print rows under a header: a table on a terminal, tab-separated columns elsewhere."""
    cells = [tuple(safe(cell) for cell in row) for row in rows]
    if not cells:
        return
    if sys.stdout.isatty():
        _rich_table(header, cells)
        return
    for row in (tuple(header), *cells):
        click.echo(indent + "\t".join(row))


def _rich_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box  # noqa: PLC0415 - only a terminal pays for it
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
