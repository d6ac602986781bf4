"""``syncd runs`` and ``syncd show``: what happened, from the audit log."""

import click

from syncd.cli.options import as_json, everything
from syncd.cli.output import print_json, print_table, say
from syncd.cli.present import show_actions, show_counts, show_listings, show_result
from syncd.cli.session import known_job, settings_of, store_of


@click.command()
@click.option("--job", help="Only runs of this job.")
@click.option("--failed", is_flag=True, help="Only runs that did not do all they should have.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@as_json
@click.pass_context
def runs(ctx: click.Context, job: str | None, limit: int, *, failed: bool, as_json: bool) -> None:
    """List the runs, newest first."""
    with store_of(settings_of(ctx)) as store:
        found = store.ledger.runs(known_job(job) if job else None, failed=failed, limit=limit)
    if as_json:
        print_json(found)
        return
    header = ["run", "job", "mode", "result", "started", "finished", "actions", "by"]
    print_table(
        header,
        (
            [
                run.id,
                run.job,
                run.mode,
                run.result,
                run.started,
                run.finished,
                str(run.counts.get("actions", "")),
                run.actor,
            ]
            for run in found
        ),
    )


@click.command()
@click.argument("run_id", metavar="RUN")
@as_json
@everything
@click.pass_context
def show(ctx: click.Context, run_id: str, *, as_json: bool, everything: bool) -> None:
    """Show RUN (its id, or the beginning of it): the plan, and what became of each action."""
    with store_of(settings_of(ctx)) as store:
        run = store.ledger.run(run_id)
        report = store.ledger.plan_report(run.id)
        recorded = list(store.ledger.actions(run.id))
    if as_json:
        actions = [{"action": action, "result": result} for action, result in recorded]
        print_json({"run": run, "report": report, "actions": actions})
        return
    show_actions(
        [action for action, _ in recorded], {result.action: result for _, result in recorded}, everything=everything
    )
    show_listings(report.listings, everything=everything)
    show_counts(report.counts)
    outcomes = [result for _, result in recorded if result.state != "planned"]
    show_result(run, [action for action, _ in recorded], outcomes)
    if run.error:
        say(run.error)
    say(f"Journal: journalctl SYNCD_RUN_ID={run.id}")
