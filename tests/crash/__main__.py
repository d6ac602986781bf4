"""Run the kills in this process, which has to have no threads, and print a line of JSON for each scene."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import msgspec

from crash.scenes import SCENES
from crash.trials import run_scene

MEMORY = "/dev/shm"  # noqa: S108 - a folder in it is made by tempfile
"""Where files are in memory: a kill -9 loses nothing that was written to a file, wherever that is."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", help="names of scenes [all]")
    parser.add_argument("--kills", type=int, default=0, help="kills of each scene, 0 for all boundaries [0]")
    parser.add_argument("--at-random", type=int, default=0, help="kills of each scene at moments of chance [0]")
    parser.add_argument("--seed", type=int, default=1, help="of the sandbox, and of chance [1]")
    parser.add_argument("--drift", action="store_true", help="let both sides differ in every way")
    parser.add_argument("--concurrency", type=int, default=1, help="requests at a time to each system [1]")
    asked = parser.parse_args()
    wrong, memory = False, MEMORY if os.access(MEMORY, os.W_OK) else None
    for scene in [scene for scene in SCENES if scene.name in asked.scenes or not asked.scenes]:
        with tempfile.TemporaryDirectory(prefix="syncd-crash-", dir=memory) as folder:
            tally = run_scene(
                scene,
                Path(folder),
                kills=asked.kills,
                at_random=asked.at_random,
                seed=asked.seed,
                drift=asked.drift,
                concurrency=asked.concurrency,
            )
        print(msgspec.json.encode(tally).decode(), flush=True)
        wrong = wrong or bool(tally.wrong)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
