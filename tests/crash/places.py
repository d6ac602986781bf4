"""A scene on the disk: its sandbox, its folder as it is before the command, and the way back to that."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from crash.processes import REFUSED, Commands, serving
from crash.scenes import Scene, Words
from services.ports import free_port
from syncd.reconcile.plan import decode_plan
from syncd.sandbox.site import ADMIN, Sandbox
from syncd.sandbox.store import Documents
from syncd.state.store import FILE_NAME

DEVICES = 12

_CONFIGURATION = """\
[state]
directory = "{folder}/state"
[metrics]
textfile_directory = "{folder}/metrics"
[google]
delegated_user = "{admin}"
api_root = "{url}/"
rate = 1000
concurrency = {concurrency}
attempts = 2
budget_seconds = 3
[rt]
url = "{url}/rt"
rate = 1000
concurrency = {concurrency}
attempts = 2
budget_seconds = 3
"""


class Place:
    """Where a scene is: ``folder`` is put back to what it was by ``restore``, ``sandbox`` never changes."""

    def __init__(self, scene: Scene, directory: Path, sandbox: Sandbox, folder: Path) -> None:
        self.scene = scene
        self.sandbox = sandbox
        self.folder = folder
        self._kept = directory / "kept"
        self._run = ""
        self.commands = Commands(directory, _environment(folder))

    def words(self, words: Words) -> Words:
        """Return a command with its folder, its run, and the hash of the plan that there is now."""
        plan = self.folder / "plan.json"
        digest = decode_plan(plan.read_bytes(), plan.name).hash if plan.exists() else ""
        return tuple(word.format(folder=self.folder, run=self._run, hash=digest) for word in words)

    def keep(self) -> None:
        """Take the folder as it is for the beginning."""
        self._run = newest_run(self.folder / "state")
        shutil.copytree(self.folder, self._kept)

    def restore(self) -> None:
        """Put the folder back."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._kept, self.folder)


@contextmanager
def place(
    scene: Scene, directory: Path, *, seed: int = 1, drift: bool = False, concurrency: int = 1
) -> Iterator[Place]:
    """Make the sandbox, run the commands of the setup, and take all of that as the beginning.

    ``drift``: with all ways in which both sides may differ, besides those of the scene.
    """
    folder = directory / "site"
    for name in ("metrics", "home", "credentials", "out"):
        (folder / name).mkdir(parents=True)
    options = {"devices": 40 if drift else DEVICES, "drift": drift, "seed": seed, "port": free_port(), **scene.sandbox}
    sandbox = Sandbox(directory / "sandbox", **options)
    sandbox.google.account._kept.put("key", {"private_key": _private_key(), "private_key_id": "synthetic"})
    # In memory only from here on: a child must not write into the file of its parent.
    sandbox.google.tenant.documents.close()
    _configure(scene, folder, sandbox, concurrency)
    scene.prepare(folder, sandbox)
    found = Place(scene, directory, sandbox, folder)
    try:
        _set_up(found, options)
        scene.change(folder, found.sandbox)
        found.keep()
        yield found
    finally:
        found.sandbox.stop()


@cache
def _private_key() -> str:
    """Return a key that is read in a fifth of the time of a good one, by every command."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - it guards nothing
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _set_up(found: Place, options: dict[str, object]) -> None:
    """Run the commands of the setup, and let the sandbox go on from what they made of it."""
    if not found.scene.setup:
        return
    with serving(found.sandbox) as served:
        for words in found.scene.setup:
            ended = found.commands(*found.words(words))
            assert ended.status in (0, REFUSED), ended.log
        changed, world = bool(served.effects()), served.world()
    if not changed:
        return
    found.sandbox.stop()
    directory = found.sandbox.directory.with_name("sandbox-after")
    directory.mkdir()
    documents = Documents(directory / "sandbox.sqlite")
    for name, items in world.items():
        documents.collection(name).put_all(items.items())
    documents.close()
    found.sandbox = Sandbox(directory, **options)  # type: ignore[arg-type]
    found.sandbox.google.tenant.documents.close()


def _configure(scene: Scene, folder: Path, sandbox: Sandbox, concurrency: int) -> None:
    head = _CONFIGURATION.format(folder=folder, url=sandbox.url, admin=ADMIN, concurrency=concurrency)
    (folder / "config.toml").write_text(head + scene.tables.replace("{folder}", str(folder)))
    key = msgspec.json.encode(sandbox.google.account.key_file(sandbox.url)).decode()
    for name, secret in (("google-service-account", key), ("rt-token", sandbox.rt.token())):
        path = folder / "credentials" / name
        path.write_text(secret)
        path.chmod(0o600)


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder / "home"),
        "USER": "crash",
        "SYNCD_CONFIG": str(folder / "config.toml"),
        "CREDENTIALS_DIRECTORY": str(folder / "credentials"),
    }


def newest_run(state: Path) -> str:
    """Return the id of the newest run in a store, empty where there is none."""
    if not (state / FILE_NAME).exists():
        return ""
    with closing(sqlite3.connect(state / FILE_NAME)) as connection:
        found = connection.execute("SELECT id FROM runs ORDER BY started DESC, rowid DESC LIMIT 1").fetchone()
    return str(found[0]) if found else ""
