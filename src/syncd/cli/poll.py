"""``syncd poll``: the safety net under what systems tell by themselves."""

import sys
from contextlib import ExitStack

import click

from syncd.cli.options import as_json
from syncd.cli.output import print_json, say
from syncd.cli.session import inbox_of, settings_of, store_of
from syncd.host.clock import SystemClock
from syncd.host.credentials import Credentials
from syncd.host.errors import ConfigurationError
from syncd.host.logs import is_the_journal
from syncd.jobs.polling import Polled
from syncd.jobs.polling import poll as poll_births
from syncd.jobs.settings import Settings, check
from syncd.state.store import Store
from syncd.systems.rt.births import Births
from syncd.systems.rt.client import connect


@click.group()
def poll() -> None:
    """Look for what a system has not told of."""


@poll.command("asset-created")
@as_json
@click.pass_context
def asset_created(ctx: click.Context, *, as_json: bool) -> None:
    """Put the assets into the inbox that RT has made since the last poll. A timer calls this.

    The first poll only takes note of where RT stands: assets that are there already keep their names.
    """
    settings = settings_of(ctx)
    check(settings)
    if settings.rt is None:
        raise ConfigurationError(
            "polling for new assets needs [rt] in the configuration file; add it", code="config.missing_table"
        )
    with store_of(settings) as store:
        found = _poll(settings, store)
    if as_json:
        print_json(found)
    elif not is_the_journal(sys.stdout):
        say(_told(found))


def _poll(settings: Settings, store: Store) -> Polled:
    assert settings.rt is not None
    with ExitStack() as stack:
        inbox = stack.enter_context(inbox_of(settings))
        rt = connect(
            settings.rt,
            Credentials(),
            state_dir=settings.state.path,
            circuit_memory=store.circuits,
            clock=SystemClock(),
        )
        stack.callback(rt.close)
        return poll_births(Births(rt.rest), inbox, store.cursors, SystemClock())


def _told(found: Polled) -> str:
    if found.first:
        return f"The first poll: from transaction {found.position} on, new assets are found."
    if found.rewound:
        return f"RT has lost what it had told of; from transaction {found.position} on, new assets are found."
    return f"{found.new} new assets were put into the inbox, {found.seen - found.new} were there already."
