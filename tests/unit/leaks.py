"""A guard around every command that tests run: what it printed and logged holds none of its credentials."""

import json
from pathlib import Path

_SHORTEST = 12
"""Shorter texts are made up by tests, and may stand for anything."""


def check(credentials: str | Path | None, *texts: str) -> None:
    """Fail when one of these texts has a secret of a folder of credentials in it."""
    if credentials is None or not Path(credentials).is_dir():
        return
    for file in filter(Path.is_file, Path(credentials).iterdir()):
        for secret in _secrets(file.read_text(errors="replace")):
            assert not any(secret in text for text in texts), f"the credential {file.name} came out of a command"


def _secrets(text: str) -> list[str]:
    """Return the lines of a credential; of a service account's key those of its private key."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict):
        text = str(document.get("private_key", ""))
    return [line for line in map(str.strip, text.splitlines()) if len(line) >= _SHORTEST and "-----" not in line]
