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
        try:
            return None if text is None else msgspec.json.decode(text, type=CircuitState)
        except msgspec.DecodeError:
            return None

    def save(self, system: str, state: CircuitState) -> None:
        """Keep the state of a system."""
        text = msgspec.json.encode(state).decode()
        with self._database.write() as connection:
            connection.execute(circuits.delete().where(circuits.c.system == system))
            connection.execute(circuits.insert().values(system=system, state=text))
