"""Writing users, and reading back whether it happened.

RT 5.0.3, observed: a user is addressed by its number, since a name of digits or with ``/`` leads elsewhere; the answer
to a create tells the name alone, its ``Location`` the number; true and "true" are no flags; and a custom field value
that a new user cannot have is left out without a word.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from syncd.host.errors import Unavailable, WriteRefused
from syncd.host.http import Reply
from syncd.systems.rt.assets import decode_rows
from syncd.systems.rt.errors import answer_lost, create_unknown
from syncd.systems.rt.pages import Stamp
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.schema import Value, custom_name
from syncd.systems.rt.users.chosen import chosen_users
from syncd.systems.rt.users.pages import named_users
from syncd.systems.rt.users.records import User, encode_user, job_class, with_flags
from syncd.systems.rt.users.schema import COLUMNS, FLAGS, UserSchema
from syncd.systems.rt.writing import LOST, Answer, FieldWriter, unwritable

_SYSTEM_USER = 1
_NEW = "a new user"


class UserWriter(FieldWriter[UserSchema]):
    """Writes the users of one job. Usable from many threads. Values are those of ``UserSchema.reads_back``.

    ``names`` tells the login names of users that are known from an earlier read.
    """

    def __init__(self, rest: Rest, schema: UserSchema, names: Callable[[Collection[int]], Mapping[int, str]]) -> None:
        super().__init__(rest, schema)
        self._fields = {cf.id: cf for cf in schema.custom_fields}
        self._kind = job_class(schema)
        self._known = names
        self._names: dict[int, set[str]] = {}

    def update_user(self, user: int, changes: Mapping[str, Value]) -> Answer:
        """Write fields of a user, all in one request.

        Raises WriteRefused with RT's sentence (``Name in use``, ``Email address in use``); other fields of the same
        update may have been written then. After a 500 the answer is unproven: RT may have done part of it.
        """
        label = f"user {user}"
        self._refuse_bad(label, changes)
        self._spare(label, user, changes)
        if isinstance(name := changes.get("Name"), str):
            self._names.setdefault(user, set()).add(name)
        return self._update(f"user/{user}", label, changes, self._body(label, changes), _hint(changes))

    def create_user(self, fields: Mapping[str, Value]) -> int:
        """Create a user and return its numeric id.

        Where RT's answer is lost, the user is looked up by name; the one that is there is taken for ours. Raises
        WriteRefused with RT's sentence. A custom field value that RT does not take is left out without a word: only
        ``read_users`` proves it.
        """
        kept = {field: value for field, value in fields.items() if value}
        self._refuse_bad(_NEW, {"Name": None, **kept})
        name = str(kept["Name"])
        user = self._post(self._body(_NEW, kept), name, _hint(kept))
        self._names[user] = {name}
        return user

    def read_users(self, ids: Collection[int]) -> dict[int, User]:
        """Read users again, disabled ones too: two requests for a hundred, and one. Those that are gone are left out.

        Who was made or renamed by this writer, or is in the snapshot, is found by name; others take a request each.
        """
        wanted: dict[int, set[str]] = {number: set() for number in ids}
        for number, name in self._known(ids).items():
            wanted[number].add(name)
        for number in wanted.keys() & self._names.keys():
            wanted[number] |= self._names[number]
        found: dict[int, User] = {}
        for chosen in chosen_users(self._rest, self._schema.privileged, wanted):
            rows = (
                with_flags(encode_user(seen.item, self._fields), disabled=seen.disabled, privileged=seen.privileged)
                for seen in chosen.users
            )
            found.update({user.id: user for user in decode_rows(rows, self._kind)})
        return found

    def _post(self, body: Mapping[str, Any], name: str, hint: Callable[[list[str]], str]) -> int:
        try:
            reply = self._rest.write("POST", "user", body, "create", _NEW)
        except WriteRefused as error:
            told = f"{error.sentence.removesuffix('.')}{hint([error.sentence])}."
            raise WriteRefused(told, code=error.code, system="rt", operation="create", object=_NEW) from error
        except Unavailable as error:
            if error.code not in LOST or not (user := self._look_for(name)):
                raise
            return user
        if user := _number(reply) or self._look_for(name):
            return user
        raise answer_lost("its answer does not tell, and there is no user with this name", "create", _NEW)

    def _look_for(self, name: str) -> int:
        """Return the number of the user that may have been made, 0 where it is not there."""
        try:
            return self._called(name)
        except Unavailable as blind:
            raise create_unknown(_NEW, blind) from blind

    def _spare(self, label: str, user: int, changes: Mapping[str, Value]) -> None:
        """Refuse what would lock out RT itself, or the API user: RT does it when asked (RT 5.0.3, observed)."""
        out = changes.get("Disabled") == "1" or changes.get("Privileged") == "0"
        if out and user in (_SYSTEM_USER, self._schema.me):
            raise WriteRefused(
                f"{label} is RT itself or the API user; neither is disabled, nor loses its privileges.",
                code="rt.own",
                object=label,
            )

    def _plain(self, label: str, field: str, value: Value) -> dict[str, Any]:
        if field in FLAGS:
            return {field: int(value == "1")}
        if field not in COLUMNS:
            raise unwritable(label, field)
        return {field: value or ""}

    def _called(self, name: str) -> int:
        """Return the number of the user that has a name, 0 where there is none."""
        stored = self._schema.reads_back("Name", name) or ""
        fields = {"fields": "id,Name"}
        found = named_users(self._rest, [str(stored)], Stamp, fields, disabled=True).items
        return found[0].id if found else 0


def _number(reply: Reply) -> int:
    """Return the number in the Location header, 0 where a server in between has taken it away."""
    found = re.search(r"/user/(\d+)$", reply.headers.get("location", ""))
    return int(found[1]) if found else 0


def _hint(changes: Mapping[str, Value]) -> Callable[[list[str]], str]:
    """Return what tells what is in the way, where RT's sentence does not."""

    def hint(refusals: list[str]) -> str:
        denied = [sentence for sentence in refusals if "Permission Denied" in sentence]
        if denied:
            custom = any(custom_name(field) for field in changes)
            plain = [sentence for sentence in denied if sentence.startswith("User ") or not custom]
            missing = {"AdminUsers"} if plain else set()
            missing |= {"ModifyCustomField"} if len(plain) < len(denied) else set()
            return f"; grant the API user {' and '.join(sorted(missing))}"
        name = changes.get("Name")
        if isinstance(name, str) and re.fullmatch(r"\d+", name, re.ASCII) and "Name in use" in " ".join(refusals):
            return f" (RT takes a name of digits for a number: another user has the number {name})"
        return ""

    return hint
