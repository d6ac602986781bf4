"""What the tables of the store and those of the inbox have in common."""

from sqlalchemy import Column, MetaData, Table, Text

REVISION_TABLE = "alembic_version"

_NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


def new_metadata() -> MetaData:
    """Return metadata in which constraints and indices are named as in all migrations."""
    return MetaData(naming_convention=_NAMES)


def facts_table(metadata: MetaData) -> Table:
    """Return a table of single values by name; one is the syncd that made the schema."""
    return Table("facts", metadata, Column("name", Text, primary_key=True), *texts("value"))


def texts(*names: str) -> list[Column[str]]:
    """Return columns for text, of which there always is one."""
    return [Column(name, Text, nullable=False) for name in names]
