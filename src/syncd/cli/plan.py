"""``syncd plan``, ``apply``, ``run`` and ``revert``: a job from comparison to verified writes, and back."""

import shlex
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import click

from syncd.cli.options import approval, as_json, everything, full_read
from syncd.cli.output import reader_may_leave
from syncd.cli.present import done_json, show_done
from syncd.cli.session import Session, job_session, program, settings_of, start_logging, store_of
from syncd.host.errors import DataError, ExitStatus
from syncd.host.logs import is_the_journal
from syncd.host.whole_file import replaced
from syncd.jobs.settings import JOBS
from syncd.reconcile.model import Plan
from syncd.reconcile.plan import decode_plan, encode_plan
from syncd.reconcile.run import Done
from syncd.state.files import FILE_MODE


@click.command()
@click.argument("job")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan to a file.")
@click.option("--detailed-exitcode", is_flag=True, help="Leave with status 2 when there are changes to make.")
@as_json
@everything
@full_read
@click.pass_context
def plan(
    ctx: click.Context,
    job: str,
    output: Path | None,
    *,
    detailed_exitcode: bool,
    as_json: bool,
    everything: bool,
    full_read: bool,
) -> int:
    """Show what JOB would change, and why. Nothing is changed.

    A plan above a limit is shown, and refused as `apply` would refuse it (status 3).
    """
    with job_session(ctx, job, full_read=full_read) as session:
        done = session.runner.plan()
    _show(done, as_json=as_json, everything=everything)
    if output is not None:
        _write_plan(output, done.plan)
    if detailed_exitcode and done.summary.result == "planned":
        return int(ExitStatus.CHANGES_PENDING)
    return int(done.exit_status)


@click.command()
@click.argument("target", metavar="JOB|FILE")
@approval
@as_json
@everything
@full_read
@click.pass_context
def apply(
    ctx: click.Context, target: str, approve: str | None, *, as_json: bool, everything: bool, full_read: bool
) -> int:
    """Plan JOB and apply the plan within the limits, or apply a saved plan FILE exactly.

    A saved plan is refused (status 3) when what it would change has moved since.
    """
    start_logging(ctx)
    saved = None if target in JOBS else _read_plan(target)
    with job_session(ctx, saved.job if saved else target, full_read=full_read) as session:
        command = f"{program(ctx)} apply {shlex.quote(target)}"
        done = session.runner.apply(approve=approve, saved=saved, command=command)
    _show(done, as_json=as_json, everything=everything)
    return int(done.exit_status)


@click.command()
@click.argument("job")
@as_json
@everything
@click.pass_context
def run(ctx: click.Context, job: str, *, as_json: bool, everything: bool) -> int:
    """Plan JOB, and apply the plan if the job's mode is `apply`. The timer calls this."""
    with job_session(ctx, job) as session:
        done = _by_mode(session)
    _show(done, as_json=as_json, everything=everything)
    return int(done.exit_status)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--apply", "write", is_flag=True, help="Do it; without this the way back is only shown.")
@approval
@as_json
@everything
@click.pass_context
def revert(
    ctx: click.Context, run_id: str, approve: str | None, *, write: bool, as_json: bool, everything: bool
) -> int:
    """Plan the way back from RUN: every value that it overwrote, where it is still as RUN left it."""
    with store_of(settings_of(ctx)) as store:
        before = store.ledger.run(run_id)
    if before.job not in JOBS:
        raise DataError(
            f"run {before.id} was made for an event ({before.job}), and is not undone as a whole: syncd show "
            f"{before.id} has the values from before, to be put back in the system itself.",
            code="run.of_an_event",
            object=before.id,
        )
    with job_session(ctx, before.job) as session:
        done = session.runner.revert(before.id, write=write, approve=approve)
    _show(done, as_json=as_json, everything=everything)
    return int(done.exit_status)


def _by_mode(session: Session) -> Done:
    return session.runner.apply() if session.mode == "apply" else session.runner.plan()


def _show(done: Done, *, as_json: bool, everything: bool) -> None:
    with reader_may_leave():
        if as_json:
            done_json(done)
        elif not is_the_journal(sys.stdout):
            # The records of the run tell the same there, without personal data.
            show_done(done, everything=everything)


def _write_plan(path: Path, plan: Plan) -> None:
    """Write a plan so that nobody else can read it, whoever owns a file of its name: it holds names and addresses."""
    try:
        with _pipe_or_file(path) as file:
            file.write(encode_plan(plan))
    except OSError as error:
        raise DataError(
            f"the plan cannot be written to {path}: {error.strerror}; name another file.",
            code="plan.unwritable",
            object=str(path),
        ) from error


def _pipe_or_file(path: Path) -> AbstractContextManager[BinaryIO]:
    """Open what is no file, such as /dev/stdout, as it is; else a file that takes the place of one."""
    return path.open("wb") if path.exists() and not path.is_file() else replaced(path, FILE_MODE)


def _read_plan(name: str) -> Plan:
    try:
        content = Path(name).read_bytes()
    except OSError as error:
        raise DataError(
            f"{name!r} is neither a job ({', '.join(JOBS)}) nor a plan file that can be read: {error.strerror}.",
            code="plan.unreadable",
            object=name,
        ) from error
    return decode_plan(content, name)
