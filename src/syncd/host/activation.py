"""Sockets to listen on: those that systemd hands over, else one of our own."""

import errno
import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress

from syncd.host.errors import ConfigurationError, IntegrationError, NotPermitted, Unavailable

FIRST = 3
"""The descriptor of the first socket that is handed over (sd_listen_fds(3))."""

BACKLOG = 1024


def inherited_sockets(environ: MutableMapping[str, str] = os.environ, *, first: int = FIRST) -> list[socket.socket]:
    """Take the sockets that systemd started this process with; none where it did not.

    The variables are taken out, so that no child thinks them its own. Raises ConfigurationError (``listen.socket``)
    for what is no listening stream socket.
    """
    mine = environ.pop("LISTEN_PID", "") == str(os.getpid())
    count = environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if not mine or not count.isdecimal():
        return []
    return [_taken(number) for number in range(first, first + int(count))]


def _taken(number: int) -> socket.socket:
    with suppress(OSError):
        os.set_inheritable(number, False)  # noqa: FBT003 - positional-only
        taken = socket.socket(fileno=number)
        if taken.type == socket.SOCK_STREAM and taken.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return taken
        taken.close()
    raise ConfigurationError(
        f"descriptor {number} that systemd handed over is no listening stream socket; the socket unit needs "
        "ListenStream= and Accept=no.",
        code="listen.socket",
    )


def bound_socket(host: str, port: int) -> socket.socket:
    """Listen on an address. Raises ConfigurationError, NotPermitted, Unavailable (``listen.address``)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise _refused(host, port, error) from error
    # Taken anew, so that it knows its protocol: asyncio sends at once (TCP_NODELAY) only where that says TCP.
    return socket.socket(fileno=made.detach())


def _refused(host: str, port: int, error: OSError) -> IntegrationError:
    kind: type[IntegrationError] = ConfigurationError
    remedy = "listen on an address of this host"
    if error.errno == errno.EADDRINUSE:
        kind, remedy = Unavailable, f"another process does (`ss -ltnp sport = :{port}` names it)"
    elif error.errno in (errno.EACCES, errno.EPERM):
        kind, remedy = NotPermitted, "ports below 1024 need a right of their own; use another port"
    why = error.strerror or str(error)
    return kind(f"nobody can listen on {host} port {port} here: {why}; {remedy}.", code="listen.address")
