"""Log records on their way out: to the journal, as JSON lines, or as text for a terminal.

A record may carry ``extra={"syncd": {"SYSTEM": ..., "OBJECT": ...}, "message_id": "RUN_STARTED"}``; all three ways
out have the same fields (``SYNCD_SYSTEM``). Secrets are blanked before anything is formatted.
"""

import datetime as dt
import logging
import os
import stat
import sys
import traceback
from collections.abc import Mapping
from typing import Any, Literal, TextIO, TypeAlias

from syncd.host.errors import IntegrationError
from syncd.host.journal import JOURNAL_SOCKET, Journal
from syncd.host.messages import message_id
from syncd.host.printable import safe, safe_json, safe_lines
from syncd.host.redaction import redact

Mode: TypeAlias = Literal["auto", "journal", "json", "plain"]

_HANDLER = "syncd"
_CONTINUED = " " * 18
"""Before further lines of a record: no text can look as if it were the next one."""

_process_run = {"JOB": "", "RUN_ID": ""}


def configure(
    mode: Mode = "auto",
    level: str | int = "INFO",
    job: str = "",
    run_id: str = "",
    *,
    environ: Mapping[str, str] = os.environ,
    journal: str = JOURNAL_SOCKET,
) -> Mode:
    """Send the records of this process one way out; may be called again. Returns the mode that ``auto`` chose.

    ``level`` is for syncd's own records; of libraries, warnings and worse are kept.
    """
    chosen = _choose(environ, journal) if mode == "auto" else mode
    handler = _handler(chosen, journal)
    handler.set_name(_HANDLER)
    handler.addFilter(RunFilter())
    handler.addFilter(RedactionFilter())
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if handler.get_name() == _HANDLER]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    logging.getLogger("syncd").setLevel(level)
    root.setLevel(max(logging.WARNING, logging.getLogger("syncd").level))
    logging.getLogger("keyring").setLevel(logging.CRITICAL)  # a backend that cannot work is no news
    set_run(job, run_id)
    return chosen


def is_configured() -> bool:
    """Return whether ``configure`` has given records a way out."""
    return any(handler.get_name() == _HANDLER for handler in logging.getLogger().handlers)


def set_run(job: str = "", run_id: str = "") -> None:
    """Set the job and the run that all records of this process belong to, those of worker threads included."""
    _process_run.update(JOB=job, RUN_ID=run_id)


# -- on every record -----------------------------------------------------------------------------------------


class RunFilter(logging.Filter):
    """Puts job and run on each record that does not name its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let all records pass."""
        record.syncd = {**{name: value for name, value in _process_run.items() if value}, **_given(record)}
        return True


class RedactionFilter(logging.Filter):
    """Blanks secrets in message, arguments, fields, traceback and stack."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let all records pass."""
        record.msg, record.args = redact(_message(record)), ()
        record.syncd = {name: redact(str(value)) for name, value in _given(record).items() if value not in ("", None)}
        if record.exc_info and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        record.exc_text = redact(record.exc_text) if record.exc_text else None
        record.stack_info = redact(record.stack_info) if record.stack_info else None
        return True


def _given(record: logging.LogRecord) -> dict[str, Any]:
    given = getattr(record, "syncd", None)
    return dict(given) if isinstance(given, Mapping) else {}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a record with wrong arguments is better than none, or a dump of them
        return f"{record.msg} (the arguments of this record do not fit it)"


# -- fields --------------------------------------------------------------------------------------------------


def entry(record: logging.LogRecord) -> dict[str, str]:
    """Return the fields of a record, named as in the journal."""
    kind = message_id(getattr(record, "message_id", ""))
    return {
        "MESSAGE": safe_lines(_text(record)),
        "PRIORITY": str(_priority(record.levelno)),
        **({"MESSAGE_ID": str(kind)} if kind else {}),
        "SYSLOG_IDENTIFIER": "syncd",
        **{f"SYNCD_{name}": safe(str(value)) for name, value in (_error_fields(record) | _given(record)).items()},
        "SYNCD_LOGGER": record.name,
        "CODE_FILE": record.pathname,
        "CODE_LINE": str(record.lineno),
        "CODE_FUNC": record.funcName or "",
    }


def _error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _error_fields(record: logging.LogRecord) -> dict[str, str]:
    error = _error_of(record)
    if not isinstance(error, IntegrationError):
        return {"ERROR": type(error).__name__} if error else {}
    fields = {"ERROR": error.code, "SYSTEM": error.system, "OPERATION": error.operation, "OBJECT": error.object}
    return {name: redact(value) for name, value in fields.items() if value}


def _text(record: logging.LogRecord) -> str:
    """Return the message; with the sentence of an expected error, or the traceback of an unexpected one."""
    message, error = _message(record), _error_of(record)
    if isinstance(error, IntegrationError):
        sentence = redact(error.sentence)
        return message if sentence in message else f"{message}: {sentence}"
    return "\n".join(part for part in (message, record.exc_text, record.stack_info) if part)


def _priority(level: int) -> int:
    """Return the syslog priority (RFC 5424): 2 critical, 3 error, 4 warning, 6 information, 7 debug."""
    steps = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
    return next((priority for least, priority in steps if level >= least), 7)


# -- ways out ------------------------------------------------------------------------------------------------


class JournalHandler(logging.Handler):
    """Writes records to journald; when that fails, to stderr, so that none is lost."""

    def __init__(self, path: str = JOURNAL_SOCKET) -> None:
        super().__init__()
        self._journal = Journal(path)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        fields = entry(record)
        try:
            self._journal.send(fields)
        except OSError:
            lines = fields["MESSAGE"].splitlines() or [""]
            # The prefix is what journald reads as the priority of a line on stderr (sd-daemon(3)).
            sys.stderr.write("".join(f"<{fields['PRIORITY']}>{line}\n" for line in lines))

    def close(self) -> None:
        """Hang up."""
        self._journal.close()
        super().close()


class StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to what ``sys.stderr`` is at the time, so that a progress bar can keep its lines apart from these."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Return where to write."""
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Let go of a record that cannot be written: the library would print its arguments, secrets and all."""


class PlainFormatter(logging.Formatter):
    """Text for people: time, level, message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, or several for a traceback; nothing in it can drive a terminal."""
        time = dt.datetime.fromtimestamp(record.created, dt.UTC).astimezone()
        return f"{time:%H:%M:%S} {record.levelname.lower():<8} {safe_lines(_text(record), _CONTINUED)}"


def _json_formatter() -> logging.Formatter:
    from pythonjsonlogger.json import JsonFormatter  # noqa: PLC0415 - units and terminals do without

    class JsonLines(JsonFormatter):
        def format(self, record: logging.LogRecord) -> str:
            time = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
            return safe_json(self.serialize_log_record({"TIMESTAMP": time, **entry(record)}))

    return JsonLines(json_ensure_ascii=False)


def _handler(mode: Mode, journal: str) -> logging.Handler:
    if mode == "journal":
        return JournalHandler(journal)
    handler = StderrHandler()
    handler.setFormatter(PlainFormatter() if mode == "plain" else _json_formatter())
    return handler


def _choose(environ: Mapping[str, str], journal: str) -> Mode:
    if is_the_journal(sys.stderr, environ) and _is_socket(journal):
        return "journal"
    return "plain" if sys.stderr.isatty() else "json"


def is_the_journal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether what is written there lands in the journal.

    $JOURNAL_STREAM has device and inode of the journal's stream (systemd.exec(5)); a child whose output goes to a file
    inherits the variable, too.
    """
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 - pathlib is not needed otherwise
    except OSError:
        return False
