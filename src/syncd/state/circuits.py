"""Circuit states that outlive a run. Fits ``host.circuit.CircuitMemory``."""

import msgspec
from sqlalchemy import select

from syncd.host.circuit import CircuitState
from syncd.state.database import Database
from syncd.state.schema import circuits


class Circuits:
    """One state for each outside system."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, system: str) -> CircuitState | None:
        """Return what was saved for a system, or None; also for one that cannot be read: the circuit starts closed."""
        with self._database.read() as connection:
            text = connection.scalar(select(circuits.c.state).where(circuits.c.system == system))
        return None if text is None else _decoded(text)

    def all(self) -> dict[str, CircuitState]:
        """Return what was saved for each system; a system that never failed is not among them."""
        with self._database.read() as connection:
            rows = connection.execute(select(circuits.c.system, circuits.c.state).order_by(circuits.c.system)).all()
        return {system: state for system, text in rows if (state := _decoded(text)) is not None}

    def save(self, system: str, state: CircuitState) -> None:
        """Keep the state of a system."""
        text = msgspec.json.encode(state).decode()
        with self._database.write() as connection:
            connection.execute(circuits.delete().where(circuits.c.system == system))
            connection.execute(circuits.insert().values(system=system, state=text))


def _decoded(text: str) -> CircuitState | None:
    try:
        return msgspec.json.decode(text, type=CircuitState)
    except msgspec.DecodeError:
        return None
