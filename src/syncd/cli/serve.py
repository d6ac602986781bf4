"""``syncd serve``: the daemons that listen."""

import logging
from contextlib import ExitStack
from pathlib import Path

import click

from syncd.cli.session import settings_of
from syncd.host.activation import bound_socket, inherited_sockets
from syncd.host.credentials import Credentials
from syncd.host.listening import address_of
from syncd.host.notify import Notifier
from syncd.host.stop import StopSignal
from syncd.state.inbox.store import DIRECTORY_NAME, open_inbox

log = logging.getLogger(__name__)


@click.group()
def serve() -> None:
    """Serve one of the daemons that listen, until it is stopped."""


@serve.command()
@click.option(
    "--inbox",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Folder of the inbox, for a unit that sees nothing else of the state folder [webhooks in it].",
)
@click.pass_context
def webhooks(ctx: click.Context, folder: Path | None) -> None:
    """Take webhooks: verify them, keep them in the inbox, and answer.

    It listens on the socket that systemd hands over, else on webhooks.listen. It needs no credential of RT or Google.
    """
    settings = settings_of(ctx)
    options = settings.webhooks
    from syncd.daemons.webhooks.gate import open_gate  # noqa: PLC0415 - `syncd serve --help` loads no server
    from syncd.daemons.webhooks.serving import run  # noqa: PLC0415

    gate = open_gate(options, Credentials())
    with ExitStack() as stack:
        notifier = Notifier()
        stack.callback(notifier.close)
        stop = stack.enter_context(StopSignal())
        sockets = inherited_sockets() or [bound_socket(*address_of(options.listen))]
        inbox = stack.enter_context(open_inbox(folder or settings.state.path / DIRECTORY_NAME, busy_timeout=10.0))
        where = ", ".join(_named(each.getsockname()) for each in sockets)
        log.info("listening on %s", where, extra={"message_id": "WEBHOOKS_LISTENING"})
        notifier.status(f"listening on {where}")
        run(options, inbox, gate, sockets, stop, notifier)
        log.info("stopped; all that was taken is on disk", extra={"message_id": "WEBHOOKS_STOPPED"})


def _named(address: object) -> str:
    """Return the name of a socket: address and port, or a path."""
    if isinstance(address, tuple):
        host = f"[{address[0]}]" if ":" in str(address[0]) else str(address[0])
        return f"{host}:{address[1]}"
    return str(address)
