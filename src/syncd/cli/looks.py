"""Quick looks at the outside systems: ``syncd fields``, ``org-units``, ``devices``, ``assets``. Nothing is changed."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from syncd.cli.records import show, shown_as
from syncd.cli.session import looking
from syncd.host.credentials import Credentials
from syncd.host.errors import ConfigurationError, NotPermitted
from syncd.jobs.settings import JOBS, Settings
from syncd.systems.google import Google, open_google
from syncd.systems.google.options import DEVICES_READ, DEVICES_WRITE, ORG_UNITS_READ
from syncd.systems.google.records import FIELDS, STATUSES, Device
from syncd.systems.rt import look
from syncd.systems.rt.look import AssetLook, FieldLook
from syncd.systems.rt.preflight import Survey
from syncd.systems.rt.rest import Rest

_CATALOG = click.option(
    "--catalog", "catalogs", multiple=True, metavar="NAME", help="Catalog; may be repeated [those of the jobs]."
)


# -- Request Tracker


@click.command()
@_CATALOG
@shown_as
@click.pass_context
def fields(ctx: click.Context, /, catalogs: Sequence[str], **shown: bool) -> None:
    """List the custom fields of RT catalogs, with type, values and id: what may stand in `CF.{...}`."""
    header = ["catalog", "id", "field", "type", "values", "pattern", "choices"]
    with _rt(looking(ctx), catalogs) as (rest, found):
        show("custom fields", header, look.custom_fields(rest, found), _field_cells, **shown)


def _field_cells(field: FieldLook) -> Sequence[str]:
    number = str(field.max_values) if field.max_values else "any number"
    name = f"CF.{{{field.name}}}"
    return [field.catalog, str(field.id), name, field.type, number, field.pattern, ", ".join(field.values)]


@click.command()
@_CATALOG
@click.option("--status", "statuses", multiple=True, metavar="STATUS", help="Only this status; may be repeated.")
@shown_as
@click.pass_context
def assets(ctx: click.Context, /, catalogs: Sequence[str], statuses: Sequence[str], **shown: bool) -> None:
    """List the assets of RT catalogs, with all custom fields in JSON and CSV. A hundred are read with each request."""
    with _rt(looking(ctx), catalogs) as (rest, found):
        customs = sorted({cf.name for applied in found.custom_fields.values() for cf in applied.values()})
        custom = customs if shown["as_csv"] else []
        header = ["id", "name", "status", "catalog", "owner", "held by", "last updated"]

        def cells(asset: AssetLook) -> Sequence[str]:
            plain = [str(asset.id), asset.name, asset.status, asset.catalog, asset.owner, ", ".join(asset.held_by)]
            return [*plain, asset.updated, *("\n".join(asset.custom_fields.get(name, ())) for name in custom)]

        look.check_statuses(rest, found, statuses)
        records = look.assets(rest, found, statuses)
        show("assets", [*header, *(f"CF.{{{name}}}" for name in custom)], records, cells, **shown)


@contextmanager
def _rt(settings: Settings, catalogs: Sequence[str]) -> Iterator[tuple[Rest, Survey]]:
    """Open RT and find the catalogs; all that is wrong with them is raised."""
    if settings.rt is None:
        raise _no_table("rt")
    wanted = catalogs or _catalogs_of_jobs(settings)
    with look.open_to_look(settings.rt, Credentials(), state_dir=_state_dir(settings)) as rt:
        found = look.catalogs(rt.rest, wanted, settings.rt.timezone)
        if found.problems:
            raise ConfigurationError(f"{'; '.join(p.sentence for p in found.problems)}.", code="rt.preflight")
        yield rt.rest, found


def _catalogs_of_jobs(settings: Settings) -> Sequence[str]:
    options: Iterator[Any] = (settings.jobs.of(job) for job in JOBS)
    found = dict.fromkeys(name for each in options for name in getattr(each, "catalogs", ()))
    if not found:
        raise click.UsageError("no job names a catalog; name one with --catalog")
    return list(found)


# -- Google


@click.command("org-units")
@shown_as
@click.pass_context
def org_units(ctx: click.Context, /, **shown: bool) -> None:
    """List the organisational units of Google, as `org_units` takes them.

    Google asks for a scope of its own for this, which no job needs.
    """
    with _google(looking(ctx), ORG_UNITS_READ) as google:
        show("org units", ["org unit"], google.devices.org_units(), lambda path: [path], **shown)


_COLUMNS = {
    "serial": "serial_number",
    "status": "status",
    "model": "model",
    "org unit": "org_unit_path",
    "asset id": "annotated_asset_id",
    "user": "annotated_user",
    "last sync": "last_sync",
}
_MORE = {
    "device id": "device_id",
    "location": "annotated_location",
    "notes": "notes",
    "os version": "os_version",
    "mac": "mac_address",
    "ethernet mac": "ethernet_mac_address",
    "updates until": "auto_update_through",
    "last user": "last_user",
}
"""Columns of CSV besides those of the table, by the attribute of a device."""


@click.command()
@click.option("--org-unit", "org_units", multiple=True, metavar="PATH", help="Org unit; may be repeated [all].")
@click.option("--no-children", is_flag=True, help="Without the org units below.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(STATUSES, case_sensitive=False),
    metavar="STATUS",
    help=f"Only this status; may be repeated. There are {', '.join(STATUSES)}.",
)
@click.option("--query", default="", metavar="TEXT", help="Filter in Google's device query language.")
@shown_as
@click.pass_context
def devices(
    ctx: click.Context,
    /,
    org_units: Sequence[str],
    statuses: Sequence[str],
    query: str,
    *,
    no_children: bool,
    **shown: bool,
) -> None:
    """List the Chromebooks of Google, with all that syncd can read of them in JSON and CSV."""
    if no_children and not org_units:
        raise click.UsageError("--no-children needs --org-unit")
    columns = {**_COLUMNS, **_MORE} if shown["as_csv"] else _COLUMNS
    with _google(looking(ctx), DEVICES_READ, DEVICES_WRITE) as google:
        found = google.devices.list(
            fields=FIELDS, org_units=org_units, include_children=not no_children, query=query, counted=True
        )
        records = (device for device in found if not statuses or device.status in statuses)
        show("devices", [*columns], records, lambda device: _device_cells(device, columns.values()), **shown)


def _device_cells(device: Device, attributes: Iterable[str]) -> Sequence[str]:
    return [getattr(device, attribute) for attribute in attributes]


@contextmanager
def _google(settings: Settings, *scopes: str) -> Iterator[Google]:
    """Open Google with the first of these scopes that the service account has."""
    if settings.google is None:
        raise _no_table("google")
    for scope in scopes:
        with open_google(settings.google, Credentials(), scopes=[scope], state_dir=_state_dir(settings)) as google:
            if scope == scopes[-1] or _is_delegated(google):
                yield google
                return


def _is_delegated(google: Google) -> bool:
    try:
        google.authenticator.headers()
    except NotPermitted as error:
        if error.code != "google.delegation":
            raise
        return False
    return True


def _no_table(table: str) -> ConfigurationError:
    return ConfigurationError(
        f"there is no [{table}] in the configuration file, so that nothing can be looked at there; add it.",
        code="config.missing_table",
    )


def _state_dir(settings: Settings) -> Path | None:
    """Return where the jobs of this machine share a rate, for those who may write there; none is made to look."""
    return settings.state.path if os.access(settings.state.path, os.W_OK | os.X_OK) else None
