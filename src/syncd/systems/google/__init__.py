"""Google Workspace, by the Admin SDK's Directory API: ChromeOS devices, org units and users.

``open_google`` is the way in. It is loaded when it is asked for, so that reading the options costs no HTTP client.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.systems.google.provider import Google, open_google

__all__ = ["Google", "open_google"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from syncd.systems.google import provider  # noqa: PLC0415 - see the docstring

        return getattr(provider, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
