"""The manual page has what the command line has."""

import os
import re

from syncd.cli import VERBS
from syncd.host.errors import ExitStatus
from unit.docs.pages import ROOT

MANUAL = ROOT / "docs/man/syncd.1"
VERB_SECTION = re.compile(r"(?<=^\.SH VERBS\n).*?(?=^\.SH )", re.MULTILINE | re.DOTALL)


def test_the_manual_page_has_every_verb() -> None:
    shown = VERB_SECTION.search(MANUAL.read_text())
    fresh = "".join(f".TP\n.B {name}\n{verb.summary}\n" for name, verb in VERBS.items())
    assert shown is not None
    if os.environ.get("SYNCD_UPDATE_GOLDEN") == "1":
        MANUAL.write_text(VERB_SECTION.sub(lambda _: fresh, MANUAL.read_text()))
    else:
        assert shown[0] == fresh, "SYNCD_UPDATE_GOLDEN=1 writes it anew"


def test_the_manual_page_has_every_exit_status() -> None:
    statuses = MANUAL.read_text().partition(".SH EXIT STATUS")[2].partition(".SH FILES")[0]
    assert {int(number) for number in re.findall(r"^\.B (\d+)$", statuses, re.MULTILINE)} == set(ExitStatus)
