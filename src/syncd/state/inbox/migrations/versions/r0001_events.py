"""Create the events and their numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_COUNTED = """
INSERT INTO totals (kind, state, number) VALUES ({row}.kind, {row}.state, {by})
ON CONFLICT (kind, state) DO UPDATE SET number = number + {by};
"""
_MORE = _COUNTED.format(row="new", by=1)
_LESS = _COUNTED.format(row="old", by=-1)


def upgrade() -> None:
    """Create all tables of the first schema."""
    op.create_table(
        "facts",
        *_texts("name", "value"),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )
    _create_events()
    op.create_table(
        "totals",
        *_texts("kind", "state"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("kind", "state", name="pk_totals"),
        sqlite_with_rowid=False,
    )
    op.execute(f"CREATE TRIGGER events_come AFTER INSERT ON events BEGIN {_MORE} END")
    op.execute(f"CREATE TRIGGER events_change AFTER UPDATE OF kind, state ON events BEGIN {_LESS} {_MORE} END")
    op.execute(f"CREATE TRIGGER events_go AFTER DELETE ON events BEGIN {_LESS} END")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer, nullable=False),
        *_texts("id", "kind", "sender", "key", "object", "state"),
        sa.Column("head", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        *_texts("next_try", "holder", "received"),
        sa.Column("finished", sa.Text),
        *_texts("code", "error"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("result", sa.LargeBinary),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
        sa.UniqueConstraint("kind", "key", name="uq_events_kind_key"),
    )
    op.create_index("ix_events_claimable", "events", ["kind", "next_try"], sqlite_where=sa.text("head = 1"))
    op.create_index("ix_events_open", "events", ["object", "seq"], sqlite_where=sa.text("finished IS NULL"))
    op.create_index("ix_events_state", "events", ["state", "seq"], sqlite_where=sa.text("state <> 'done'"))
