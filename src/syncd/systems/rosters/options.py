"""How the files look that a school has, and ``[imports.students]``: what they may do to its roster."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from syncd.host.dropzone import SettleSeconds, check_drop_zone
from syncd.systems.rosters.grades import KNOWN, SchoolYear, unknown_grades
from syncd.systems.rosters.person import FIELDS, Role

Format = Literal[
    "auto",
    "syncd",
    "rt-user-id",
    "advisor",
    "google-admin",
    "gam",
    "oneroster",
    "powerschool",
    "infinite-campus",
    "skyward",
    "columns",
]

Field = Literal[
    "id",
    "given_name",
    "family_name",
    "user_name",
    "email",
    "grade",
    "graduation_year",
    "school",
    "advisor",
    "role",
    "active",
]


class RosterFileOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a roster is read from a file."""

    format: Annotated[
        Format,
        Meta(
            description="Whose columns the files have. `auto` tells by the header; `columns`: only those named below."
        ),
    ] = "auto"
    encoding: Annotated[
        str,
        Meta(
            description="Encoding of the files, by Python's name for it. "
            "`auto`: UTF-8 or UTF-16, with or without a byte order mark, else Windows-1252."
        ),
    ] = "auto"
    columns: Annotated[
        dict[Field, str],
        Meta(
            description="Field to the header of its column, in place of the format's own; an empty header leaves the "
            f"field out. Fields: {', '.join(FIELDS)}."
        ),
    ] = {}
    required: Annotated[
        tuple[Field, ...], Meta(description="Fields that no row may leave empty; `id` is always one of them.")
    ] = ("id", "given_name", "family_name")
    grades: Annotated[
        dict[str, str],
        Meta(description=f'Spellings of grades besides the usual ones, such as `{{ "-1" = "PK" }}`. Grades: {KNOWN}.'),
    ] = {}
    school_year_starts: Annotated[
        str,
        Meta(description="First day of the school year as MM-DD; graduation years are counted from the grade by it."),
    ] = "08-01"
    roles: Annotated[
        tuple[Role, ...],
        Meta(min_length=1, description="Who is taken from a file that tells roles; others are counted and left out."),
    ] = ("student",)
    org_units: Annotated[
        tuple[str, ...],
        Meta(
            description="For Google's exports: take only users of these org units and those below. Empty: all of them."
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for what no type can tell."""
        SchoolYear.starting(self.school_year_starts)
        if wrong := unknown_grades(self.grades):
            raise ValueError(f"grades has {wrong[0]!r} as a grade; known are {KNOWN}")
        if self.encoding != "auto":
            try:
                "".encode(self.encoding)
            except (LookupError, UnicodeError):
                raise ValueError(f"encoding is {self.encoding!r}, which is none of text that Python knows") from None
        if self.format == "columns" and not self.columns.get("id"):
            raise ValueError('format = "columns" needs at least columns.id')

    @property
    def school_year(self) -> SchoolYear:
        """The first day of the school year."""
        return SchoolYear.starting(self.school_year_starts)


class StudentImportOptions(RosterFileOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[imports.students]``."""

    shrink_percent: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="Percentage of the active people of the roster, or of the one school, that one file may let go "
            "without approval; at least one person unless 0.",
        ),
    ] = 20.0
    settle_seconds: SettleSeconds = 5.0
    drop_zone: Annotated[
        str,
        Meta(
            description="Existing folder in which files are left to be imported, as an absolute path; empty: "
            "`drop/students` in the state folder."
        ),
    ] = ""

    def __post_init__(self) -> None:
        """Raise ValueError for what no type can tell."""
        super().__post_init__()
        check_drop_zone(self.drop_zone)
