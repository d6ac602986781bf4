"""Run it: `make soak`. Prints what happened, and ends with 1 where something must not have."""

import argparse
import sys
import tempfile
from pathlib import Path

from soak.crashes import crashes
from soak.model import explore
from soak.webhooks import soak

EVENTS, KILLS, CRASHES, MINUTES = 20_000, 500, 1_000, 8.0
PATIENCE = 2 * 3600.0
"""Seconds for the events."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, help=f"events that the listener is told [{EVENTS}], alone")
    parser.add_argument("--kills", type=int, help=f"kills of listener and worker [{KILLS}], alone")
    parser.add_argument("--crashes", type=int, help=f"kills of all other commands [{CRASHES}], alone")
    parser.add_argument("--lanes", type=int, help="commands that are killed at a time [processors]")
    parser.add_argument("--model", type=float, help=f"minutes of the model test, alone [{MINUTES:g} after all others]")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.model is not None:
        return model(asked.model, asked.seed)
    everything = asked.events is None and asked.kills is None and asked.crashes is None
    good = True
    if wanted := (CRASHES if everything else 0) if asked.crashes is None else asked.crashes:
        good &= told(crashes(wanted, asked.seed, asked.lanes))
    if everything or asked.events or asked.kills:
        with tempfile.TemporaryDirectory(prefix="syncd-soak-") as folder:
            events, kills = asked.events or EVENTS, asked.kills or KILLS
            good &= told(soak(Path(folder), events=events, kills=kills, seed=asked.seed, patience=PATIENCE))
    if everything:
        model(MINUTES, asked.seed)
    return 0 if good else 1


def told(tally: object) -> bool:
    """Print what happened, and return whether nothing was wrong."""
    for name, value in vars(tally).items():
        print(f"{name}: {value}", flush=True)
    return not vars(tally)["wrong"]


def model(minutes: float, seed: int) -> int:
    for what, times in sorted(explore(minutes=minutes, first_seed=seed).items()):
        print(f"{what}: {times}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
