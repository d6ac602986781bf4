"""What a job needs of RT's users, and what RT has: columns, custom fields, and how values behave in them."""

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import msgspec

from syncd.systems.rt import forms
from syncd.systems.rt.schema import Fields, Wants

COLUMNS: Final[Mapping[str, tuple[str, int]]] = {
    "Name": ("name", 200),
    "EmailAddress": ("email", 120),
    "RealName": ("real_name", 120),
    "Organization": ("organization", 200),
    "NickName": ("nick_name", 16),
    "HomePhone": ("home_phone", 30),
    "WorkPhone": ("work_phone", 30),
    "MobilePhone": ("mobile_phone", 30),
    "PagerPhone": ("pager_phone", 30),
    "Address1": ("address1", 200),
    "Address2": ("address2", 200),
    "City": ("city", 100),
    "State": ("state", 100),
    "Zip": ("zip", 16),
    "Country": ("country", 50),
}
"""Plain columns of text: RT's name to the attribute of a User, and the octets of UTF-8 that RT keeps.

RT 5.0.3, observed: it cuts the rest without a word, and keeps everything else as it is, white space and case too.
"""

FLAGS: Final = {"Disabled": "disabled", "Privileged": "privileged"}
"""Fields that are ``"1"`` or ``"0"``."""

WRITABLE: Final = frozenset({*COLUMNS, *FLAGS})
READABLE: Final = WRITABLE | {"LastUpdated"}


class UserNeed(Wants, frozen=True, kw_only=True):
    """What a job asks of RT's users; fields are those of ``READABLE`` and custom fields (``CF.{Student ID}``)."""


class UserSchema(Fields, frozen=True, dict=True, kw_only=True):
    """What preflight found for users. ``custom_fields`` are all that are applied to users.

    ``privileged``: number of the group that has the privileged users.
    """

    need: UserNeed
    privileged: int

    @cached_property
    def signature(self) -> str:
        """What a snapshot depends on: custom fields."""
        return msgspec.json.encode(["users", self.definitions]).decode()

    def _needed(self, field: str) -> str | None:
        return f"{field} cannot be empty" if field == "Name" or field in FLAGS else None

    def _plain_spelling(self, field: str, text: str) -> str:
        return forms.cut(text, COLUMNS[field][1]) if field in COLUMNS else text

    def _plain_complaint(self, field: str, text: str) -> str | None:
        if field in FLAGS and text not in ("0", "1"):
            return f"{field} is 1 or 0"
        # RT takes such a name, and then lists a user without its data (RT 5.0.3, observed).
        return f"{field} may not have a line break" if field == "Name" and "\n" in text else None
