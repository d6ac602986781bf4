"""``syncd config``: look at the configuration file before it matters."""

import os

import click

from syncd.cli.options import as_json
from syncd.cli.output import print_json, say
from syncd.host.config import read_document
from syncd.jobs.settings import check as check_settings
from syncd.jobs.settings import load


@click.group()
def config() -> None:
    """Check the configuration file."""


@config.command()
@as_json
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Check every table and option; nothing is asked of any system, and no secret is read."""
    document = read_document(ctx.find_root().obj["config"], os.environ)
    jobs = check_settings(load(document))
    if as_json:
        print_json({"file": document.path, "jobs": jobs})
        return
    say(f"{document.path or 'environment'}: good; jobs: {', '.join(jobs) or 'none'}")
