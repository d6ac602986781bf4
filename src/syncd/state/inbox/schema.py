"""The tables of the inbox, as this version of syncd reads and writes them; migrations/versions says how they came.

Times are RFC 3339 text in UTC with milliseconds, as in the store. What is asked for all the time has an index of just
the rows that it is asked of, so that events of the past make neither accepting nor claiming slower.
"""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from syncd.state.tables import facts_table, new_metadata, texts

REVISION = "0001"
"""The newest migration. An opened inbox of this revision is used as it is; a test keeps the two equal."""

metadata = new_metadata()

facts = facts_table(metadata)

events = Table(
    "events",
    metadata,
    # In the order of acceptance.
    Column("seq", Integer, primary_key=True),
    # Begins with the milliseconds of its acceptance, so that a new one is the last of its index.
    Column("id", Text, nullable=False, unique=True),
    *texts("kind", "sender", "key", "object", "state"),
    # Whether it is the one event of its object that may be claimed: of those that are open, the one that is worked on,
    # else the oldest.
    Column("head", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    # When it may be claimed; of one that is worked on: when its lease ends.
    *texts("next_try", "holder", "received"),
    # NULL while it is open: waiting or worked on.
    Column("finished", Text),
    *texts("code", "error"),
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
