"""The file of an export: whole or as it was, for its owner only, and a sentence when it cannot be written."""

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from syncd.host.errors import DataError, IntegrationError, NotPermitted, Unavailable
from syncd.host.whole_file import replaced
from syncd.state.files import FILE_MODE

_FORBIDDEN = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))
_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO))


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file that takes the place of ``path`` when nothing was raised; else ``path`` is as it was.

    Call it only while holding a lock. Raises DataError (``export.unwritable``), NotPermitted (``export.not_permitted``)
    and Unavailable (``export.disk``).
    """
    with explained(path):
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(path.stat().st_mode):
                raise OSError(errno.EINVAL, "it is no file that could be replaced")
        with replaced(path, FILE_MODE) as file:
            yield file


@contextmanager
def explained(path: Path | str) -> Iterator[None]:
    """Turn an OSError of writing to a file into a sentence with a remedy; a pipe that nobody reads is none."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _explanation(path, error) from error


def _explanation(path: Path | str, error: OSError) -> IntegrationError:
    kind: type[IntegrationError] = DataError
    code, remedy = "export.unwritable", "name a file in a folder that is there"
    if error.errno in _FORBIDDEN:
        kind, code = NotPermitted, "export.not_permitted"
        remedy = "give the folder to the user that syncd runs as, or name another one"
    elif error.errno in _NO_ROOM:
        kind, code, remedy = Unavailable, "export.disk", "free some space, and run it again"
    return kind(
        f"the export cannot be written to {path}, what was there is as it was: {error.strerror or error}; {remedy}.",
        code=code,
        object=str(path),
    )
