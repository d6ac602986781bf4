"""What a read of all users returns."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from syncd.systems.rt.users.records import User


class Users(Protocol):
    """All users, by rising id; each pass over them reads the store."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[User]: ...


class UserSnapshot(msgspec.Struct, frozen=True):
    """All users of RT: disabled ones, and RT's own ``RT_System`` and ``Nobody``, too.

    ``as_of`` and ``full``: when this read and the last full one began, by the server's clock. ``how``: ``cold`` all
    read, ``warm`` what changed, ``listed`` what changed after listing all. ``re_read`` counts the users that were
    read, ``misses`` what a full read found that earlier warm reads had missed.
    """

    users: Users
    as_of: datetime
    full: datetime
    how: Literal["cold", "warm", "listed"]
    re_read: int
    misses: int = 0
