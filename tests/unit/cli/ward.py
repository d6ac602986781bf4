"""A sandbox whose parts can be made ill, and ``syncd doctor``."""

from pathlib import Path
from typing import Any

import pytest

from syncd.host import journal, systemd
from syncd.sandbox.site import Sandbox
from unit.cli.commands import FAST, Cli

Found = dict[tuple[str, str], dict[str, Any]]

RT, JOB, GOOGLE = "rt", "chromebooks", "google"


class Ward:
    """A sandbox whose parts can be made ill, and the doctor."""

    def __init__(self, site: Sandbox) -> None:
        self.site = site
        self.cli = Cli(site)

    def configure(self, *, job: str = "", google: str = "", rt: str = "") -> None:
        self.site.config_file.write_text(self.site.configuration(job=job, google=FAST + google, rt=FAST + rt))

    def add(self, *tables: str) -> None:
        """Add tables to the configuration."""
        self.site.config_file.write_text("\n".join([self.site.config_file.read_text(), *tables, ""]))

    def replace(self, old: str, new: str) -> None:
        text = self.site.config_file.read_text()
        assert old in text
        self.site.config_file.write_text(text.replace(old, new))

    def doctor(self, status: int) -> Found:
        """Return the checks of a visit that has to end with this status."""
        told = self.cli.ended(status, "doctor", "--json").json
        assert told["status"] == status
        assert sum(told["counts"].values()) == len(told["checks"])
        return {(check["area"], check["check"]): check for check in told["checks"]}

    def only(self, status: int, area: str, check: str, state: str = "failed") -> dict[str, Any]:
        """Return the one check that is not ok; what depends on it is skipped because of it, all else is ok."""
        found = self.doctor(status)
        culprit = found.pop((area, check))
        assert culprit["state"] == state, culprit
        rest = [each for each in found.values() if each["state"] != "ok" and each["area"] != "systemd"]
        assert {(each["state"], each["found"]) for each in rest} <= {("skipped", f"because {area} {check} failed")}
        return culprit

    def credential(self, name: str, text: str | None) -> Path:
        path = self.site.credentials_directory / name
        path.unlink()
        if text is not None:
            path.touch(mode=0o600)
            path.write_text(text)
        return path

    def take_right(self, right: str) -> None:
        world = self.site.rt.world
        user = next(user for user in world.users.values() if user.name == "rt-sync")
        user.rights = [each for each in user.rights if each != right]
        world.save(user)
        world.flush()


@pytest.fixture
def ward(site: Sandbox) -> Ward:
    return Ward(site)


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the machine that runs the tests have neither systemd nor a journal."""
    monkeypatch.setattr(systemd, "BOOTED", tmp_path / "no systemd")
    monkeypatch.setattr(journal, "JOURNAL_SOCKET", str(tmp_path / "no journal"))


def states(found: Found, area: str) -> set[str]:
    return {check["state"] for (of, _), check in found.items() if of == area}
