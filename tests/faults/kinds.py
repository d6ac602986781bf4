"""What a fault is, and what is expected of whoever meets it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from syncd.host.errors import ExitStatus, IntegrationError, Unavailable
from syncd.sandbox.server import Answer

ATTEMPTS = 3
"""How often a request of the tests may be made (``attempts``; 6 by default)."""

Nowhere = Literal["", "refused", "no name", "untrusted", "no TLS", "half TLS"]
Wire = Literal[
    "", "reset", "head, reset", "half, reset", "reset after", "half", "stall", "stall in the body", "drip", "no HTTP"
]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way in which a request goes wrong.

    ``nowhere``: it reaches no server. ``answer``: what the server says in place of its own answer, or makes of it.
    ``wire``: how the answer is broken on its way. ``effect``: the server has done what it was asked to.
    ``remedy``: what an operator can do. ``patience``: real seconds that a client waits for an answer that stalls.
    """

    remedy: str
    nowhere: Nowhere = ""
    answer: Callable[[Answer], Answer] | None = None
    wire: Wire = ""
    effect: bool = True
    patience: float = 0.01


class Expect(NamedTuple):
    """What one request comes to.

    ``tries``: requests that are made while the fault lasts. ``error`` and ``code``: what is raised then ({s} is the
    name of the system), and ``cause``: the code of the error that it was given up for. ``again``: a fault that passes
    after one request is got over. ``found``: where it was done all the same, that is found out, and is no failure.
    ``wait``: the least seconds between two tries.
    """

    tries: int = 1
    error: type[IntegrationError] | None = None
    code: str = ""
    cause: str = ""
    again: bool = False
    found: bool = False
    wait: float = 0.0

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status of a run that ends so."""
        return self.error.exit_status if self.error else ExitStatus.OK

    def called(self, system: str) -> "Expect":
        """Return it with the name of a system in its codes."""
        return self._replace(code=self.code.format(s=system), cause=self.cause.format(s=system))


FINE = Expect()
"""No failure at all."""


def given_up(cause: str, *, wait: float = 0.0) -> Expect:
    """Return that a request is made again, as often as allowed, and given up for a later run then."""
    return Expect(ATTEMPTS, Unavailable, "{s}.gave_up", cause, again=True, wait=wait)


def at_once(error: type[IntegrationError], code: str, *, tries: int = 1, again: bool = False) -> Expect:
    """Return that it ends with this error, without another try."""
    return Expect(tries, error, code, again=again)


def looked_up(code: str = "{s}.answer_lost", cause: str = "") -> Expect:
    """Return that it is not made again, but looked for; this error where it is not there."""
    return Expect(1, Unavailable, code, cause, found=True)


UNPROVEN = Expect(code="unproven")
"""No error: the write may have been done, and is read back."""


class Row(NamedTuple):
    """What one fault comes to, by what was asked.

    A read; a write that may be repeated; one that may not; and a search, which comes to what a read does unless it is
    named.
    """

    read: Expect
    write: Expect
    create: Expect = FINE
    search: Expect | None = None

    def of(self, kind: str) -> Expect:
        """Return what is expected of one kind of operation."""
        expected: Expect | None = getattr(self, kind)
        return expected or self.read


def alike(expect: Expect) -> Row:
    """Return that it makes no difference what was asked."""
    return Row(expect, expect, expect)
