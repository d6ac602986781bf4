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

    def rows(self, scope: str) -> Iterator[bytes]:
        return iter(list(self.kept.get(scope, {}).values()))

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
        rows = {**rows, **dict(upsert)}
        for key in remove:
            rows.pop(key, None)
        self.kept[scope] = rows
        self.metas[scope] = meta
        self.commits += 1
