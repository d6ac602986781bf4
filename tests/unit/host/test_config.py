import enum
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from syncd.host import config
from syncd.host.config import Document, decode, option_docs, read_document
from syncd.host.errors import ConfigurationError, ExitStatus


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"source": "from"}):
    source: Annotated[str, Meta(description="Field of the other side.")]
    clear: Annotated[bool, Meta(description="Whether empty empties.")] = False


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    update: Annotated[int, Meta(description="Updates at most.", ge=0)] = 500


class Colour(enum.Enum):
    RED = "red"


class Rt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: Annotated[str, Meta(description="Where RT is.", min_length=1)]
    auth: Annotated[Literal["token", "password"], Meta(description="How to sign in.")] = "token"
    rate: Annotated[float, Meta(description="Requests a second.", gt=0)] = 20.0
    username: Annotated[str, Meta(description="Login name.")] = ""
    ca_file: Annotated[str | None, Meta(description="Own certificate authority.")] = None
    colour: Annotated[Colour, Meta(description="A colour.")] = Colour.RED


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    fields: Annotated[dict[str, str | bool | Rule], Meta(description="Rules by field.")] = {}
    limits: Annotated[Limits, Meta(description="Limits of a run.")] = Limits(update=7)
    org_units: Annotated[list[str], Meta(description="Org units.")] = []
    extra: Annotated[list[Rule], Meta(description="More rules.")] = []

    def __post_init__(self) -> None:
        if "forbidden" in self.org_units:
            raise ValueError("org_units and forbidden do not go together")


class Root(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rt: Annotated[Rt, Meta(description="RT.")]
    jobs: Annotated[dict[str, Job], Meta(description="Jobs by name.")] = {}
    google: Annotated[dict[str, Any], Meta(description="Anything.")] = {}
    state: Annotated[dict[str, str], Meta(description="State.")] = {}


def document(text: str) -> Document:
    return Document("/x.toml", tomllib.loads(text))


def complaint(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        decode(document(text), Root)
    assert caught.value.code == "config.invalid"
    assert caught.value.exit_status == ExitStatus.CONFIGURATION
    return caught.value.sentence


def test_a_whole_document_becomes_a_record() -> None:
    root = decode(
        document(
            'rt.url = "https://rt.example.org"\nrt.rate = 5\n'
            '[jobs.a]\nfields = { Name = "serial", Owner = false, X = { from = "y", clear = true } }\n'
        ),
        Root,
    )
    assert root.rt.rate == 5.0
    assert root.jobs["a"].fields == {"Name": "serial", "Owner": False, "X": Rule(source="y", clear=True)}


def test_all_unknown_options_are_named_at_once_with_path_file_and_nearest_name() -> None:
    said = complaint(
        'rt.ur = "x"\nrt.url = "x"\nserver = 1\n'
        '[jobs.a]\nlimit.update = 3\nfields.X = { from = "y", cler = true }\n'
        'extra = [{from = "a"}, {from = "b", clea = true}]\n'
        '[jobs."b c"]\nlimits.updates = 3\n'
    )
    assert said.split("; unknown ") == [
        "unknown option server in /x.toml; known here: google, jobs, rt, state",
        "option rt.ur in /x.toml; did you mean rt.url?",
        "option jobs.a.limit in /x.toml; did you mean jobs.a.limits?",
        "option jobs.a.fields.X.cler in /x.toml; did you mean jobs.a.fields.X.clear?",
        "option jobs.a.extra[1].clea in /x.toml; did you mean jobs.a.extra[1].clear?",
        'option jobs."b c".limits.updates in /x.toml; did you mean jobs."b c".limits.update?',
    ]


def test_dashes_and_capitals_find_the_nearest_name_too() -> None:
    assert "did you mean rt.ca_file?" in complaint('rt.url = "x"\nrt.CA-File = "x"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('rt.rate = "fast"', "rt.rate in /x.toml must be a number, not text"),
        ("rt.rate = true", "rt.rate in /x.toml must be a number, not true or false"),
        ("rt.rate = 0", "rt.rate in /x.toml must be a number > 0.0"),
        ("rt.username = 5", "rt.username in /x.toml must be text, not a whole number"),
        ("rt.ca_file = 1.5", "rt.ca_file in /x.toml must be text, not a number"),
        ('rt.auth = "tokn"', 'rt.auth in /x.toml must be one of "token", "password"; did you mean "token"?'),
        ('rt.auth = "s3cr3t"', 'rt.auth in /x.toml must be one of "token", "password"'),
        ("rt.auth = 1", 'rt.auth in /x.toml must be one of "token", "password", not a whole number'),
        ('rt.colour = "blue"', 'rt.colour in /x.toml must be one of "red"'),
        (
            "jobs.a.fields.X = 3",
            "jobs.a.fields.X in /x.toml must be text or true or false or a table, not a whole number",
        ),
        ("jobs.a.fields.X.from = 3", "jobs.a.fields.X.from in /x.toml must be text, not a whole number"),
        ("jobs.a.fields.X = {}", "jobs.a.fields.X.from is missing in /x.toml"),
        ("jobs.a = 3", "jobs.a in /x.toml must be a table, not a whole number"),
        ("jobs = []", "jobs in /x.toml must be a table, not a list"),
        ('jobs.a.org_units = "/x"', "jobs.a.org_units in /x.toml must be a list of text, not text"),
        ('jobs.a.org_units = ["/", 4]', "jobs.a.org_units[1] in /x.toml must be text, not a whole number"),
        ("jobs.a.limits.update = 1979-05-27", "jobs.a.limits.update in /x.toml must be a whole number, not a date"),
    ],
)
def test_a_mistyped_value_is_named_with_what_is_expected_and_never_echoed(text: str, said: str) -> None:
    assert complaint('rt.url = "u"\n' + text) == said


def test_unknown_missing_and_mistyped_options_come_in_one_sentence() -> None:
    assert complaint('rt.rte = 1\nrt.rate = "x"').split("; ") == [
        "unknown option rt.rte in /x.toml",
        "did you mean rt.rate?",
        "rt.url is missing in /x.toml",
        "set it, or the environment variable RT_BASE_URL",
        "rt.rate in /x.toml must be a number, not text",
    ]


def test_a_missing_table_names_the_option_that_it_must_have() -> None:
    assert complaint("").startswith("rt.url is missing in /x.toml")


def test_what_only_the_whole_record_can_tell_is_told_with_its_table() -> None:
    said = complaint('rt.url = "u"\njobs.a.org_units = ["forbidden"]')
    assert said.endswith("in /x.toml is wrong: org_units and forbidden do not go together")


def test_an_empty_text_breaks_a_minimum_length() -> None:
    assert complaint('rt.url = ""') == "rt.url in /x.toml must be text of length >= 1"


class North(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="north"):
    ice: bool = True


class South(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="south"):
    sun: bool = True


class Poles(msgspec.Struct, frozen=True):
    pole: North | South


def test_tables_with_a_tag_are_checked_as_what_the_tag_says() -> None:
    assert decode(document('pole = { kind = "south", sun = false }'), Poles).pole == South(sun=False)
    with pytest.raises(ConfigurationError, match=r"unknown option pole\.ice in /x\.toml; known here: sun"):
        decode(document('pole = { kind = "south", ice = false }'), Poles)


# -- reading


def test_the_named_file_wins_over_the_variable_and_that_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = {}
    for name in ("given", "variable", "default"):
        path = tmp_path / f"{name}.toml"
        path.write_text(f'name = "{name}"', encoding="utf-8")
        paths[name] = str(path)
    monkeypatch.setattr(config, "DEFAULT_PATH", paths["default"])
    assert read_document(paths["given"], {"SYNCD_CONFIG": paths["variable"]}).tree == {"name": "given"}
    assert read_document(None, {"SYNCD_CONFIG": paths["variable"]}).path == paths["variable"]
    assert read_document(None, {"SYNCD_CONFIG": ""}).tree == {"name": "default"}


def test_without_any_file_the_environment_alone_is_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "DEFAULT_PATH", "/nonexistent/config.toml")
    environ = {
        "GOOGLE_ADMIN_DELEGATED_USER": "admin@example.org",
        "GOOGLE_ADMIN_SCOPES": "https://a.example, https://b.example\thttps://c.example",
        "RT_BASE_URL": "https://rt.example.org",
        "RT_USERNAME": "sync",
        "WORKING_DIR": "/var/lib/x",
        "RT_TOKEN": "must-not-appear",
    }
    read = read_document(None, environ)
    assert read.path == ""
    assert read.tree == {
        "google": {
            "delegated_user": "admin@example.org",
            "scopes": ["https://a.example", "https://b.example", "https://c.example"],
        },
        "rt": {"url": "https://rt.example.org", "username": "sync"},
        "state": {"directory": "/var/lib/x"},
    }
    assert decode(read, Root).rt.username == "sync"


def test_the_environment_fills_only_what_the_file_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('rt.url = "from file"', encoding="utf-8")
    read = read_document(str(path), {"RT_BASE_URL": "from environment", "RT_USERNAME": "me", "WORKING_DIR": " "})
    assert read.tree == {"rt": {"url": "from file", "username": "me"}}
    assert read.origins == {"rt.username": "RT_USERNAME"}


def test_a_bad_value_from_the_environment_is_blamed_on_its_variable() -> None:
    class Strict(msgspec.Struct, frozen=True, kw_only=True):
        url: Annotated[str, Meta(pattern="^https:")]

    class Top(msgspec.Struct, frozen=True, kw_only=True):
        rt: Strict

    read = Document("/x.toml", {"rt": {"url": "ftp"}}, {"rt.url": "RT_BASE_URL"})
    with pytest.raises(
        ConfigurationError, match=r"^rt\.url in the environment variable RT_BASE_URL must be text matching"
    ):
        decode(read, Top)


def test_a_section_that_is_no_table_survives_the_environment_and_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("rt = 3", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="must be a table, not a whole number"):
        decode(read_document(str(path), {"RT_BASE_URL": "x"}), Root)


def test_a_table_of_tables_of_several_kinds_is_a_table() -> None:
    class Places(msgspec.Struct):
        places: dict[str, North | South]

    with pytest.raises(ConfigurationError, match=r"^places in /x\.toml must be a table, not a list"):
        decode(Document("/x.toml", {"places": [1]}), Places)


def test_without_a_file_a_missing_option_says_that_there_is_none() -> None:
    with pytest.raises(ConfigurationError, match=r"rt\.url is missing \(there is no configuration file /etc/syncd/"):
        decode(Document("", {}), Root)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no configuration file .*/none\.toml; name one with") as caught:
        read_document(str(tmp_path / "none.toml"), {})
    assert caught.value.code == "config.missing"


def test_a_directory_or_a_binary_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        read_document(str(tmp_path), {})
    (tmp_path / "b").write_bytes(b"x = '\xff'")
    with pytest.raises(ConfigurationError, match="not UTF-8 text"):
        read_document(str(tmp_path / "b"), {})


def test_a_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("a = 1\nb = = 2\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"c\.toml, line 2, column 5: not valid TOML: Invalid value") as caught:
        read_document(str(path), {})
    assert caught.value.code == "config.syntax"


# -- documentation


def test_option_docs_have_a_row_for_every_option_with_path_type_default_and_text() -> None:
    rows = {row.path: row for row in option_docs(Root)}
    assert rows["rt.url"].required
    assert rows["rt.url"].default == ""
    assert rows["rt.url"].description == "Where RT is."
    assert rows["rt.auth"].type == 'one of "token", "password"'
    assert rows["rt.auth"].default == '"token"'
    assert rows["rt.rate"].type == "number > 0"
    assert rows["rt.rate"].default == "20.0"
    assert not rows["rt.ca_file"].required
    assert rows["rt.ca_file"].default == ""
    assert rows["rt.colour"].default == '"red"'
    assert rows["jobs"].type == "table"
    assert rows["jobs"].default == "{}"
    assert rows["jobs.<name>.fields"].type == "table of text or true or false or table"
    assert rows["jobs.<name>.fields.<name>.from"].required
    assert rows["jobs.<name>.fields.<name>.clear"].default == "false"
    assert rows["jobs.<name>.limits"].type == "table"
    assert rows["jobs.<name>.limits.update"].default == "7"
    assert rows["jobs.<name>.org_units"].type == "list of text"
    assert rows["jobs.<name>.org_units"].default == "[]"
    assert rows["jobs.<name>.extra[].from"].type == "text"
    assert all(row.description for row in rows.values())


def test_option_docs_take_a_prefix() -> None:
    assert [row.path for row in option_docs(Limits, "jobs.x.limits")] == ["jobs.x.limits.update"]


class Texts(msgspec.Struct, frozen=True):
    text: str = 'a "b"\n\x7fé'
    several: tuple[str, ...] = ("a", "b")
    table: dict[str, int] = msgspec.field(default_factory=lambda: {"a b": 1})


def test_defaults_are_valid_toml() -> None:
    for row in option_docs(Texts):
        assert tomllib.loads(f"x = {row.default}")["x"] in (Texts().text, [*Texts().several], Texts().table)


def test_reading_configuration_imports_nothing_heavy() -> None:
    heavy = ["requests", "sqlalchemy", "rich", "keyring", "logging"]
    code = f"import sys; import syncd.host.config; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
