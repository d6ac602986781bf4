"""Finding a few users by what they are known by, whatever else RT holds: one request for many texts."""

from collections.abc import Callable, Collection, Iterable

from syncd.systems.rt.assets import decode_rows, slices
from syncd.systems.rt.pages import wider
from syncd.systems.rt.rest import PAGE, Rest, criterion
from syncd.systems.rt.schema import Value, texts_of
from syncd.systems.rt.users.pages import one_user
from syncd.systems.rt.users.records import FIELDS, WHOLE, User, WireUser, encode_user, getter, job_class
from syncd.systems.rt.users.schema import UserSchema


class UserFinder:
    """Finds users, disabled ones too; lists of RT do not tell who is disabled, so neither do these records."""

    def __init__(self, rest: Rest, schema: UserSchema) -> None:
        self._rest = rest
        self._schema = schema
        self._fields = {cf.id: cf for cf in schema.custom_fields}
        self._kind = job_class(schema)

    def having(self, field: str, texts: Collection[str]) -> list[User]:
        """Return the users that have one of these texts in a needed field, whatever the case, by rising id.

        Raises Unavailable (``rt.incomplete``) where RT ignored the question, as it does for a field that it does not
        know: it finds everybody then.
        """
        read = getter(self._schema, field)
        asked = f"CF.{{{self._schema.fields[field].id}}}" if field in self._schema.fields else field
        found: dict[int, User] = {}
        for some in slices(sorted(set(texts)), PAGE):
            found.update({user.id: user for user in self._page(asked, some, read)})
        return [found[number] for number in sorted(found)]

    def numbered(self, numbers: Iterable[int]) -> list[User]:
        """Return the users with these ids, one request for each; those that are not there are left out."""
        items = (one_user(self._rest, number) for number in sorted(set(numbers)))
        return self._decoded(item for item in items if item is not None)

    def _page(self, asked: str, texts: list[str], read: Callable[[User], Value]) -> list[User]:
        everybody = (("find_disabled_rows", "1"),)
        page = self._rest.search("users", [criterion(asked, "IN", texts)], WHOLE, fields=FIELDS, more=everybody)
        users, wanted = self._decoded(page.items), {text.casefold() for text in texts}
        if page.full or not all(_lower(read(user)) & wanted for user in users):
            raise wider("search users")
        return users

    def _decoded(self, items: Iterable[WireUser]) -> list[User]:
        return [*decode_rows((encode_user(item, self._fields) for item in items), self._kind)]


def _lower(value: Value) -> set[str]:
    return {text.casefold() for text in texts_of(value)}
