"""An alert by the host's sendmail, or by any command that takes it on its standard input."""

import subprocess
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP

from syncd.host.errors import ConfigurationError, Unavailable
from syncd.host.printable import safe_lines

UNSENT = "alert.unsent"
TIMEOUT = 60
_POLICY = SMTP.clone(linesep="\n", cte_type="8bit", max_line_length=None)


def letter(sender: str, recipient: str, subject: str, text: str) -> bytes:
    """Return a mail (RFC 5322) for ``sendmail -t``, with the line ends of the host; its text drives no terminal.

    Raises ConfigurationError ``alert.address`` for a header that would be more than one.
    """
    mail = EmailMessage(_POLICY)
    for name, value in (("From", sender), ("To", recipient), ("Subject", subject)):
        if len(value.splitlines()) > 1:
            raise ConfigurationError(f"the {name} of an alert by mail has a line break", code="alert.address")
        mail[name] = value
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    mail.set_content(safe_lines(text), cte="8bit")
    return mail.as_bytes()


def hand_over(command: Sequence[str], content: bytes, environ: Mapping[str, str]) -> None:
    """Run a command with this on its standard input; what it prints goes to the journal.

    Raises Unavailable ``alert.unsent``.
    """
    try:
        done = subprocess.run(command, input=content, env=dict(environ), check=False, timeout=TIMEOUT)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took more than {TIMEOUT} s and was ended", code=UNSENT) from None
    except OSError as error:
        raise Unavailable(f"{command[0]} cannot be run: {error.strerror}", code=UNSENT) from None
    if done.returncode:
        raise Unavailable(f"{command[0]} ended with status {done.returncode}", code=UNSENT)
