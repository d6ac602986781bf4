"""``syncd state``: look after what syncd remembers."""

import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from syncd.cli.options import as_json
from syncd.cli.output import print_json, print_table, say
from syncd.cli.session import inbox_to_read, settings_of, store_to_read
from syncd.cli.times import rfc3339, span
from syncd.host.errors import DataError, ExitStatus
from syncd.jobs.settings import JOBS, Settings
from syncd.state.backup import back_up, inbox_copy
from syncd.state.inbox.store import DIRECTORY_NAME
from syncd.state.inbox.store import FILE_NAME as INBOX_NAME
from syncd.state.lock import JobLock
from syncd.state.store import FILE_NAME, Store
from syncd.state.upkeep import examine, examine_inbox

STYLES = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.group()
def state() -> None:
    """Check, back up, prune or start over what syncd remembers.

    That is one SQLite file in the folder `state.directory`: the audit log (runs, and every action with the values
    before and after), snapshots of what was read, and which records of two systems are one thing. Events that came in
    are in a file of their own, the inbox, of which a backup has a copy, too.
    """


@state.command()
@as_json
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> int:
    """Check the store from end to end: its pages, its schema, lost records; and the inbox. Nothing is changed.

    Ends with status 65 where one is damaged, and then says how to restore a backup.
    """
    folder = settings_of(ctx).state.path
    findings = [*examine(folder / FILE_NAME), *examine_inbox(folder / DIRECTORY_NAME / INBOX_NAME)]
    if as_json:
        print_json(findings)
    else:
        rows = ([each.check, each.state, each.found] for each in findings)
        print_table(["check", "state", "found"], rows, styles=STYLES)
        for each in findings:
            if each.remedy:
                say(f"{each.check}: {each.remedy}.")
    return int(ExitStatus.BAD_DATA if any(each.state == "failed" for each in findings) else ExitStatus.OK)


@state.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@as_json
@click.pass_context
def backup(ctx: click.Context, file: Path, *, as_json: bool) -> None:
    """Copy the store to FILE, also while jobs run, and the inbox, where there is one, to FILE.inbox.

    A copy is checked before it replaces an older one. To restore them: stop the units, remove syncd.sqlite-wal and
    syncd.sqlite-shm, and copy FILE over syncd.sqlite; likewise webhooks/inbox.db-wal, webhooks/inbox.db-shm, and
    FILE.inbox over webhooks/inbox.db. Before the worker starts, `syncd events list` shows what it would do once more.
    """
    settings = settings_of(ctx)
    with store_to_read(settings) as store, inbox_to_read(settings) as inbox:
        copies = {file: _there(store, settings).path}
        if inbox is not None:
            # The inbox first: what was done between the two copies is then known to the store, and is not done again.
            copies = {inbox_copy(file): inbox.path, **copies}
        sizes = back_up(copies)
    if as_json:
        told = [{"file": str(copy), "bytes": size} for copy, size in sizes.items()]
        print_json({**told[-1], "inbox": told[0] if inbox is not None else None})
        return
    for copy, size in reversed(sizes.items()):
        say(f"{copy}: a whole copy of the {'store' if copy == file else 'inbox'}, {size / 1e6:.1f} MB.")


@state.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_context
def rebuild(ctx: click.Context, *, yes: bool, as_json: bool) -> None:
    """Start over: forget snapshots and links, and let the next run find everything anew by its match keys.

    Nothing is changed outside, and the audit log stays. What is lost: that a device once had an asset, which keeps
    `missing_assets = "create"` from making it another one; and that a user of RT without an id of the school once had
    a person, without which it is no leaver.
    """
    settings = settings_of(ctx)
    if not yes and not _somebody_is_there():
        raise click.UsageError("nobody is there to ask; say --yes")
    if not yes:
        click.confirm("Forget all snapshots and links? The audit log stays", abort=True, err=True)
    with ExitStack() as stack:
        store = _there(stack.enter_context(store_to_read(settings)), settings)
        for job in JOBS:
            stack.enter_context(JobLock(settings.state.path, job))
        forgotten = store.forget()
    if as_json:
        print_json(forgotten)
        return
    say(
        f"Forgot {forgotten.snapshots} snapshots with {forgotten.objects} records, and {forgotten.links} links; "
        "the next run of each job reads everything again."
    )


@state.command()
@click.option(
    "--older-than", required=True, metavar="SPAN", callback=span, help="Prune runs that started before: 400d, 12w, 1y."
)
@as_json
@click.pass_context
def prune(ctx: click.Context, older_than: timedelta, *, as_json: bool) -> None:
    """Delete old runs and their actions from the audit log; a good run of a job does so with `state.retention_days`.

    What later runs need stays: of every job the newest run of each result, and the one that the guard compares with.
    The file keeps its size, and the space is used again.
    """
    settings = settings_of(ctx)
    try:
        before = datetime.now(UTC) - older_than
    except OverflowError:
        raise click.BadParameter("that is before all calendars", param_hint="--older-than") from None
    with store_to_read(settings) as store:
        pruned = _there(store, settings).prune(before)
    if as_json:
        print_json({"before": rfc3339(before)} | msgspec.to_builtins(pruned))
    else:
        batteries = f", and {pruned.batteries} reports of batteries," if pruned.batteries else ""
        say(f"Pruned {pruned.runs} runs with {pruned.actions} actions{batteries} from before {rfc3339(before)}.")


def _somebody_is_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _there(store: Store | None, settings: Settings) -> Store:
    if store is None:
        path = settings.state.path / FILE_NAME
        raise DataError(
            f"there is no store {path} yet; the first run makes it.", code="state.no_store", object=str(path)
        )
    return store
