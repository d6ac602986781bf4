"""Before trouble: find out by reading alone whether RT has what a job needs of its users, and lets it be done.

Which read proves which right (RT 5.0.3, observed):

=================  ====================================================================================
AdminUsers         another user (RT_System, number 1) shows when it was created
SeeGroup           a search for groups says how many there are
SeeCustomField     a user shows custom fields (without the right, ``CustomFields`` is the text "")
ModifyCustomField  nothing shows it; the first write does
=================  ====================================================================================
"""

import msgspec

from syncd.systems.rt.groups import groups_called
from syncd.systems.rt.inspection import DEFINITION, Definition, Inspection, nearest, require, server_version
from syncd.systems.rt.rest import Rest, criterion
from syncd.systems.rt.schema import CustomField, custom_name
from syncd.systems.rt.users.schema import READABLE, WRITABLE, UserNeed, UserSchema


class _Probe(msgspec.Struct):
    fields: list[Definition] | str = msgspec.field(name="CustomFields", default="")


def user_preflight(rest: Rest, need: UserNeed, timezone: str = "UTC") -> UserSchema:
    """Return what RT has of what a job needs of users.

    Costs 5 requests and one for each select field that is written. All problems are raised in one error:
    ConfigurationError where any of them is one of configuration, else NotPermitted.
    """
    return _UserPreflight(rest, need, timezone).run()


class _UserPreflight(Inspection):
    def __init__(self, rest: Rest, need: UserNeed, timezone: str) -> None:
        super().__init__(rest, need.kinds, timezone)
        self.need = need

    def run(self) -> UserSchema:
        version = server_version(self.rest)
        require(version)
        me = self.check_me(lists_users=True)
        if not self.sees_users():
            self.lacks("the API user lacks AdminUsers, without which it sees little of users and changes nothing")
        privileged = self.privileged_group()
        applied = self.applied_fields()
        found = {field: cf for field in self.need.fields if (cf := self.resolve(field, applied)) is not None}
        self.check_one_name(found, self.need.write)
        self.report()
        return UserSchema(
            need=self.need,
            version=version,
            custom_fields=tuple(sorted(applied, key=lambda cf: cf.id)),
            fields=self.with_values(found, self.need.write),
            me=me,
            timezone=self.timezone,
            privileged=privileged,
        )

    def privileged_group(self) -> int:
        """Return the number of the group of privileged users: its members tell what no list of users does."""
        found = groups_called(self.rest, "SystemInternal", "Privileged")
        if found is None or len(found) != 1:
            self.lacks("the API user lacks SeeGroup, without which it does not see which users are privileged")
            return 0
        return found[0].id

    def applied_fields(self) -> list[CustomField]:
        """Return the custom fields of users, as any user shows them."""
        fields = {"fields": "CustomFields", "fields[CustomFields]": DEFINITION}
        page = self.rest.search("users", [criterion("Name", "!=", "")], _Probe, fields=fields, per_page=1)
        listed = page.items[0].fields if page.items else ""
        if isinstance(listed, list):
            return [definition.custom_field() for definition in listed]
        if any(custom_name(field) for field in self.need.fields):
            self.lacks("the API user sees no custom field of users: grant SeeCustomField, or RT has none for users")
        return []

    def resolve(self, field: str, applied: list[CustomField]) -> CustomField | None:
        name = custom_name(field)
        if name is None:
            if field not in READABLE or (field in self.need.write and field not in WRITABLE):
                self.wrong(field, f'users have no field "{field}" for this use{nearest(field, sorted(WRITABLE))}')
            return None
        found = self.choose(field, name, applied, "users") if applied else None
        if found is not None:
            self.check_kind(field, found)
        return found
