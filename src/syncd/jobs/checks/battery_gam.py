"""What the job battery-gam needs of RT and of this machine: GAM, and a configuration directory that GAM can use."""

import os
import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from syncd.host.checks.engine import Finding, Probe, failed, ok, warning
from syncd.host.credentials import Credentials
from syncd.host.plain_files import is_folder
from syncd.jobs.batteries.options import BatteryGamOptions
from syncd.jobs.battery_gam import NAME
from syncd.systems.gam.folder import FILES

_KEYS = ("gam-oauth2", "gam-oauth2service")
"""The credentials of which GAM needs one."""


def probes(options: BatteryGamOptions, systems: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield the probes of the job; ``systems`` has the checks of those that are configured."""
    if "rt" in systems:
        yield from systems["rt"].for_job(NAME, options.need())
    yield Probe(NAME, "gam program", partial(_program, options.program))
    yield Probe(NAME, "gam configuration", partial(_configuration, options.config_dir), of_credentials=True)


def _program(program: str) -> Finding:
    found = shutil.which(program)
    if found is None:
        return failed(
            f"there is no program {program!r} that may be run",
            "install GAM (pip install gam7), or name its path in `program` of the job",
            "configuration",
        )
    return ok(found)


def _configuration(config_dir: str) -> Finding:
    if config_dir:
        return _directory(Path(config_dir))
    credentials = Credentials()
    given = [name for name in FILES if credentials.find(name) is not None]
    if given and not {*given} & {*_KEYS}:
        return failed(f"there is only {given[0]}", f"give GAM's files as {' or '.join(_KEYS)}, too", "rights")
    if given:
        return ok(f"made of the credentials {', '.join(given)}")
    return warning(
        "GAM is left to find it by itself (GAMCFGDIR, ~/.gam)",
        f"a unit has no home: give it GAM's files as the credentials {' or '.join(_KEYS)}, or name `config_dir`",
    )


def _directory(folder: Path) -> Finding:
    if not is_folder(folder):
        return failed(f"{folder} is no directory", "correct `config_dir` of the job", "configuration")
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        return failed(
            f"{folder} cannot be written by this user",
            "GAM keeps tokens and a cache there; give it the right",
            "rights",
        )
    keys = [FILES[name] for name in _KEYS]
    if not any((folder / key).exists() for key in keys):
        return failed(
            f"{folder} has no {' and no '.join(keys)}", "run `gam create project` with it, or copy one there", "rights"
        )
    return ok(str(folder))
