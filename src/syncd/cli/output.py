"""What commands print: tables on a terminal, plain columns in a pipe, JSON when asked for."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec

# Controls drive a terminal; direction marks, separators and lone surrogates make a line read as something else, or not
# be printable at all (Unicode TR 36). A zero-width joiner holds emoji together and stays.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", ""))
_NAMED = {"\n": "\\n", "\t": "\\t"}


def safe(text: str) -> str:
    """Return text on one line that cannot drive a terminal: what could is shown as an escape."""
    return _UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return _NAMED.get(found[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")  # noqa: PLR2004


def say(line: str = "") -> None:
    """Print one line, made safe."""
    click.echo(safe(line))


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Go on when the reader of a pipe has gone (``syncd show RUN | head``): the exit status still tells the truth."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever msgspec can encode
    """Print one JSON document, two spaces a level; what could drive a terminal is escaped."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    click.echo(_UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under a header: a table on a terminal, tab-separated columns elsewhere."""
    cells = [tuple(safe(cell) for cell in row) for row in rows]
    if not cells:
        return
    if sys.stdout.isatty():
        _rich_table(header, cells)
        return
    for row in (tuple(header), *cells):
        click.echo("\t".join(row))


def _rich_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box  # noqa: PLC0415 - only a terminal pays for it
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    bold = "" if os.environ.get("NO_COLOR") else "bold"  # https://no-color.org
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style=bold)
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
