"""The front door: ``syncd VERB``. One file per verb group, imported only when its verb is called."""

import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import click

from syncd import __version__


class _Verb(NamedTuple):
    module: str
    name: str
    summary: str


# The summaries stand here so that `syncd --help` imports no verb.
VERBS = {
    "plan": _Verb("plan", "plan", "Show what a job would change, and why."),
    "apply": _Verb("plan", "apply", "Apply a job's plan, or a saved plan file, within the limits."),
    "run": _Verb("plan", "run", "What the timer calls: plan, and apply if the job's mode is apply."),
    "revert": _Verb("plan", "revert", "Plan, or apply, the way back from a run."),
    "status": _Verb("status", "status", "Show what ran, what is left to do, what is wrong, what to type."),
    "runs": _Verb("history", "runs", "List the runs, newest first."),
    "show": _Verb("history", "show", "Show one run: its plan and what became of each action."),
    "diff": _Verb("history", "diff", "Show what differs between the plans of two runs."),
    "doctor": _Verb("doctor", "doctor", "Check all that a run needs, and say what to do about what is wrong."),
    "explain": _Verb("explain", "explain", "Explain what the next run does with one object, and why; or a battery."),
    "credentials": _Verb("doctor", "credentials", "Check the credentials."),
    "fields": _Verb("looks", "fields", "List the custom fields of RT, with type, values and id."),
    "assets": _Verb("looks", "assets", "List the assets of RT, as a table, JSON or CSV."),
    "org-units": _Verb("looks", "org_units", "List the organisational units of Google."),
    "devices": _Verb("looks", "devices", "List the Chromebooks of Google, as a table, JSON or CSV."),
    "import": _Verb("imports", "import_", "Import rosters of students, or battery reports, from files."),
    "export": _Verb("export", "export", "Write students, drift, battery health or check-ins to a file."),
    "serve": _Verb("serve", "serve", "Serve webhooks: verify what comes, keep it, and answer."),
    "work": _Verb("work", "work", "Work on the events that came in, until it is stopped."),
    "poll": _Verb("poll", "poll", "Look whether RT has made assets that it has not told of."),
    "events": _Verb("events", "events", "List what came in, try dead letters again, or drop them."),
    "tags": _Verb("tags", "tags", "Show and set the sequences of asset tags."),
    "state": _Verb("state", "state", "Check, back up, prune or start over what syncd remembers."),
    "config": _Verb("config", "config", "Check the configuration file."),
    "units": _Verb("units", "units", "Write systemd units for hosts without NixOS."),
    "alert": _Verb("alert", "alert", "What systemd starts when a job failed, or works again: tell people."),
    "sandbox": _Verb("sandbox", "sandbox", "Serve stand-ins for Google and RT on loopback."),
    "demo": _Verb("sandbox", "demo", "Plan, apply and revert against the stand-ins, step by step."),
}


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        module = _imported(f"syncd.cli.{verb.module}")
        command: click.Command = getattr(module, verb.name)
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Run the verb; a reader that has gone (``syncd show RUN | head``) is no failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # click would end with status 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.summary) for name, verb in VERBS.items()])


def _imported(name: str) -> ModuleType:
    """Import a module; what imports make is there for good, and looking for garbage in it takes a tenth of a run."""
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
        gc.enable()


@click.group(cls=_Verbs, subcommand_metavar="VERB ...", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", metavar="FILE", help="Configuration file [$SYNCD_CONFIG, else /etc/syncd/config.toml].")
@click.option(
    "--log", type=click.Choice(["auto", "journal", "json", "plain"]), default="auto", help="Where log records go."
)
@click.option("-v", "--verbose", is_flag=True, help="Log every request.")
@click.version_option(__version__, prog_name="syncd")
@click.pass_context
def cli(ctx: click.Context, config: str | None, log: str, *, verbose: bool) -> None:
    """Keep Request Tracker, Google Workspace and their neighbours in step.

    Dry run is the default: `plan` changes nothing, `apply` has to be asked for.
    """
    ctx.obj = {"config": config, "log": log, "verbose": verbose}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    if sys.stdout is None:  # closed by the caller: `syncd status >&-`
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the locale has no letters for is no reason to fail after the work is done.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = cli.main(args=arguments, prog_name="syncd", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return 64
    except click.Abort:
        return 130
    except Exception as error:  # noqa: BLE001 - the last line of defence
        from syncd.cli.failure import report  # noqa: PLC0415 - only needed on failure

        return report(error)
