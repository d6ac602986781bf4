"""What means harm stays text: in terminals, logs, journals, spreadsheets, pictures, mails, metrics and unit files."""

import csv
import io
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from itertools import product
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest

from security.walk import Walk
from syncd.host.alerts.mail import letter
from syncd.host.errors import ConfigurationError
from syncd.host.metrics import Metric, exposition
from unit.cli.commands import Cli
from unit.cli.test_front_door import COMMANDS

DRIVES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
FORMULA = re.compile(r"\s*[=+\-@\uff1d]|[\t\r\n]")
NUMBER = re.compile(r"-?[\d.]+")


def shown(walked: Walk) -> Iterator[tuple[str, str]]:
    """Yield what people look at: all that was printed and logged, and the reports in drop zones."""
    yield from walked.printed.items()
    yield from ((f"log of {name}", text) for name, text in walked.logged.items())
    reports = (path for path in walked.files() if path.name.endswith(".report.txt"))
    yield from ((path.name, path.read_text()) for path in reports)


def test_nothing_that_is_shown_drives_a_terminal(walked: Walk) -> None:
    found = {name: DRIVES.search(text) for name, text in shown(walked)}
    assert {name: repr(match[0]) for name, match in found.items() if match} == {}
    assert len(found) > 100


def test_what_would_drive_it_was_met_everywhere(walked: Walk) -> None:
    told = {name.partition(": ")[2].partition(" ")[0] for name, text in walked.printed.items() if "]0;owned" in text}
    assert told >= {"plan", "apply", "show", "revert", "explain", "assets", "devices"}
    reports = [text for name, text in shown(walked) if name.endswith(".report.txt")]
    assert len(reports) == 2
    assert any(r"\x1b[2J\u202e" in text for text in reports)


def test_no_text_begins_a_line_that_looks_like_a_record_of_its_own(walked: Walk) -> None:
    lines = [line for name, text in shown(walked) if "--csv" not in name for line in text.splitlines()]
    assert any("all is well" in line for line in lines)
    assert not [line for line in lines if line.startswith("00:00:00")]


def test_no_field_of_the_journal_drives_a_terminal(walked: Walk) -> None:
    assert len(walked.records) > 5
    assert not [record for record in walked.records if DRIVES.search("".join(record.values()))]


# -- files for spreadsheets and browsers


def test_no_cell_of_any_csv_is_a_formula(walked: Walk) -> None:
    texts = {path.name: path.read_text() for path in walked.files() if path.suffix == ".csv" and "out" in path.parts}
    texts |= {name: text for name, text in walked.printed.items() if "--csv" in name}
    assert len(texts) >= 8
    cells = [cell for text in texts.values() for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [cell for cell in cells if FORMULA.match(cell) and not NUMBER.fullmatch(cell)] == []
    assert any(cell.startswith("'=cmd") for cell in cells)


def test_no_cell_of_any_workbook_is_a_formula_or_a_link(walked: Walk) -> None:
    books = [path for path in walked.files() if path.suffix == ".xlsx"]
    assert len(books) == 3
    for path in books:
        with ZipFile(path) as parts:
            for name in parts.namelist():
                text = parts.read(name)
                if name.startswith("xl/worksheets/sheet"):
                    assert b"<f>" not in text
                    assert b"<hyperlink" not in text


def test_a_picture_is_a_document_without_a_program(walked: Walk) -> None:
    (picture,) = (path for path in walked.files() if path.suffix == ".svg")
    names = {element.tag.rpartition("}")[2] for element in ET.parse(picture).iter()}  # noqa: S314 - our own
    assert "text" in names
    assert names.isdisjoint({"script", "foreignObject", "image", "a"})


# -- mails and metrics


@pytest.mark.parametrize("header", ["From", "To", "Subject"])
def test_no_header_of_a_mail_can_hold_another(header: str) -> None:
    given = {"From": "syncd@example.org", "To": "it@example.org", "Subject": "[syncd] it failed"}
    given[header] = "x@example.org\r\nBcc: all@example.org"
    with pytest.raises(ConfigurationError, match="line break"):
        letter(given["From"], given["To"], given["Subject"], "it failed")


def test_the_text_of_a_mail_stays_its_text() -> None:
    mail = letter("a@example.org", "b@example.org", "s", "\n\nBcc: all@example.org\n.\nMAIL FROM:<x>\n\x1b[2J\u202e\n")
    read = message_from_bytes(mail, policy=policy.default)
    assert read["Bcc"] is None
    text = read.get_content()
    assert r"\x1b[2J\u202e" in text
    assert not DRIVES.search(text)


def test_no_label_of_a_metric_ends_before_its_end() -> None:
    metric = Metric("syncd_x", "gauge", "X.", ("job",))
    (line,) = (
        line
        for line in exposition({metric: {('a"} 1\nsyncd_y{job="\\',): 2.0}}).decode().splitlines()
        if not line.startswith("#")
    )
    assert line == r'syncd_x{job="a\"} 1\nsyncd_y{job=\"\\"} 2.0'


# -- unit files

PLACES = {
    "--program": "/usr/bin/syncd{}",
    "--environment-file": "/etc/syncd/env{}",
    "--metrics-directory": "/var/lib/metrics{}",
    "--alert-mail": "it@example.org{}",
    "--alert-mail-from": "syncd{}",
    "--sendmail": "/usr/sbin/sendmail{}",
    "--alert-command": "/usr/bin/logger {}",
    "--alert-ping": "https://hc.example.org/{}",
    "--schedule": "chromebooks=daily{}",
    "--credential": "rt-token=/run/secrets/rt-token{}",
}
BREAKS = {
    "newline": "\nExecStartPre=/bin/evil",
    "return": "\rExecStartPre=/bin/evil",
    "continued": "\\",
    "section": "\n[Service]\nUser=root",
}


OWN = {"--output", "--job"}
"""A folder, and the names of jobs, which are looked up."""


def test_every_text_that_units_takes_is_tried() -> None:
    takes_text = {option.opts[0] for option in COMMANDS["units"].params if not getattr(option, "is_flag", False)}
    assert takes_text - OWN == PLACES.keys()


@pytest.mark.parametrize(("option", "what"), [*product(PLACES, BREAKS)])
def test_no_argument_of_units_adds_a_directive(option: str, what: str, tmp_path: Path) -> None:
    """Either it is refused, or it is inside of quotes, where systemd reads escapes."""
    value = PLACES[option].format(BREAKS[what])
    done = Cli()("units", "--output", tmp_path / "units", "--job", "chromebooks", option, value)
    if done.status:
        assert done.status in (64, 78), done.err
        return
    for path in (tmp_path / "units").glob("*.*"):
        text = path.read_bytes()
        assert not re.search(rb"^(ExecStartPre|User=root)", text, re.MULTILINE), path
        assert b"\r" not in text
        assert not re.search(rb"\\\n", text) or path.suffix not in (".service", ".timer"), path


@pytest.mark.parametrize("option", ["--environment-file", "--metrics-directory"])
@pytest.mark.parametrize("value", ["%h/x", "relative/x", "/a b", "/a'b", '/a"b', "/a:b"])
def test_what_is_no_plain_path_is_refused_where_systemd_would_read_more_into_it(
    option: str, value: str, tmp_path: Path
) -> None:
    done = Cli().ended(78, "units", "--output", tmp_path / "units", option, value)
    assert f"cannot be the {option.removeprefix('--').replace('-', ' ')} of units" in done.err
