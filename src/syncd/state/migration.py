"""Bring a store to the schema of this syncd; the only place that loads Alembic, and only when there is work."""

import logging
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, inspect, select, table
from sqlalchemy import column as sql_column

from syncd import __version__
from syncd.host.errors import ConfigurationError, DataError
from syncd.state.database import Database
from syncd.state.schema import REVISION, facts
from syncd.state.tables import REVISION_TABLE

MADE_BY = "schema.made_by"

logger = logging.getLogger(__name__)


class Schema(NamedTuple):
    """What a file is brought to: the newest revision, and the folder of the migrations that lead there.

    Each has a table ``facts`` like that of the store.
    """

    revision: str
    migrations: Path


STORE = Schema(REVISION, Path(__file__).parent / "migrations")


def bring_up_to_date(database: Database, schema: Schema = STORE) -> None:
    """Create the tables, or migrate them in one transaction; an up-to-date store is left as it is.

    Raises ConfigurationError (``state.newer``) for a store of a newer syncd, DataError (``state.damaged``) for a
    database of another program.
    """
    stored = stored_revision(database, schema)
    database.use_wal()
    if stored == schema.revision:
        return
    with database.write() as connection:
        # Another process may have done it in the meantime: look again, now under the lock.
        if _revision(connection, database.path) >= schema.revision:
            return
        _upgrade(connection, schema)
    before = stored or "none"
    extra = {"message_id": "STORE_MIGRATED"}
    logger.info("%s is at schema %s now (before: %s)", database.path, schema.revision, before, extra=extra)


def stored_revision(database: Database, schema: Schema = STORE) -> str:
    """Return the revision that the store is at, empty for one without tables; nothing is changed.

    Raises as ``bring_up_to_date`` does.
    """
    with database.read() as connection:
        stored = _revision(connection, database.path)
        made_by = _made_by(connection) if stored > schema.revision else ""
    if stored > schema.revision:
        raise ConfigurationError(
            f"{database.path} has schema {stored} of a newer syncd ({made_by}), and this syncd {__version__} knows "
            f"schema {schema.revision}; use the newer syncd, or restore the backup from before the upgrade.",
            code="state.newer",
            object=str(database.path),
        )
    return stored


def _revision(connection: Connection, path: Path) -> str:
    """Return the stored revision; empty for a store without tables."""
    tables = inspect(connection)
    if tables.has_table(REVISION_TABLE):
        return str(connection.scalar(select(sql_column("version_num")).select_from(table(REVISION_TABLE))) or "")
    if tables.get_table_names():
        raise DataError(
            f"{path} is a database of another program; set state.directory to a directory of syncd's own.",
            code="state.damaged",
            object=str(path),
        )
    return ""


def _made_by(connection: Connection) -> str:
    if not inspect(connection).has_table(facts.name):
        return "version unknown"
    return connection.scalar(select(facts.c.value).where(facts.c.name == MADE_BY)) or "version unknown"


def _upgrade(connection: Connection, schema: Schema) -> None:
    from alembic import command  # noqa: PLC0415 - half a second, for a store that is new or old only
    from alembic.config import Config  # noqa: PLC0415

    # Its records name no file; the one below does.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(schema.migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    _after_upgrade(connection)


def _after_upgrade(connection: Connection) -> None:
    connection.execute(facts.delete().where(facts.c.name == MADE_BY))
    connection.execute(facts.insert().values(name=MADE_BY, value=__version__))
