"""Checks requests and answers against Google's own description of an API: its discovery document.

The documents are those inside the installed google-api-python-client. What they say only in prose (page sizes, lengths,
most read-only fields) is in ``PROSE_*``, by hand.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any
from urllib.parse import unquote

from syncd.sandbox.google import masks
from syncd.sandbox.server import Answer, Call

Json = dict[str, Any]

PROSE_MAXIMUM = {
    "directory.chromeosdevices.list": {"maxResults": 300},
    "chromemanagement.customers.telemetry.devices.list": {"pageSize": 1000},
}
PROSE_LENGTH = {"annotatedUser": 100, "annotatedLocation": 200, "notes": 500}
PROSE_ITEMS = {"deviceIds": 50}
PROSE_WRITABLE = {"annotatedUser", "annotatedAssetId", "annotatedLocation", "notes", "orgUnitPath", "orgUnitId"}
PROSE_NOT_EMPTY = {"pageToken"}

_FORMATS = {
    "int64": r"-?\d{1,19}",
    "uint64": r"\d{1,20}",
    "date": r"\d{4}-\d\d-\d\d",
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)",
    "google-datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z",
    "google-duration": r"-?\d+(\.\d{1,9})?s",
}


@dataclass(frozen=True)
class Method:
    """A method of the API and the shape of its paths."""

    id: str
    http: str
    pattern: re.Pattern[str]
    literal: int
    raw: Json


class Discovery:
    """One API. ``violations`` collects what ``watch`` found."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.violations: list[str] = []
        self.seen: set[str] = set()
        found = [_method(raw, document) for raw in _methods(document)]
        # The longest literal path first: colon methods share a prefix with {deviceId}.
        self._methods = sorted(found, key=lambda method: -method.literal)

    @classmethod
    def installed(cls, name: str = "admin.directory_v1") -> "Discovery":
        """Read the document of an API from google-api-python-client."""
        return cls(json.loads(installed_document(name)))

    def watch(self, call: Call, answer: Answer) -> None:
        """Check a call and its answer; for ``GoogleApp.observers``. A refused call is only asked for an error body."""
        where = f"{call.method} {call.path}"
        problems = self.check_answer(call.method, call.path, call.query, answer.status, answer.body)
        problems += self.check_request(call.method, call.path, call.query, call.body)
        self.violations += [f"{where}: {problem}" for problem in problems]

    def check_request(self, http: str, path: str, query: list[tuple[str, str]], body: bytes = b"") -> list[str]:
        """Return what is wrong with a request; ``path`` is percent-encoded and starts with a slash."""
        method = self._find(http, path)
        if method is None:
            return ["no method of the API has this path"]
        self.seen.add(method.id)
        return [*self._path_problems(method, path), *self._query_problems(method, query), *self._body(method, body)]

    def check_answer(self, http: str, path: str, query: list[tuple[str, str]], status: int, body: bytes) -> list[str]:
        """Return what is wrong with an answer."""
        method = self._find(http, path)
        if method is None or status >= 400:
            return list(_error_problems(status, body))
        wanted = method.raw.get("response")
        if wanted is None:
            return [] if body in (b"", b"{}") else ["answer: a body where none is described"]
        parsed = _parsed(body)
        if not isinstance(parsed, dict):
            return ["answer: not a JSON object"]
        if dict(query).get("fields") == "":
            return [] if not parsed else ["answer: fields where an empty mask asks for none"]
        return list(self._value(parsed, wanted, "answer", None))

    def _find(self, http: str, path: str) -> Method | None:
        return next((m for m in self._methods if m.http == http and m.pattern.fullmatch(path)), None)

    def _path_problems(self, method: Method, path: str) -> Iterator[str]:
        found = method.pattern.fullmatch(path)
        for name, value in (found.groupdict() if found else {}).items():
            yield from _text_problems(unquote(value), method.raw["parameters"][name], f"path {name}")

    def _query_problems(self, method: Method, query: list[tuple[str, str]]) -> Iterator[str]:
        known = {**self.document["parameters"], **method.raw.get("parameters", {})}
        names = [name for name, _ in query]
        for name, spec in known.items():
            if spec.get("required") and spec["location"] == "query" and name not in names:
                yield f"query {name}: required and missing"
        for name, value in query:
            if name not in known or known[name]["location"] != "query":
                yield f"query {name}: unknown"
                continue
            if names.count(name) > 1 and not known[name].get("repeated"):
                yield f"query {name}: given {names.count(name)} times"
            yield from _text_problems(value, known[name], f"query {name}")
            yield from self._prose_query(method, name, value)

    def _prose_query(self, method: Method, name: str, value: str) -> Iterator[str]:
        most = PROSE_MAXIMUM.get(method.id, {}).get(name)
        if most is not None and value.isdecimal() and int(value) > most:
            yield f"query {name}: {value} is above {most}"
        if name in PROSE_NOT_EMPTY and not value:
            yield f"query {name}: must not be empty"
        if name == "fields" and value:
            yield from self._mask_problems(value, method)

    def _mask_problems(self, mask: str, method: Method) -> Iterator[str]:
        try:
            tree = masks.parse(mask)
        except ValueError as error:
            yield f"query fields: {error}"
            return
        yield from self._tree_problems(tree, method.raw.get("response", {}), "query fields")

    def _tree_problems(self, tree: masks.Tree, schema: Json, where: str) -> Iterator[str]:
        schema = self._resolved(schema)
        if schema.get("type") == "array":
            schema = self._resolved(schema["items"])
        properties = schema.get("properties")
        for name, below in tree.items():
            if name == "*" or properties is None:
                continue
            if name not in properties:
                yield f"{where}: {name} is unknown"
            elif below is not None:
                yield from self._tree_problems(below, properties[name], f"{where} {name}")

    def _body(self, method: Method, body: bytes) -> Iterator[str]:
        wanted = method.raw.get("request")
        if wanted is None:
            if body:
                yield "body: not expected"
            return
        parsed = _parsed(body)
        if not isinstance(parsed, dict):
            yield "body: not a JSON object"
            return
        yield from self._value(parsed, wanted, "body", method)
        yield from _prose_body(method, parsed)
        for name, spec in self._resolved(wanted)["properties"].items():
            if method.id in spec.get("annotations", {}).get("required", ()) and not parsed.get(name):
                yield f"body.{name}: required and missing"

    def _resolved(self, schema: Json) -> Json:
        reference = schema.get("$ref")
        return schema if reference is None else dict(self.document["schemas"][reference])

    def _value(self, value: object, spec: Json, where: str, method: Method | None) -> Iterator[str]:
        """Check a JSON value; a method is given where the value is part of a request."""
        if method is not None and spec.get("readOnly"):
            yield f"{where}: read-only"
        schema = self._resolved(spec)
        kind = schema.get("type")
        if value is None:
            if method is None or method.http not in ("PATCH", "PUT"):
                yield f"{where}: null"
        elif kind == "object":
            yield from self._object(value, schema, where, method)
        elif kind == "array":
            yield from self._array(value, schema, where, method)
        elif kind != "any":
            yield from _scalar_problems(value, schema, where)

    def _object(self, value: object, schema: Json, where: str, method: Method | None) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where}: not an object"
            return
        properties, more = schema.get("properties", {}), schema.get("additionalProperties")
        for name, item in value.items():
            spec = properties.get(name, more)
            if spec is None:
                yield f"{where}.{name}: unknown"
            else:
                yield from self._value(item, spec, f"{where}.{name}", method)

    def _array(self, value: object, schema: Json, where: str, method: Method | None) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where}: not a list"
            return
        if method is None and not value:
            yield f"{where}: an empty list (Google leaves them out)"
        for number, item in enumerate(value):
            yield from self._value(item, schema["items"], f"{where}[{number}]", method)


def installed_document(name: str) -> str:
    folder = resources.files("googleapiclient") / "discovery_cache" / "documents"
    return (folder / f"{name}.json").read_text(encoding="utf-8")


def _methods(node: Json) -> Iterator[Json]:
    yield from node.get("methods", {}).values()
    for below in node.get("resources", {}).values():
        yield from _methods(below)


def _method(raw: Json, document: Json) -> Method:
    path = "/" + document["servicePath"] + raw["path"]
    literal = re.sub(r"\{[^}]*\}", "", path)
    parts = re.split(r"(\{\+?\w+\})", path)
    pattern = "".join(_part(part, raw.get("parameters", {})) for part in parts)
    return Method(raw["id"], raw["httpMethod"], re.compile(pattern), len(literal), raw)


def _part(part: str, parameters: Mapping[str, Any]) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    if not part.startswith("{+"):
        return f"(?P<{part[1:-1]}>[^/]+)"
    # Some names span slashes, and only their pattern tells them from other paths.
    name = part[2:-1]
    return f"(?P<{name}>{parameters[name].get('pattern', '.+').strip('^$')})"


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _text_problems(value: str, spec: Mapping[str, Any], where: str) -> Iterator[str]:
    """Check a value of a path or a query, which are all text on the wire."""
    kind = spec.get("type")
    if kind == "boolean" and value not in ("true", "false"):
        yield f"{where}: {value!r} is not true or false"
    elif kind == "integer":
        yield from _integer_problems(value, spec, where)
    elif "enum" in spec and value not in spec["enum"]:
        yield f"{where}: {value!r} is none of {', '.join(spec['enum'])}"
    elif "pattern" in spec and not re.fullmatch(spec["pattern"], value):
        yield f"{where}: {value!r} does not fit {spec['pattern']}"


def _integer_problems(value: str, spec: Mapping[str, Any], where: str) -> Iterator[str]:
    if not re.fullmatch(r"-?\d+", value):
        yield f"{where}: {value!r} is not an integer"
    elif int(value) < int(spec.get("minimum", value)) or int(value) > int(spec.get("maximum", value)):
        yield f"{where}: {value} is out of bounds"


def _scalar_problems(value: object, schema: Json, where: str) -> Iterator[str]:
    python = {"string": str, "integer": int, "number": int | float, "boolean": bool}[schema["type"]]
    if not isinstance(value, python) or (isinstance(value, bool) and schema["type"] != "boolean"):
        yield f"{where}: {value!r} is not of type {schema['type']}"
        return
    pattern = _FORMATS.get(schema.get("format", ""))
    if pattern is not None and not re.fullmatch(pattern, str(value)):
        yield f"{where}: {value!r} is no {schema['format']}"
    if schema.get("format") == "int32" and isinstance(value, int) and not -(2**31) <= value < 2**31:
        yield f"{where}: {value} does not fit int32"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {', '.join(schema['enum'])}"


def _prose_body(method: Method, body: Json) -> Iterator[str]:
    for name, value in body.items():
        if method.raw["request"]["$ref"] == "ChromeOsDevice" and name not in PROSE_WRITABLE:
            yield f"body.{name}: only Google writes it"
        if len(str(value or "")) > PROSE_LENGTH.get(name, len(str(value or ""))):
            yield f"body.{name}: longer than {PROSE_LENGTH[name]}"
        if isinstance(value, list) and len(value) > PROSE_ITEMS.get(name, len(value)):
            yield f"body.{name}: more than {PROSE_ITEMS[name]}"


def _error_problems(status: int, body: bytes) -> Iterator[str]:
    parsed = _parsed(body)
    error = parsed.get("error") if isinstance(parsed, dict) else None
    if not isinstance(error, dict):
        yield f"answer: {status} without an error object"
    elif error.get("code") != status or not isinstance(error.get("message"), str):
        yield f"answer: the error object does not fit status {status}"
