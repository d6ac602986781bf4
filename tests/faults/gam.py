"""GAM as a process that goes wrong, by a script in its place."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from syncd.host.errors import ConfigurationError, DataError, IntegrationError, NotPermitted, Unavailable

HEADER = ("what GAM does", "exit status", "code", "what to do")
TABLE = "deviceId,serialNumber\\nd1,SYN0001A\\n"
_ARGUMENTS = "Correct the extra arguments of the job."
_LATER = "Nothing: the next run starts GAM again. If it stays, run GAM by hand."
_ACCOUNT = "Run `gam checkconn` and `gam user ADDRESS check serviceaccount` with the same configuration directory."
_RIGHTS = "Give GAM's account the right, and its service account the scope that the sentence names."


class Case(NamedTuple):
    """A shell script in GAM's place (``program``: another one), the error that it ends in, and what to do about it."""

    script: str
    error: type[IntegrationError]
    code: str
    remedy: str
    program: str = ""
    timeout: float = 30.0


def _ends(status: int, error: type[IntegrationError], code: str, remedy: str) -> Case:
    return Case(f"printf '{TABLE}'; exit {status}", error, f"gam.{code}", remedy)


CASES: Mapping[str, Case] = {
    "is not there": Case("", ConfigurationError, "gam.missing", "Install GAM, or name its path.", program="no-gam"),
    "cannot be started": Case("", ConfigurationError, "gam.missing", "Install GAM for this machine.", program="broken"),
    "does not end": Case(
        "sleep 60", Unavailable, "gam.timeout", "Select fewer devices, or raise the timeout.", timeout=0.3
    ),
    "is killed": Case("kill -9 $$", Unavailable, "gam.killed", _LATER),
    "prints half a line at its end": Case(f"printf '{TABLE}d2,SY'", Unavailable, "gam.incomplete", _LATER),
    "prints what is not UTF-8": Case(f"printf '{TABLE}d2,\\377\\n'", Unavailable, "gam.incomplete", _LATER),
    "prints HTML": Case("echo '<html>'", Unavailable, "gam.incomplete", _LATER),
    "prints nothing": Case("true", Unavailable, "gam.incomplete", _LATER),
    "ends with 1, unknown": _ends(1, Unavailable, "failed", _LATER),
    "ends with 2, usage": _ends(2, ConfigurationError, "usage", _ARGUMENTS),
    "ends with 3, socket error": _ends(3, Unavailable, "network", _LATER),
    "ends with 4, Google's error": _ends(4, Unavailable, "google", _LATER),
    "ends with 5, network": _ends(5, Unavailable, "network", _LATER),
    "ends with 6, file error": _ends(6, ConfigurationError, "file", "Look at the modes of GAM's files."),
    "ends with 7, memory": _ends(7, Unavailable, "memory", "Give the unit more memory, or select fewer devices."),
    "ends with 8, interrupted": _ends(8, Unavailable, "interrupted", _LATER),
    "ends with 9, TLS": _ends(9, Unavailable, "network", _LATER),
    "ends with 10, 12, 15 or 67, a right": _ends(10, NotPermitted, "forbidden", _RIGHTS),
    "ends with 13, 16 or 17, not set up": _ends(13, ConfigurationError, "not_configured", _ACCOUNT),
    "ends with 14, system": _ends(14, Unavailable, "system", _LATER),
    "ends with 18, token": _ends(18, NotPermitted, "token", _ACCOUNT),
    "ends with 50, rejected": _ends(50, ConfigurationError, "rejected", _ARGUMENTS),
    "ends with 56, no such object": _ends(56, ConfigurationError, "not_found", _ARGUMENTS),
    "ends with 60, nothing found": _ends(60, DataError, "nothing", _ARGUMENTS),
    "ends with 61, the domain": _ends(61, NotPermitted, "domain", "Check admin_email, domain, customer_id in gam.cfg."),
    "ends with 66, its output": _ends(66, Unavailable, "output", _LATER),
    "ends with 73, the service": _ends(73, NotPermitted, "service", _ACCOUNT),
    "ends with any other status": _ends(99, Unavailable, "failed", _LATER),
}


def rows() -> Iterator[tuple[str, ...]]:
    """Yield the lines of the page."""
    for title, case in CASES.items():
        yield title, str(int(case.error.exit_status)), f"`{case.code}`", case.remedy
