"""A large roster to import: the first time, and once more with a hundredth changed."""

from pathlib import Path

from bench import imports
from bench.imports import ROWS, Cost

HEADER = "student_id,first_name,last_name,username,grade,advisor\r\n"


def measure(folder: Path) -> tuple[Cost, Cost]:
    """Return what the first import costs, and one in which a hundredth has changed."""
    folder.mkdir()
    files = [write(folder / "first.csv"), write(folder / "second.csv", changed=True)]
    first, second = imports.measure(folder, "students", files)
    return first, second


def write(path: Path, *, changed: bool = False) -> Path:
    """Write a roster; in a changed one every hundredth student is in another grade."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        for number in range(ROWS):
            grade = (number + (changed and number % 100 == 0)) % 13
            names = f"Given{number % 500},Fämily{number % 3000}"
            file.write(f"{number:07},{names},s{number:07},{grade},Advisor {number % 300}\r\n")
    return path
