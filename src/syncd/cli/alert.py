"""``syncd alert``: what systemd starts when a job starts, failed, or succeeded, to tell people."""

import logging
import os
import platform
from collections.abc import Mapping, Sequence

import click

from syncd.cli.letter import counts, text, title
from syncd.cli.session import known_job, start_logging
from syncd.host import logs
from syncd.host.alerts.ending import FAILED, START, SUCCESS, TASKS, Ending, look_up
from syncd.host.alerts.mail import hand_over, letter
from syncd.host.alerts.memory import Memory, Open
from syncd.host.credentials import Credentials
from syncd.host.errors import ExitStatus, Unavailable

PING_URL = "alert-ping-url"

log = logging.getLogger(__name__)


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("way", metavar="WAY", type=click.Choice(["command", "mail", "ping"]))
@click.argument("what", metavar="JOB:EVENT")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def alert(ctx: click.Context, way: str, what: str, command: Sequence[str]) -> int:
    """Tell people that JOB has `failed`, is a `success`, or is at its `start`; units call this.

    WAY is `mail` (by $SYNCD_ALERT_SENDMAIL, from $SYNCD_ALERT_FROM, to $SYNCD_ALERT_TO), `ping` (a POST to
    $SYNCD_ALERT_URL, or to the credential alert-ping-url), or `command` (COMMAND, with the text on its standard input).
    Mail and command tell of each kind of failure once, and then once of the success. A ping tells of everything.
    """
    job, event = _parts(what, way)
    if way == "command" and not command:
        raise click.UsageError("name the command that is given the text: syncd alert command JOB:EVENT COMMAND")
    start_logging(ctx, job)
    ending = look_up(job, event, os.environ)
    logs.set_run(job, ending.run)
    if event == SUCCESS and not ending.succeeded:
        return int(ExitStatus.OK)
    if ending.stopped:
        _withhold(f"{ending.unit} was stopped on request: no alert")
        return int(ExitStatus.OK)
    try:
        _tell(way, ending, command)
    except Unavailable as error:
        log.error("no alert by %s: %s", way, error.sentence, extra={"message_id": "ALERT_FAILED"})  # noqa: TRY400
        # The start of a job is not worth a failed unit.
        return int(ExitStatus.OK if event == START else ExitStatus.TRY_LATER)
    return int(ExitStatus.OK)


def _parts(what: str, way: str) -> tuple[str, str]:
    job, _, event = what.rpartition(":")
    if event not in {SUCCESS, FAILED, *([START] if way == "ping" else [])}:
        raise click.BadParameter(f"{what!r} is not JOB:{FAILED} or JOB:{SUCCESS}, or for a ping JOB:{START}")
    return job if job in TASKS else known_job(job), event


def _tell(way: str, ending: Ending, command: Sequence[str]) -> None:
    if way == "ping":
        _ping(ending)
        return
    memory = Memory(ending.job, os.environ)
    before = memory.open()
    if ending.event == SUCCESS and before is None:
        return
    if ending.event == FAILED and not ending.unknown and before and ending.kind in before.kinds:
        _withhold(f"people were told by {way} that {ending.job} fails like this since {before.since}: no alert")
        return
    _send(way, ending, before, command)
    if ending.unknown:
        return
    try:
        memory.add(ending.kind) if ending.event == FAILED else memory.clear()
    except OSError as error:
        what = "people were told, and it could not be noted that they were, so that they will be told again: %s"
        log.error(what, error.strerror, extra={"message_id": "ALERT_FAILED"})  # noqa: TRY400


def _send(way: str, ending: Ending, before: Open | None, command: Sequence[str]) -> None:
    host = platform.node()
    words = text(ending, host, before)
    if way == "mail":
        given = {name: os.environ.get(f"SYNCD_ALERT_{name}", "") for name in ("FROM", "TO", "SENDMAIL")}
        mail = letter(given["FROM"], given["TO"], f"[syncd] {title(ending, host, before)}", words)
        hand_over([given["SENDMAIL"], "-t", "-i"], mail, os.environ)
    else:
        hand_over(command, words.encode(), {**os.environ, **_variables(ending)})
    _told(way, ending)


def _ping(ending: Ending) -> None:
    from syncd.host.alerts.ping import ping  # noqa: PLC0415 - mails do without requests

    url = os.environ.get("SYNCD_ALERT_URL") or Credentials(keyring=False).get(PING_URL).reveal()
    ping(url, ending.event, text(ending, platform.node(), once=False))
    _told("ping", ending)


def _variables(ending: Ending) -> Mapping[str, str]:
    return {
        "SYNCD_ALERT": ending.event,
        "SYNCD_JOB": ending.job,
        "SYNCD_RUN_ID": ending.run or "none",
        "SYNCD_UNIT": ending.unit,
        "SYNCD_RESULT": ending.result,
        "SYNCD_EXIT_STATUS": ending.status,
        "SYNCD_REASON": ending.reason,
        "SYNCD_COUNTS": counts(ending),
    }


def _told(way: str, ending: Ending) -> None:
    extra = {"message_id": "ALERT_SENT"}
    log.info("told of %s by %s: %s, %s", ending.unit, way, ending.event, ending.run or "no run", extra=extra)


def _withhold(why: str) -> None:
    log.info("%s", why, extra={"message_id": "ALERT_WITHHELD"})
