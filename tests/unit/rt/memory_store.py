"""A snapshot store in memory."""

from collections.abc import Iterable, Iterator


class MemoryStore:
    """Keeps rows in dictionaries; ``commits`` counts transactions."""

    def __init__(self) -> None:
        self.metas: dict[str, bytes] = {}
        self.kept: dict[str, dict[str, bytes]] = {}
        self.commits = 0

    def meta(self, scope: str) -> bytes | None:
        return self.metas.get(scope)

    def count(self, scope: str) -> int:
        return len(self.kept.get(scope, {}))

    def rows(self, scope: str) -> Iterator[bytes]:
        return iter([row for _, row in sorted(self.kept.get(scope, {}).items())])

    def pick(self, scope: str, keys: Iterable[str]) -> Iterator[bytes]:
        kept = self.kept.get(scope, {})
        return iter([kept[key] for key in keys if key in kept])

    def commit(
        self,
        scope: str,
        *,
        meta: bytes,
        upsert: Iterable[tuple[str, bytes]] = (),
        remove: Iterable[str] = (),
        replace: bool = False,
    ) -> None:
        rows = {} if replace else self.kept.get(scope, {})
        gone = set(remove)
        rows = {key: row for key, row in rows.items() if key not in gone} | dict(upsert)
        self.kept[scope] = rows
        self.metas[scope] = meta
        self.commits += 1
