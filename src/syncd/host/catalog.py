"""The kinds of records as the catalog file that ``journalctl -x`` explains them with (https://systemd.io/CATALOG/)."""

import textwrap

from syncd.host.messages import MessageId

_WIDTH = 96
_HEAD = """\
# What `journalctl -x` says about syncd's records (https://systemd.io/CATALOG/). Made from src/syncd/host/messages.
# Install it in /usr/local/lib/systemd/catalog and run `journalctl --update-catalog`.
"""


def catalog() -> str:
    """Return the catalog file for ``journalctl --update-catalog``."""
    return "\n".join([_HEAD, *map(_entry, MessageId)])


def _entry(kind: MessageId) -> str:
    lines = [line for text in kind.remedy.split("\n") for line in _wrapped(text)]
    return "\n".join(
        [
            f"-- {kind}",
            f"Subject: {kind.subject}",
            "Defined-By: syncd",
            f"Documentation: {kind.documentation}",
            "",
            *_wrapped(kind.happened),
            "",
            *lines,
            "",
        ]
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
