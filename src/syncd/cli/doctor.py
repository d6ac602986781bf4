"""``syncd doctor`` and ``syncd credentials check``: all that can be looked at before trouble, each with its remedy."""

import logging
import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext

import click

from syncd.cli.options import as_json
from syncd.cli.output import STACK_BELOW, print_json, print_table, reader_may_leave, say
from syncd.cli.session import hushed, start_logging
from syncd.daemons.webhooks.checks import probes as listener
from syncd.host.checks.engine import Check, exit_status
from syncd.host.logs import is_the_journal
from syncd.jobs.checks.everything import check_everything

STYLES = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}

log = logging.getLogger(__name__)


@click.command()
@as_json
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> int:
    """Check all that a run needs: configuration, credentials, network, clock, rights, fields, store, units, journal.

    Nothing is changed. Ends with 0 where nothing failed, 77 where only credentials or rights did, 78 where only the
    configuration did, else 1. A check that needs another one which failed is skipped, and says which.
    """
    return _tell(ctx, as_json=as_json, credentials_only=False)


@click.group()
def credentials() -> None:
    """Check the credentials that the configuration names."""


@credentials.command("check")
@as_json
@click.pass_context
def check_credentials(ctx: click.Context, *, as_json: bool) -> int:
    """Check every credential: which source has it, that it can be read, who else may read it, and that a key is one.

    Nothing is asked of any system, and no secret is shown. The exit status is that of `syncd doctor`.
    """
    return _tell(ctx, as_json=as_json, credentials_only=True)


def _tell(ctx: click.Context, *, as_json: bool, credentials_only: bool) -> int:
    start_logging(ctx)
    verbose = ctx.find_root().obj["verbose"]
    with nullcontext() if verbose else hushed("syncd.host.http", level=logging.ERROR):  # the checks tell it better
        config = ctx.find_root().obj["config"]
        checks = check_everything(config, os.environ, listener, credentials_only=credentials_only)
    status = exit_status(checks)
    with reader_may_leave():
        _print(checks, status, as_json=as_json)
    return int(status)


def _print(checks: Sequence[Check], status: int, *, as_json: bool) -> None:
    if as_json:
        counts = Counter[str](check.state for check in checks)
        print_json({"status": status, "counts": {state: counts[state] for state in STYLES}, "checks": checks})
    elif is_the_journal(sys.stdout):
        _record(checks)
    elif sys.stdout.isatty():
        _show(checks)
    else:
        rows = [[check.area, check.check, check.state, check.found, check.remedy or "-"] for check in checks]
        print_table(["area", "check", "state", "found", "remedy"], rows)


def _show(checks: Sequence[Check]) -> None:
    """Print the checks for people: a table, and below it what to do."""
    rows = [[check.area, check.check, check.state, check.found] for check in checks]
    print_table(["area", "check", "state", "found"], rows, styles=STYLES, stack_below=STACK_BELOW)
    for check in checks:
        if check.remedy:
            say(f"{check.area}, {check.check}: {check.remedy}{'' if check.remedy.endswith('?') else '.'}")
            say()
    counts = Counter[str](check.state for check in checks)
    say(f"{', '.join(f'{counts[state]} {state}' for state in STYLES if counts[state])}.")


def _record(checks: Sequence[Check]) -> None:
    """Write what is not right to the log: the journal is no place for tables."""
    for check in checks:
        if check.remedy:
            level = logging.ERROR if check.state == "failed" else logging.WARNING
            told = (check.area, check.check, check.found, check.remedy)
            log.log(level, "%s, %s: %s; %s", *told, extra={"message_id": "CHECK_FAILED"})
