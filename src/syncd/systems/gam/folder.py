"""GAM's configuration directory: the admin's own, or a private one that is made of credentials for one command.

GAM reads it and writes to it: it renews the token in ``oauth2.txt``, locks that file, and keeps a cache (gam7 7.49). A
unit has no folder for both, and no home. What GAM writes into a private one goes with it, which costs it one renewal.
"""

import configparser
import io
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from syncd.host.credentials import Secret
from syncd.host.errors import ConfigurationError
from syncd.host.plain_files import is_folder
from syncd.systems.gam.command import SYSTEM

FILES: Mapping[str, str] = {
    "gam-cfg": "gam.cfg",
    "gam-oauth2": "oauth2.txt",
    "gam-oauth2service": "oauth2service.json",
}
"""Name of a credential to the file of GAM that it is."""

NAME = "gam"
"""The directory's name: nixpkgs' GAM takes ``$XDG_CONFIG_HOME/gam``, whatever GAMCFGDIR says."""

_CFG = "gam-cfg"
_SETTINGS = {"gam-oauth2": "oauth2_txt", "gam-oauth2service": "oauth2service_json"}
_DIRECTORIES = ("cache_dir", "drive_dir")
_OF_ANOTHER_PLACE = ("config_dir", "client_secrets_json", "cmdlog")
Find = Callable[[str], Secret | None]


@contextmanager
def config_folder(config_dir: str, find: Find, environ: Mapping[str, str]) -> Iterator[str]:
    """Give the directory to run GAM with; "" leaves it to GAM.

    ``config_dir`` goes before credentials, which ``find`` looks up. A private directory is in the unit's runtime
    directory where it has one (tmpfs), and is gone when the context is left. Raises ConfigurationError
    ``gam.not_configured``.
    """
    secrets = {} if config_dir else {name: secret for name in FILES if (secret := find(name)) is not None}
    if not secrets and (not config_dir or Path(config_dir).name == NAME or not is_folder(config_dir)):
        yield config_dir
        return
    base = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or None
    with TemporaryDirectory(prefix="syncd-gam-", dir=base, ignore_cleanup_errors=True) as private:
        folder = Path(private, NAME)
        if secrets:
            _fill(folder, {name: secret.reveal() for name, secret in secrets.items()})
        else:
            folder.symlink_to(Path(config_dir).absolute(), target_is_directory=True)
        yield str(folder)


def _fill(folder: Path, texts: Mapping[str, str]) -> None:
    """Write GAM's files, for their owner only."""
    for made in (folder, folder / "cache", folder / "drive"):
        made.mkdir(mode=0o700)
    for name, text in {_CFG: "", **texts}.items():
        content = _settings(text, folder, texts) if name == _CFG else text
        file = folder / FILES[name]
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(content, encoding="utf-8")


def _settings(text: str, folder: Path, given: Collection[str]) -> str:
    """Return a gam.cfg for this folder: paths of the place where it was written are taken out.

    A folder for the cache or for downloads that GAM may write to stays.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as problem:
        raise ConfigurationError(
            f"the credential {_CFG} is no gam.cfg ({type(problem).__name__}); give it the file that GAM wrote",
            code="gam.not_configured",
            system=SYSTEM,
            object=_CFG,
        ) from None
    for section in (parser.default_section, *parser.sections()):
        for item in (*_OF_ANOTHER_PLACE, *(_SETTINGS[name] for name in given if name in _SETTINGS)):
            parser.remove_option(section, item)
        for item in _DIRECTORIES:
            if parser.has_option(section, item) and not _usable(parser.get(section, item)):
                parser.remove_option(section, item)
    for item, value in {"cache_dir": "cache", "drive_dir": "drive", "no_update_check": "true"}.items():
        if not parser.has_option(parser.default_section, item):
            here = str(folder / value) if item in _DIRECTORIES else value
            parser.set(parser.default_section, item, here)
    written = io.StringIO()
    parser.write(written)
    return written.getvalue()


def _usable(place: str) -> bool:
    return os.path.isabs(place) and is_folder(place) and os.access(place, os.W_OK | os.X_OK)  # noqa: PTH117
