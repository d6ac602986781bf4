"""What a reader types, clicks or looks up is there."""

import re
import shlex
from pathlib import Path

import click
import pytest

from syncd.cli import VERBS, cli
from syncd.host.config import ENVIRONMENT, Document, read_document
from syncd.host.credentials import _FILE_VARIABLES, _VARIABLES
from syncd.host.errors import ExitStatus
from syncd.host.listening import WebhookOptions
from syncd.jobs.events import EventsOptions
from syncd.jobs.settings import JOBS, TABLES, ExportsOptions, ImportsOptions, load
from unit.docs.pages import INTEGRATIONS, PAGES, ROOT, anchors, blocks, headings, name, prose, rows

TEMPLATE = [
    "Description",
    "Features",
    "Desired state",
    "Architecture",
    "Configuration",
    "Mapping",
    "Actions",
    "Reading the result",
    "Limits and safety",
    "Required rights and components",
    "Troubleshooting",
    "References",
]
DAEMONS = {"rt-webhook", "student-check", "webhooks"}
"""Pages of what is no job."""
CONFIGURATION = ROOT / "docs/reference/configuration.md"
SNIPPETS = [
    pytest.param(text, id=f"{name(page)}-{number}")
    for page in (ROOT / "README.md", *INTEGRATIONS)
    for number, text in enumerate(blocks(page, "toml"))
]
COMMANDS = sorted(
    {
        found[1]
        for page in PAGES
        for text in (*blocks(page, "sh"), *re.findall(r"`([^`\n]+)`", prose(page)))
        for line in text.splitlines()
        if (found := re.match(r"(?:sudo )?(?:\S*/)?syncd (\w.*)", line.strip()))
    }
)
"""What follows ``syncd`` in all that a reader may type."""


@pytest.mark.parametrize("page", INTEGRATIONS, ids=name)
def test_every_integration_follows_the_template(page: Path) -> None:
    assert headings(page) == TEMPLATE


def test_every_job_import_and_export_has_a_page() -> None:
    imports = {f"{name.removesuffix('s')}-import" for name in ImportsOptions.__struct_fields__}
    exports = {f"{name.removesuffix('s')}-export" for name in ExportsOptions.__struct_fields__}
    # Jobs that differ in their source only share a page.
    jobs = {"battery" if name.startswith("battery-") else name for name in JOBS}
    assert {page.stem for page in INTEGRATIONS} == jobs | imports | exports | DAEMONS


@pytest.mark.parametrize("page", INTEGRATIONS, ids=name)
def test_every_integration_is_found_from_the_readme(page: Path) -> None:
    assert f"\n| [{name(page)}]({name(page)}) |" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target


@pytest.mark.parametrize("table", TABLES)
def test_every_table_of_the_configuration_is_documented(table: str) -> None:
    assert any(f"<!-- options: {table} -->" in page.read_text() for page in PAGES)


@pytest.mark.parametrize("text", SNIPPETS)
def test_configurations_are_good(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    document: Document = read_document(str(file), {})
    settings = load(document)
    tables = (
        settings.imports != ImportsOptions(),
        settings.exports != ExportsOptions(),
        settings.webhooks != WebhookOptions(),
        settings.events != EventsOptions(),
    )
    assert any(map(settings.jobs.of, JOBS)) or any(tables)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_can_be_typed(command: str) -> None:
    words = shlex.split(re.sub(r"<[^>]+>", "X", command), comments=True)
    if words[0] != "VERB":
        assert left_over(words) == []


def left_over(words: list[str]) -> list[str]:
    """Return the words that a command has no use for; one that there is not, or its option, is an error of click."""
    command: click.Command = cli
    context = click.Context(command)
    while isinstance(command, click.Group) and words:
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, context, name)
    return command.make_parser(context).parse_args(words)[1]


@pytest.mark.parametrize("command", ["event list", "runs --al"])
def test_a_verb_or_an_option_that_there_is_not_is_seen(command: str) -> None:
    with pytest.raises(click.UsageError):
        left_over(command.split())


def test_words_that_nothing_takes_are_seen() -> None:
    assert left_over(["events", "list", "--all", "and", "so", "on"]) == ["and", "so", "on"]


def test_there_are_commands_to_look_at() -> None:
    verbs = {command.split()[0] for command in COMMANDS}
    assert verbs >= {"plan", "apply", "revert", "runs", "show", "config", "sandbox"}
    assert verbs <= {*VERBS, "VERB"}


def test_the_exit_statuses_are_those_of_the_program() -> None:
    told = {int(row[0]) for row in rows((ROOT / "docs/reference/exit-status.md").read_text())}
    # 130 comes from the shell's convention for Ctrl-C, not from the taxonomy.
    assert told == {int(status) for status in ExitStatus} | {130}


def test_every_variable_of_the_environment_is_documented() -> None:
    told = set(re.findall(r"`([A-Z][A-Z_]+)`", CONFIGURATION.read_text()))
    assert told >= {*ENVIRONMENT, *_VARIABLES.values(), *_FILE_VARIABLES.values(), "SYNCD_CONFIG", "SYNC_SCHEDULE"}
    for variable, (table, option) in ENVIRONMENT.items():
        assert any(row[0] == f"`{variable}`" and f"`{table}.{option}`" in row[1] for row in _configuration())
    for credential in (*_VARIABLES, *_FILE_VARIABLES):
        assert f"`{credential}`" in CONFIGURATION.read_text()


def _configuration() -> list[list[str]]:
    return rows(CONFIGURATION.read_text())
