"""Keep rosters: who belongs to the school, and which imports said so."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of imports and of people."""
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer, nullable=False),
        *_texts("roster", "scope", "extent", "content", "reading", "file", "format", "actor", "at", "counts"),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )
    op.create_table(
        "people",
        *_texts("roster", "id", "school"),
        sa.Column("active", sa.Boolean, nullable=False),
        *_texts("data"),
        sa.Column("import", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("roster", "id", name="pk_people"),
        sa.ForeignKeyConstraint(["import"], ["imports.id"], name="fk_people_import"),
        sqlite_with_rowid=False,
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
