"""Keep asset tags: the sequences, and which number belongs to which asset."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of sequences and of tags."""
    op.create_table(
        "tag_sequences",
        *_texts("prefix"),
        sa.Column("next", sa.Integer, nullable=False),
        *_texts("changed", "actor"),
        sa.PrimaryKeyConstraint("prefix", name="pk_tag_sequences"),
    )
    op.create_table(
        "tags",
        *_texts("prefix"),
        sa.Column("number", sa.Integer, nullable=False),
        *_texts("object", "at"),
        sa.PrimaryKeyConstraint("prefix", "number", name="pk_tags"),
    )
    op.create_index("ix_tags_held", "tags", ["object", "prefix"], unique=True, sqlite_where=sa.text("object <> ''"))


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
