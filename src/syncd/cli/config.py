"""``syncd config``: look at the configuration file before it matters."""

import os

import click

from syncd.cli.output import print_json
from syncd.cli.plan import as_json
from syncd.host.config import read_document
from syncd.jobs.settings import JOBS, load


@click.group()
def config() -> None:
    """Check the configuration file."""


@config.command()
@as_json
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Check every table and option; nothing is asked of any system, and no secret is read."""
    document = read_document(ctx.find_root().obj["config"], os.environ)
    settings = load(document)
    jobs = [name for name in JOBS if getattr(settings.jobs, name) is not None]
    if as_json:
        print_json({"file": document.path, "jobs": jobs})
        return
    click.echo(f"{document.path or 'environment'}: good; jobs: {', '.join(jobs) or 'none'}")
