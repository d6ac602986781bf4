"""The sandbox's memory: JSON documents in one SQLite file, with a mirror of them in memory."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from pathlib import Path
from typing import Any

import msgspec

Document = dict[str, Any]

_SCHEMA = "CREATE TABLE IF NOT EXISTS documents (collection TEXT, key TEXT, body BLOB, PRIMARY KEY (collection, key))"
_UPSERT = "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"


class Documents:
    """Collections of JSON documents.

    Reads come from memory. Every write goes through to the file before it returns, so that a kill loses nothing
    that was answered; with no path there is memory only. ``write()`` makes several writes one.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._collections: dict[str, Collection] = {}
        self._undo: list[tuple[Collection, str, Document | None]] | None = None
        self._connection = None if path is None else _open(path)
        if self._connection is not None:
            self._load(self._connection)

    def _load(self, connection: sqlite3.Connection) -> None:
        decode = msgspec.json.Decoder(Document).decode
        for name, key, body in connection.execute("SELECT collection, key, body FROM documents ORDER BY rowid"):
            self.collection(name)._mirror[key] = decode(body)  # noqa: SLF001

    def collection(self, name: str) -> "Collection":
        """Return a collection; it is made when it is new."""
        with self.lock:
            return self._collections.setdefault(name, Collection(self, name))

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        """Make what is written inside one unit: all of it, or (when an exception leaves the block) nothing."""
        with self.lock:
            if self._undo is not None:
                yield
                return
            self._undo = []
            try:
                yield
            except BaseException:
                self._take_back(self._undo)
                raise
            else:
                if self._connection is not None:
                    self._connection.commit()
            finally:
                self._undo = None

    def _take_back(self, undo: list[tuple["Collection", str, Document | None]]) -> None:
        if self._connection is not None:
            self._connection.rollback()
        for collection, key, before in reversed(undo):
            if before is None:
                collection._mirror.pop(key, None)  # noqa: SLF001
            else:
                collection._mirror[key] = before  # noqa: SLF001

    def store(self, collection: "Collection", items: Mapping[str, Document | None]) -> None:
        """Write documents of one collection; None removes. For ``Collection`` only."""
        with self.write():
            mirror, undo = collection._mirror, self._undo  # noqa: SLF001
            if undo is not None:
                undo.extend((collection, key, mirror.get(key)) for key in items)
            if self._connection is not None:
                _store_rows(self._connection, collection.name, items)
            for key, document in items.items():
                if document is None:
                    mirror.pop(key, None)
                else:
                    mirror[key] = document

    def close(self) -> None:
        """Close the file; the mirror stays readable."""
        with self.lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class Collection:
    """Documents by key, in the order of their first write; replace a document as a whole, never change one in place."""

    def __init__(self, documents: Documents, name: str) -> None:
        self.name = name
        self._documents = documents
        self._mirror: dict[str, Document] = {}

    def get(self, key: str) -> Document | None:
        """Return a document, or None."""
        return self._mirror.get(key)

    def put(self, key: str, document: Document) -> None:
        """Write one document."""
        self._documents.store(self, {key: document})

    def put_all(self, items: Iterable[tuple[str, Document]]) -> None:
        """Write many documents as one unit."""
        self._documents.store(self, dict(items))

    def remove(self, key: str) -> None:
        """Remove a document, if it is there."""
        self._documents.store(self, {key: None})

    def values(self) -> ValuesView[Document]:
        """Return all documents (a live view: copy it before you iterate without the lock)."""
        return self._mirror.values()

    def __iter__(self) -> Iterator[str]:
        return iter(self._mirror)

    def __contains__(self, key: object) -> bool:
        return key in self._mirror

    def __len__(self) -> int:
        return len(self._mirror)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    # A killed process loses nothing this way; only a machine that loses power could.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(_SCHEMA)
    connection.commit()
    return connection


def _store_rows(connection: sqlite3.Connection, name: str, items: Mapping[str, Document | None]) -> None:
    encode = msgspec.json.Encoder().encode
    kept = ((name, key, encode(document)) for key, document in items.items() if document is not None)
    connection.executemany(_UPSERT, kept)
    gone = [(name, key) for key, document in items.items() if document is None]
    if gone:
        connection.executemany("DELETE FROM documents WHERE collection = ? AND key = ?", gone)
