"""Run it: `make soak`. Prints what happened, and ends with 1 where something must not have."""

import argparse
import sys
import tempfile
from pathlib import Path

from soak.crashes import crashes
from soak.model import explore
from soak.webhooks import soak

EVENTS, KILLS, CRASHES, MINUTES = 20_000, 500, 1_000, 8.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, help=f"events that the listener is told [{EVENTS}]; 0: no listener")
    parser.add_argument("--kills", type=int, help=f"kills of listener and worker [{KILLS}]")
    parser.add_argument(
        "--crashes", type=int, help=f"kills of all other commands [{CRASHES}, none with --events or --kills alone]"
    )
    parser.add_argument("--lanes", type=int, help="commands that are killed at a time [processors]")
    parser.add_argument("--model", type=float, help=f"minutes of the model test, alone [{MINUTES:g} after all others]")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.model is not None:
        return model(asked.model, asked.seed)
    listens = asked.events is not None or asked.kills is not None
    events = EVENTS if asked.events is None else asked.events
    found: list[object] = []
    if wanted := (0 if listens else CRASHES) if asked.crashes is None else asked.crashes:
        found.append(crashes(wanted, asked.seed, asked.lanes))
    if events and (listens or asked.crashes is None):
        kills = KILLS if asked.kills is None else asked.kills
        with tempfile.TemporaryDirectory(prefix="syncd-soak-") as folder:
            found.append(soak(Path(folder), events=events, kills=kills, seed=asked.seed, patience=3600))
    for tally in found:
        for name, value in vars(tally).items():
            print(f"{name}: {value}")
    if not listens and asked.crashes is None:
        model(MINUTES, asked.seed)
    return 1 if any(vars(tally)["wrong"] for tally in found) else 0


def model(minutes: float, seed: int) -> int:
    for what, times in sorted(explore(minutes=minutes, first_seed=seed).items()):
        print(f"{what}: {times}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
