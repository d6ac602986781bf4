"""The real GAM, before the stand-in for Google.

GAM is redirected by its own discovery cache: the documents there name this server as the API's root, so nothing but
loopback is asked. It signs in as the service account itself (a JWT, no token endpoint).
"""

import email.utils
import json
import os
import shutil
import sys
import warnings
from pathlib import Path

import pytest

from contract.discovery import installed_document
from syncd.sandbox.google import GoogleApp

NO_WAY_OUT = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
"""Environment of a GAM that gets no way out: a proxy that is not there would have to carry what is not for loopback."""

APIS = (("admin", "directory_v1", "admin.directory_v1"), ("chromemanagement", "v1", "chromemanagement.v1"))


def program() -> Path:
    """Return the program; without one its tests are skipped, or fail where it is required."""
    beside = Path(sys.executable).with_name("gam")
    found = beside if beside.exists() else shutil.which("gam")
    if found is None:
        if os.environ.get("SYNCD_REQUIRE_SERVICES") == "1":
            pytest.fail("GAM is required and missing: pip install gam7", pytrace=False)
        pytest.skip("GAM is missing (pip install gam7): what real GAM makes of the stand-in was NOT tested")
    return Path(found)


def configure(google: GoogleApp, url: str, home: Path) -> Path:
    """Make a configuration directory for a stand-in that is served at ``url``, and return it."""
    (home / "drive").mkdir(parents=True)
    google.account.write_credentials(home, url).rename(home / "oauth2service.json")
    settings = {
        "enable_dasa": "true",
        "customer_id": google.tenant.customer,
        "domain": google.tenant.domain,
        "admin_email": "admin@example.org",
        "no_cache": "false",
        "cache_discovery_only": "true",
        "cache_dir": home / "cache",
        "no_update_check": "true",
        "drive_dir": home / "drive",
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    (home / "gam.cfg").write_text("\n".join(["[DEFAULT]", *lines, ""]), encoding="utf-8")
    remember(home / "cache", f"{url}/")
    return home


def remember(cache: Path, root: str) -> None:
    """Fill GAM's cache with the discovery documents, as if it had fetched them."""
    for host, version, name in APIS:
        _remember(cache, root, f"https://{host}.googleapis.com/$discovery/rest?version={version}", name)


def _remember(cache: Path, root: str, url: str, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import modern_httplib2  # noqa: PLC0415 - its import warns

    document = json.loads(installed_document(name)) | {"rootUrl": root, "baseUrl": root}
    document.pop("mtlsRootUrl", None)
    body = json.dumps(document).encode()
    head = {
        "status": "200",
        "content-type": "application/json; charset=UTF-8",
        "date": email.utils.formatdate(usegmt=True),
        "cache-control": "public, max-age=315360000",
        "content-length": str(len(body)),
        "content-location": url,
    }
    lines = "".join(f"{header}: {value}\r\n" for header, value in head.items())
    modern_httplib2.FileCache(str(cache)).set(url, f"{lines}\r\n".encode() + body)
