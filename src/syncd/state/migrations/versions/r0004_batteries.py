"""Keep batteries: their history, and the reports that were imported from files."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the history, of imports and of imported reports."""
    _history()
    op.create_table(
        "battery_imports",
        sa.Column("id", sa.Integer, nullable=False),
        *_texts("content", "reading", "file", "actor", "at", "counts"),
        sa.PrimaryKeyConstraint("id", name="pk_battery_imports"),
    )
    op.create_index("ix_battery_imports_content", "battery_imports", ["content"])
    op.create_table(
        "battery_reports",
        sa.Column("id", sa.Integer, nullable=False),
        *_texts("device"),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("import", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_battery_reports"),
        sa.UniqueConstraint("device", name="uq_battery_reports_device"),
        sa.ForeignKeyConstraint(["import"], ["battery_imports.id"], name="fk_battery_reports_import"),
    )


def _history() -> None:
    op.create_table(
        "battery_history",
        *_texts("device", "time", "source"),
        sa.Column("percent", sa.Float),
        *_texts("health"),
        *[sa.Column(name, sa.Integer) for name in ("full_charge", "design", "cycles", "level")],
        *_texts("battery"),
        sa.Column("batteries", sa.Integer, nullable=False),
        *_texts("others"),
        sa.PrimaryKeyConstraint("device", "time", name="pk_battery_history"),
        sqlite_with_rowid=False,
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
