"""Writing users, and reading back whether it happened."""

from collections.abc import Collection, Mapping

from syncd.systems.rt.rest import Rest
from syncd.systems.rt.schema import Value
from syncd.systems.rt.users.records import User
from syncd.systems.rt.users.schema import UserSchema
from syncd.systems.rt.write import Answer


class UserWriter:
    """Writes the users of one job. Usable from many threads. Values are those of ``UserSchema.reads_back``."""

    def __init__(self, rest: Rest, schema: UserSchema) -> None:
        self._rest = rest
        self._schema = schema

    def update_user(self, user: int, changes: Mapping[str, Value]) -> Answer:
        """Write fields of a user, all in one request.

        Raises WriteRefused with RT's sentence (``Name in use``, ``Email address in use``); other fields of the same
        update may have been written then. After a 500 the answer is unproven: RT may have done part of it.
        """
        raise NotImplementedError

    def create_user(self, fields: Mapping[str, Value]) -> int:
        """Create a user and return its numeric id.

        Where RT's answer is lost, the user is looked up by name; the one that is there is taken for ours. Raises
        WriteRefused with RT's sentence. A custom field value that RT does not take is left out without a word: only
        ``read_users`` proves it.
        """
        raise NotImplementedError

    def read_users(self, ids: Collection[int]) -> Mapping[int, User]:
        """Read users again, disabled ones too: two requests for a hundred, and one. Those that are gone are left out.

        Who was made or renamed by this writer, or is in the snapshot, is found by name; others take a request each.
        """
        raise NotImplementedError
