"""Whether a credential is there: which source has it, whether it can be read, and who else may read it."""

import stat
from pathlib import Path

from syncd.host.checks.engine import Finding, Means, Probe, ok, warning

_SYSTEMDS_OWN = Path("/run/credentials")
"""systemd lets a unit's user in by an access control list, which shows as rights of the group."""


def credential(area: str, name: str, means: Means, *needs: str) -> Probe:
    """Return the probe of a credential that an area uses."""
    return Probe(area, f"credential {name}", lambda: _look(name, means), needs, of_credentials=True)


def _look(name: str, means: Means) -> Finding:
    means.credentials.get(name)  # raises for one that is missing, unreadable or empty
    source = means.credentials.source(name)
    place = means.credentials.place(name)
    if not isinstance(place, Path):
        return ok(f"from the {source}{f' variable ${place}' if source == 'environment' else ''}")
    mode = stat.S_IMODE(place.stat().st_mode)
    found = f"from {place}, mode {mode:04o}"
    others = stat.S_IRWXO if place.is_relative_to(_SYSTEMDS_OWN) else stat.S_IRWXO | stat.S_IRWXG
    if mode & others:
        return warning(f"{found}: others than its owner may use it", f"chmod 600 {place}")
    return ok(found)
