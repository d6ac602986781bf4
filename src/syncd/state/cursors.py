"""How far something was read that goes on for ever, such as a feed of changes."""

from sqlalchemy import select

from syncd.state.database import Database
from syncd.state.schema import facts

CURSOR = "cursor:"
"""How the facts begin that are cursors."""


class Cursors:
    """Numbers by name; each is on disk when it was set."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> int | None:
        """Return where a cursor stands; None where it was never set."""
        with self._database.read() as connection:
            text = connection.scalar(select(facts.c.value).where(facts.c.name == CURSOR + name))
        return None if text is None else int(text)

    def set(self, name: str, number: int) -> None:
        """Set a cursor."""
        with self._database.write() as connection:
            same = facts.c.name == CURSOR + name
            if not connection.execute(facts.update().where(same).values(value=str(number))).rowcount:
                connection.execute(facts.insert().values(name=CURSOR + name, value=str(number)))
