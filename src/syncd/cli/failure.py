"""How a command that failed says so: one sentence on a terminal, one record in the journal."""

import logging
import sys

import click

from syncd.host import logs
from syncd.host.errors import ExitStatus, IntegrationError
from syncd.host.messages import kind_of
from syncd.host.printable import safe

log = logging.getLogger("syncd")


def report(error: Exception) -> int:
    """Tell what went wrong and return the exit status."""
    if isinstance(error, IntegrationError):
        _tell(error.sentence, error)
        return int(error.exit_status)
    log.critical("internal error: %s", type(error).__name__, exc_info=error, extra={"message_id": "INTERNAL_ERROR"})
    if not logs.is_configured():
        click.echo(f"syncd: internal error: {safe(repr(error))}", err=True)
    return int(ExitStatus.INTERNAL)


def _tell(sentence: str, error: IntegrationError) -> None:
    if sys.stderr.isatty() or not logs.is_configured():
        click.echo(f"syncd: {safe(sentence)}", err=True)
        return
    if error.told:
        return
    fields = {"ERROR": error.code, "SYSTEM": error.system, "OPERATION": error.operation, "OBJECT": error.object}
    known = {name: value for name, value in fields.items() if value}
    log.error("%s", sentence, extra={"message_id": kind_of(error), "syncd": known})
