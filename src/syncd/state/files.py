"""The state directory: 0700, its files 0600, whatever the umask; and a clear word when it cannot be had."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from syncd.host.errors import ConfigurationError, NotPermitted

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


def prepare_directory(directory: Path) -> None:
    """Create a directory and its missing parents with mode 0700; one that exists is left as it is.

    Raises ConfigurationError (``state.directory``) or NotPermitted (``state.not_permitted``).
    """
    with _explained(directory):
        missing = [path for path in (directory, *directory.parents) if not path.exists()]
        for path in reversed(missing):
            with suppress(FileExistsError):
                path.mkdir()
                path.chmod(DIRECTORY_MODE)
        if not directory.is_dir():
            raise NotADirectoryError
        if not os.access(directory, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
            raise PermissionError


def prepare_file(path: Path) -> None:
    """Create an empty file with mode 0600, or take other people's rights to an existing one away.

    The file is not opened: closing it would drop the locks that SQLite holds on it in this process.
    """
    with _explained(path):
        with suppress(FileExistsError):
            os.mknod(path, FILE_MODE | stat.S_IFREG)
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise IsADirectoryError
        if stat.S_IMODE(mode) != FILE_MODE:
            path.chmod(FILE_MODE)
        if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
            raise PermissionError


def is_file(path: Path) -> bool:
    """Return whether there is a file; raises NotPermitted (``state.not_permitted``) where that cannot be seen."""
    with _explained(path):
        try:
            return stat.S_ISREG(path.stat().st_mode)
        except FileNotFoundError:
            return False


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn an OSError into a sentence with a remedy."""
    try:
        yield
    except PermissionError as error:
        raise NotPermitted(
            f"syncd may not read and write {path}; give it to the user that syncd runs as, or set state.directory "
            "to a directory of that user.",
            code="state.not_permitted",
            object=str(path),
        ) from error
    except OSError as error:
        why = error.strerror or "it is not a directory or a file of syncd"
        raise ConfigurationError(
            f"{path} cannot be used for the state of syncd ({why}); set state.directory to a directory on a local, "
            "writable disk (under systemd: below StateDirectory=).",
            code="state.directory",
            object=str(path),
        ) from error
