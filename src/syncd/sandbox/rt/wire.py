"""How RT spells things on the wire: answers, refusals, references, times."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from syncd.sandbox.server import Answer

JSON_OK: Final = 'application/json; charset="utf-8"'
"""The content type of what is read, and of a crash."""
JSON_MESSAGE: Final = "application/json; charset=utf-8"
"""The content type of what was created, and of messages."""
EPOCH: Final = "1970-01-01 00:00:00"

Json = dict[str, Any]


class Refusal(Exception):
    """Ends a request with an answer that is not a success."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def success(value: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a 200 with a JSON body."""
    return Answer(200, {"Content-Type": JSON_OK, **(headers or {})}, msgspec.json.encode(value))


def message(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer whose body is RT's ``{"message": ...}``."""
    body = msgspec.json.encode({"message": text})
    return Answer(status, {"Content-Type": JSON_MESSAGE, **(headers or {})}, body)


def refuse(status: int, text: str) -> Refusal:
    """Return the exception that ends a request with a message."""
    return Refusal(message(status, text))


def crash() -> Refusal:
    """Return the exception that ends a request as a failure inside RT does: 500, no body, a JSON content type."""
    return Refusal(Answer(500, {"Content-Type": JSON_OK}))


def not_found() -> Refusal:
    """Return the exception for a path or object that is not there."""
    return refuse(404, "Not Found")


def forbidden() -> Refusal:
    """Return the exception for an object that the user may not see."""
    return refuse(403, "Forbidden")


def timestamp(stored: str) -> str:
    """Return a stored time as REST2 shows it."""
    return f"{(stored or EPOCH).replace(' ', 'T')}Z"


def decode_body(body: bytes) -> Any:  # noqa: ANN401
    """Return a request body as JSON; broken UTF-8 is a 500 and broken JSON a 400."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise crash() from None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise refuse(400, _parse_error(text)) from None


def _parse_error(text: str) -> str:
    return f'JSON parse error: malformed JSON string, at character offset 0 (before "{text[:20]}")\n'
