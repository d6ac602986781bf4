"""Snapshots: what an outside system held when it was last read, one row an object, grouped by scope."""

from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement, Connection, func, select, text

from syncd.state.database import Database, batched
from syncd.state.schema import snapshot_meta, snapshots

# The same words in SQLite and in PostgreSQL.
_UPSERT = text(
    "INSERT INTO snapshots (scope, object_id, data) VALUES (:scope, :object_id, :data) "
    "ON CONFLICT (scope, object_id) DO UPDATE SET data = excluded.data"
)


class Snapshots:
    """Snapshots of any number of scopes; a scope names a system and a set of its objects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def meta(self, scope: str) -> bytes | None:
        """Return what was kept with the last commit of a scope, or None when there was none."""
        statement = select(snapshot_meta.c.data).where(snapshot_meta.c.scope == scope)
        with self._database.read() as connection:
            return connection.scalar(statement)

    def metas(self) -> dict[str, bytes]:
        """Return what was kept with the last commit of each scope."""
        with self._database.read() as connection:
            rows = connection.execute(select(snapshot_meta).order_by(snapshot_meta.c.scope))
            return {row.scope: bytes(row.data) for row in rows}

    def count(self, scope: str) -> int:
        """Return the number of objects of a scope."""
        statement = select(func.count()).select_from(snapshots.join(snapshot_meta)).where(_in(scope))
        with self._database.read() as connection:
            return connection.scalar(statement) or 0

    def rows(self, scope: str) -> Iterator[bytes]:
        """Yield the data of all objects of a scope as of one commit, in the order of their ids.

        A connection is held until the last row, or until the iterator is closed.
        """
        statement = select(snapshots.c.data).join(snapshot_meta).where(_in(scope))
        return self._database.column(statement.order_by(snapshots.c.object_id))

    def pick(self, scope: str, object_ids: Iterable[str]) -> Iterator[bytes]:
        """Yield the data of some objects, of those that there are, in no particular order."""
        statement = select(snapshots.c.data).join(snapshot_meta).where(_in(scope))
        for some in batched(object_ids):
            yield from self._database.column(statement.where(snapshots.c.object_id.in_(some)))

    def commit(
        self,
        scope: str,
        *,
        meta: bytes,
        upsert: Iterable[tuple[str, bytes]] = (),
        remove: Iterable[str] = (),
        replace: bool = False,
    ) -> None:
        """Keep meta and rows in one transaction; ``replace``: rows that are not in ``upsert`` go.

        The iterables are read inside the transaction: they must not wait for a network, nor write to the store.
        """
        with self._database.write() as connection:
            key = _scope_key(connection, scope, meta)
            if replace:
                connection.execute(snapshots.delete().where(snapshots.c.scope == key))
            for ids in batched(remove):
                connection.execute(
                    snapshots.delete().where(snapshots.c.scope == key, snapshots.c.object_id.in_(ids)),
                )
            for batch in batched(upsert):
                rows = [{"scope": key, "object_id": object_id, "data": data} for object_id, data in batch]
                connection.execute(_UPSERT, rows)


def _in(scope: str) -> ColumnElement[bool]:
    return snapshot_meta.c.scope == scope


def _scope_key(connection: Connection, scope: str, meta: bytes) -> int:
    """Write the meta of a scope and return the scope's number."""
    key = connection.scalar(select(snapshot_meta.c.id).where(snapshot_meta.c.scope == scope))
    if key is None:
        connection.execute(snapshot_meta.insert().values(scope=scope, data=meta))
        return _scope_key(connection, scope, meta)
    connection.execute(snapshot_meta.update().where(snapshot_meta.c.id == key).values(data=meta))
    return int(key)
