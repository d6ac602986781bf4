"""Quick looks at RT: the custom fields of catalogs, and assets in a few words. Nothing is kept, nothing is written."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from syncd.host.clock import Clock
from syncd.host.credentials import Credentials
from syncd.host.errors import DataError
from syncd.systems.rt.assets import WireAsset
from syncd.systems.rt.client import Connection, connect
from syncd.systems.rt.inspection import select_values
from syncd.systems.rt.options import RtOptions
from syncd.systems.rt.pages import whole_assets
from syncd.systems.rt.preflight import Survey, survey
from syncd.systems.rt.rest import Rest, criterion
from syncd.systems.rt.schema import Catalog, CustomField, Need

STATUSES = ("new", "allocated", "in-use", "recycled", "stolen", "deleted")
"""Those of RT's lifecycle ``assets``."""

_LOOKED_AT = 1000
"""Assets whose statuses are told to somebody who has misspelt one."""


class FieldLook(msgspec.Struct, frozen=True, kw_only=True):
    """A custom field as it is applied to a catalog. ``max_values`` 0: any number; ``values``: those of a Select."""

    catalog: str
    id: int
    name: str
    type: str
    max_values: int
    pattern: str
    values: tuple[str, ...]


class AssetLook(msgspec.Struct, frozen=True, kw_only=True):
    """An asset in plain text. ``owner`` is a login name, empty for nobody; ``custom_fields``: values by field name."""

    id: int
    name: str
    status: str
    catalog: str
    owner: str
    held_by: tuple[str, ...]
    updated: str
    custom_fields: dict[str, tuple[str, ...]]


def open_to_look(
    options: RtOptions, credentials: Credentials, clock: Clock | None = None, state_dir: Path | None = None
) -> Connection:
    """Return an RT that gives up soon, since somebody waits for the answer. Raises as ``open_rt`` does."""
    hasty = msgspec.structs.replace(options, attempts=1, budget_seconds=0.0)
    return connect(hasty, credentials, state_dir=state_dir, clock=clock)


def catalogs(rest: Rest, wanted: Sequence[str], timezone: str) -> Survey:
    """Return catalogs with the custom fields that are applied to them; ``problems`` tell what is not there."""
    return survey(rest, Need(catalogs=tuple(wanted), read=("Name",)), timezone)


def custom_fields(rest: Rest, found: Survey) -> Iterator[FieldLook]:
    """Yield the custom fields of catalogs; one request for each Select, to know its values."""
    values: dict[int, tuple[str, ...]] = {}
    for catalog in found.catalogs:
        for cf in found.custom_fields.get(catalog.id, {}).values():
            if cf.type == "Select" and cf.id not in values:
                values[cf.id] = select_values(rest, cf) or ()
            yield _field(catalog, cf, values.get(cf.id, ()))


def _field(catalog: Catalog, cf: CustomField, values: tuple[str, ...]) -> FieldLook:
    return FieldLook(
        catalog=catalog.name,
        id=cf.id,
        name=cf.name,
        type=cf.type,
        max_values=cf.max_values,
        pattern=cf.pattern,
        values=values,
    )


def assets(rest: Rest, found: Survey, statuses: Sequence[str] = ()) -> Iterator[AssetLook]:
    """Yield the assets of catalogs by rising id, a hundred a request; with ``statuses`` only those that have one."""
    names = {catalog.id: catalog.name for catalog in found.catalogs}
    fields = {cf.id: cf.name for applied in found.custom_fields.values() for cf in applied.values()}
    more = [criterion("Status", "IN", list(statuses))] if statuses else []
    wanted = {status.casefold() for status in statuses}
    for page in whole_assets(rest, list(names), more):
        for asset in page.items:
            if not wanted or asset.status.casefold() in wanted:
                yield _asset(asset, names, fields)


def check_statuses(rest: Rest, found: Survey, statuses: Sequence[str]) -> None:
    """Raise DataError ``rt.no_status`` for a status that is none of RT's own and that no asset has.

    RT does not tell the statuses of a catalog's lifecycle, and finds nothing with one that there is not.
    """
    for status in statuses:
        if status.casefold() not in STATUSES and next(assets(rest, found, [status]), None) is None:
            seen = {asset.status for asset in islice(assets(rest, found), _LOOKED_AT)}
            raise DataError(
                f"no asset has the status {status!r}; there are {', '.join(sorted(seen | {*STATUSES}))}.",
                code="rt.no_status",
                system="rt",
                object=status,
            )


def _asset(asset: WireAsset, catalogs: dict[int, str], fields: dict[int, str]) -> AssetLook:
    owner = asset.owned_by
    return AssetLook(
        id=asset.id,
        name=asset.name,
        status=asset.status,
        catalog=catalogs.get(asset.catalog_id, ""),
        owner=owner.name if owner else "",
        held_by=tuple(sorted(holder.name or str(holder.id) for holder in asset.held_by)),
        updated=asset.updated,
        custom_fields={fields.get(cf.id, str(cf.id)): tuple(cf.texts) for cf in asset.fields if cf.texts},
    )
