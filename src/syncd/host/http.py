"""One HTTP policy for all systems: timeouts, retries, rate, circuit, budget, and honest errors."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import msgspec
import requests
import urllib3
from tenacity import RetryCallState, Retrying

from syncd.host.backoff import full_jitter
from syncd.host.budget import Budget
from syncd.host.circuit import Circuit
from syncd.host.clock import Clock, SystemClock
from syncd.host.dates import http_date
from syncd.host.errors import ConfigurationError, IntegrationError, Unavailable
from syncd.host.ratelimit import Limiter
from syncd.host.session import open_session
from syncd.host.transport import Failure, Server, explain, is_in_the_clear, server, tell_in_the_clear

_log = logging.getLogger(__name__)

_PIECE = 1 << 18
"""Bytes asked of the socket at once; between two pieces the body's deadline is looked at."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``path`` is relative to the client's base URL; ``operation`` and ``object`` are for people.

    ``idempotent`` says that a repeat has no second effect, so that a lost answer may be retried.
    """

    method: str
    path: str
    operation: str
    object: str = ""
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    idempotent: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers (names in lower case), the whole body, and how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    duration_ms: int


class Authenticator(Protocol):
    """Puts credentials on a request and renews them when they are refused."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers that sign a request in; may fetch a token first (one thread at a time)."""

    def renew(self) -> bool:
        """Drop what was refused with 401; true when another try makes sense."""


Classify = Callable[[Request, Reply], IntegrationError | None]
"""An adapter's reading of a reply: None for success, else the error (``retryable`` decides on a repeat)."""


class HttpPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a client is. Times in seconds.

    ``read_timeout`` bounds the wait for an answer's first byte, and again the time its body may take.
    ``budget_seconds`` bounds what one client spends in a run on failed attempts and on waiting between attempts;
    waiting of several threads at the same time counts once.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    attempts: int = 6
    budget_seconds: float = 300.0
    backoff_base: float = 0.5
    backoff_cap: float = 30.0
    pool: int = 16


class HttpStats:
    """Counts of one client. ``by_code`` has a number for each status, and ``none`` for attempts without an answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = 0
        self.retries = 0
        self.by_code: dict[str, int] = {}

    def count(self, status: int, *, retry: bool) -> None:
        """Add one attempt; status 0 means that no answer came."""
        code = str(status) if status else "none"
        with self._lock:
            self.requests += 1
            self.retries += retry
            self.by_code[code] = self.by_code.get(code, 0) + 1


class HttpClient:
    """Sends requests to one system, from any number of threads, over one pool of kept-alive connections.

    Retried: what ``classify`` calls retryable, and broken connections; for a request that is not idempotent only when
    nothing was sent, or when the answer proves that nothing happened (401, 403, 429).
    Redirects, proxies and ``.netrc`` of the environment, and cookies are not followed, used or kept.

    ``send`` raises what ``classify`` returned, or Unavailable with one of these codes: ``SYSTEM.gave_up`` (attempts or
    budget spent), ``SYSTEM.answer_lost`` (not repeatable: it may have happened, read before trying again),
    ``SYSTEM.circuit_open``; or ConfigurationError: ``SYSTEM.redirected``, ``SYSTEM.tls``, ``SYSTEM.url``,
    ``SYSTEM.request``, ``SYSTEM.ca_file``.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        policy: HttpPolicy,
        classify: Classify,
        authenticator: Authenticator | None,
        limiter: Limiter,
        circuit: Circuit,
        clock: Clock | None = None,
        ca_file: str | None = None,
        proxy: str | None = None,
    ) -> None:
        self.system = system
        self.stats = HttpStats()
        self._base = base_url.rstrip("/") + "/"
        self._peer = server(system, base_url, proxy)
        if is_in_the_clear(base_url):
            tell_in_the_clear(self._peer)
        self._policy = policy
        self._classify = classify
        self._authenticator = authenticator
        self._limiter = limiter
        self._circuit = circuit
        self._clock: Clock = clock or SystemClock()
        self._session = open_session(system, pool=policy.pool, ca_file=ca_file, proxy=proxy)
        self._timeout = (policy.connect_timeout, policy.read_timeout)
        self._budget = Budget(policy.budget_seconds)
        self._retrying = Retrying(
            sleep=self._clock.sleep,
            retry=lambda state: state.outcome is not None and not state.outcome.failed and _call(state).repeat,
            wait=self._wait,
            stop=self._stop,
            retry_error_callback=lambda _: None,
        )

    def send(self, request: Request) -> Reply:
        """Return the answer to a request, or raise an IntegrationError."""
        call = _Call(request)
        self._retrying(self._attempt, call)
        if call.error is None and call.reply is not None:
            self._circuit.success()
            return call.reply
        self._judge(call)
        final = self._final(call)
        raise final from (None if final is call.error else call.error)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def _attempt(self, call: "_Call") -> None:
        self._circuit.before()
        self._exchange(call)
        refused = call.reply is not None and call.reply.status == HTTPStatus.UNAUTHORIZED
        if refused and not call.renewed and self._authenticator is not None and self._authenticator.renew():
            call.renewed = True
            self._exchange(call)

    def _exchange(self, call: "_Call") -> None:
        headers = self._headers(call.request)
        self._limiter.acquire()
        retry, call.attempts = call.attempts > 0, call.attempts + 1
        call.started = self._clock.monotonic()
        outcome = self._transmit(call.request, headers)
        status = outcome.status if isinstance(outcome, Reply) else 0
        self.stats.count(status, retry=retry)
        self._record(call, status)
        if isinstance(outcome, Failure):
            call.settle(None, outcome.error, harmless=outcome.nothing_sent)
        else:
            call.settle(outcome, self._read(call.request, outcome), harmless=_proves_nothing_happened(outcome))

    def _headers(self, request: Request) -> dict[str, str]:
        headers = dict(request.headers)
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        if self._authenticator is not None:
            try:
                headers.update(self._authenticator.headers())
            except Unavailable:
                self._circuit.failure()
                raise
        return headers

    def _transmit(self, request: Request, headers: Mapping[str, str]) -> Reply | Failure:
        started = self._clock.monotonic()
        try:
            prepared = self._prepare(request, headers)
            with self._session.send(prepared, timeout=self._timeout, allow_redirects=False, stream=True) as response:
                body = self._body(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as problem:
            return explain(problem, self._peer)
        names = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, names, body, round((self._clock.monotonic() - started) * 1000))

    def _prepare(self, request: Request, headers: Mapping[str, str]) -> requests.PreparedRequest:
        url = self._base + request.path.lstrip("/")
        asked = requests.Request(request.method, url, data=request.body, headers=headers)
        prepared = self._session.prepare_request(asked)
        if request.params:
            # Requests would look at it letter by letter, which urlencode has done.
            prepared.url = f"{prepared.url}?{urlencode(request.params)}"
        return prepared

    def _body(self, response: requests.Response) -> bytes:
        """Read a body whole; the socket's timeout alone would let a slow drip go on for ever."""
        deadline = self._clock.monotonic() + self._policy.read_timeout
        pieces = []
        while piece := response.raw.read1(_PIECE, decode_content=True):
            pieces.append(piece)
            if self._clock.monotonic() > deadline:
                raise TimeoutError
        return b"".join(pieces)

    def _read(self, request: Request, reply: Reply) -> IntegrationError | None:
        if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
            return _redirected(self._peer, reply)
        error = self._classify(request, reply)
        if error is not None:
            error.system = error.system or self.system
            error.operation = error.operation or request.operation
            error.object = error.object or request.object
        return error

    def _wait(self, state: RetryCallState) -> float:
        call = _call(state)
        asked = _retry_after(call.reply, self._clock) if call.reply is not None else None
        base, cap = self._policy.backoff_base, self._policy.backoff_cap
        if asked is None:
            return full_jitter(state.attempt_number, base, cap)
        # Never earlier than asked, and not all threads at the same moment.
        return asked + full_jitter(state.attempt_number, base, min(base, cap))

    def _stop(self, state: RetryCallState) -> bool:
        if state.attempt_number >= self._policy.attempts:
            return True
        return not self._budget.spend(_call(state).started, self._clock.monotonic(), state.upcoming_sleep)

    def _judge(self, call: "_Call") -> None:
        """Tell the circuit: no answer or 5xx is an outage, an answer below 500 proves that the system is up."""
        status = call.reply.status if call.reply is not None else 0
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or (not status and isinstance(call.error, Unavailable)):
            self._circuit.failure()
        elif status and not call.repeat:
            self._circuit.success()

    def _final(self, call: "_Call") -> IntegrationError:
        error = call.error
        assert error is not None
        what = f"{call.request.operation} {call.request.object}".strip()
        if not error.retryable:
            return error
        if call.repeat:
            tries = "1 attempt" if call.attempts == 1 else f"{call.attempts} attempts"
            sentence, code = f"{self.system}: {what} was given up after {tries}: {error.sentence}", "gave_up"
            self._tell_give_up(call, tries, error.code)
        else:
            sentence, code = f"{what}: it is not known whether {self.system} did it: {error.sentence}", "answer_lost"
        return Unavailable(
            sentence,
            code=f"{self.system}.{code}",
            system=self.system,
            operation=call.request.operation,
            object=call.request.object,
        )

    def _tell_give_up(self, call: "_Call", tries: str, code: str) -> None:
        status = call.reply.status if call.reply is not None else "none"
        fields = {"SYSTEM": self.system, "OPERATION": call.request.operation, "ATTEMPT": call.attempts}
        _log.warning(
            "%s: %s was given up after %s: %s",
            self.system,
            call.request.operation,
            tries,
            code,
            extra={"message_id": "HTTP_GAVE_UP", "syncd": {**fields, "RESPONSE_CODE": status, "ERROR": code}},
        )

    def _record(self, call: "_Call", status: int) -> None:
        if not _log.isEnabledFor(logging.DEBUG):
            return
        fields = {
            "SYSTEM": self.system,
            "OPERATION": call.request.operation,
            "OBJECT": call.request.object,
            "ATTEMPT": call.attempts,
            "RESPONSE_CODE": status or "none",
            "DURATION_MS": round((self._clock.monotonic() - call.started) * 1000),
        }
        _log.debug(
            "%s: %s, attempt %d: %s in %d ms",
            self.system,
            call.request.operation,
            call.attempts,
            fields["RESPONSE_CODE"],
            fields["DURATION_MS"],
            extra={"message_id": "HTTP_ATTEMPT", "syncd": fields},
        )


class _Call:
    """The course of one ``send``: attempts so far and what the last one gave."""

    __slots__ = ("attempts", "error", "renewed", "repeat", "reply", "request", "started")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.reply: Reply | None = None
        self.error: IntegrationError | None = None
        self.repeat = False
        self.renewed = False
        self.attempts = 0
        self.started = 0.0

    def settle(self, reply: Reply | None, error: IntegrationError | None, *, harmless: bool) -> None:
        """Keep the outcome of an attempt. ``harmless``: a repeat is safe even where it is not idempotent."""
        self.reply = reply
        self.error = error
        self.repeat = error is not None and error.retryable and (self.request.idempotent or harmless)


def _call(state: RetryCallState) -> _Call:
    call = state.args[0]
    assert isinstance(call, _Call)
    return call


def _proves_nothing_happened(reply: Reply) -> bool:
    """Return whether a request was turned away before it was handled (RFC 9110, 15.5.2 and 15.5.4; RFC 6585, 4)."""
    # Not 503, even with Retry-After: a proxy says so, too, of what the server behind it has taken.
    return reply.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)


def _retry_after(reply: Reply, clock: Clock) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3: a number or a date), None when it has none."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    # A date is meant by the server's own time.
    until, now = http_date(text), http_date(reply.headers.get("date", "")) or clock.now()
    return max(0.0, (until - now).total_seconds()) if until else None


def _redirected(peer: Server, reply: Reply) -> ConfigurationError:
    target = urlsplit(reply.headers.get("location", ""))
    # Queries, parameters and user names of the target may hold tokens.
    host = target.netloc.rpartition("@")[2]
    place = f"{target.scheme}://{host}{target.path.partition(';')[0]}" if host else target.path.partition(";")[0]
    return ConfigurationError(
        f"{peer.where} answered {reply.status} and points to {place or 'nowhere'}; syncd follows no redirects: "
        f"set the URL of {peer.system} to the final address, and see that no login page stands before it.",
        code=f"{peer.system}.redirected",
        system=peer.system,
    )
