"""The faults below HTTP, and in the body of an answer: the same for whatever system is asked."""

from dataclasses import replace

from faults.kinds import FINE, UNPROVEN, Fault, Row, alike, at_once, given_up, looked_up
from syncd.host.errors import ConfigurationError, Unavailable
from syncd.sandbox.server import HTML, Answer

_LATER = "Nothing: the next run tries again. If it stays, look at the network and at the system."
_STATUS_PAGE = "Nothing at first. If it stays, look at what stands between: a proxy, a login or maintenance page."


def _cut(answer: Answer) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _page(answer: Answer) -> Answer:
    return replace(answer, status=200, headers={"Content-Type": HTML}, body=b"<html><h1>Maintenance</h1></html>")


def _plain(answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, "Content-Type": "text/plain"})


def _empty(answer: Answer) -> Answer:
    return replace(answer, body=b"")


BREAKS = {
    "connection refused": Fault(nowhere="refused", effect=False, remedy="Start the system, or correct its URL."),
    "name not found": Fault(nowhere="no name", effect=False, remedy="Correct the URL, or the machine's DNS."),
    "certificate not trusted": Fault(
        nowhere="untrusted", effect=False, remedy="Set `ca_file` to the authority, or renew the certificate."
    ),
    "no TLS on the port": Fault(nowhere="no TLS", effect=False, remedy="Correct the URL: `http`, or another port."),
    "TLS broken off": Fault(nowhere="half TLS", effect=False, remedy=_LATER),
    "reset before it was handled": Fault(wire="reset", effect=False, remedy=_LATER),
    "reset before an answer": Fault(wire="reset", remedy=_LATER),
    "reset before the body": Fault(wire="head, reset", remedy=_LATER),
    "reset during the body": Fault(wire="half, reset", remedy=_LATER),
    "reset after the body": Fault(wire="reset after", remedy="Nothing."),
    "no answer (stall)": Fault(wire="stall", remedy="Nothing at first. If it stays, raise `read_timeout`."),
    "stall in the body": Fault(wire="stall in the body", remedy="Nothing at first. If it stays, raise `read_timeout`."),
    "body drips slowly": Fault(wire="drip", remedy="Nothing at first. If it stays, raise `read_timeout`."),
    "body shorter than announced": Fault(wire="half", remedy=_LATER),
    "no HTTP": Fault(wire="no HTTP", remedy="Correct the URL: the port is another service's."),
    "JSON cut": Fault(answer=_cut, remedy=_LATER),
    "no body": Fault(answer=_empty, remedy=_LATER),
    "wrong content type": Fault(answer=_plain, remedy=_STATUS_PAGE),
    "HTML with 200": Fault(answer=_page, remedy=_STATUS_PAGE),
}

_UNREACHED = given_up("{s}.unreachable")
_REFUSED_HERE = alike(at_once(ConfigurationError, "{s}.tls"))
_LOST = Row(_UNREACHED, _UNREACHED, looked_up())

BELOW = {
    "connection refused": alike(_UNREACHED),
    "name not found": alike(_UNREACHED),
    "certificate not trusted": _REFUSED_HERE,
    "no TLS on the port": _REFUSED_HERE,
    "TLS broken off": _LOST,
    "reset before it was handled": _LOST,
    "reset before an answer": _LOST,
    "reset before the body": _LOST,
    "reset during the body": _LOST,
    "reset after the body": alike(FINE),
    "no answer (stall)": _LOST,
    "stall in the body": _LOST,
    "body drips slowly": _LOST,
    "body shorter than announced": _LOST,
    "no HTTP": _LOST,
}
"""What comes of those that are below HTTP; the others differ by system."""

_HALF = at_once(Unavailable, "google.incomplete")
GOOGLE_BODIES = {
    "JSON cut": alike(_HALF),
    "no body": alike(_HALF),
    "wrong content type": alike(FINE),
    "HTML with 200": alike(_HALF),
}
_UNREAD = at_once(Unavailable, "rt.incomplete")
_TWICE = at_once(Unavailable, "rt.incomplete", tries=2, again=True)
_NO_JSON = Row(given_up("rt.not_json"), given_up("rt.not_json"), looked_up())
RT_BODIES = {
    "JSON cut": Row(_UNREAD, UNPROVEN, looked_up(), _TWICE),
    "no body": Row(_UNREAD, UNPROVEN, looked_up(), _TWICE),
    "wrong content type": _NO_JSON,
    "HTML with 200": _NO_JSON,
}
