"""Before trouble: find out by reading alone whether RT has what a job needs and lets the API user do it.

Which read proves which right (RT 5.0.3, observed):

=================  ====================================================================================
ShowCatalog        the catalog is listed
CreateAsset        the catalog's ``create`` link
ShowAsset          the catalog has an asset to show, or a ``total`` that says there are none
SeeCustomField     the asset shows custom fields (without the right, ``CustomFields`` is the text "")
ModifyAsset        an asset's ``lifecycle`` links (stock lifecycle only; not while a catalog is empty)
AdminUsers         another user (RT_System, number 1) shows when it was created
ModifyCustomField  nothing shows it; the first write does
ShowUserHistory    nothing shows it, but AdminUsers includes it
=================  ====================================================================================

E-mail addresses of owners need no right. An asset gives the definitions of its custom fields inline, also where
the rights are on the catalog alone and ``/catalog/N/customfields`` is empty.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from syncd.host.errors import ConfigurationError, IntegrationError, NotFound, NotPermitted
from syncd.systems.rt.errors import no_rest2
from syncd.systems.rt.rest import Criterion, Page, Rest, criterion
from syncd.systems.rt.schema import READABLE, WRITABLE, Catalog, CustomField, Need, Schema, custom_name

MINIMUM = (5, 0, 2)
_SYSTEM_USER = 1
"""RT_System, which every RT has."""

_DEFINITION = "Type,MaxValues,Pattern,Disabled,LastUpdated"
_PROBES = 5
"""Assets looked at in each catalog: one of them should have a status that can be changed."""


class _Link(msgspec.Struct):
    ref: str = ""


class _Version(msgspec.Struct):
    version: str = msgspec.field(name="Version", default="")


class _CatalogItem(msgspec.Struct):
    id: int
    name: str = msgspec.field(name="Name", default="")
    lifecycle: str = msgspec.field(name="Lifecycle", default="")
    disabled: str = msgspec.field(name="Disabled", default="0")
    links: list[_Link] = msgspec.field(name="_hyperlinks", default_factory=list)

    def may_create(self) -> bool:
        return any(link.ref == "create" for link in self.links)


class _Definition(msgspec.Struct):
    id: int
    name: str | None = None
    title: str | None = msgspec.field(name="Name", default=None)
    type: str = msgspec.field(name="Type", default="")
    max_values: int = msgspec.field(name="MaxValues", default=0)
    pattern: str | None = msgspec.field(name="Pattern", default="")
    changed: str = msgspec.field(name="LastUpdated", default="")

    def custom_field(self) -> CustomField:
        name = self.name or self.title or ""
        return CustomField(self.id, name, self.type, self.max_values, self.pattern or "", None, self.changed)


class _Person(msgspec.Struct):
    created: str = msgspec.field(name="Created", default="")


class _Probe(msgspec.Struct):
    id: int
    fields: list[_Definition] | str = msgspec.field(name="CustomFields", default="")
    links: list[_Link] = msgspec.field(name="_hyperlinks", default_factory=list)


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


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What RT has of what a job needs, wrong or not. ``custom_fields``: all that are applied, by catalog id."""

    version: str
    catalogs: tuple[Catalog, ...]
    custom_fields: Mapping[int, Mapping[int, CustomField]]
    fields: Mapping[str, CustomField]
    problems: tuple[Problem, ...]
    unproven: tuple[str, ...]
    me: int
    people_feed: bool


def preflight(rest: Rest, need: Need, timezone: str = "UTC") -> Schema:
    """Return what RT has of what a job needs.

    Costs 4 requests and one for each catalog and for each select field that is written. All problems are raised in
    one error: ConfigurationError where any of them is one of configuration, else NotPermitted.
    """
    return _Preflight(rest, need, timezone).run()


def survey(rest: Rest, need: Need, timezone: str = "UTC") -> Survey:
    """Look at the same as ``preflight``, at the same cost, and tell of each problem by itself."""
    return _Preflight(rest, need, timezone).look()


def server_version(rest: Rest) -> str:
    """Return RT's version; ConfigurationError (``rt.no_rest2``) where there is no RT."""
    try:
        return rest.get("rt", _Version, "read RT's version").version
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
    except NotPermitted:
        return None


class _Preflight:
    def __init__(self, rest: Rest, need: Need, timezone: str) -> None:
        self.rest = rest
        self.need = need
        self.timezone = timezone
        self.problems: list[Problem] = []
        self.unproven: list[str] = []
        self.applied: dict[int, dict[int, CustomField]] = {}

    def run(self) -> Schema:
        found = self.look()
        self.report()
        every = {cf.id: cf for applied in found.custom_fields.values() for cf in applied.values()}
        return Schema(
            need=self.need,
            version=found.version,
            catalogs=found.catalogs,
            custom_fields=tuple(every[key] for key in sorted(every)),
            fields=self.with_values(found.fields),
            me=found.me,
            people_feed=found.people_feed,
            unproven=found.unproven,
            timezone=self.timezone,
        )

    def look(self) -> Survey:
        version = server_version(self.rest)
        require(version)
        catalogs = self.find_catalogs()
        me = self.check_me()
        admin_users = self.sees_users()
        for item in catalogs:
            self.look_into(item)
        found = {field: cf for field in self.need.fields if (cf := self.resolve(field, catalogs)) is not None}
        return Survey(
            version=version,
            catalogs=tuple(Catalog(item.id, item.name) for item in catalogs),
            custom_fields=self.applied,
            fields=found,
            problems=tuple(self.problems),
            unproven=tuple(self.unproven),
            me=me,
            people_feed=admin_users,
        )

    def wrong(self, about: str, sentence: str) -> None:
        self.problems.append(Problem("configuration", sentence, about))

    def lacks(self, sentence: str) -> None:
        self.problems.append(Problem("rights", sentence, "rights"))

    def report(self) -> None:
        if not self.problems:
            return
        sentence = "; ".join(dict.fromkeys(problem.sentence for problem in self.problems)) + "."
        configuration = any(problem.kind == "configuration" for problem in self.problems)
        error: type[IntegrationError] = ConfigurationError if configuration else NotPermitted
        raise error(f"RT is not ready for this job: {sentence}", code="rt.preflight", operation="preflight")

    def find_catalogs(self) -> list[_CatalogItem]:
        page = self.rest.search(
            "catalogs",
            [criterion("id", ">", 0)],
            _CatalogItem,
            fields={"fields": "Name,Lifecycle,Disabled,_hyperlinks"},
        )
        found = [item for wanted in self.need.catalogs if (item := self.catalog(wanted, page)) is not None]
        if not self.need.catalogs:
            self.wrong("catalogs", "no catalog is named")
        return list({item.id: item for item in found}.values())

    def catalog(self, wanted: str, page: Page[_CatalogItem]) -> _CatalogItem | None:
        named = [item for item in page.items if item.name == wanted] or [
            item for item in page.items if str(item.id) == wanted
        ]
        if not named:
            hint = _nearest(wanted, [item.name for item in page.items])
            self.wrong("catalogs", f'there is no catalog "{wanted}", or the API user lacks ShowCatalog on it{hint}')
            return None
        item = named[0]
        if item.disabled not in ("0", ""):
            self.wrong("catalogs", f'the catalog "{item.name}" is disabled')
        if self.need.create and not item.may_create():
            self.lacks(f'the API user lacks CreateAsset on the catalog "{item.name}"')
        return item

    def check_me(self) -> int:
        if not self.rest.user:
            return 0
        me = self.rest.get(f"user/{self.rest.user}", _Me, "read the API user")
        if self.need.people and not me.privileged:
            self.lacks("the API user is not privileged and may not list users; let RT make it a privileged user")
        if me.timezone and me.timezone != self.timezone:
            self.wrong(
                "time zone", f"the API user's time zone in RT is {me.timezone}, and rt.timezone says {self.timezone}"
            )
        return me.id

    def sees_users(self) -> bool:
        try:
            return bool(self.rest.get(f"user/{_SYSTEM_USER}", _Person, "read another user").created)
        except NotPermitted:
            return False

    def look_into(self, item: _CatalogItem) -> None:
        page = self.rest.search(
            "assets",
            [criterion("Catalog", "IN", [item.id])],
            _Probe,
            fields={
                "fields": "CustomFields,_hyperlinks",
                "fields[CustomFields]": _DEFINITION,
            },
            per_page=_PROBES,
        )
        if not page.items and page.total is None:
            self.lacks(
                f'the API user sees no asset in the catalog "{item.name}" and RT does not say whether it has any: '
                "grant ShowAsset (globally, if the catalog is meant to be empty)"
            )
            return
        self.check_modify(item, page.items)
        self.applied[item.id] = self.definitions(item, page.items)

    def check_modify(self, item: _CatalogItem, probes: list[_Probe]) -> None:
        if not self.need.write:
            return
        if any(custom_name(field) for field in self.need.write):
            self.unproven.append("ModifyCustomField")
        if all(custom_name(field) for field in self.need.write):
            return
        if any(link.ref == "lifecycle" for probe in probes for link in probe.links):
            return
        if probes and item.lifecycle == "assets":
            self.lacks(f'the API user lacks ModifyAsset on the catalog "{item.name}"')
        else:
            self.unproven.append(f'ModifyAsset on the catalog "{item.name}"')

    def definitions(self, item: _CatalogItem, probes: list[_Probe]) -> dict[int, CustomField]:
        if probes:
            listed = probes[0].fields
            found = listed if isinstance(listed, list) else []
        else:
            found = self.all_pages(f"catalog/{item.id}/customfields")
        if not found and any(custom_name(field) for field in self.need.fields):
            self.lacks(f'the API user sees no custom field on the catalog "{item.name}": grant SeeCustomField')
        return {definition.id: definition.custom_field() for definition in found}

    def all_pages(self, path: str, query: Iterable[Criterion] = ()) -> list[_Definition]:
        found: list[_Definition] = []
        for number in range(1, 100):
            page = self.rest.search(
                path, tuple(query), _Definition, fields={"fields": f"Name,{_DEFINITION}"}, page=number
            )
            found += page.items
            if not page.full or len(found) == page.total:
                break
        return found

    def resolve(self, field: str, catalogs: list[_CatalogItem]) -> CustomField | None:
        name = custom_name(field)
        if name is None:
            self.check_plain(field)
            return None
        found: CustomField | None = None
        for item in catalogs:
            if self.applied.get(item.id):
                found = self.applied_as(field, name, item) or found
        if found is not None:
            self.check_kind(field, found)
        return found

    def check_plain(self, field: str) -> None:
        if field not in READABLE or (field in self.need.write and field not in WRITABLE):
            self.wrong(field, f'there is no field "{field}" for this use{_nearest(field, sorted(WRITABLE))}')

    def applied_as(self, field: str, name: str, item: _CatalogItem) -> CustomField | None:
        applied = self.applied[item.id].values()
        found = [cf for cf in applied if cf.name == name] or [cf for cf in applied if str(cf.id) == name]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(str(cf.id) for cf in sorted(found, key=lambda cf: cf.id))
            self.wrong(
                field, f'{field} is ambiguous on the catalog "{item.name}": custom fields {ids}; name one as CF.{{id}}'
            )
        else:
            hint = _nearest(name, [cf.name for cf in applied])
            self.wrong(
                field, f'{field} is not applied to the catalog "{item.name}", or the API user may not see it{hint}'
            )
        return None

    def check_kind(self, field: str, found: CustomField) -> None:
        accepted = self.need.kinds.get(field, ("text", "date", "datetime", "address", "multi"))
        if found.kind not in accepted:
            several = "several values" if found.multi else "one value"
            self.wrong(
                field,
                f"{field} is of type {found.type} with {several} ({found.kind}); the job needs {' or '.join(accepted)}",
            )

    def with_values(self, found: Mapping[str, CustomField]) -> dict[str, CustomField]:
        """Fill in the select values of fields that are written; no bulk read gives them."""
        known: dict[int, CustomField] = {}
        for field in self.need.write:
            cf = found.get(field)
            if cf is not None and cf.type == "Select" and cf.id not in known:
                known[cf.id] = msgspec.structs.replace(cf, values=select_values(self.rest, cf))
        return {field: known.get(cf.id, cf) for field, cf in found.items()}


def _nearest(wanted: str, names: list[str]) -> str:
    return "".join(_hints(wanted, names))


def _hints(wanted: str, names: list[str]) -> Iterator[str]:
    lower = {name.lower(): name for name in names}
    for name in difflib.get_close_matches(wanted.lower(), lower, n=1):
        yield f' (there is "{lower[name]}")'
