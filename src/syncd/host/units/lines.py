"""The lines of a unit file (systemd.syntax(7)), and how words are quoted in them.

A directive that has several values is a list, and is written once per value. ``None`` takes a directive of the shared
set away.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from syncd.host.errors import ConfigurationError

Value: TypeAlias = str | Sequence[str] | None
Section: TypeAlias = Mapping[str, Value]
Unit: TypeAlias = Mapping[str, Section]

_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f]|\\\Z")
"""What ends a line of a unit file, or goes on with the next one (systemd.syntax(7))."""


def text(unit: Unit) -> str:
    """Return a unit file: sections and directives in the order of the data."""
    sections = [f"[{name}]\n" + "".join(f"{line}\n" for line in lines_of(section)) for name, section in unit.items()]
    return "\n".join(sections)


def lines_of(section: Section) -> Iterator[str]:
    """Yield the lines of a section below its name."""
    for name, value in section.items():
        if value is not None:
            yield from (f"{name}={one}" for one in ([value] if isinstance(value, str) else value))


def one_line(value: str, what: str) -> str:
    """Return a value that fits a directive. Raises ConfigurationError ``units.bad_value``."""
    if _NOT_IN_A_LINE.search(value) or not value.strip():
        raise ConfigurationError(f"{what} must be one line of text, and is {value!r}", code="units.bad_value")
    return value


def exec_words(words: Sequence[str]) -> str:
    """Return a command line for ``ExecStart=``: every word quoted, nothing in it expanded (systemd.service(5))."""
    return " ".join(json.dumps(word, ensure_ascii=False).replace("%", "%%").replace("$", "$$") for word in words)


def assignment(name: str, value: str) -> str:
    """Return a variable for ``Environment=``, nothing in it expanded. Raises as ``one_line``."""
    quoted = json.dumps(f"{name}={one_line(value, name)}", ensure_ascii=False)
    return quoted.replace("%", "%%")
