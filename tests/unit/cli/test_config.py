"""``syncd config check``."""

from pathlib import Path

import pytest

from syncd.sandbox.site import Sandbox
from unit.cli.commands import Cli


def test_a_good_file_is_called_good_with_its_jobs(planner: Cli, shared_site: Sandbox) -> None:
    assert planner.ended(0, "config", "check").out == f"{shared_site.config_file}: good; jobs: chromebooks\n"


def test_a_good_file_as_json(planner: Cli, shared_site: Sandbox) -> None:
    found = planner.ended(0, "config", "check", "--json").json
    assert found == {"file": str(shared_site.config_file), "jobs": ["chromebooks"]}


def test_the_file_that_is_given_goes_before_that_of_the_environment(planner: Cli, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("")
    assert planner.ended(0, "--config", other, "config", "check").out == f"{other}: good; jobs: none\n"


def test_no_secret_is_read_and_no_state_is_made(bare: Cli, tmp_path: Path, shared_site: Sandbox) -> None:
    text = shared_site.configuration().replace(str(shared_site.directory / "state"), str(tmp_path / "state"))
    (tmp_path / "new.toml").write_text(text)
    bare.ended(0, "--config", tmp_path / "new.toml", "config", "check")
    assert not (tmp_path / "state").exists()


GOOGLE = '[google]\ndelegated_user = "admin@example.org"\n'
RT = '[rt]\nurl = "http://rt.invalid"\n'
JOB = '[jobs.chromebooks]\ncatalogs = ["Chromebooks"]\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{GOOGLE}{RT}{JOB}querry = 'x'\n", "did you mean jobs.chromebooks.query?"),
        (f"{GOOGLE}{RT}[jobs.chromebook]\n", "did you mean jobs.chromebooks?"),
        (f"{GOOGLE}{RT}[jobs.chromebooks]\n", "jobs.chromebooks.catalogs is missing"),
        (f"{GOOGLE}rate = 'fast'\n{RT}{JOB}", "google.rate"),
        (f"{JOB}{RT}", "the job chromebooks needs [google] in the configuration file"),
        (JOB, "the job chromebooks needs [google] and [rt] in the configuration file"),
        ("[jobs\n", "not valid TOML"),
    ],
)
def test_a_bad_file_ends_with_78_and_one_sentence(bare: Cli, tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    result = bare.ended(78, "--config", path, "config", "check")
    assert told in result.err
    assert len(result.err.splitlines()) == 1
    assert result.out == ""


def test_a_run_refuses_a_job_whose_system_is_not_configured_as_the_check_does(
    bare: Cli, shared_site: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(f'[state]\ndirectory = "{tmp_path}/state"\n{JOB}{GOOGLE}')
    bare.environment["CREDENTIALS_DIRECTORY"] = str(shared_site.credentials_directory)
    result = bare.ended(78, "--config", path, "plan", "chromebooks")
    assert "needs [rt] in the configuration file" in result.err


def test_a_job_that_is_not_configured_is_told_how_to_be(bare: Cli, tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text(f'[state]\ndirectory = "{tmp_path}/state"\n{GOOGLE}{RT}')
    result = bare.ended(78, "--config", path, "run", "chromebooks")
    assert "add a [jobs.chromebooks] table" in result.err
