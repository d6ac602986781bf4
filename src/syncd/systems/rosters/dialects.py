"""Whose columns are whose: for each format the headers of its fields, and how to tell it by them."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from syncd.host.errors import ConfigurationError, DataError
from syncd.systems.rosters.options import RosterFileOptions
from syncd.systems.rosters.person import FIELDS
from syncd.systems.rosters.table import Table, plain

YES_NO: Mapping[str, bool] = {
    **dict.fromkeys(("", "1", "true", "yes", "y", "active", "enrolled", "current", "a"), True),
    **dict.fromkeys(("0", "false", "no", "n", "inactive", "withdrawn", "graduated", "transferred", "i"), False),
}
GOOGLE_STATUS: Mapping[str, bool] = {"": True, "active": True, "suspended": False, "archived": False}
SUSPENDED: Mapping[str, bool] = {"": True, "false": True, "true": False}
ENROLL_STATUS: Mapping[str, bool] = {"": True, "0": True, **dict.fromkeys(("-1", "1", "2", "3", "4"), False)}
"""PowerSchool's (its data dictionary, table Students): 0 is enrolled.

The others are pre-registered, inactive, transferred, graduated, and imported of the past.
"""

ROLES: Mapping[str, str] = {
    "": "student",
    **dict.fromkeys(("student", "pupil", "learner"), "student"),
    **dict.fromkeys(("staff", "teacher", "faculty", "employee", "administrator", "aide"), "staff"),
}

ORG_UNIT = "org_unit"
"""The field that only filters."""


class Dialect(NamedTuple):
    """A format. ``columns``: field to the headers that it may have there, the likeliest first.

    A header with all of ``telling``'s fields is of this format. ``active``: what the words of that column mean.
    """

    name: str
    telling: Sequence[str]
    columns: Mapping[str, Sequence[str]]
    active: Mapping[str, bool] = YES_NO


_MORE: Mapping[str, Sequence[str]] = {
    "email": ("email", "email_address"),
    "graduation_year": ("graduation_year", "grad_year"),
    "school": ("school",),
    "role": ("role",),
    "active": ("active", "is_active", "status"),
}
_NAMES: Mapping[str, Sequence[str]] = {"given_name": ("first_name",), "family_name": ("last_name",)}

OWN = Dialect("syncd", FIELDS, {field: (field,) for field in FIELDS})
"""What syncd exports itself: all fields by their own names, with formulas guarded."""

DIALECTS: Sequence[Dialect] = (
    OWN,
    Dialect(
        "rt-user-id",
        ("id", "given_name", "family_name"),
        {"id": ("id",), **_NAMES, "user_name": ("rt_user_id",), "grade": ("grade",), "advisor": ("advisor",), **_MORE},
    ),
    Dialect(
        "advisor",
        ("id", "given_name", "family_name", "user_name"),
        {
            "id": ("student_id",),
            **_NAMES,
            "user_name": ("username",),
            "grade": ("grade",),
            "advisor": ("advisor",),
            **_MORE,
        },
    ),
    Dialect(
        "google-admin",
        ("given_name", "family_name", "email"),
        {
            "id": ("Employee ID",),
            "given_name": ("First Name [Required]",),
            "family_name": ("Last Name [Required]",),
            "email": ("Email Address [Required]",),
            "active": ("Status [READ ONLY]",),
            ORG_UNIT: ("Org Unit Path [Required]",),
        },
        GOOGLE_STATUS,
    ),
    Dialect(
        "gam",
        ("email", "given_name", "family_name"),
        {
            "id": ("externalIds.0.value",),
            "given_name": ("name.givenName",),
            "family_name": ("name.familyName",),
            "email": ("primaryEmail",),
            "active": ("suspended",),
            ORG_UNIT: ("orgUnitPath",),
        },
        SUSPENDED,
    ),
    Dialect(
        "powerschool",
        ("id", "given_name", "family_name", "grade"),
        {
            "id": ("Student_Number",),
            "given_name": ("First_Name",),
            "family_name": ("Last_Name",),
            "user_name": ("Student_Web_ID", "Web_ID", "Network_ID"),
            "email": ("Student_Email", "Email_Addr", "Email"),
            "grade": ("Grade_Level",),
            "graduation_year": ("Sched_YearOfGraduation", "ClassOf"),
            "school": ("School_Name", "SchoolID"),
            "advisor": ("Advisor", "Home_Room"),
            "active": ("Enroll_Status",),
        },
        ENROLL_STATUS,
    ),
    Dialect(
        "infinite-campus",
        ("id", "given_name", "family_name"),
        {
            "id": ("student.studentNumber",),
            "given_name": ("student.firstName",),
            "family_name": ("student.lastName",),
            "user_name": ("student.username", "userAccount.username"),
            "email": ("student.email", "contacts.email"),
            "grade": ("student.grade",),
            "graduation_year": ("graduation.diplomaYear", "student.gradYear"),
            "school": ("student.schoolName", "sch.name", "cal.name", "student.calendarName"),
            "advisor": ("student.advisor", "student.homeroomTeacher"),
            "active": ("student.active",),
        },
    ),
    Dialect(
        "skyward",
        ("id", "given_name", "family_name", "graduation_year"),
        {
            "id": ("Other ID", "Student ID"),
            "given_name": ("Student First Name", "First Name", "First"),
            "family_name": ("Student Last Name", "Last Name", "Last"),
            "user_name": ("Student Login", "Login"),
            "email": ("Student School Email", "School Email", "Student Email"),
            "grade": ("Student Grade", "Grade", "Gr"),
            "graduation_year": ("Grad Yr", "Graduation Year"),
            "school": ("School", "Entity Name", "Entity"),
            "advisor": ("Advisor", "Homeroom Teacher"),
            "active": ("Student Status", "Status"),
        },
    ),
)


class Layout(NamedTuple):
    """A dialect as one file has it: field to the place of its column."""

    dialect: Dialect
    places: Mapping[str, int]


def layout_of(table: Table, options: RosterFileOptions) -> Layout:
    """Return where the fields are in a file. Raises DataError (``roster.header``, ``roster.columns``)."""
    own = Dialect("columns", (), {})
    found = [Layout(dialect, places(table, dialect, options)) for dialect in _chosen(options.format, own)]
    whole = [layout for layout in found if _is_whole(layout, options)]
    if not whole and options.format == "auto" and options.columns.get("id"):
        whole = [Layout(own, places(table, own, options))]
    if not whole:
        raise _no_header(table, found)
    # The first of those that know the most columns.
    best = max(whole, key=lambda layout: len(layout.places))
    if options.org_units and ORG_UNIT not in best.places:
        raise ConfigurationError(
            f"imports.students.org_units is set, and {table.name} ({best.dialect.name}) has no column with an org "
            "unit; remove the setting, or export that column.",
            code="roster.org_units",
            object=table.name,
        )
    return best


def _chosen(name: str, own: Dialect) -> list[Dialect]:
    """Return the dialects that a file may be in; ``own`` has the columns of the options alone, and is asked for."""
    if name == "auto":
        return [*DIALECTS]
    return [dialect for dialect in (*DIALECTS, own) if dialect.name == name]


def _is_whole(layout: Layout, options: RosterFileOptions) -> bool:
    """Whether a dialect's telling columns are there; one whose columns are all named in the options is not known so."""
    if not {*layout.dialect.telling, "id"} <= layout.places.keys():
        return False
    return options.format != "auto" or bool(layout.places.keys() - options.columns.keys())


def places(table: Table, dialect: Dialect, options: RosterFileOptions) -> dict[str, int]:
    """Return field to place of the columns that are there; those of the options go before those of the dialect."""
    found: dict[str, int] = {}
    named = {str(field): header for field, header in options.columns.items()}
    for field in dict.fromkeys([*dialect.columns, *named]):
        own = named.get(field)
        headers = dialect.columns.get(field, ()) if own is None else (own,)
        place = next((at for header in headers if header and (at := table.place(header)) is not None), None)
        if own and place is None:
            raise _no_column(table, field, own)
        if place is not None:
            _only_one(table, place)
            found[field] = place
    return found


def _only_one(table: Table, place: int) -> None:
    name = table.header[place]
    if [plain(other) for other in table.header].count(plain(name)) > 1:
        raise DataError(
            f"{table.name} has two columns {name!r}; rename or remove one.", code="roster.columns", object=table.name
        )


def _no_column(table: Table, field: str, header: str) -> ConfigurationError:
    near = get_close_matches(header, table.header, n=1)
    return ConfigurationError(
        f"imports.students.columns.{field} names the column {header!r}, which {table.name} does not have"
        + (f"; did you mean {near[0]!r}?" if near else "; look at the first row of the file"),
        code="roster.columns",
        object=table.name,
    )


def _no_header(table: Table, found: Sequence[Layout]) -> DataError:
    """Return the error for a first row that names no columns; its cells may be a person, so they are not told."""
    nearest = max(found, key=lambda layout: len(layout.places))
    fields = [field for field in dict.fromkeys(("id", *nearest.dialect.telling)) if field not in nearest.places]
    missing = ", ".join((nearest.dialect.columns.get(field) or (field,))[0] for field in fields)
    if len(found) == 1:
        said = f"lacks the column {missing}, which the format {nearest.dialect.name} has"
    elif not nearest.places:
        said = "has no header that syncd knows: its first row names none of the columns of any format"
    else:
        said = f"is nearest to the format {nearest.dialect.name}, and lacks its column {missing}"
    return DataError(
        f"{table.name} {said}; give it a header, or name its columns in imports.students.columns.",
        code="roster.header",
        object=table.name,
    )
