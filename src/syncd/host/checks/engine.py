"""Checks as data, and how they are run: each by itself, in order, whatever the others found.

Who contributes checks yields ``Probe``s; the engine knows no system, job or file by name.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

from syncd.host.clock import Clock
from syncd.host.credentials import Credentials
from syncd.host.errors import ConfigurationError, ExitStatus, IntegrationError, NotPermitted
from syncd.host.redaction import redact

log = logging.getLogger(__name__)

State: TypeAlias = Literal["ok", "warning", "failed", "skipped"]
"""``skipped``: a check that it depends on failed, or there is no such thing on this machine; ``found`` says which."""

Fault: TypeAlias = Literal["", "configuration", "rights", "other"]
"""Who can mend what failed: whoever edits the configuration, whoever grants rights, or somebody else."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe found. ``name`` tells apart the findings of a probe that has several.

    A failure without a ``fault`` is nobody's in particular.
    """

    state: State
    found: str
    remedy: str = ""
    fault: Fault = ""
    name: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check that was made. ``area`` is what it is about: a system, a job, the store, the host."""

    area: str
    check: str
    state: State
    found: str
    remedy: str = ""
    fault: Fault = ""


@dataclass(frozen=True)
class Probe:
    """A check to make. ``needs``: the keys of the probes without which it can tell nothing.

    ``look`` may raise an IntegrationError: its sentence is what was found, its class decides on the fault.
    ``of_credentials``: it looks at a credential by itself, and asks nothing of any system.
    """

    area: str
    name: str
    look: Callable[[], Finding | Iterable[Finding]]
    needs: Sequence[str] = ()
    of_credentials: bool = False

    @property
    def key(self) -> str:
        """What others name it by: ``rt DNS``."""
        return f"{self.area} {self.name}"


@dataclass(frozen=True, kw_only=True)
class Means:
    """What probes look with. ``closing`` closes at the end what they have opened."""

    credentials: Credentials
    environ: Mapping[str, str]
    clock: Clock
    closing: ExitStack


def ok(found: str, *, name: str = "") -> Finding:
    """Return the finding that all is well."""
    return Finding(state="ok", found=found, name=name)


def warning(found: str, remedy: str, *, name: str = "") -> Finding:
    """Return the finding of something that works now, and may not tomorrow."""
    return Finding(state="warning", found=found, remedy=remedy, name=name)


def failed(found: str, remedy: str, fault: Fault = "other", *, name: str = "") -> Finding:
    """Return the finding of something that keeps a job from its work."""
    return Finding(state="failed", found=found, remedy=remedy, fault=fault, name=name)


def skipped(found: str, *, name: str = "") -> Finding:
    """Return the finding that there was nothing to look at."""
    return Finding(state="skipped", found=found, name=name)


def because(cause: str) -> str:
    """Say why a check was not made: the key of the probe that failed."""
    return f"because {cause} failed"


def from_error(error: IntegrationError, remedy: str = "") -> Finding:
    """Return a failure as a finding; without a remedy of its own, the end of its sentence is taken for that."""
    sentence = error.sentence.rstrip(".")
    what, _, then = sentence.rpartition("; ")
    if remedy or not what:
        return failed(sentence, remedy, fault_of(error))
    return failed(what, then, fault_of(error))


def fault_of(error: IntegrationError) -> Fault:
    """Return the kind of fault that an error stands for."""
    if isinstance(error, ConfigurationError):
        return "configuration"
    return "rights" if isinstance(error, NotPermitted) else "other"


def examine(probes: Iterable[Probe]) -> Iterator[Check]:
    """Make all checks; the next probe is asked for only when the one before is done."""
    blamed: dict[str, str] = {}
    for probe in probes:
        cause = next((blamed[need] for need in probe.needs if need in blamed), "")
        findings = [skipped(because(cause))] if cause else _look(probe)
        if cause or any(finding.state == "failed" for finding in findings):
            blamed[probe.key] = cause or probe.key
        yield from (_check(probe, finding) for finding in findings)


def exit_status(checks: Iterable[Check]) -> ExitStatus:
    """Return 0 where nothing failed, 77 or 78 where only rights or only the configuration is at fault, else 1."""
    faults = {check.fault for check in checks if check.state == "failed"}
    if not faults:
        return ExitStatus.OK
    only = {"rights": ExitStatus.NO_PERMISSION, "configuration": ExitStatus.CONFIGURATION}
    return only.get(faults.pop(), ExitStatus.SOME_FAILED) if len(faults) == 1 else ExitStatus.SOME_FAILED


def _look(probe: Probe) -> list[Finding]:
    try:
        found = probe.look()
        return [found] if isinstance(found, Finding) else [*found]
    except IntegrationError as error:
        return [from_error(error)]
    except Exception as error:
        # One check that is broken must not hide the others.
        log.exception("the check %s is broken", probe.key, extra={"message_id": "CHECK_BROKEN"})
        return [failed(f"internal error: {type(error).__name__}", "report it, with what the log says")]


def _check(probe: Probe, finding: Finding) -> Check:
    return Check(
        area=probe.area,
        check=finding.name or probe.name,
        state=finding.state,
        found=redact(finding.found),
        remedy=redact(finding.remedy),
        fault=finding.fault or ("other" if finding.state == "failed" else ""),
    )
