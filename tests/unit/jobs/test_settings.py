"""The configuration file as a whole, and the list of jobs."""

import importlib
from typing import Any

import msgspec
import pytest

from syncd.host.config import Document
from syncd.host.errors import ConfigurationError
from syncd.jobs.options import JobOptions
from syncd.jobs.settings import JOBS, TABLES, JobsOptions, Settings, attribute, check, job_module, load, systems_of

GOOD: dict[str, Any] = {
    "google": {"delegated_user": "admin@example.org"},
    "rt": {"url": "http://rt.invalid"},
    "jobs": {"chromebooks": {"catalogs": ["Chromebooks"]}},
}


def loaded(**tables: Any) -> Settings:  # noqa: ANN401
    return load(Document(path="test.toml", tree=tables))


@pytest.mark.parametrize("name", JOBS)
def test_every_job_is_a_module_of_its_name_with_options_and_systems_of_the_file(name: str) -> None:
    module = job_module(name)
    assert module is importlib.import_module(f"syncd.jobs.{attribute(name)}")
    assert set(module.SYSTEMS) <= set(Settings.__struct_fields__)
    assert callable(module.open_job)


@pytest.mark.parametrize("name", JOBS)
def test_every_job_has_checks_that_the_doctor_finds(name: str) -> None:
    assert callable(importlib.import_module(f"syncd.jobs.checks.{attribute(name)}").probes)


@pytest.mark.parametrize("name", JOBS)
def test_every_job_has_what_all_have(name: str) -> None:
    (field,) = [field for field in msgspec.structs.fields(JobsOptions) if field.encode_name == name]
    kind = next(part for part in field.type.__args__ if part is not type(None))
    assert issubclass(kind, JobOptions)
    assert TABLES[f"jobs.{name}"] is kind


def test_every_table_of_the_file_is_one_of_the_documentation() -> None:
    tables = {name.partition(".")[0] for name in TABLES}
    assert tables == {*Settings.__struct_fields__}
    assert TABLES.keys() >= {f"jobs.{name}" for name in JOBS}


def test_a_job_talks_to_the_systems_that_its_options_add() -> None:
    teachers = {"type": "google", "role": "staff"}
    with_google = loaded(jobs={"rt-users": {"sources": {"teachers": teachers}}}, rt=GOOD["rt"])
    assert systems_of("rt-users", with_google.jobs.of("rt-users")) == ("rt", "google")
    assert systems_of("rt-users", loaded(jobs={"rt-users": {}}).jobs.of("rt-users")) == ("rt",)
    with pytest.raises(ConfigurationError, match=r"needs \[google\] in"):
        check(with_google)


def test_a_good_file_has_its_jobs() -> None:
    assert check(loaded(**GOOD)) == ["chromebooks"]
    assert check(loaded()) == []


@pytest.mark.parametrize(
    ("left_out", "told"),
    [(("google",), "needs [google] in"), (("rt",), "needs [rt] in"), (("google", "rt"), "needs [google] and [rt] in")],
)
def test_a_job_without_the_tables_of_its_systems_is_told_which(left_out: tuple[str, ...], told: str) -> None:
    tables = {name: table for name, table in GOOD.items() if name not in left_out}
    with pytest.raises(ConfigurationError) as caught:
        check(loaded(**tables))
    assert told in caught.value.sentence
    assert caught.value.code == "config.missing_table"


def test_a_job_that_is_not_configured_is_told_how_to_be() -> None:
    with pytest.raises(ConfigurationError, match=r"add a \[jobs\.chromebooks\] table"):
        loaded().job("chromebooks")
    assert loaded(**GOOD).job("chromebooks").mode == "plan"


def test_a_home_folder_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert str(loaded(state={"directory": "~/syncd"}).state.path) == "/home/somebody/syncd"
