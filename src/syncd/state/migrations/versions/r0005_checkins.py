"""Keep check-ins: which devices came back."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of check-ins."""
    op.create_table(
        "checkins",
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("asset", sa.Integer, nullable=False),
        *_texts("at", "name", "type", "serial", "student", "previous_owner"),
        sa.Column("ticket", sa.Integer, nullable=False),
        *_texts("description"),
        sa.Column("broken_screen", sa.Boolean, nullable=False),
        *_texts("checked_by"),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("event", "asset", name="pk_checkins"),
    )
    op.create_index("ix_checkins_at", "checkins", ["at"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
