"""Whom a student check is about, and what that student has: the roster, and RT's users and assets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from syncd.host.errors import DataError, NotPermitted
from syncd.jobs.checking.options import StudentCheckOptions
from syncd.jobs.checking.records import Asked, Device, Student
from syncd.jobs.exporting.checked_out import day_of
from syncd.jobs.student_import import ROSTER
from syncd.reconcile.keys import serial_key
from syncd.reconcile.values import texts
from syncd.state.rosters import FIELDS, Rosters, Row
from syncd.systems.rt.assets import NOBODY, Asset, getter
from syncd.systems.rt.client import RequestTracker
from syncd.systems.rt.lookup import AssetLookup
from syncd.systems.rt.schema import Schema
from syncd.systems.rt.users.finding import UserFinder
from syncd.systems.rt.users.records import User
from syncd.systems.rt.users.records import getter as user_getter
from syncd.systems.rt.users.schema import UserSchema

LEFT = "has left the school"

_AT = {name: at for at, name in enumerate(FIELDS)}


@dataclass(frozen=True)
class Found:
    """A student, the assets that he or she has, and the one that was asked for; all may be missing but one."""

    student: Student | None
    assets: Sequence[Asset]
    asked: Asset | None = None


class Finder:
    """Looks up students and devices; what RT has for fields is found out once, at the first look."""

    def __init__(self, options: StudentCheckOptions, rt: RequestTracker, rosters: Rosters) -> None:
        self._options = options
        self._rt = rt
        self._rosters = rosters

    @cached_property
    def schema(self) -> Schema:
        """The fields of assets. Raises as preflight does."""
        return self._rt.preflight(self._options.need())

    @cached_property
    def lookup(self) -> AssetLookup:
        """What finds assets; its ``people`` are the owners and holders of those that were found."""
        return self._rt.lookup(self.schema)

    @cached_property
    def _users(self) -> UserFinder:
        return UserFinder(self._rt.rest, self._user_schema)

    @cached_property
    def _user_schema(self) -> UserSchema:
        return self._rt.user_preflight(self._options.user_need())

    def find(self, asked: Asked) -> Found:
        """Return whom and what a check is about. Raises DataError where there is no such thing, or several."""
        if asked.student_id:
            return self._of_student(asked.student_id)
        asset = self._numbered(asked.asset_id) if asked.asset_id else self._with_serial(asked.serial)
        people = [asset.owner] if asset.owner != NOBODY else [*asset.holders]
        if len(people) != 1:
            return Found(None, [], asset)
        users = self._users.numbered(people)
        student = self._student(users)
        return Found(student, self._assets_of(users) if users else [], asset)

    def device(self, asset: Asset, student: Student | None, today: date) -> Device:
        """Return a device as it is answered."""
        due = day_of(self._text(asset, self._options.due_field))
        return Device(
            asset=asset.id,
            name=asset.name,
            serial=self._text(asset, self._options.serial_field),
            type=self._text(asset, self._options.type_field),
            status=asset.status,
            due=due,
            overdue=_overdue(due, student, today),
        )

    def _text(self, asset: Asset, field: str) -> str:
        return ", ".join(texts(getter(self.schema, field, {})(asset))) if field else ""

    # -- students

    def _of_student(self, number: str) -> Found:
        row = self._rosters.person(ROSTER, number)
        users = self._users_of(number, row)
        if row is None and not users:
            raise DataError(
                f"nobody has the id {number}, neither in the roster nor in {self._options.id_field} of RT's users; "
                "correct the id, or import the roster.",
                code="check.no_student",
                object=number,
            )
        return Found(_told(number, row, users), self._assets_of(users))

    def _users_of(self, number: str, row: Row | None) -> list[User]:
        """Return the users with an id, else those with the address or the name of the roster and no other id."""
        if users := [
            user for user in self._users.having(self._options.id_field, [number]) if number in self._ids(user)
        ]:
            return users
        for field, at in (("EmailAddress", "email"), ("Name", "user_name")):
            key = str(row[_AT[at]]) if row else ""
            users = [user for user in self._users.having(field, [key]) if not self._ids(user)] if key else []
            if users:
                return users
        return []

    def _ids(self, user: User) -> tuple[str, ...]:
        return texts(user_getter(self._user_schema, self._options.id_field)(user))

    def _student(self, users: Sequence[User]) -> Student | None:
        """Return who a user is; somebody without an id of the school is known by the login name only."""
        number = next((one for user in users for one in self._ids(user)), "")
        row = self._rosters.person(ROSTER, number) if number else None
        return _told(number, row, users) if users else None

    def _assets_of(self, users: Sequence[User]) -> list[Asset]:
        return self.lookup.with_people({user.id for user in users})

    # -- assets

    def _numbered(self, number: int) -> Asset:
        found = self.lookup.by_id(number)
        if found.assets:
            return found.assets[0]
        if found.strangers:
            told = f"asset {number} is in the catalog {found.strangers[0].catalog}, which the student check leaves out."
        else:
            told = f"asset {number} is not in RT; correct the number."
        raise DataError(told, code="check.no_asset", object=str(number))

    def _with_serial(self, raw: str) -> Asset:
        key = serial_key(raw)
        if not isinstance(key, str):
            raise DataError(f"the serial number {raw!r} {key.reason}; correct it.", code="check.no_asset", object=raw)
        found = self.lookup.having(self._options.serial_field, {key})
        if found is None:
            raise NotPermitted(
                "RT does not let the API user look for serial numbers: grant SeeCustomField on all catalogs.",
                code="check.hidden",
            )
        assets = [each for each in found.assets if serial_key(self._text(each, self._options.serial_field)) == key]
        if len(assets) != 1:
            names = ", ".join(f"{each.name} ({each.id})" for each in assets)
            what = f"several assets have it: {names}; name one by its asset_id" if assets else "no asset has it"
            raise DataError(
                f"the serial number {key} names no single asset: {what}.", code="check.no_asset", object=key
            )
        return assets[0]


def _told(number: str, row: Row | None, users: Sequence[User]) -> Student:
    logins = tuple(sorted(user.name for user in users))
    if row is None:
        return Student(id=number, users=logins)
    name = f"{row[_AT['given_name']]} {row[_AT['family_name']]}".strip()
    grade, school = str(row[_AT["grade"]] or ""), str(row[_AT["school"]] or "")
    return Student(id=number, name=name, grade=grade, school=school, active=bool(row[_AT["active"]]), users=logins)


def _overdue(due: str, student: Student | None, today: date) -> str:
    if due and due < today.isoformat():
        return f"was due on {due}"
    return LEFT if student is not None and student.active is False else ""
