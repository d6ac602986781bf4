"""A mistake in the configuration file is named exactly, with the nearest right name, before anything is asked (78)."""

import json

import pytest

from system.site import Options, Site

CONFIGURATION = 78
NOTHING: Options = {}


def replace_line(site: Site, old: str, new: str) -> None:
    text = site.sandbox.config_file.read_text()
    assert old in text
    site.sandbox.config_file.write_text(text.replace(old, new))


def refused(site: Site, *arguments: str) -> str:
    """Return the one sentence, having seen that nobody was asked anything."""
    error = site.refuses(CONFIGURATION, *arguments).error
    assert site.sandbox.server.requests() == 0
    return error


@pytest.mark.parametrize(
    ("google", "rt", "job", "words"),
    [
        ({"delegate_user": "x"}, NOTHING, NOTHING, "google.delegate_user {}; did you mean google.delegated_user?"),
        (NOTHING, {"user_name": "x"}, NOTHING, "rt.user_name {}; did you mean rt.username?"),
        (
            NOTHING,
            NOTHING,
            {"Catalogs": ["x"]},
            "jobs.chromebooks.Catalogs {}; did you mean jobs.chromebooks.catalogs?",
        ),
        (
            NOTHING,
            NOTHING,
            {"limits": {"updates": {"count": 3}}},
            "jobs.chromebooks.limits.updates {}; did you mean jobs.chromebooks.limits.update?",
        ),
    ],
)
def test_a_misspelt_option_is_named_with_the_nearest_one(
    site: Site, google: Options, rt: Options, job: Options, words: str
) -> None:
    site.configure(google=google, rt=rt, job=job)
    assert words.format(f"in {site.sandbox.config_file}") in refused(site, "plan", "chromebooks")


def test_an_option_that_is_like_no_other_is_named_with_all_there_are(site: Site) -> None:
    site.configure(rt={"zzz": 1})
    error = refused(site, "plan", "chromebooks")
    assert "unknown option rt.zzz" in error
    assert "known here: attempts, auth, budget_seconds" in error


def test_every_mistake_of_a_file_is_named_at_once_by_every_verb_that_reads_it(site: Site) -> None:
    site.configure(google={"pagesize": 10, "rate": "fast"}, rt={"auth": "tokens"}, job={"mode": "aply"})
    for command in (("config", "check"), ("apply", "chromebooks"), ("runs",)):
        error = refused(site, *command)
        assert "did you mean google.page_size?" in error
        assert "google.rate" in error
        assert "must be a number, not text" in error
        assert "rt.auth in" in error
        assert 'did you mean "token"?' in error
        assert 'did you mean "apply"?' in error


@pytest.mark.parametrize(
    ("job", "to_google", "to_rt", "words"),
    [
        (NOTHING, {"anotatedUser": "Name"}, NOTHING, "did you mean 'annotatedUser'?"),
        (NOTHING, {"serialNumber": "Name"}, NOTHING, "to_google names the unknown field 'serialNumber'"),
        (NOTHING, NOTHING, {"CF.{Model}": "modell"}, "did you mean 'model'?"),
        (NOTHING, NOTHING, {"Model": "model"}, "CF.{Name}"),
        (NOTHING, {"notes": "CF.{Notes}"}, {"CF.{Notes}": "notes"}, "own each other"),
        ({"match": ["serial", "imei"]}, NOTHING, NOTHING, 'must be one of "serial", "mac"'),
        ({"catalogs": []}, NOTHING, NOTHING, "jobs.chromebooks.catalogs"),
        ({"serial_field": "Serial"}, NOTHING, NOTHING, "serial_field"),
    ],
)
def test_a_mapping_that_cannot_work_is_a_mistake_too(
    site: Site, job: Options, to_google: Options, to_rt: Options, words: str
) -> None:
    site.configure(job=job, to_google=to_google, to_rt=to_rt)
    assert words in refused(site, "plan", "chromebooks")


def test_a_line_that_is_no_toml_is_named_by_its_number(site: Site) -> None:
    replace_line(site, "[google]", "[google")
    error = refused(site, "plan", "chromebooks")
    assert f"{site.sandbox.config_file}, line 4, column 8: not valid TOML" in error


def test_a_file_that_is_not_there_is_named_with_the_ways_to_name_another(site: Site) -> None:
    error = refused(site, "--config", "/nowhere/config.toml", "plan", "chromebooks")
    assert "there is no configuration file /nowhere/config.toml; name one with --config or $SYNCD_CONFIG" in error


@pytest.mark.parametrize("table", ["google", "rt", "jobs.chromebooks"])
def test_a_table_that_the_job_needs_is_asked_for(site: Site, table: str) -> None:
    parts = site.sandbox.config_file.read_text().split("\n\n")
    kept = [part for part in parts if not part.startswith((f"[{table}]", f"[{table}."))]
    site.sandbox.config_file.write_text("\n\n".join(kept))
    assert f"[{table}]" in refused(site, "plan", "chromebooks")


def test_a_credential_that_was_put_into_the_file_is_refused_without_being_shown(site: Site) -> None:
    site.configure(rt={"token": "1-27-0123456789abcdef"})
    finished = site.refuses(CONFIGURATION, "plan", "chromebooks")
    assert "unknown option rt.token" in finished.error
    assert "0123456789abcdef" not in finished.stderr + finished.stdout


def test_a_good_file_is_said_to_be_good_and_nobody_is_asked(site: Site) -> None:
    finished = site.syncd("config", "check", "--json").ended(0)
    assert json.loads(finished.stdout) == {"file": str(site.sandbox.config_file), "jobs": ["chromebooks"]}
    assert site.sandbox.server.requests() == 0
