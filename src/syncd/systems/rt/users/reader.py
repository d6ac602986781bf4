"""Reading all users at the price of what changed."""

from syncd.systems.rt.pages import Progress
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.snapshot import SnapshotStore
from syncd.systems.rt.users.schema import UserSchema
from syncd.systems.rt.users.snapshot import UserSnapshot


class UserReader:
    """Reads the users of one RT and keeps the snapshot. ``url`` names it in the store."""

    def __init__(self, rest: Rest, store: SnapshotStore, url: str, full_read_days: float) -> None:
        self._rest = rest
        self._store = store
        self._url = url.rstrip("/")
        self._full_after = full_read_days

    def read(self, schema: UserSchema, *, full: bool = False, progress: Progress | None = None) -> UserSnapshot:
        """Return all users as they are now.

        ``full`` reads all of them again, compares with the snapshot, and logs what the snapshot had missed. Raises
        Unavailable (rt.incomplete) for answers that cannot be whole, and leaves the snapshot as it was.
        """
        raise NotImplementedError
