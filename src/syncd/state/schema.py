"""The tables of the store, as this version of syncd reads and writes them; migrations/versions says how they came.

Times are RFC 3339 text in UTC with milliseconds, so that they sort and read alike on every engine. JSON is kept as
text: it is shown and replaced whole, never searched.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

REVISION = "0006"
"""The newest migration. An opened store of this revision is used as it is; a test keeps the two equal."""

REVISION_TABLE = "alembic_version"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

facts = Table(
    "facts",
    metadata,
    # Single values: which syncd made the schema, each job's totals, snapshot times and digest of external ids.
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("job", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("started", Text, nullable=False),
    Column("finished", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("plan_hash", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("requests", Text, nullable=False),
    Column("code", Text, nullable=False, server_default=""),
    Column("traffic", Text, nullable=False, server_default="{}"),
    # The plan's report; last, so that listing runs does not read it.
    Column("report", Text, nullable=False, server_default=""),
    Index(None, "job", "started"),
    Index(None, "started"),
)

actions = Table(
    "actions",
    metadata,
    Column("run", ForeignKey(runs.c.id), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("action", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reversible", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("settled_at", Text, nullable=False),
    Column("found", Text),
    Column("duration_ms", Integer, nullable=False),
    # The id that a create was given by its system.
    Column("created_object", Text, nullable=False),
    UniqueConstraint("run", "action"),
    Index(None, "system", "object"),
    Index(None, "system", "created_object"),
)

snapshot_meta = Table(
    "snapshot_meta",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scope", Text, nullable=False, unique=True),
    Column("data", LargeBinary, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("scope", ForeignKey(snapshot_meta.c.id), primary_key=True),
    Column("object_id", Text, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

external_ids = Table(
    "external_ids",
    metadata,
    Column("job", Text, primary_key=True),
    Column("left_system", Text, primary_key=True),
    Column("left_id", Text, primary_key=True),
    Column("right_system", Text, primary_key=True),
    Column("right_id", Text, primary_key=True),
    Column("match_key", Text, nullable=False),
    Column("first_seen", Text, nullable=False),
    # Empty while the link holds, else when a run first found it gone.
    Column("gone_since", Text, nullable=False),
    Index(None, "job", "right_system", "right_id"),
)

circuits = Table(
    "circuits",
    metadata,
    Column("system", Text, primary_key=True),
    Column("state", Text, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("roster", Text, nullable=False),
    # The one school that it was for, empty for all; and whether it was all of that: full or partial.
    Column("scope", Text, nullable=False),
    Column("extent", Text, nullable=False),
    # SHA-256 of what was read, and of how it was read.
    Column("content", Text, nullable=False),
    Column("reading", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("counts", Text, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("roster", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    # What is asked for apart; all values are in data, a JSON array: half as many columns are written twice as fast.
    Column("school", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("data", Text, nullable=False),
    # The import that last changed the row.
    Column("import", ForeignKey(imports.c.id), nullable=False),
    # The primary key is the order of the rows: 200,000 are written a sixth faster.
    sqlite_with_rowid=False,
)

battery_history = Table(
    "battery_history",
    metadata,
    Column("device", Text, primary_key=True),
    # When the device reported it.
    Column("time", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("percent", Float),
    Column("health", Text, nullable=False),
    Column("full_charge", Integer),
    Column("design", Integer),
    Column("cycles", Integer),
    Column("level", Integer),
    Column("battery", Text, nullable=False),
    # How many the device has, and those that do not count.
    Column("batteries", Integer, nullable=False),
    Column("others", Text, nullable=False),
    sqlite_with_rowid=False,
)

battery_imports = Table(
    "battery_imports",
    metadata,
    Column("id", Integer, primary_key=True),
    # SHA-256 of what was read, and of how it was read.
    Column("content", Text, nullable=False),
    Column("reading", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Index(None, "content"),
)

battery_reports = Table(
    "battery_reports",
    metadata,
    # A number, so that rows lie in the order of their file: 200,000 are written in half of the time.
    Column("id", Integer, primary_key=True),
    Column("device", Text, nullable=False, unique=True),
    # JSON; shown and replaced whole.
    Column("data", LargeBinary, nullable=False),
    # The import that last changed the row.
    Column("import", ForeignKey(battery_imports.c.id), nullable=False),
)

checkins = Table(
    "checkins",
    metadata,
    Column("event", Text, primary_key=True),
    Column("asset", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("serial", Text, nullable=False),
    Column("student", Text, nullable=False),
    Column("previous_owner", Text, nullable=False),
    # 0: none
    Column("ticket", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("broken_screen", Boolean, nullable=False),
    Column("checked_by", Text, nullable=False),
    # Whether all of it was done; a row is begun before anything is changed.
    Column("done", Boolean, nullable=False),
    Index(None, "at"),
)

tag_sequences = Table(
    "tag_sequences",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("next", Integer, nullable=False),
    # When, and by whom, the next number was set; what is given is in the table of tags.
    Column("changed", Text, nullable=False),
    Column("actor", Text, nullable=False),
)

tags = Table(
    "tags",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # Empty for a number that nobody gets, since RT had the tag already.
    Column("object", Text, nullable=False),
    Column("at", Text, nullable=False),
    Index("ix_tags_held", "object", "prefix", unique=True, sqlite_where=text("object <> ''")),
)
