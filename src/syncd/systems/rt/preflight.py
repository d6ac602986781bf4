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

from collections.abc import Mapping

import msgspec

from syncd.systems.rt.inspection import (
    DEFINITION,
    Definition,
    Inspection,
    Problem,
    nearest,
    require,
    server_version,
)
from syncd.systems.rt.rest import Page, Rest, criterion
from syncd.systems.rt.schema import READABLE, WRITABLE, Catalog, CustomField, Need, Schema, custom_name

_PROBES = 5
"""Assets looked at in each catalog: one of them should have a status that can be changed."""


class _Link(msgspec.Struct):
    ref: str = ""


class _CatalogItem(msgspec.Struct):
    id: int
    name: str = msgspec.field(name="Name", default="")
    lifecycle: str = msgspec.field(name="Lifecycle", default="")
    disabled: str = msgspec.field(name="Disabled", default="0")
    links: list[_Link] = msgspec.field(name="_hyperlinks", default_factory=list)

    def may_create(self) -> bool:
        return any(link.ref == "create" for link in self.links)


class _Probe(msgspec.Struct):
    id: int
    fields: list[Definition] | str = msgspec.field(name="CustomFields", default="")
    links: list[_Link] = msgspec.field(name="_hyperlinks", default_factory=list)


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


class _Preflight(Inspection):
    def __init__(self, rest: Rest, need: Need, timezone: str) -> None:
        super().__init__(rest, need.kinds, timezone)
        self.need = need
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
            fields=self.with_values(found.fields, self.need.write),
            me=found.me,
            people_feed=found.people_feed,
            unproven=found.unproven,
            timezone=self.timezone,
        )

    def look(self) -> Survey:
        version = server_version(self.rest)
        require(version)
        catalogs = self.find_catalogs()
        me = self.check_me(lists_users=self.need.people)
        admin_users = self.sees_users()
        for item in catalogs:
            self.look_into(item)
        found = {field: cf for field in self.need.fields if (cf := self.resolve(field, catalogs)) is not None}
        self.check_one_name(found, self.need.write)
        fields = self.check_texts(found, self.need.texts)
        return Survey(
            version=version,
            catalogs=tuple(Catalog(item.id, item.name) for item in catalogs),
            custom_fields=self.applied,
            fields=fields,
            problems=tuple(self.problems),
            unproven=tuple(self.unproven),
            me=me,
            people_feed=admin_users,
        )

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
            hint = nearest(wanted, [item.name for item in page.items])
            self.wrong("catalogs", f'there is no catalog "{wanted}", or the API user lacks ShowCatalog on it{hint}')
            return None
        item = named[0]
        if item.disabled not in ("0", ""):
            self.wrong("catalogs", f'the catalog "{item.name}" is disabled')
        if self.need.create and not item.may_create():
            self.lacks(f'the API user lacks CreateAsset on the catalog "{item.name}"')
        return item

    def look_into(self, item: _CatalogItem) -> None:
        page = self.rest.search(
            "assets",
            [criterion("Catalog", "IN", [item.id])],
            _Probe,
            fields={
                "fields": "CustomFields,_hyperlinks",
                "fields[CustomFields]": DEFINITION,
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

    def all_pages(self, path: str) -> list[Definition]:
        found: list[Definition] = []
        for number in range(1, 100):
            page = self.rest.search(path, (), Definition, fields={"fields": f"Name,{DEFINITION}"}, page=number)
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
                applied = self.applied[item.id].values()
                found = self.choose(field, name, applied, f'the catalog "{item.name}"') or found
        if found is not None:
            self.check_kind(field, found)
        return found

    def check_plain(self, field: str) -> None:
        if field not in READABLE or (field in self.need.write and field not in WRITABLE):
            self.wrong(field, f'there is no field "{field}" for this use{nearest(field, sorted(WRITABLE))}')
