"""An alert by a POST, as https://healthchecks.io/docs/http_api/ has it: the address, ``/start`` and ``/fail`` below it.

The address is a secret: no error, no record and no argument of a process has it.
"""

from http import HTTPStatus
from urllib.parse import urlsplit, urlunsplit

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from syncd.host.alerts.ending import FAILED, START, SUCCESS
from syncd.host.alerts.mail import UNSENT
from syncd.host.errors import Unavailable
from syncd.host.session import open_session

PATHS = {START: "/start", SUCCESS: "", FAILED: "/fail"}
TRIES = {START: 1, SUCCESS: 3, FAILED: 3}
"""A job waits for the ping of its start."""

TIMEOUT = (5, 10)
"""Seconds to connect, and to answer."""

PAUSE = 2.0


def address(url: str, event: str) -> str:
    """Return where to POST that a job starts, is done, or failed."""
    parts = urlsplit(url.strip())
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + PATHS[event]))


def ping(url: str, event: str, text: str) -> None:
    """POST a text. Raises Unavailable ``alert.unsent``."""
    tries = stop_after_attempt(TRIES[event])
    retrying = Retrying(stop=tries, wait=wait_fixed(PAUSE), retry=retry_if_exception_type(Unavailable), reraise=True)
    with open_session("alert", pool=1, ca_file=None, proxy=None) as session:
        retrying(_post, session, url, event, text.encode())


def _post(session: requests.Session, url: str, event: str, body: bytes) -> None:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    try:
        answer = session.post(
            address(url, event), data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True
        )
    except (requests.RequestException, ValueError) as error:
        # Its text has the address in it.
        raise Unavailable(f"the ping got no answer: {type(error).__name__}", code=UNSENT) from None
    answer.close()
    if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
        raise Unavailable(f"the ping was answered with status {answer.status_code}", code=UNSENT)
