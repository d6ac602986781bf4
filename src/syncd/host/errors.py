"""The error taxonomy: every failure that a person or a unit may meet has one of these classes.

An error carries a stable code, what it happened to, whether a later try may succeed, and one sentence that
says what is wrong and what to do. The class decides the exit status (sysexits.h where it has a fitting one).
"""

from enum import IntEnum

from syncd.host.redaction import redact


class ExitStatus(IntEnum):
    """Exit statuses of every command; units restart on TRY_LATER and on nothing else."""

    OK = 0
    SOME_FAILED = 1
    CHANGES_PENDING = 2
    REFUSED = 3
    USAGE = 64
    BAD_DATA = 65
    INTERNAL = 70
    TRY_LATER = 75
    NO_PERMISSION = 77
    CONFIGURATION = 78


class IntegrationError(Exception):
    """Root of all expected failures.

    ``sentence`` names the object and the remedy, and holds no secret even where it quotes what a system said.
    ``code`` is stable, lower case and dotted (``rt.unreachable``). ``system``, ``operation`` and ``object`` say where
    it happened, where that applies.
    """

    exit_status = ExitStatus.SOME_FAILED
    retryable = False
    told = False
    """Whether the log has it already; a command then says it to a terminal only."""

    def __init__(
        self,
        sentence: str,
        *,
        code: str,
        system: str = "",
        operation: str = "",
        object: str = "",  # noqa: A002
    ) -> None:
        self.sentence = redact(sentence)
        super().__init__(self.sentence)
        self.code = code
        self.system = system
        self.operation = operation
        self.object = object


class ConfigurationError(IntegrationError):
    """The configuration, or what it names in an outside system, is wrong; only an edit can help."""

    exit_status = ExitStatus.CONFIGURATION


class NotPermitted(IntegrationError):
    """A credential is missing, malformed or refused, or lacks a right."""

    exit_status = ExitStatus.NO_PERMISSION


class DataError(IntegrationError):
    """Input data cannot be used (a file, a plan that is not one)."""

    exit_status = ExitStatus.BAD_DATA


class Refused(IntegrationError):
    """A guard, a stale plan or an edited plan stopped the work before anything changed."""

    exit_status = ExitStatus.REFUSED


class Unavailable(IntegrationError):
    """An outside system is down, slow, out of quota or gave an incomplete answer; nothing wrong on our side."""

    exit_status = ExitStatus.TRY_LATER
    retryable = True


class Busy(IntegrationError):
    """Another run holds the lock; the sentence names it."""

    exit_status = ExitStatus.TRY_LATER
    retryable = True


class Interrupted(IntegrationError):
    """A stop was asked for (SIGTERM, SIGINT); the sentence says where the work stopped."""

    exit_status = ExitStatus.TRY_LATER
    retryable = True


class WriteRefused(IntegrationError):
    """A system answered a write and did not do it; the object is named and the rest of the plan goes on."""


class NotFound(IntegrationError):
    """The system says that the object does not exist (never used for errors)."""
