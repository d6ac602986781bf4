"""What every preflight of RT finds out in the same way, and how it tells of all problems at once."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Literal

import msgspec

from syncd.host.errors import ConfigurationError, IntegrationError, NotFound, NotPermitted
from syncd.systems.rt.errors import Forbidden, no_rest2
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.schema import CustomField, Kind

MINIMUM = (5, 0, 2)
DEFINITION = "Type,MaxValues,Pattern,Disabled,LastUpdated"
"""What is asked of a custom field."""

_SYSTEM_USER = 1
"""RT_System, which every RT has."""

_ANY: tuple[Kind, ...] = ("text", "date", "datetime", "address", "multi")


class _Version(msgspec.Struct):
    version: str = msgspec.field(name="Version", default="")


class Definition(msgspec.Struct):
    """A custom field as an object shows it, with ``DEFINITION`` asked for."""

    id: int
    name: str | None = None
    title: str | None = msgspec.field(name="Name", default=None)
    type: str = msgspec.field(name="Type", default="")
    max_values: int = msgspec.field(name="MaxValues", default=0)
    pattern: str | None = msgspec.field(name="Pattern", default="")
    changed: str = msgspec.field(name="LastUpdated", default="")

    def custom_field(self) -> CustomField:
        """Return it with what is known by now."""
        name = self.name or self.title or ""
        return CustomField(self.id, name, self.type, self.max_values, self.pattern or "", None, self.changed)


class _Person(msgspec.Struct):
    created: str = msgspec.field(name="Created", default="")


class _Me(msgspec.Struct):
    id: int = 0
    timezone: str = msgspec.field(name="Timezone", default="")
    privileged: int = msgspec.field(name="Privileged", default=1)


class _Values(msgspec.Struct):
    values: list[str] = msgspec.field(name="Values", default_factory=list)


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: with the configuration or RT's set-up, or with rights.

    ``about``: the field that it is about, ``catalogs``, ``time zone``, or ``rights``.
    """

    kind: Literal["configuration", "rights"]
    sentence: str
    about: str


def server_version(rest: Rest) -> str:
    """Return RT's version; ConfigurationError (``rt.no_rest2``) where there is no RT."""
    try:
        return rest.find("rt", _Version, "read RT's version").version
    except NotFound:
        # Below /REST/2.0, RT itself answers that there is nothing.
        raise no_rest2() from None


def require(version: str) -> None:
    """Raise ConfigurationError (``rt.version``) for a version of RT that is too old."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers < MINIMUM:
        least = ".".join(map(str, MINIMUM))
        raise ConfigurationError(
            f"RT is version {version or 'unknown'}; syncd needs {least} or newer.", code="rt.version"
        )


def select_values(rest: Rest, cf: CustomField) -> tuple[str, ...] | None:
    """Return select values; None where the right to see the field is on the catalog alone (RT answers 403)."""
    try:
        return tuple(rest.get(f"customfield/{cf.id}", _Values, "read select values").values) or None
    except Forbidden:
        return None


class Inspection:
    """Problems with RT are gathered here, and reported in one error."""

    def __init__(self, rest: Rest, kinds: Mapping[str, tuple[Kind, ...]], timezone: str) -> None:
        self.rest = rest
        self.kinds = kinds
        self.timezone = timezone
        self.problems: list[Problem] = []

    def wrong(self, about: str, sentence: str) -> None:
        """Note a problem of configuration."""
        self.problems.append(Problem("configuration", sentence, about))

    def lacks(self, sentence: str) -> None:
        """Note a right that is missing."""
        self.problems.append(Problem("rights", sentence, "rights"))

    def report(self) -> None:
        """Raise all problems as one error: ConfigurationError where any is of configuration, else NotPermitted."""
        if not self.problems:
            return
        sentence = "; ".join(dict.fromkeys(problem.sentence for problem in self.problems)) + "."
        configuration = any(problem.kind == "configuration" for problem in self.problems)
        error: type[IntegrationError] = ConfigurationError if configuration else NotPermitted
        raise error(f"RT is not ready for this job: {sentence}", code="rt.preflight", operation="preflight")

    def check_me(self, *, lists_users: bool) -> int:
        """Return the number of the API user, 0 where it is not known; ``lists_users``: it has to be privileged."""
        if not self.rest.user:
            return 0
        me = self.rest.get(f"user/{self.rest.user}", _Me, "read the API user")
        if lists_users and not me.privileged:
            self.lacks("the API user is not privileged and may not list users; let RT make it a privileged user")
        if me.timezone and me.timezone != self.timezone:
            self.wrong(
                "time zone", f"the API user's time zone in RT is {me.timezone}, and rt.timezone says {self.timezone}"
            )
        return me.id

    def sees_users(self) -> bool:
        """Return whether the API user has AdminUsers."""
        try:
            return bool(self.rest.get(f"user/{_SYSTEM_USER}", _Person, "read another user").created)
        except Forbidden:
            return False

    def choose(self, field: str, name: str, applied: Collection[CustomField], where: str) -> CustomField | None:
        """Return the custom field with this name or number; none or several are a problem. ``where``: of what."""
        found = [cf for cf in applied if cf.name == name] or [cf for cf in applied if str(cf.id) == name]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(str(cf.id) for cf in sorted(found, key=lambda cf: cf.id))
            self.wrong(field, f"{field} is ambiguous on {where}: custom fields {ids}; name one as CF.{{id}}")
        else:
            hint = nearest(name, [cf.name for cf in applied])
            self.wrong(field, f"{field} is not applied to {where}, or the API user may not see it{hint}")
        return None

    def check_kind(self, field: str, found: CustomField) -> None:
        """Note a custom field that holds what the job cannot deal with."""
        accepted = self.kinds.get(field, _ANY)
        if found.kind not in accepted:
            several = "several values" if found.multi else "one value"
            self.wrong(
                field,
                f"{field} is of type {found.type} with {several} ({found.kind}); the job needs {' or '.join(accepted)}",
            )

    def check_one_name(self, found: Mapping[str, CustomField], written: Collection[str]) -> None:
        """Note a custom field that is written under two names: each run would write the one, then the other value."""
        names: dict[int, str] = {}
        for field in written:
            if (cf := found.get(field)) is not None and (first := names.setdefault(cf.id, field)) != field:
                self.wrong(field, f"{first} and {field} are one custom field, number {cf.id}; write it under one name")

    def check_texts(
        self, found: Mapping[str, CustomField], wanted: Mapping[str, tuple[str, ...] | None]
    ) -> Mapping[str, CustomField]:
        """Note each Select that lacks a text which may be written; return the fields with the values that were read."""
        filled = self.with_values(found, wanted)
        for field, texts in wanted.items():
            cf = filled.get(field)
            if cf is None or cf.type != "Select":
                continue
            if texts is None:
                self.wrong(field, f"{field} is a Select, and what is written there is a number or a time of any value")
            elif lacking := [text for text in texts if cf.values is not None and text.lower() not in cf.spellings]:
                self.wrong(field, f"{field} is a Select without the value {' and '.join(map(repr, lacking))}")
        return filled

    def with_values(self, found: Mapping[str, CustomField], written: Collection[str]) -> dict[str, CustomField]:
        """Fill in the select values of fields that are written; no bulk read gives them."""
        known: dict[int, CustomField] = {}
        for field in written:
            cf = found.get(field)
            if cf is not None and cf.type == "Select" and cf.values is None and cf.id not in known:
                known[cf.id] = msgspec.structs.replace(cf, values=select_values(self.rest, cf))
        return {field: known.get(cf.id, cf) for field, cf in found.items()}


def nearest(wanted: str, names: list[str]) -> str:
    """Return a hint at the name that is most like the wanted one, or nothing."""
    return "".join(_hints(wanted, names))


def _hints(wanted: str, names: list[str]) -> Iterator[str]:
    lower = {name.lower(): name for name in names}
    for name in difflib.get_close_matches(wanted.lower(), lower, n=1):
        yield f' (there is "{lower[name]}")'
