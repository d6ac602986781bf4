"""The batch endpoint: several calls in one ``multipart/mixed`` request (RFC 2046), answered in the same form."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from urllib.parse import parse_qsl

from syncd.sandbox.google.errors import bad_payload
from syncd.sandbox.server import Answer, Call

_MOST = 1000


def answer_batch(call: Call, dispatch: Callable[[Call], Answer]) -> Answer:
    """Answer every part by ``dispatch``; a part without its own Authorization has the outer one."""
    parts = list(_parts(call))
    if not 0 < len(parts) <= _MOST:
        raise bad_payload(f"The batch request must contain between 1 and {_MOST} calls.")
    boundary = f"batch_{secrets.token_hex(12)}"
    blocks = [_block(boundary, part, dispatch(_inner(call, part))) for part in parts]
    body = b"".join(blocks) + f"--{boundary}--\r\n".encode()
    return Answer(200, {"Content-Type": f"multipart/mixed; boundary={boundary}"}, body, "batch")


def _parts(call: Call) -> Iterator[Message]:
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    whole = BytesParser().parsebytes(head + call.body)
    if not whole.is_multipart():
        raise bad_payload("Failed to parse batch request, error: the body is not multipart/mixed.")
    for part in whole.get_payload():
        if isinstance(part, Message):
            yield part


def _inner(call: Call, part: Message) -> Call:
    raw = part.get_payload(decode=True)
    text = raw.replace(b"\r\n", b"\n") if isinstance(raw, bytes) else b""
    head, _, body = text.partition(b"\n\n")
    line, *lines = head.decode().split("\n")
    method, target, *_ = [*line.split(" "), "", ""]
    pairs = (each.partition(":") for each in lines if ":" in each)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if "authorization" in call.headers:
        headers.setdefault("authorization", call.headers["authorization"])
    path, _, query = target.partition("?")
    asked = parse_qsl(query, keep_blank_values=True)
    return replace(call, method=method, path=path, query=asked, headers=headers, body=body)


def _block(boundary: str, part: Message, answer: Answer) -> bytes:
    # The id is written on one line: a client that folds its own still compares it whole.
    key = " ".join(str(part.get("Content-ID", "")).split()).strip("<>")
    head = f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <response-{key}>\r\n\r\n"
    status = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
    headers = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return (head + status + headers + f"Content-Length: {len(answer.body)}\r\n\r\n").encode() + answer.body + b"\r\n"
