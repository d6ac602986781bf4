"""Rights that a test gives up."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def without_root() -> Iterator[None]:
    """Give up meanwhile what root may do without any permission."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@contextmanager
def closed_folder(mode: int = 0) -> Iterator[Path]:
    """Give a folder with this mode, in one that everybody may look into, to somebody who is not root."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(mode)
        with without_root():
            yield Path(folder)
