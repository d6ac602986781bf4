"""Credentials as a unit finds them: a file for each, below one directory, for their owner only."""

import os
from pathlib import Path


def write_credential(directory: Path, name: str, content: bytes) -> Path:
    """Write a credential (mode 0600) into a directory, which is made with mode 0700; return its path."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / name
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return path
