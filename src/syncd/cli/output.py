"""What commands print: tables on a terminal, plain columns in a pipe, JSON when asked for."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from syncd.host.printable import safe, safe_json

STACK_BELOW = 72
"""Columns of a terminal below which a table of many columns reads better as blocks, a line for each cell."""


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
    click.echo(safe_json(text))


def print_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    styles: Mapping[str, str] | None = None,
    stack_below: int = 0,
) -> None:
    """Print rows under a header: a table on a terminal, tab-separated columns elsewhere.

    ``styles`` gives cells of a certain text a colour (rich's name for it). On a terminal with fewer columns than
    ``stack_below`` each cell of a row has a line of its own.
    """
    cells = [tuple(safe(cell) for cell in row) for row in rows]
    if not cells:
        return
    if sys.stdout.isatty():
        _rich_table(header, cells, styles or {}, stack_below)
        return
    for row in (tuple(header), *cells):
        click.echo("\t".join(row))


def _rich_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, str], stack_below: int
) -> None:
    from rich import box  # noqa: PLC0415 - only a terminal pays for it
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console, coloured = Console(), not os.environ.get("NO_COLOR")  # https://no-color.org
    texts = [[Text(cell, style=styles.get(cell, "") if coloured else "") for cell in row] for row in rows]
    bold = "bold" if coloured else ""
    if console.width < stack_below:
        for row in texts:
            stack = Table(box=None, pad_edge=False, show_header=False)
            stack.add_column(style=bold)
            stack.add_column(overflow="fold")
            for name, text in zip(header, row, strict=True):
                stack.add_row(name, text)
            console.print(stack)
            console.print()
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style=bold)
    for name in header:
        table.add_column(name, overflow="fold")
    for row in texts:
        table.add_row(*row)
    console.print(table)
