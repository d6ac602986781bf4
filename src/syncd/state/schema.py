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
    Table,
    Text,
    UniqueConstraint,
    text,
)

from syncd.state.tables import facts_table, new_metadata, texts

REVISION = "0006"
"""The newest migration. An opened store of this revision is used as it is; a test keeps the two equal."""

metadata = new_metadata()

facts = facts_table(metadata)
"""Besides, each job's totals, snapshot times and digest of external ids, and positions in feeds."""

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    *texts("job", "mode", "actor", "started", "finished", "result", "error"),
    *texts("plan_hash", "counts", "sources", "requests"),
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
    *texts("action", "kind", "system", "object", "label", "before", "after", "reason", "source"),
    Column("reversible", Boolean, nullable=False),
    *texts("state", "error", "code", "started_at", "settled_at"),
    Column("found", Text),
    Column("duration_ms", Integer, nullable=False),
    # The id that a create was given by its system.
    *texts("created_object"),
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
    *texts("match_key", "first_seen"),
    # Empty while the link holds, else when a run first found it gone.
    *texts("gone_since"),
    Index(None, "job", "right_system", "right_id"),
)

circuits = Table(
    "circuits",
    metadata,
    Column("system", Text, primary_key=True),
    *texts("state"),
)

imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True),
    *texts("roster"),
    # The one school that it was for, empty for all; and whether it was all of that: full or partial.
    *texts("scope", "extent"),
    # SHA-256 of what was read, and of how it was read.
    *texts("content", "reading", "file", "format", "actor", "at", "counts"),
)

people = Table(
    "people",
    metadata,
    Column("roster", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    # What is asked for apart; all values are in data, a JSON array: half as many columns are written twice as fast.
    *texts("school"),
    Column("active", Boolean, nullable=False),
    *texts("data"),
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
    *texts("source"),
    Column("percent", Float),
    *texts("health"),
    Column("full_charge", Integer),
    Column("design", Integer),
    Column("cycles", Integer),
    Column("level", Integer),
    *texts("battery"),
    # How many the device has, and those that do not count.
    Column("batteries", Integer, nullable=False),
    *texts("others"),
    sqlite_with_rowid=False,
)

battery_imports = Table(
    "battery_imports",
    metadata,
    Column("id", Integer, primary_key=True),
    # SHA-256 of what was read, and of how it was read.
    *texts("content", "reading", "file", "actor", "at", "counts"),
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
    *texts("at", "name", "type", "serial", "student", "previous_owner"),
    # 0: none
    Column("ticket", Integer, nullable=False),
    *texts("description"),
    Column("broken_screen", Boolean, nullable=False),
    *texts("checked_by"),
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
    *texts("changed", "actor"),
)

tags = Table(
    "tags",
    metadata,
    Column("prefix", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # Empty for a number that nobody gets, since RT had the tag already.
    *texts("object", "at"),
    Index("ix_tags_held", "object", "prefix", unique=True, sqlite_where=text("object <> ''")),
)
