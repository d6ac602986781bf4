"""A session of Requests that takes nothing from the environment."""

import os
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter

from syncd import __version__
from syncd.host.errors import ConfigurationError
from syncd.host.redaction import hide


class _Session(requests.Session):
    """A session that looks nowhere else: to know where a redirect leads, requests reads its body, however long."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        """Return that there is none."""
        return


def open_session(system: str, *, pool: int, ca_file: str | None, proxy: str | None) -> requests.Session:
    """Return a session that takes nothing from the environment: no ``.netrc``, proxies, CA variables or cookies."""
    if ca_file and not _is_readable(ca_file):
        raise ConfigurationError(
            f"{system}.ca_file names {ca_file}, which is not a readable file.", code=f"{system}.ca_file", system=system
        )
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    session.headers.update(
        {"User-Agent": f"syncd/{__version__}", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
    )
    session.verify = ca_file or True
    if proxy:
        password = urlsplit(proxy).password or ""
        hide([password, unquote(password)])
        session.proxies = {"http": proxy, "https": proxy}
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=pool, pool_block=True, max_retries=0))
    return session


def _is_readable(path: str) -> bool:
    # Path.is_file raises where it may not look.
    return os.path.isfile(path) and os.access(path, os.R_OK, effective_ids=True)  # noqa: PTH113
