"""The tables of the inbox, as this version of syncd reads and writes them; migrations/versions says how they came.

Times are RFC 3339 text in UTC with milliseconds, as in the store. What is asked for all the time has an index of just
the rows that it is asked of, so that events of the past make neither accepting nor claiming slower.
"""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint, text

REVISION = "0001"
"""The newest migration. An opened inbox of this revision is used as it is; a test keeps the two equal."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

facts = Table(
    "facts",
    metadata,
    # Single values: which syncd made the schema.
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    # In the order of acceptance.
    Column("seq", Integer, primary_key=True),
    # Begins with the milliseconds of its acceptance, so that a new one is the last of its index.
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Whether it is the one event of its object that may be claimed: of those that are open, the one that is worked on,
    # else the oldest.
    Column("head", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    # When it may be claimed; of one that is worked on: when its lease ends.
    Column("next_try", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("received", Text, nullable=False),
    # NULL while it is open: waiting or worked on.
    Column("finished", Text),
    Column("code", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("result", LargeBinary),
    UniqueConstraint("kind", "key"),
    Index("ix_events_claimable", "kind", "next_try", sqlite_where=text("head = 1")),
    Index("ix_events_open", "object", "seq", sqlite_where=text("finished IS NULL")),
    Index("ix_events_state", "state", "seq", sqlite_where=text("state <> 'done'")),
)

totals = Table(
    "totals",
    metadata,
    # Numbers of events, kept by triggers on the table of events: counting a million takes too long for each scrape.
    Column("kind", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)
