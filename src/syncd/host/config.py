"""One TOML file, and the environment for what it leaves out, as typed records; every mistake is named exactly.

Options are fields of msgspec Structs, each ``Annotated[type, msgspec.Meta(description=...)]``. The same records
give the reference tables of the documentation (``option_docs``).
"""

import datetime as dt
import difflib
import enum
import json
import os
import re
import tomllib
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

import msgspec

from syncd.host.errors import ConfigurationError

DEFAULT_PATH = "/etc/syncd/config.toml"

ENVIRONMENT: dict[str, tuple[str, str]] = {
    "GOOGLE_ADMIN_DELEGATED_USER": ("google", "delegated_user"),
    "GOOGLE_ADMIN_SCOPES": ("google", "scopes"),
    "RT_BASE_URL": ("rt", "url"),
    "RT_USERNAME": ("rt", "username"),
    "WORKING_DIR": ("state", "directory"),
}
"""Variables that fill an option which the file leaves out."""

_LISTS = frozenset({"GOOGLE_ADMIN_SCOPES"})
_NAMES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    dt.datetime: "date and time",
    dt.date: "date",
    dt.time: "time of day",
}
_WITHOUT_ARTICLE = ("text", "true or false", "one of", "any value")

Kind: TypeAlias = Any
"""A type annotation; Python has no type for these."""

T = TypeVar("T")


class Document(msgspec.Struct, frozen=True):
    """Configuration as it was read. ``path`` is empty when there is no file.

    ``origins`` says which options came from the environment: dotted path to variable name.
    """

    path: str
    tree: dict[str, Any]
    origins: dict[str, str] = {}

    def where(self, option: str) -> str:
        """Return what to edit for an option: the file, or the variable it came from."""
        if option in self.origins:
            return f"the environment variable {self.origins[option]}"
        return self.path or "the configuration"


class OptionDoc(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a reference table. ``default`` is TOML; it is empty for a required or unset option."""

    path: str
    type: str
    default: str
    required: bool
    description: str


def read_document(path: str | None, environ: Mapping[str, str]) -> Document:
    """Read the file at ``path``, else at $SYNCD_CONFIG, else the default one where it exists; then the environment.

    Raises ConfigurationError: ``config.missing``, ``config.unreadable``, ``config.syntax`` (with the line).
    """
    chosen = path or environ.get("SYNCD_CONFIG") or (DEFAULT_PATH if os.path.exists(DEFAULT_PATH) else "")  # noqa: PTH110
    tree = _parse(chosen, _read(chosen)) if chosen else {}
    return Document(path=chosen, tree=tree, origins=_fill(tree, environ))


def decode(document: Document, kind: type[T]) -> T:
    """Return the document as a record of this type.

    Raises ConfigurationError ``config.invalid`` that names all problems at once: unknown, missing and mistyped.
    """
    problems = [*_problems(document, document.tree, kind, "")]
    if not problems:
        try:
            return msgspec.convert(document.tree, kind)
        except msgspec.ValidationError as error:
            problems.append(_whole_problem(document, str(error)))
    raise ConfigurationError("; ".join(problems), code="config.invalid")


def option_docs(kind: Kind, prefix: str = "") -> list[OptionDoc]:
    """Return one row for each option of a record type, nested ones after their table. ``<name>`` is any key."""
    return [*_table_docs(_bare(kind), prefix, None)]


# -- reading -------------------------------------------------------------------------------------------------


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be most of the import time
            return file.read()
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no configuration file {path}; name one with --config or $SYNCD_CONFIG", code="config.missing"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"the configuration file {path} cannot be read: {error.strerror}", code="config.unreadable"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8", code="config.syntax"
        ) from None


def _parse(path: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.fullmatch(r"(?P<what>.*) \(at (?P<place>.*)\)", str(error), re.DOTALL)
        what, at = (place["what"], place["place"]) if place else (str(error), "unknown place")
        raise ConfigurationError(f"{path}, {at}: not valid TOML: {what}", code="config.syntax") from None


def _fill(tree: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    origins = {}
    for variable, (section, option) in ENVIRONMENT.items():
        text = environ.get(variable, "").strip()
        table = tree.setdefault(section, {}) if text else None
        if isinstance(table, dict) and option not in table:
            table[option] = re.split(r"[\s,]+", text) if variable in _LISTS else text
            origins[f"{section}.{option}"] = variable
    return origins


# -- checking ------------------------------------------------------------------------------------------------


def _problems(document: Document, value: object, kind: Kind, path: str) -> Iterator[str]:
    """Yield one clause for each problem of a value, walking tables and lists so that every path is whole."""
    members = _members(kind)
    if isinstance(value, dict):
        struct = _struct_of(members, value)
        if struct is not None:
            yield from _table_problems(document, value, struct, path)
            return
        item = _item(members, Mapping)
        if item is not None:
            for key, inner in value.items():
                yield from _problems(document, inner, item, _join(path, key))
            return
    if isinstance(value, list) and (item := _item(members, Sequence, set, frozenset)) is not None:
        for index, inner in enumerate(value):
            yield from _problems(document, inner, item, f"{path}[{index}]")
        return
    yield from _scalar_problems(document, value, kind, path)


def _table_problems(document: Document, table: dict[str, Any], struct: Kind, path: str) -> Iterator[str]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    tag_field = struct.__struct_config__.tag_field
    for key in table:
        if key not in fields and key != tag_field:
            yield _unknown(document, path, key, [*fields])
    for name, field in fields.items():
        inner = _join(path, name)
        if name in table:
            yield from _problems(document, table[name], field.type, inner)
        elif field.required:
            yield from _missing(document, field.type, inner)


def _unknown(document: Document, path: str, key: str, known: list[str]) -> str:
    option = _join(path, key)
    near = difflib.get_close_matches(key.lower().replace("-", "_"), known, n=1)
    said = f"unknown option {option} in {document.where(option)}"
    if near:
        return f"{said}; did you mean {_join(path, near[0])}?"
    return f"{said}; known here: {', '.join(sorted(known)) or 'nothing'}"


def _missing(document: Document, kind: Kind, path: str) -> Iterator[str]:
    """Yield what a required option lacks; for a table, the required options in it."""
    bare = _bare(kind)
    inner = [*_table_problems(document, {}, bare, path)] if _is_struct(bare) else []
    if inner:
        yield from inner
        return
    place = f"in {document.path}" if document.path else f"(there is no configuration file {DEFAULT_PATH})"
    variable = next((name for name, target in ENVIRONMENT.items() if ".".join(target) == path), "")
    yield f"{path} is missing {place}" + (f"; set it, or the environment variable {variable}" if variable else "")


def _scalar_problems(document: Document, value: object, kind: Kind, path: str) -> Iterator[str]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        yield f"{path or 'the top level'} in {document.where(path)} {_complaint(str(error), value, kind)}"


def _complaint(message: str, value: object, kind: Kind) -> str:
    """Return msgspec's message in plain words. The value itself is never told: it may be a misplaced secret."""
    if ", got `" in message:
        return f"must be {_describe(kind, article=True)}, not {_got(value)}"
    if message.startswith("Invalid enum value"):
        choices = _choices(_members(kind))
        near = difflib.get_close_matches(str(value), [str(choice) for choice in choices], n=1)
        return f"must be {_describe(kind, article=True)}" + (f"; did you mean {_toml(near[0])}?" if near else "")
    if message.startswith("Expected `"):
        return "must be " + re.sub(r"^Expected `\w+`", _describe_first(kind), message)
    return f"is wrong: {message}"


def _whole_problem(document: Document, message: str) -> str:
    """Return the clause for what only a whole record can tell (``__post_init__`` of an options record)."""
    said, _, path = message.removesuffix("`").partition(" - at `$")
    option = path.removeprefix(".")
    return f"{option or 'the top level'} in {document.where(option)} is wrong: {said}"


# -- types ---------------------------------------------------------------------------------------------------


def _origin(kind: Kind) -> Any:  # noqa: ANN401 - typeshed knows only some of the results
    return get_origin(kind)


def _bare(kind: Kind) -> Kind:
    while _origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def _members(kind: Kind) -> list[Kind]:
    bare = _bare(kind)
    if _origin(bare) in (Union, types.UnionType):
        return [member for part in get_args(bare) for member in _members(part)]
    return [bare]


def _is_struct(kind: Kind) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _struct_of(members: list[Kind], table: Mapping[str, object]) -> Kind | None:
    """Return the record type that a table stands for; tagged ones are told apart by their tag."""
    structs = [member for member in members if _is_struct(member)]
    if len(structs) == 1:
        return structs[0]
    for struct in structs:
        config = struct.__struct_config__
        if config.tag_field in table and table[config.tag_field] == config.tag:
            return struct
    return None


def _item(members: list[Kind], *containers: type) -> Kind | None:
    """Return the type of the values in the first member that is such a container, or None."""
    for member in members:
        origin = _origin(member)
        if isinstance(origin, type) and issubclass(origin, containers):
            arguments = [argument for argument in get_args(member) if argument is not Ellipsis]
            return arguments[-1]
    return None


def _choices(members: list[Kind]) -> list[Any]:
    found: list[Any] = []
    for member in members:
        if _origin(member) is Literal:
            found += get_args(member)
        elif isinstance(member, type) and issubclass(member, enum.Enum):
            found += [choice.value for choice in member]
    return found


def _describe(kind: Kind, *, article: bool = False) -> str:
    names = dict.fromkeys(_name(member) for member in _members(kind) if member is not types.NoneType)
    if article:
        return " or ".join(name if name.startswith(_WITHOUT_ARTICLE) else f"a {name}" for name in names)
    return " or ".join(names) + _limits(kind)


def _describe_first(kind: Kind) -> str:
    return _describe(next(member for member in _members(kind) if member is not types.NoneType), article=True)


def _name(member: Kind) -> str:
    if choices := _choices([member]):
        return "one of " + ", ".join(_toml(choice) for choice in choices)
    if member in _NAMES:
        return _NAMES[member]
    if member is Any:
        return "any value"
    for container, name in (((list, tuple, set, frozenset, Sequence), "list"), ((dict, Mapping), "table")):
        if (item := _item([member], *container)) is not None:
            return name if all(map(_is_struct, _members(item))) else f"{name} of {_describe(item)}"
    return "table" if _is_struct(member) or member is dict else "list"


def _limits(kind: Kind) -> str:
    """Return the bounds that an annotation sets, as `` >= 1``."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    metas = [meta for meta in getattr(kind, "__metadata__", ()) if isinstance(meta, msgspec.Meta)]
    bounds = [f"{sign} {bound:g}" for m in metas for at, sign in signs.items() if (bound := getattr(m, at)) is not None]
    return " " + ", ".join(bounds) if bounds else ""


def _got(value: object) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    name = _NAMES.get(type(value), "that")
    return name if name.startswith(_WITHOUT_ARTICLE) else f"a {name}"


def _join(path: str, key: str) -> str:
    quoted = key if re.fullmatch(r"[A-Za-z0-9_<>-]+", key) else json.dumps(key, ensure_ascii=False)
    return f"{path}.{quoted}" if path else quoted


# -- documentation -------------------------------------------------------------------------------------------


def _table_docs(struct: Kind, prefix: str, instance: object) -> Iterator[OptionDoc]:
    for field in msgspec.structs.fields(struct):
        path = _join(prefix, field.encode_name)
        default = _default(field, instance)
        nested = isinstance(default, msgspec.Struct)
        yield OptionDoc(
            path=path,
            type=_describe(field.type),
            default="" if default is None or nested else _toml(default),
            required=instance is None and field.required,
            description=_description(field.type),
        )
        yield from _nested_docs(field.type, path, default if nested else None)


def _nested_docs(kind: Kind, path: str, instance: object) -> Iterator[OptionDoc]:
    for member in _members(kind):
        if _is_struct(member):
            yield from _table_docs(member, path, instance)
        elif (item := _item([member], Mapping)) is not None:
            yield from _nested_docs(item, _join(path, "<name>"), None)
        elif (item := _item([member], Sequence, set, frozenset)) is not None:
            yield from _nested_docs(item, f"{path}[]", None)


def _default(field: msgspec.structs.FieldInfo, instance: object) -> Any:  # noqa: ANN401
    if instance is not None:
        return getattr(instance, field.name)
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.default is msgspec.NODEFAULT else field.default


def _description(kind: Kind) -> str:
    found = [meta.description for meta in getattr(kind, "__metadata__", ()) if isinstance(meta, msgspec.Meta)]
    return next((text for text in found if text), "")


def _toml(value: object) -> str:
    """Return a value as it is written in TOML, tables inline."""
    plain = msgspec.to_builtins(value, builtin_types=(dt.datetime, dt.date, dt.time))
    if isinstance(plain, dict):
        pairs = [f"{_join('', str(key))} = {_toml(inner)}" for key, inner in plain.items() if inner is not None]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(plain, list | tuple):
        return f"[{', '.join(_toml(inner) for inner in plain)}]"
    if isinstance(plain, str):
        return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(plain, bool):
        return str(plain).lower()
    return plain.isoformat() if hasattr(plain, "isoformat") else str(plain)
