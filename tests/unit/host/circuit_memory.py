"""What circuits remember, kept for a test."""

from syncd.host.circuit import CircuitState


class Memory:
    """A memory that outlives circuits."""

    def __init__(self) -> None:
        self.states: dict[str, CircuitState] = {}
        self.saves = 0

    def load(self, system: str) -> CircuitState | None:
        return self.states.get(system)

    def save(self, system: str, state: CircuitState) -> None:
        self.states[system] = state
        self.saves += 1
