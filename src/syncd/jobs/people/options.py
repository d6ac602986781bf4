"""Options of ``[jobs.rt-users]``: where people come from, and which field of an RT user follows what of a person."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from syncd.jobs.options import JobOptions, merged
from syncd.jobs.people.templates import USABLE, template
from syncd.systems.rosters.options import Field, RosterFileOptions
from syncd.systems.rosters.person import Role

Key = Literal["id", "email", "name"]
KEYS: tuple[Key, ...] = ("id", "email", "name")

UNMAPPED = ("Disabled", "Privileged")
"""Fields of a user that follow no template: whether somebody is in the roster, and the role there, decide."""


class ImportedSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="imported"):
    """The roster that `syncd import students` keeps."""


class FileSource(RosterFileOptions, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="file"):
    """A file, or a OneRoster bundle, that is read at each run."""

    path: Annotated[str, Meta(min_length=1, description="For `file`: the file, or the folder of a OneRoster bundle.")]


class GoogleSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="google"):
    """Users of Google's Directory."""

    role: Annotated[Role, Meta(description="For `google`: what these users are.")]
    org_units: Annotated[
        tuple[str, ...], Meta(description="For `google`: org units to take users from. Empty: all.")
    ] = ()
    include_child_org_units: Annotated[bool, Meta(description="For `google`: whether units below count too.")] = True
    query: Annotated[str, Meta(description="For `google`: further filter in Google's user query language.")] = ""

    def __post_init__(self) -> None:
        """Refuse what would do nothing."""
        if not self.include_child_org_units and not self.org_units:
            raise ValueError("include_child_org_units = false needs org_units: without them the whole tenant is read")


Source: TypeAlias = ImportedSource | FileSource | GoogleSource


class UserRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a field of a user is made of."""

    template: Annotated[str, Meta(description="Template of the value.")]
    clear: Annotated[
        bool, Meta(description="Whether an empty value empties the field; else the field keeps what it has.")
    ] = False
    only_new: Annotated[bool, Meta(description="Whether only users that are created get it.")] = False


UserRules = dict[str, str | bool | UserRule]
"""Field of an RT user to its rule. A plain text is short for ``{ template = TEXT }``; ``false`` drops a default."""

DEFAULT_FIELDS: Mapping[str, UserRule] = {
    "Name": UserRule(template="{user_name}"),
    "EmailAddress": UserRule(template="{email}"),
    "RealName": UserRule(template="{given_name?} {family_name?}"),
    "CF.{Student ID}": UserRule(template="{id}"),
}


class RtUsersOptions(JobOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[jobs.rt-users]``."""

    sources: Annotated[
        dict[str, Source],
        Meta(min_length=1, description="Where people come from, by a name of your own; see Sources."),
    ] = msgspec.field(default_factory=lambda: {"students": ImportedSource()})
    precedence: Annotated[
        tuple[str, ...],
        Meta(description="All sources, the one that is believed most first; needed where there are several."),
    ] = ()
    field_precedence: Annotated[
        dict[Field, tuple[str, ...]],
        Meta(description="Field of a person to the sources that are believed first for it, before all others."),
    ] = msgspec.field(default_factory=dict)
    fields: Annotated[
        UserRules, Meta(description="Fields of RT users that the roster owns, and what each is made of; see Mapping.")
    ] = msgspec.field(default_factory=dict)
    id_field: Annotated[
        str, Meta(pattern=r"^CF\.\{.+\}$", description="Custom field of RT users that holds the school's own id.")
    ] = "CF.{Student ID}"
    match: Annotated[
        tuple[Key, ...],
        Meta(min_length=1, description="Keys that make a person and a user one, the strongest first; `id` begins."),
    ] = KEYS
    missing_users: Annotated[
        Literal["create", "report"], Meta(description="What to do about a person without a user in RT.")
    ] = "create"
    disabled_users: Annotated[
        Literal["enable", "report"],
        Meta(description="What to do about a user who is disabled in RT and whose person is in the roster."),
    ] = "enable"
    leavers: Annotated[
        Literal["disable", "report"], Meta(description="What to do about a user whose person is in no source any more.")
    ] = "disable"
    absent_runs: Annotated[
        int, Meta(ge=1, le=100, description="Good runs in a row, plans not counted, before a leaver is disabled.")
    ] = 2
    privileged_roles: Annotated[
        tuple[Literal["staff"], ...], Meta(description="Roles whose users RT shall have as privileged ones.")
    ] = ()
    protected: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            description="Names and addresses of users that are never touched; `*` and `?` stand for other letters. "
            "RT's own users, root, and the API user are always protected."
        ),
    ] = ()

    def problems(self) -> Iterator[str]:
        """Yield what names nothing and what would do nothing."""
        yield from self._source_problems()
        yield from self._field_problems()
        yield from self._key_problems()

    def _source_problems(self) -> Iterator[str]:
        if "rt" in self.sources:
            yield "sources.rt has the name of a system; call it something else"
        if len(self.sources) > 1 and sorted(self.precedence) != sorted(self.sources):
            yield f"precedence has to name each source once: {', '.join(sorted(self.sources))}"
        elif self.precedence and sorted(self.precedence) != sorted(self.sources):
            yield f"precedence names what is no source; there is {', '.join(self.sources)}"
        for field, names in self.field_precedence.items():
            for name in names:
                if name not in self.sources:
                    yield f"field_precedence.{field} names the unknown source {name!r}"

    def _field_problems(self) -> Iterator[str]:
        for name, rule in self.fields.items():
            if rule is True:
                yield f'fields.{name} = true names no template; write one, such as "{{{USABLE[0]}}}"'
            if name in UNMAPPED:
                yield f"fields.{name} cannot be mapped: the roster decides it"
        for name, made in self.rules.items():
            try:
                template(made.template)
            except ValueError as error:
                yield f"fields.{name}: {error}"
        yield from self._name_problems()

    def _name_problems(self) -> Iterator[str]:
        name = self.rules.get("Name")
        if name is None and self.missing_users == "create":
            yield 'fields.Name is switched off, and missing_users = "create" needs it'
        if name is not None and name.clear:
            yield "fields.Name cannot be cleared: every user has a name"

    def _key_problems(self) -> Iterator[str]:
        if self.match[0] != "id" or len(set(self.match)) < len(self.match):
            yield "match begins with id, and names each key once"
        if self.rules.get(self.id_field, UserRule(template="")).template != "{id}":
            yield f'fields."{self.id_field}" has to be "{{id}}": users are found again by it'

    @property
    def rules(self) -> Mapping[str, UserRule]:
        """The rules in force: the defaults, with each named field replaced or switched off."""
        named = {self.id_field if name == "CF.{Student ID}" else name: rule for name, rule in DEFAULT_FIELDS.items()}
        return merged(named, self.fields, lambda text: UserRule(template=text))

    @property
    def order(self) -> tuple[str, ...]:
        """All sources, the one that is believed most first."""
        return self.precedence or tuple(self.sources)

    @property
    def systems(self) -> tuple[str, ...]:
        """The tables of systems that the sources need besides RT's."""
        return ("google",) if any(isinstance(source, GoogleSource) for source in self.sources.values()) else ()

    @property
    def creates(self) -> bool:
        """Whether missing users are created."""
        return self.missing_users == "create"
