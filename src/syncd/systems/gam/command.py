"""Run GAM: its output as a stream of lines, what it says besides in the log, its exit status as an error.

GAM collects everything before it prints the first line (gam7 7.49). What it prints counts only if it ends with 0.
"""

import io
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from syncd.host.errors import ConfigurationError, DataError, IntegrationError, Interrupted, NotPermitted, Unavailable
from syncd.host.messages import MessageId
from syncd.host.plain_files import is_folder
from syncd.host.redaction import without_addresses
from syncd.systems.gam import warden

_log = logging.getLogger(__name__)

SYSTEM = "gam"
BATTERIES = ("print", "crostelemetry", "fields", "serialnumber,orgunitid,batteryinfo,batterystatusreport")
"""What to ask GAM for (GAM wiki, "ChromeOS Devices": print crostelemetry)."""

_KEPT = ("HOME", "LANG", "LC_ALL", "LOCALE_ARCHIVE", "PATH", "SSL_CERT_FILE", "TMPDIR", "TZ", "TZDIR")
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")
_GRACE = 5.0
"""Seconds that a run has to end when it was asked to, and what it has left running when it has ended."""

_TICK = 0.2
"""Seconds between two looks at whether it has ended, or shall."""

_BY_SIGNAL = 128
"""What a shell adds to the number of a signal (POSIX, 2.8.2)."""
_SIGNALS = frozenset(map(int, signal.Signals))
_SAID, _LONGEST = 50, 300
"""Lines that are logged of what GAM says, and characters of each."""

# Google's tokens and client secrets by how they begin, keys by their length; paths and ids of devices are neither.
_SECRET = re.compile(
    r"(?<!\w)(?:ya29\.|1//|GOCSPX-|eyJ)[\w./+=-]+|(?<![\w/.+=-])[A-Za-z0-9+=_][A-Za-z0-9+/=_-]{39,}", re.ASCII
)


class _Meaning(NamedTuple):
    error: Callable[..., IntegrationError]
    code: str
    sentence: str


_SETUP = "run `gam checkconn` and `gam user ADDRESS check serviceaccount` with the same configuration directory"
_USAGE = _Meaning(ConfigurationError, "gam.usage", "does not understand its arguments; correct the extra arguments")
_NETWORK = _Meaning(Unavailable, "gam.network", "could not reach Google; it is tried again")
_UNCONFIGURED = _Meaning(
    ConfigurationError, "gam.not_configured", f"is not set up in its configuration directory; {_SETUP}"
)
_FORBIDDEN = _Meaning(
    NotPermitted,
    "gam.forbidden",
    "may not read telemetry; give its account the right, and its service account the scope "
    "https://www.googleapis.com/auth/chrome.management.telemetry.readonly",
)
_STATUS: Mapping[int, _Meaning] = {
    1: _Meaning(Unavailable, "gam.failed", "failed without a reason that it knows"),
    2: _USAGE,
    3: _NETWORK,
    4: _Meaning(Unavailable, "gam.google", "got an error from Google; it is tried again"),
    5: _NETWORK,
    6: _Meaning(ConfigurationError, "gam.file", "cannot read or write one of its files; look at their modes"),
    7: _Meaning(Unavailable, "gam.memory", "had not enough memory; give the unit more, or select fewer devices"),
    8: _Meaning(Unavailable, "gam.interrupted", "was interrupted"),
    9: _NETWORK,
    10: _FORBIDDEN,
    12: _FORBIDDEN,
    13: _UNCONFIGURED,
    14: _Meaning(Unavailable, "gam.system", "met an error of this machine"),
    15: _FORBIDDEN,
    16: _UNCONFIGURED,
    17: _UNCONFIGURED,
    18: _Meaning(NotPermitted, "gam.token", f"could not renew its token; {_SETUP}"),
    50: _Meaning(
        ConfigurationError,
        "gam.rejected",
        "asked for something that Google rejects or does not have; correct the extra arguments",
    ),
    56: _Meaning(
        ConfigurationError, "gam.not_found", "asked for an object that does not exist; correct the extra arguments"
    ),
    60: _Meaning(DataError, "gam.nothing", "found nothing that fits; the extra arguments select no device"),
    61: _Meaning(
        NotPermitted,
        "gam.domain",
        "may not use the domain or the customer; check admin_email, domain and customer_id in gam.cfg, and its rights",
    ),
    66: _Meaning(Unavailable, "gam.output", "could not write its output"),
    67: _FORBIDDEN,
    73: _Meaning(
        NotPermitted,
        "gam.service",
        f"may not use the service for its account: it is off, or not delegated to the service account; {_SETUP}",
    ),
    warden.NOT_STARTED: _Meaning(
        ConfigurationError, "gam.missing", "could not be started; the file is no program for this machine"
    ),
}
"""GAM's exit statuses (gam7 7.49, the *_RC constants)."""


class Gam:
    """A GAM that can be run. ``program``: a path, or a name that is found in PATH.

    ``config_dir`` is GAM's configuration directory (GAMCFGDIR; "" leaves it to GAM); ``timeout`` is in seconds and for
    a whole command; ``stopped`` tells that a stop was asked for, which ends a command at once. GAM gets of the
    environment only what it needs, and none of syncd's credentials.
    """

    def __init__(
        self,
        program: str = "gam",
        config_dir: str = "",
        *,
        environ: Mapping[str, str],
        timeout: float = 1800.0,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._program = program
        self._config_dir = config_dir
        self._timeout = timeout
        self._environ = environ
        self._stopped = stopped

    @contextmanager
    def lines(self, *arguments: str) -> Iterator[Iterator[str]]:
        """Run a command; give the lines of its output as they come, with their ends.

        Leaving the context waits for the end of the command, and raises what its end means, in place of what went
        wrong with the lines: half a table has a reason. Raises ConfigurationError (``gam.missing``,
        ``gam.not_configured``, ...), NotPermitted, DataError, Interrupted, or Unavailable (``gam.timeout``,
        ``gam.killed``, ``gam.incomplete``, ...).
        """
        run = _Run(self._command(arguments), self._environment(), self._timeout, self._stopped)
        try:
            yield run.lines()
        except UnicodeError:
            raise _error(Unavailable, "gam.incomplete", "printed what is not UTF-8 text; nothing is used") from None
        except DataError:
            run.finish()
            raise
        else:
            run.finish()
        finally:
            run.close()

    def _command(self, arguments: Sequence[str]) -> list[str]:
        found = shutil.which(self._program, path=self._environ.get("PATH"))
        if found is None:
            raise _error(
                ConfigurationError,
                "gam.missing",
                f"is not there: no program {self._program!r} that may be run. Install GAM (pip install gam7), or name "
                "its path",
            )
        if self._config_dir and not is_folder(self._config_dir):
            raise _error(
                ConfigurationError,
                "gam.not_configured",
                f"has no configuration: {self._config_dir!r} is no directory that can be read",
            )
        return [sys.executable, "-I", "-S", str(Path(warden.__file__)), found, *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: self._environ[name] for name in (*_KEPT, *_PROXIES) if name in self._environ}
        kept.setdefault("LANG", "C.UTF-8")
        if self._config_dir:
            kept["GAMCFGDIR"] = self._config_dir
            # nixpkgs' GAM sets GAMCFGDIR itself, to the folder gam in this one (folder.py)
            kept["XDG_CONFIG_HOME"] = str(Path(self._config_dir).parent)
            kept.setdefault("HOME", self._config_dir)
        return kept


class _Run:
    """One run of GAM, in a process group that ends with it."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], timeout: float, stopped: Callable[[], bool]
    ) -> None:
        self._timeout = timeout
        self._stopped = stopped
        self._done = threading.Event()
        self._expired = False
        self._lifeline, write = os.pipe()
        self._hold = write
        try:
            self._process = subprocess.Popen(  # noqa: S603 - what the configuration names
                command,
                stdin=self._lifeline,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environment),
                start_new_session=True,
            )
        except BaseException:
            os.close(write)
            raise
        finally:
            os.close(self._lifeline)
        self._whole = True
        self._read_all = False
        self._log_thread = threading.Thread(target=self._log, args=(self._process.stderr,), daemon=True)
        self._log_thread.start()
        threading.Thread(target=self._watch, args=(time.monotonic() + timeout,), daemon=True).start()

    def lines(self) -> Iterator[str]:
        """Yield the lines of the output."""
        output = self._process.stdout
        if output is None:
            return
        with io.TextIOWrapper(output, encoding="utf-8", newline="") as text:
            for line in text:
                self._whole = line.endswith(("\n", "\r"))
                yield line
        self._read_all = True

    def finish(self) -> None:
        """Wait for the end, and raise what it means."""
        if not self._read_all:
            self._drain()
        status = self._process.wait()
        self._log_thread.join(_GRACE)
        if status != 0 and self._stopped():
            raise _error(Interrupted, "gam.interrupted", "was stopped before its end; run it again")
        if self._expired:
            raise _error(
                Unavailable, "gam.timeout", f"did not end within {self._timeout:g} seconds, and was stopped; try again"
            )
        killer = -status if status < 0 else status - _BY_SIGNAL
        if killer > 0:
            name = signal.Signals(killer).name if killer in _SIGNALS else str(killer)
            raise _error(Unavailable, "gam.killed", f"was killed by {name}; what it printed until then is not used")
        if status > 0:
            meaning = _STATUS.get(status, _STATUS[1])
            raise _error(meaning.error, meaning.code, f"{meaning.sentence} (exit status {status})")
        if not self._whole:
            raise _error(Unavailable, "gam.incomplete", "printed half a line at its end, and nothing of it is used")

    def close(self) -> None:
        """End the whole process group, whatever is left of it."""
        self._done.set()
        self._kill(signal.SIGKILL)
        os.close(self._hold)
        self._process.wait()
        self._log_thread.join(_GRACE)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _drain(self) -> None:
        """Read what nobody wants, so that GAM can end."""
        output = self._process.stdout
        with suppress(ValueError, OSError):
            while output is not None and output.read(1 << 16):
                pass

    def _watch(self, deadline: float) -> None:
        """End a run that takes too long, or that nobody wants any more, and what GAM has left running."""
        while not self._done.wait(min(_TICK, max(0.0, deadline - time.monotonic()))):
            if self._process.poll() is not None:
                # What holds GAM's output open would be waited for, though all of it is there.
                if not self._done.wait(_GRACE):
                    self._kill(signal.SIGKILL)
                return
            self._expired = time.monotonic() >= deadline
            if self._expired or self._stopped():
                self._end()
                return

    def _end(self) -> None:
        self._kill(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        self._kill(signal.SIGKILL)

    def _kill(self, kind: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, kind)

    def _log(self, stream: IO[bytes]) -> None:
        """Log what GAM says, as far as a person will read it; it may hold addresses and secrets."""
        say = few(log_line)
        with io.TextIOWrapper(stream, encoding="utf-8", errors="replace") as text:
            for line in filter(None, map(str.strip, text)):
                say(line)


def few(say: Callable[[str], None]) -> Callable[[str], None]:
    """Return a function that passes on as many lines as a person will read."""
    left = iter(range(_SAID))
    return lambda line: None if next(left, None) is None else say(line)


def log_line(text: str) -> None:
    """Log a line that GAM wrote besides its data, without addresses and what looks like a token or a key."""
    line = _SECRET.sub("<secret>", without_addresses(text))[:_LONGEST]
    _log.info("GAM: %s", line, extra={"message_id": MessageId.GAM_SAID, "syncd": {"SYSTEM": SYSTEM}})


def _error(kind: Callable[..., IntegrationError], code: str, what: str) -> IntegrationError:
    return kind(f"GAM {what}.", code=code, system=SYSTEM, operation="run gam")
