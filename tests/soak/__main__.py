"""Run it: `make soak`. Prints what happened, and ends with 1 where something must not have."""

import argparse
import sys
import tempfile
from pathlib import Path

from soak.webhooks import soak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncd-soak-") as folder:
        tally = soak(Path(folder), events=asked.events, kills=asked.kills, seed=asked.seed, patience=3600)
    for name, value in vars(tally).items():
        print(f"{name}: {value}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
