"""Write the parts of the documentation that come from the code; ``--check`` only compares.

They stand between markers in README.md, SECURITY.md and docs/, and nothing between the markers is written by hand:

* ``<!-- options: TABLE -->`` ... ``<!-- end options -->``: the options of a table of the configuration file, for
  example ``jobs.chromebooks``; those of the NixOS module are made by ``tests/nix/test_docs.py``, which evaluates it
* ``<!-- fields: SYSTEM -->`` ... ``<!-- end fields -->``: the fields of ``google`` devices or ``rt`` assets
* ``<!-- messages: all -->`` ... ``<!-- end messages -->``: the kinds of records in the journal
* ``<!-- crashes: phases -->`` or ``commands`` ... ``<!-- end crashes -->``: what a kill leaves, from ``tests/crash``
* ``<!-- faults: NAME -->`` ... ``<!-- end faults -->``: what comes of each fault, from ``tests/faults``
* ``<!-- units: all -->`` ... ``<!-- end units -->``: what each unit has and may do (see ``unit_table.py``)
* ``<!-- output: NAME -->`` ... ``<!-- end output -->``: what syncd prints on its own sandbox (see ``outputs.py``).
  These take half a minute, so they are left as they are without ``--outputs``.

The catalog file for ``journalctl -x`` is made whole.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import unified_diff
from itertools import islice
from pathlib import Path

import unit_table

from syncd.host.catalog import catalog
from syncd.host.config import OptionDoc, option_docs
from syncd.host.messages import MessageId
from syncd.jobs.settings import TABLES
from syncd.jobs.sides.google_devices import DEVICE_FIELDS
from syncd.jobs.sides.options import ChromebooksOptions
from syncd.systems.rt.schema import READABLE

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))  # for what the tests expect
CATALOG = ROOT / "src/syncd/host/units/syncd.catalog"
BLOCK = re.compile(
    r"(?P<begin><!-- (?P<kind>options|fields|messages|crashes|faults|units|output): (?P<name>[\w.-]+) -->\n)"
    r".*?(?P<end><!-- end (?P=kind) -->)",
    re.DOTALL,
)
MODULE = "module"
FIELD = r"@(\w+)@"
COMMAND = re.compile(r": ((?:syncd|systemctl|journalctl) .+)$")
Make = Callable[[str], str]


def pages() -> list[Path]:
    """Return the pages that may have markers."""
    return [ROOT / "README.md", ROOT / "SECURITY.md", *sorted(ROOT.glob("docs/**/*.md"))]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a vertical bar inside a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _elsewhere(path: str, name: str) -> bool:
    """Tell whether an option is one of a table within, which is printed by itself."""
    within = [table for table in TABLES if table.startswith(f"{name}.")]
    return any(path == table or path.startswith(f"{table}.") for table in within)


def options(name: str) -> str:
    """Return the options of one table of the configuration file."""
    own = [option for option in option_docs(TABLES[name], name) if not _elsewhere(option.path, name)]
    found = sorted(own, key=lambda option: not option.required or "<name>" in option.path)
    return table(["option", "type", "default", "meaning"], map(_option, found))


def _option(option: OptionDoc) -> list[str]:
    default = "required" if option.required else f"`{option.default}`" if option.default else "see below"
    return [f"`{option.path}`", option.type, default, option.description]


def fields(name: str) -> str:
    """Return the fields of a system's records."""
    return {"google": _device_fields, "rt": _asset_fields}[name]()


def _device_fields() -> str:
    rows = [
        [
            f"`{field.name}`",
            field.type.replace("_", " "),
            "yes" if field.writable else "no",
            f"{field.longest} characters" if field.longest else "",
        ]
        for field in DEVICE_FIELDS.values()
    ]
    return table(["field", "type", "can be written", "longest value"], rows)


def _asset_fields() -> str:
    rows = [
        [
            f"`{name}`",
            _yes(to_google={"notes": name}),
            _yes(to_rt={name: "model"}),
            _yes(new_assets={name: "x"}),
        ]
        for name in ["CF.{Name}", *sorted(READABLE)]
    ]
    return table(["field", "source in `to_google`", "target in `to_rt`", "in `new_assets`"], rows)


def _yes(**rules: dict[str, str]) -> str:
    """Say whether the job takes these rules."""
    try:
        ChromebooksOptions(catalogs=("x",), **rules)
    except ValueError:
        return "no"
    return "yes"


def messages(_name: str) -> str:
    """Return what each kind of record means, and what to do."""
    return "\n".join(map(_message, MessageId))


def _message(kind: MessageId) -> str:
    remedy = "".join(f"- {_code(line)}\n" for line in kind.remedy.split("\n"))
    return f"### {kind.subject}\n\n`{kind.name}`, `MESSAGE_ID={kind}`\n\n{_code(kind.happened)}\n\n{remedy}"


def _code(text: str) -> str:
    """Return a text of the catalog with its fields, and the command that ends a line, as code."""
    if command := COMMAND.search(text):
        typed = re.sub(FIELD, r"$\1", command[1])
        return f"{_code(text[: command.start()])}: `{typed}`"
    return re.sub(FIELD, r"`\1`", text)


def crashes(name: str) -> str:
    """Return what a kill leaves, or where commands are killed."""
    from crash.table import commands, phases  # noqa: PLC0415 - of the tests, see sys.path

    if name == "phases":
        return table(["killed when it was", "what is there", "what comes next"], phases())
    header = ["boundary", "killed before it", "killed after it"]
    return "\n".join(f"### {title}\n\n`{command}`\n\n{table(header, lines)}" for title, command, lines in commands())


def faults(name: str) -> str:
    """Return what comes of the faults of one system."""
    from faults.page import TABLES as FAULTS  # noqa: PLC0415 - of the tests, see sys.path

    return table(*FAULTS[name]())


def units(_name: str) -> str:
    """Return who runs as whom, with which secrets, and may reach and write what."""
    return table(unit_table.HEADER, unit_table.rows())


def render(text: str, makers: Mapping[str, Make]) -> str:
    """Return a page with its parts made anew; those of a kind without a maker stay."""

    def made(found: re.Match[str]) -> str:
        make = None if found["name"] == MODULE else makers.get(found["kind"])
        return found["begin"] + make(found["name"]) + found["end"] if make else found[0]

    return BLOCK.sub(made, text)


def makers(*, outputs: bool) -> Mapping[str, Make]:
    """Return what makes each kind of part."""
    quick: dict[str, Make] = {
        "options": options,
        "fields": fields,
        "messages": messages,
        "crashes": crashes,
        "faults": faults,
        "units": units,
    }
    if outputs:
        from outputs import output  # noqa: PLC0415 - starts a sandbox

        return {**quick, "output": output}
    return quick


def _worth(text: str) -> str:
    """Return what makes a page another one: versions of rich differ in how wide they take an emoji to be."""
    return re.sub(r"[ ─]+", " ", text)


def main(arguments: Sequence[str]) -> int:
    """Rewrite the pages, or with ``--check`` name those that are out of date."""
    make = makers(outputs="--outputs" in arguments)
    stale = []
    for page in [*pages(), CATALOG]:
        old = page.read_text()
        new = catalog() if page == CATALOG else render(old, make)
        if _worth(new) != _worth(old):
            stale.append(str(page.relative_to(ROOT)))
            if "--check" in arguments:
                print(
                    *islice(unified_diff(old.splitlines(), new.splitlines(), "written", "now", lineterm=""), 40),
                    sep="\n",
                )
            else:
                page.write_text(new)
    if stale and "--check" in arguments:
        command = " ".join(["scripts/docs.py", *(["--outputs"] if "--outputs" in arguments else [])])
        print(f"out of date, run `.venv/bin/python {command}`:", *stale)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
