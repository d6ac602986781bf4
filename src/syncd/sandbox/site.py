"""A whole sandbox: both stand-ins behind one server, their state, and the configuration that leads to them."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self

from syncd.sandbox.credentials import write_credential
from syncd.sandbox.faults import Faults
from syncd.sandbox.fleet import Fleet, make_fleet
from syncd.sandbox.google import GoogleApp
from syncd.sandbox.people import People, make_people, school_year
from syncd.sandbox.rt import RtApp
from syncd.sandbox.server import Server
from syncd.sandbox.store import Documents
from syncd.sandbox.streamed.google import StreamedGoogle
from syncd.sandbox.streamed.numbering import Numbering
from syncd.sandbox.streamed.rt import StreamedRt

ADMIN = "admin@example.org"
GOOGLE_OWNED = {
    "CF.{Model}": "model",
    "CF.{OS Version}": "osVersion",
    "CF.{Last Sync}": "lastSync",
    "CF.{AUE Date}": "autoUpdateThrough",
    "CF.{OU}": "orgUnitPath",
    "CF.{Google Status}": "status",
    "CF.{Google Device ID}": "deviceId",
    "CF.{Last User}": "lastUser",
}
"""A mapping of everything that Google knows and RT has a field for."""

_USERS = """
[jobs.rt-users.fields]
"CF.{Grade}" = "{grade}"
"CF.{Graduation Year}" = "{graduation_year}"
"CF.{School}" = "{school}"
"""
"""Users of RT from the imported roster, with all that RT has a field for."""


class Sandbox:
    """Stand-ins for Google and RT on loopback.

    Everything is kept below ``directory``: ``sandbox.sqlite``, ``credentials/``, ``config.toml`` and ``state/``; and
    with ``people``, ``students.csv``: so many students, who are in Google and RT besides the fleet's users, and whose
    graduation years are those of the present school year. A directory that has a sandbox already is taken as it is,
    and the options of fleet and people do nothing then; so is a configuration that leads to this port. ``first_run``
    leaves the fields that Google owns empty in RT, as they are before anybody has synced. ``streamed``: a fleet in sync
    that is made as it is read, so that there may be millions of devices; there are no other people, and ``fleet`` is
    the small one that all is copied from.
    """

    def __init__(
        self,
        directory: Path,
        *,
        devices: int = 200,
        seed: int = 1,
        drift: bool = True,
        first_run: bool = False,
        people: int = 0,
        streamed: bool = False,
        port: int = 0,
        faults: Faults | None = None,
    ) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory = directory
        self._documents = Documents(directory / "sandbox.sqlite")
        if streamed:
            self._stream(Numbering(devices, seed))
        else:
            fleet = make_fleet(devices, seed, drift=drift)
            ends = school_year(datetime.now().astimezone().date())
            made = make_people(people, seed, drift=drift, school_year_ends=ends) if people else None
            self._hold(fleet, _unlinked(fleet) if first_run else fleet, made)
        self.server = Server({"": self.google, "/rt": self.rt}, faults, port)

    def _stream(self, numbering: Numbering) -> None:
        self.fleet = numbering.pattern
        self.people: People | None = None
        self.google: GoogleApp = StreamedGoogle(numbering, self._documents)
        self.rt: RtApp = StreamedRt(numbering, self._documents)

    def _hold(self, devices: Fleet, assets: Fleet, people: People | None) -> None:
        """Take Google's side of one fleet and RT's of another, unless the directory has a sandbox already."""
        self.fleet, self.people = assets, people
        known = len(self._documents.collection("google.customer"))
        self.google = GoogleApp.from_fleet(devices, self._documents, people=people)
        self.rt = RtApp.from_fleet(assets, self._documents, people)
        if people is not None and not known:
            self.roster_file.write_text(people.csv(), encoding="utf-8")

    @property
    def credentials_directory(self) -> Path:
        """Where the credentials are."""
        return self.directory / "credentials"

    @property
    def config_file(self) -> Path:
        """Where the configuration is."""
        return self.directory / "config.toml"

    @property
    def roster_file(self) -> Path:
        """Where the roster is, if there are people."""
        return self.directory / "students.csv"

    def start(self) -> Self:
        """Write configuration and credentials, and begin to serve."""
        self.google.write_credentials(self.credentials_directory, self.url)
        write_credential(self.credentials_directory, "rt-token", self.rt.token().encode())
        if not self._is_configured():
            self.config_file.write_text(self.configuration())
        self.server.start()
        return self

    def stop(self) -> None:
        """Stop serving, and let go of the state."""
        self.server.stop()
        self._documents.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The sandbox's URL."""
        return self.server.url

    def configuration(self, *, job: str = "", google: str = "", rt: str = "") -> str:
        """Return a configuration file for this sandbox, with further lines for its tables."""
        owned = "\n".join(f'"{field}" = "{source}"' for field, source in GOOGLE_OWNED.items())
        return f"""\
[state]
directory = {json.dumps(str(self.directory / "state"))}

[google]
delegated_user = "{ADMIN}"
api_root = "{self.url}/"
{google}
[rt]
url = "{self.url}/rt"
{rt}
[jobs.chromebooks]
catalogs = ["Chromebooks"]
{job}
[jobs.chromebooks.to_google]
annotatedLocation = "CF.{{Location}}"

[jobs.chromebooks.to_rt]
{owned}
{_USERS if self.roster_file.exists() else ""}"""

    def _is_configured(self) -> bool:
        """Return whether there is a file that leads here: somebody may have changed it since."""
        return self.config_file.exists() and f'"{self.url}/rt"' in self.config_file.read_text()


def _unlinked(fleet: Fleet) -> Fleet:
    """Return the fleet before its first sync: RT knows nothing yet of what Google owns."""
    names = {field.removeprefix("CF.{").removesuffix("}") for field in GOOGLE_OWNED} - {"Model"}
    return replace(fleet, assets=[asset.without(*names) for asset in fleet.assets])
