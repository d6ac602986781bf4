"""Answers that are well formed and wrong: lists that repeat, end early or hold too much, and RT's refusals with 200."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from faults import google_operations, rt_operations, statuses
from faults.kinds import UNPROVEN, Expect, Fault, at_once
from faults.lab import Route, Systems
from faults.operation import Operation
from syncd.host.errors import Unavailable, WriteRefused
from syncd.sandbox.server import JSON, Answer

HEADER = ("what is wrong", "asked of", "what comes of it", "what to do")
_AGAIN = "Nothing: the next run reads all again. If it stays, look at the system."
_SENTENCE = "Read the sentence, which is RT's own: grant the right, or correct the value."
Page = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """An operation, what is made of the answer to it, and what comes of that. ``came``: in words, for the page."""

    system: str
    operation: Operation
    fault: Fault
    expect: Expect
    came: str


def _made(make: Callable[[Page], Page], remedy: str = _AGAIN) -> Fault:
    """Return a fault that makes another page of a page."""

    def answer(given: Answer) -> Answer:
        return replace(given, status=200, body=msgspec.json.encode(make(msgspec.json.decode(given.body))))

    return Fault(answer=answer, remedy=remedy)


def _says(*sentences: str) -> Fault:
    """Return RT's answer to an update, 200 with these sentences; nothing was done."""
    body = msgspec.json.encode(sentences)
    return Fault(answer=lambda _: Answer(200, {"Content-Type": JSON}, body), effect=False, remedy=_SENTENCE)


class _Again:
    """Gives the first page for every page; ``more`` is what says that there is another."""

    def __init__(self, more: Callable[[Page], Page]) -> None:
        self._more = more
        self._first: Page = {}

    def __call__(self, page: Page) -> Page:
        self._first = self._first or {**page, **self._more(page)}
        return self._first


def _google_again() -> Fault:
    return _made(_Again(lambda _: {"nextPageToken": "again"}))


def _rt_again() -> Fault:
    """Return RT's answers as the same page again and again, which promises one record more."""
    return _made(_Again(lambda page: {"per_page": page["count"], "total": page["count"] + 1}))


def _uncounted_again() -> Fault:
    """Return RT's answers as the same page again and again, to somebody who may not know how much there is."""
    return _made(_Again(lambda _: {"total": None}))


def _one_by_one(of: Systems) -> object:
    return of.google_one_by_one.devices.list(fields=["serialNumber"], counted=True)


_DEVICES = google_operations.OPERATIONS["list devices"]
_COUNTED = Operation("read", _DEVICES.route, _one_by_one)
_USERS = google_operations.OPERATIONS["list users"]
_MEMBERS = google_operations.OPERATIONS["list members"]
_TELEMETRY = google_operations.OPERATIONS["list telemetry devices"]
_ASSETS = rt_operations.OPERATIONS["read assets: pages"]
_AGAIN_ASSETS = rt_operations.OPERATIONS["read assets again"]
_READ_USERS = rt_operations.OPERATIONS["read users: pages"]
_PEOPLE = rt_operations.OPERATIONS["list people"]
_NEW_ASSETS = replace(rt_operations.OPERATIONS["read new assets"], route=Route("POST", r"/transactions\?"))
_UPDATE = rt_operations.OPERATIONS["update asset"]
_UPDATE_USER = rt_operations.OPERATIONS["update user"]


def _google(tries: int = 1) -> Expect:
    return at_once(Unavailable, "google.incomplete", tries=tries)


def _rt(tries: int = 1) -> Expect:
    return at_once(Unavailable, "rt.incomplete", tries=tries)


def _fewer(page: Page) -> Page:
    return {**page, "items": page["items"][1:]}


def _twice(page: Page) -> Page:
    items = [*page["items"], page["items"][-1]]
    return {**page, "items": items, "count": len(items), "total": len(items)}


def _strangers(page: Page) -> Page:
    return {**page, "items": [{**item, "id": int(item["id"]) + 1000} for item in page["items"]]}


_REFUSED = at_once(WriteRefused, "rt.refused")
_PART = "The list counts for nothing; 75, `{code}`"
_WRITTEN = "The change failed, `rt.refused`, with RT's sentence"

CASES: Mapping[str, Case] = {
    "a record twice, on two pages": Case("google", _DEVICES, _google_again(), _google(2), _PART),
    "a user of Google twice, on two pages": Case("google", _USERS, _google_again(), _google(2), _PART),
    "a member twice, on two pages": Case("google", _MEMBERS, _google_again(), _google(2), _PART),
    "telemetry of a device twice, on two pages": Case("google", _TELEMETRY, _google_again(), _google(2), _PART),
    "a page token that repeats": Case(
        "google", _DEVICES, _made(lambda _: {"nextPageToken": "again"}), _google(2), _PART
    ),
    "a page token that is refused": Case(
        "google",
        google_operations.OPERATIONS["list devices, a later page"],
        replace(statuses.GOOGLE["400 invalid"], remedy=_AGAIN),
        _google(6),
        f"The page is asked for thrice, then the list is begun anew, once. {_PART}",
    ),
    "the last pages missing": Case(
        "google",
        _COUNTED,
        _made(lambda page: {"chromeosdevices": page["chromeosdevices"]}),
        _google(),
        _PART,
    ),
    "the last user missing": Case(
        "google", _USERS, _made(lambda page: {"users": page["users"][:-1]}), _google(), _PART
    ),
    "an error in place of records": Case(
        "google", _DEVICES, _made(lambda _: {"error": {"code": 500}}), _google(), _PART
    ),
    "a page of no records, and no other": Case("google", _COUNTED, _made(lambda _: {}), _google(), _PART),
    "a page with fewer rows than it says": Case(
        "rt", _ASSETS, _made(_fewer), _rt(2), f"Asked for once more: a record may have gone meanwhile. {_PART}"
    ),
    "an asset twice, on two pages": Case("rt", _ASSETS, _rt_again(), _rt(2), _PART),
    "a user twice, on two pages": Case("rt", _READ_USERS, _rt_again(), _rt(2), _PART),
    "a person twice, on two pages": Case("rt", _PEOPLE, _rt_again(), _rt(3), _PART),
    "a new asset twice, on two pages": Case("rt", _NEW_ASSETS, _uncounted_again(), _rt(2), _PART),
    "a record twice on a page": Case("rt", _ASSETS, _made(_twice), _rt(), _PART),
    "records that were not asked for": Case("rt", _AGAIN_ASSETS, _made(_strangers), _rt(), _PART),
    "a user twice on a page": Case("rt", _READ_USERS, _made(_twice), _rt(), _PART),
    "200, `Permission Denied`": Case("rt", _UPDATE, _says("CustomField 2: Permission Denied"), _REFUSED, _WRITTEN),
    "200, a value that is not taken": Case("rt", _UPDATE, _says("Input must match [Digits]"), _REFUSED, _WRITTEN),
    "200, a change and a refusal": Case(
        "rt",
        _UPDATE,
        _says("Location changed from a to b", "Invalid value for custom field"),
        _REFUSED,
        "`rt.refused`, with RT's sentence. Read back: unproven where a part of it was written, else failed",
    ),
    "200, `Name in use`": Case("rt", _UPDATE_USER, _says("User ada: Name in use"), _REFUSED, _WRITTEN),
    "200, a sentence that nobody knows": Case(
        "rt", _UPDATE, _says("Something else"), UNPROVEN, "Read back: verified or failed"
    ),
    "200, no sentence": Case("rt", _UPDATE, _says(), UNPROVEN, "Read back: verified or failed"),
}


def rows() -> Iterator[tuple[str, ...]]:
    """Yield the lines of the page."""
    names = {"google": "Google", "rt": "RT"}
    for title, case in CASES.items():
        code = case.expect.called(case.system).code
        yield title, names[case.system], f"{case.came.format(code=code)}.", case.fault.remedy
