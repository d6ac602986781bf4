"""Who holds which devices: RT's assets and users, joined with the people of the roster in a scratch database.

Nothing of it is held in memory. A user is of the student whose id the user has in the custom field, else of the one
with the user's e-mail address, else of the one with the user's name; users with another id are of nobody by the weaker
keys. Where several users have a student's id, the devices of all of them count.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from syncd.host.closing import Closing
from syncd.jobs.context import RunContext
from syncd.jobs.exporting.checked_out import day_of, note_handovers
from syncd.jobs.exporting.options import StudentExportOptions
from syncd.reconcile.values import as_text, texts
from syncd.state.rosters import EMAIL, USER_NAME
from syncd.state.scratch import Scratch
from syncd.systems.rt.assets import NOBODY, Asset, getter
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.schema import Schema
from syncd.systems.rt.snapshot import AssetSnapshot
from syncd.systems.rt.users.records import getter as user_getter
from syncd.systems.rt.users.schema import UserSchema

TABLES = """
CREATE TABLE people (id TEXT PRIMARY KEY, email TEXT, name TEXT) WITHOUT ROWID;
CREATE TABLE users (id INTEGER, person TEXT, email TEXT, name TEXT, login TEXT, PRIMARY KEY (id, person)) WITHOUT ROWID;
CREATE TABLE devices (asset INTEGER, user INTEGER, name TEXT, serial TEXT, since TEXT, PRIMARY KEY (asset, user))
    WITHOUT ROWID;
CREATE TABLE links (user INTEGER, person TEXT, PRIMARY KEY (user, person)) WITHOUT ROWID;
"""

_BY_ID = "INSERT INTO links SELECT users.id, people.id FROM users JOIN people ON people.id = users.person"
_BY_KEY = """
INSERT INTO links SELECT users.id, people.id FROM people JOIN users ON users.{key} = people.{key}
WHERE people.{key} <> '' AND users.person = ''
AND users.id NOT IN (SELECT user FROM links) AND people.id NOT IN (SELECT person FROM links)
"""
_HELD = """
SELECT links.person, devices.name, devices.serial, devices.since FROM links JOIN devices ON devices.user = links.user
ORDER BY links.person, devices.name, devices.asset
"""


class Device(NamedTuple):
    """A device that somebody holds. ``since`` is a day (ISO 8601), the text of the custom field, or empty."""

    name: str
    serial: str
    since: str


class Holdings(Closing):
    """The devices of all people; a context manager that forgets them."""

    def __init__(self, people: Iterable[Sequence[Any]]) -> None:
        """``people`` are rows of the roster."""
        self._scratch = Scratch(TABLES)
        self._scratch.fill(
            "INSERT INTO people VALUES (?, ?, ?)",
            ((row[0], row[EMAIL].casefold(), row[USER_NAME].casefold()) for row in people),
        )

    def read(self, rt: RequestTracker, options: StudentExportOptions, context: RunContext) -> None:
        """Read RT: users and assets, through their kept snapshots, and since when who has what."""
        schema, need = rt.preflight(options.need()), options.user_need()
        users = rt.user_preflight(need) if need else None
        snapshot = rt.reader.read(schema, full=context.full_read, progress=context.progress)
        if users is None:
            self.take_users((person.id, "", person.email, person.name) for person in snapshot.people.values())
        else:
            self.take_users(_users(rt, users, options, context))
        self.take_devices(_devices(schema, snapshot, options))
        if not options.checked_out_field:
            scope = f"{rt.reader.scope(schema)}:{options.held_by}-since"
            note_handovers(self._scratch, rt.rest, options.held_by, context, scope)

    def take_users(self, users: Iterable[tuple[int, str, str, str]]) -> None:
        """Take RT's users: number, the school's own id, address and name; and find out who is who.

        A user with several ids comes once for each.
        """
        rows = ((user, person, email.casefold(), name.casefold(), name) for user, person, email, name in users)
        self._scratch.fill("INSERT INTO users VALUES (?, ?, ?, ?, ?)", rows)
        self._scratch.run("CREATE INDEX users_by_email ON users (email)")
        self._scratch.run("CREATE INDEX users_by_name ON users (name)")
        self._scratch.run(_BY_ID)
        for key in ("email", "name"):
            self._scratch.run(_BY_KEY.format(key=key))

    def take_devices(self, devices: Iterable[tuple[int, int, str, str, str]]) -> None:
        """Take what users have: the numbers of asset and user, name, serial, and since when."""
        self._scratch.fill("INSERT INTO devices VALUES (?, ?, ?, ?, ?)", devices)
        self._scratch.run("CREATE INDEX devices_by_user ON devices (user)")

    def by_person(self) -> Iterator[tuple[str, list[Device]]]:
        """Yield the ids of those who hold devices, in order, each with what he or she holds."""
        for person, rows in groupby(self._scratch.read(_HELD), key=itemgetter(0)):
            yield person, [Device(name, serial, since) for _, name, serial, since in rows]

    def of_user(self, user: int) -> list[Device]:
        """Return what a user of RT holds, whoever that is."""
        query = "SELECT name, serial, since FROM devices WHERE user = ? ORDER BY name, asset"
        return [Device(*row) for row in self._scratch.read(query, (user,))]

    def holders(self) -> Iterator[tuple[str, bool]]:
        """Yield the users who hold something, by number, and whether each has an id of the school."""
        query = """
        SELECT user, EXISTS (SELECT 1 FROM users WHERE users.id = devices.user AND users.person <> '')
        FROM devices GROUP BY user ORDER BY user
        """
        return ((str(user), bool(with_id)) for user, with_id in self._scratch.read(query))

    def login(self, user: str) -> str:
        """Return the name of a user, empty for one that is not known."""
        found = self._scratch.read("SELECT login FROM users WHERE id = ? LIMIT 1", (int(user),))
        return next((str(login) for (login,) in found), "")

    def close(self) -> None:
        """Forget everything."""
        self._scratch.close()


def _users(
    rt: RequestTracker, schema: UserSchema, options: StudentExportOptions, context: RunContext
) -> Iterator[tuple[int, str, str, str]]:
    read = user_getter(schema, options.id_field)
    for user in rt.user_reader.read(schema, full=context.full_read, progress=context.progress).users:
        for person in texts(read(user)) or ("",):
            yield user.id, person, user.email, user.name


def _devices(
    schema: Schema, snapshot: AssetSnapshot, options: StudentExportOptions
) -> Iterator[tuple[int, int, str, str, str]]:
    """Yield each asset that a user has, once for each of several holders."""
    wanted = [name for name in ("Name", options.role_field, options.serial_field, options.checked_out_field) if name]
    serial = getter(schema, options.serial_field, {})
    since = _since(schema, options.checked_out_field)
    for asset in snapshot.assets.select(wanted):
        for user in _keepers(asset, options):
            yield asset.id, user, asset.name, as_text(serial(asset)), since(asset)


def _keepers(asset: Asset, options: StudentExportOptions) -> Sequence[int]:
    if options.held_by == "holder":
        return asset.holders
    return () if asset.owner == NOBODY else (asset.owner,)


def _since(schema: Schema, field: str) -> Callable[[Asset], str]:
    """Return what reads the day of the check-out from a custom field; of a time it is the day on this machine."""
    if not field:
        return lambda _: ""
    read, timed = getter(schema, field, {}), schema.custom_field(field).kind == "datetime"

    def day(asset: Asset) -> str:
        text = as_text(read(asset))
        return day_of(text) if text and timed else text

    return day
