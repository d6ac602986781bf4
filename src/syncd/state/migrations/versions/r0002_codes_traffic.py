"""Keep of each run the code of its error, and what it asked of its systems."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and put the report behind them again: SQLite reads a row up to the last column asked for."""
    op.alter_column("runs", "report", new_column_name="old_report")
    for name, empty in (("code", ""), ("traffic", "{}"), ("report", "")):
        op.add_column("runs", sa.Column(name, sa.Text, nullable=False, server_default=empty))
    op.execute("UPDATE runs SET report = old_report")
    op.drop_column("runs", "old_report")
