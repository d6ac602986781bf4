"""``syncd sandbox`` and ``syncd demo``: the same product with no account."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import click

from syncd.cli.options import as_json
from syncd.cli.output import print_json, say
from syncd.host.errors import IntegrationError
from syncd.host.stop import StopSignal
from syncd.sandbox.fleet import MINIMUM
from syncd.sandbox.people import MINIMUM as FEWEST
from syncd.sandbox.site import Sandbox


@click.command()
@click.option("--devices", type=click.IntRange(min=MINIMUM), default=200, show_default=True, help="Size of the fleet.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another number makes another fleet.")
@click.option(
    "--people",
    type=click.IntRange(min=FEWEST),
    help="Make so many students too, and staff: users of Google and RT, and a roster to import.",
)
@click.option("--in-sync", is_flag=True, help="Both sides agree in everything.")
@click.option("--first-run", is_flag=True, help="RT knows nothing yet of what Google owns.")
@click.option("--streamed", is_flag=True, help="Make a fleet in sync as it is read: there may be millions of devices.")
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="Port on 127.0.0.1.")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("syncd-sandbox"),
    show_default=True,
    help="Where its state is kept; one that has a sandbox already is served as it is.",
)
@as_json
def sandbox(
    directory: Path,
    devices: int,
    people: int | None,
    seed: int,
    port: int,
    *,
    in_sync: bool,
    first_run: bool,
    streamed: bool,
    as_json: bool,
) -> None:
    """Serve stand-ins for Google's Directory API and RT's REST2 on loopback, with a synthetic fleet.

    Make it fail with rules: POST {"route": "chromeosdevices.*", "status": 503, "times": 2} to /_faults.
    """
    if streamed and (people or first_run):
        raise click.UsageError("--streamed makes both sides of one fleet in sync: leave out --people and --first-run.")
    site = Sandbox(
        directory.resolve(),
        devices=devices,
        people=people or 0,
        seed=seed,
        drift=not in_sync,
        first_run=first_run,
        streamed=streamed,
        port=port,
    )
    with StopSignal() as stop, site:
        if as_json:
            print_json(
                {"url": site.url, "config": str(site.config_file), "environment": _environment(site)} | _roster(site)
            )
        else:
            _introduce(site)
        while not stop():
            time.sleep(0.1)


def _introduce(site: Sandbox) -> None:
    say(f"Google and RT are at {site.url}, until Ctrl-C. In another terminal:")
    say()
    for name, value in _environment(site).items():
        say(f"  export {name}={shlex.quote(value)}")
    say("  syncd plan chromebooks")
    for path in _roster(site).values():
        say(f"  syncd import students {shlex.quote(path)}")
        say("  syncd plan rt-users")
    say()
    say(f"The configuration, {site.config_file}:")
    say()
    click.echo(site.config_file.read_text())


def _roster(site: Sandbox) -> dict[str, str]:
    """Return where the roster is, if there is one."""
    return {"roster": str(site.roster_file)} if site.roster_file.exists() else {}


def _environment(site: Sandbox) -> Mapping[str, str]:
    return {"SYNCD_CONFIG": str(site.config_file), "CREDENTIALS_DIRECTORY": str(site.credentials_directory)}


@click.command()
@click.option("--devices", type=click.IntRange(min=MINIMUM), default=100, show_default=True, help="Size of the fleet.")
def demo(devices: int) -> None:
    """Show the Chromebook job on the sandbox: plan, refusal, approval, apply, nothing to do, revert."""
    with (
        tempfile.TemporaryDirectory(prefix="syncd-demo-") as folder,
        Sandbox(Path(folder), devices=devices, first_run=True) as site,
    ):
        _Demo(site).play()


class _Demo:
    """Runs real commands one after the other, and stops where one does not end as it should."""

    def __init__(self, site: Sandbox) -> None:
        self._environment = {**os.environ, **_environment(site)}

    def play(self) -> None:
        self._say("A school has never synced: RT knows nothing of what Google knows. What would change?")
        plan = self._run("plan", "chromebooks", expect=3)
        self._say("That is more than one run may change unseen, so it was refused. The plan is right: approve it.")
        applied = self._run("apply", "chromebooks", "--approve", _found(r"--approve (\w+)", plan), expect=0)
        self._say("The next run, by the timer, finds nothing to do.")
        self._run("run", "chromebooks", expect=0)
        self._say("And back again: a revert is a plan like any other.")
        run = _found(r"Run (\S+):", applied)
        refused = self._run("revert", run, "--apply", expect=3)
        self._run("revert", run, "--apply", "--approve", _found(r"--approve (\w+)", refused), expect=0)
        self._say("All of it was kept.")
        self._run("runs", expect=0)

    def _say(self, text: str) -> None:
        click.secho(f"\n# {text}", bold=True)

    def _run(self, *arguments: str, expect: int) -> str:
        click.secho(f"$ syncd {' '.join(arguments)}", bold=True)
        sys.stdout.flush()
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "syncd", "--log", "plain", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        click.echo(_shortened(done.stdout))
        if done.returncode != expect:
            click.echo(done.stderr, err=True)
            raise IntegrationError(
                f"`syncd {' '.join(arguments)}` ended with status {done.returncode}, not with {expect}.",
                code="demo.status",
            )
        return done.stdout


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise IntegrationError(f"the demo found no {pattern!r} in what was printed.", code="demo.output")
    return match[1]


_MOST_LINES = 30


def _shortened(text: str) -> str:
    lines = text.splitlines()
    if len(lines) <= _MOST_LINES:
        return text
    left_out = f"... {len(lines) - _MOST_LINES} lines are left out here ..."
    return "\n".join([*lines[: _MOST_LINES // 3], left_out, *lines[-2 * _MOST_LINES // 3 :]])
