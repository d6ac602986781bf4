"""Faults on demand: rules that make a stand-in fail the way real services fail."""

import re
import threading
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One fault. A rule with no effect at all only counts the requests that it matches.

    ``route`` is a regular expression, searched in the raw target (path and query); ``method`` is empty for any.
    The first ``after`` matching requests pass; then the rule applies ``times`` times (null: for ever).

    * ``delay``: seconds before anything else. Waits of all kinds end when the rules are cleared.
    * ``reset``: the connection ends with RST, ``before`` the request is handled or ``during`` it: then the effect
      has happened, and no byte of the answer is sent.
    * ``status``, ``headers``, ``body``: this answer instead of the app's. The app does not see the request, unless
      ``effect`` is set.
    * ``cut``: the length of the whole body is announced, half of it is sent, and the connection closes.
    * ``slow``: the body takes this many seconds, in ten pieces.
    """

    route: str = ""
    method: str = ""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    delay: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    reset: Literal["", "before", "during"] = ""
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None
    headers: dict[str, str] = {}
    body: str = ""
    effect: bool = False
    cut: bool = False
    slow: Annotated[float, msgspec.Meta(ge=0)] = 0.0

    def __post_init__(self) -> None:
        """Refuse a route that is no regular expression."""
        try:
            re.compile(self.route)
        except re.error as error:
            raise ValueError(f"route is not a regular expression: {error}") from error

    def matches(self, method: str, target: str) -> bool:
        """Tell whether a request is one of those that the rule is about."""
        return self.method in ("", method) and re.search(self.route, target) is not None

    @property
    def replaces(self) -> bool:
        """Whether the app is left out."""
        return (self.status is not None and not self.effect) or self.reset == "before"


class _Armed:
    """A rule with its counters."""

    __slots__ = ("rule", "seen", "used")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.seen = 0
        self.used = 0

    def strikes(self, method: str, target: str) -> bool:
        if not self.rule.matches(method, target):
            return False
        self.seen += 1
        spent = self.rule.times is not None and self.used >= self.rule.times
        if self.seen <= self.rule.after or spent:
            return False
        self.used += 1
        return True


class Faults:
    """The rules in force, in order; the first that strikes decides. Safe to use from many threads."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._lock = threading.Lock()
        self._armed = [_Armed(rule) for rule in rules]
        self._released = threading.Event()

    def add(self, *rules: Rule) -> None:
        """Put rules behind those in force."""
        with self._lock:
            self._armed.extend(_Armed(rule) for rule in rules)

    def clear(self) -> None:
        """End all faults, and the waits of requests that are under way."""
        with self._lock:
            self._armed.clear()
        self.release()

    def release(self) -> None:
        """End the waits of requests that are under way."""
        with self._lock:
            waiting, self._released = self._released, threading.Event()
        waiting.set()

    def wait(self, rule: Rule, seconds: float) -> None:
        """Let time pass because a rule asks for it, while that is in force."""
        with self._lock:
            released, in_force = self._released, any(armed.rule is rule for armed in self._armed)
        if seconds and in_force:
            released.wait(seconds)

    def pick(self, method: str, target: str) -> Rule | None:
        """Return the rule that strikes this request, and count it."""
        if not self._armed:
            return None
        with self._lock:
            return next((armed.rule for armed in self._armed if armed.strikes(method, target)), None)

    def listing(self) -> list[dict[str, Any]]:
        """Return every rule as JSON data with ``seen`` (requests matched) and ``used`` (requests struck)."""
        with self._lock:
            return [{**msgspec.to_builtins(a.rule), "seen": a.seen, "used": a.used} for a in self._armed]


def read_rules(body: bytes) -> list[Rule]:
    """Read one rule or a list of rules from JSON; raises ``msgspec.DecodeError`` or ``msgspec.ValidationError``."""
    raw = msgspec.json.decode(body)
    return msgspec.convert(raw if isinstance(raw, list) else [raw], list[Rule])
