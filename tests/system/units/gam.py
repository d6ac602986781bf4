"""The real GAM in the box, led to the sandbox by its own discovery cache.

It is started as nixpkgs' package starts it: by a wrapper that looks for the configuration in ``$XDG_CONFIG_HOME/gam``,
whatever GAMCFGDIR says. The wrapper of the tests also puts the discovery documents into GAM's cache.
"""

from pathlib import Path

from contract.real_gam import NO_WAY_OUT, remember
from services.box import Box
from syncd.sandbox.site import ADMIN, Sandbox
from system.units.host import SECRETS, Host

PROGRAM = "/opt/syncd/bin/gam"
_DOCUMENTS = "/opt/gam-documents"
_WRAPPER = f"""#!/bin/sh
export GAMCFGDIR="${{XDG_CONFIG_HOME:-$HOME/.config}}/gam"
cp {_DOCUMENTS}/* "$GAMCFGDIR/cache/"
exec /opt/syncd/venv/bin/python -c 'import sys; from gam.__main__ import main; sys.exit(main())' "$@"
"""
# As GAM writes it in the home of an admin; the unit sees none of these folders.
_CFG = """\
[DEFAULT]
admin_email = {admin}
cache_dir = /home/admin/.gam/gamcache
cache_discovery_only = true
config_dir = /home/admin/.gam
customer_id = {customer}
domain = {domain}
drive_dir = /home/admin/Downloads
enable_dasa = true
oauth2service_json = oauth2service.json
"""
FILES = ("gam-cfg", "gam-oauth2service")


def install(box: Box, site: Sandbox, folder: Path) -> None:
    """Put GAM into the box, and what it would have fetched of Google."""
    remember(folder, f"{site.url}/")
    box.run("rm", "-rf", _DOCUMENTS)
    box.write(f"{_DOCUMENTS}/README", "")
    for document in folder.iterdir():
        box.push(document, f"{_DOCUMENTS}/{document.name}")
    box.write(PROGRAM, _WRAPPER, 0o755)


def set_up(host: Host) -> None:
    """Give the host GAM's files as secrets, and the unit no way to Google."""
    tenant = host.site.google.tenant
    host.put_secret("gam-cfg", _CFG.format(admin=ADMIN, customer=tenant.customer, domain=tenant.domain))
    host.put_secret("gam-oauth2service", (host.site.credentials_directory / "google-service-account").read_text())
    lines = "".join(f"Environment={name}={value}\n" for name, value in NO_WAY_OUT.items())
    host.drop_in("syncd-battery-gam.service", f"[Service]\n{lines}")


def credentials() -> dict[str, str]:
    return {name: f"{SECRETS}/{name}" for name in FILES}
