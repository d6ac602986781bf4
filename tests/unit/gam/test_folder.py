"""GAM's configuration directory: found by every GAM, private where it is made of credentials, and gone afterwards."""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from syncd.host.credentials import Secret
from syncd.host.errors import ConfigurationError
from syncd.systems.gam.command import Gam
from syncd.systems.gam.folder import config_folder

CFG = """\
[DEFAULT]
admin_email = admin@example.org
cache_dir = /home/admin/.gam/gamcache
client_secrets_json = /home/admin/.gam/client_secrets.json
cmdlog = /home/admin/gam.log
config_dir = /home/admin/.gam
domain = example.org
drive_dir = /home/admin/Downloads
enable_dasa = true
oauth2_txt = /home/admin/.gam/oauth2.txt
oauth2service_json = /home/admin/.gam/oauth2service.json
section = school

[school]
config_dir = school
customer_id = C0synth01
"""
# What nixpkgs' wrapper does before GAM starts, whatever the caller has set.
OF_NIXPKGS = 'export GAMCFGDIR="${XDG_CONFIG_HOME:-$HOME/.config}/gam"\n'
SHOW = 'cat "$GAMCFGDIR/oauth2service.json"; echo; ls "$GAMCFGDIR"\n'


def nothing(_name: str) -> None:
    return None


def credentials(**texts: str) -> Mapping[str, Secret]:
    return {name.replace("_", "-"): Secret(text) for name, text in texts.items()}


def settings(folder: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read(Path(folder, "gam.cfg"))
    return parser


def seen(tmp_path: Path, folder: str, wrapper: str = "") -> list[str]:
    """Return what a GAM finds in its configuration directory."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{wrapper}{SHOW}")
    program.chmod(0o755)
    with Gam(str(program), folder, timeout=30, environ={"PATH": os.environ["PATH"]}).lines() as lines:
        return [line.strip() for line in lines]


@pytest.mark.parametrize("wrapper", ["", OF_NIXPKGS])
def test_credentials_are_a_directory_that_every_gam_finds(tmp_path: Path, wrapper: str) -> None:
    given = credentials(gam_cfg=CFG, gam_oauth2service='{"type": "service_account"}')
    with config_folder("", given.get, {}) as folder:
        first, *names = seen(tmp_path, folder, wrapper)
    assert first == '{"type": "service_account"}'
    assert {"gam.cfg", "oauth2service.json"} <= set(names)
    assert "oauth2.txt" not in names


@pytest.mark.parametrize("wrapper", ["", OF_NIXPKGS])
def test_a_directory_of_any_name_is_found_and_written_to(tmp_path: Path, wrapper: str) -> None:
    own = tmp_path / "our gam"
    own.mkdir()
    (own / "oauth2service.json").write_text("{}")
    with config_folder(str(own), credentials(gam_oauth2service="other").get, {}) as folder:
        assert seen(tmp_path, folder, wrapper) == ["{}", "oauth2service.json"]
        Path(folder, "oauth2.txt.lock").touch()
    assert (own / "oauth2.txt.lock").exists()
    assert not Path(folder).exists()


def test_a_private_directory_is_for_its_owner_and_goes_with_what_gam_wrote(tmp_path: Path) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    given = credentials(gam_oauth2="{}")
    with config_folder("", given.get, {"RUNTIME_DIRECTORY": f"{runtime}:/other"}) as folder:
        assert Path(folder).is_relative_to(runtime)
        places = [Path(folder).parent, Path(folder), *Path(folder).rglob("*")]
        assert {oct(place.stat().st_mode & 0o777) for place in places} == {"0o700", "0o600"}
        Path(folder, "oauth2.txt").write_text("renewed")
    assert list(runtime.iterdir()) == []


def test_paths_of_the_place_where_it_was_written_are_taken_out_of_gam_cfg() -> None:
    given = credentials(gam_cfg=CFG, gam_oauth2service="{}", gam_oauth2="{}")
    with config_folder("", given.get, {}) as folder:
        found = settings(folder)
        everywhere = dict(found["school"])
        assert Path(everywhere["cache_dir"]).is_dir()
        assert Path(everywhere["drive_dir"]).is_dir()
    assert everywhere == {
        "admin_email": "admin@example.org",
        "cache_dir": f"{folder}/cache",
        "customer_id": "C0synth01",
        "domain": "example.org",
        "drive_dir": f"{folder}/drive",
        "enable_dasa": "true",
        "no_update_check": "true",
        "section": "school",
    }


def test_a_cache_that_gam_may_write_to_stays(tmp_path: Path) -> None:
    given = credentials(gam_cfg=f"[DEFAULT]\ncache_dir = {tmp_path}\nno_update_check = false\n")
    with config_folder("", given.get, {}) as folder:
        found = settings(folder)["DEFAULT"]
    assert (found["cache_dir"], found["no_update_check"]) == (str(tmp_path), "false")


def test_a_file_elsewhere_is_gams_own_where_no_credential_has_it() -> None:
    with config_folder("", credentials(gam_cfg="[DEFAULT]\noauth2_txt = /srv/oauth2.txt\n").get, {}) as folder:
        assert settings(folder)["DEFAULT"]["oauth2_txt"] == "/srv/oauth2.txt"


@pytest.mark.parametrize("text", ["enable_dasa = true\n", '{"type": "service_account"}', "[DEFAULT\n"])
def test_what_is_no_gam_cfg_is_refused_without_a_word_of_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused, config_folder("", credentials(gam_cfg=text).get, {}):
        pass
    assert refused.value.code == "gam.not_configured"
    assert str(refused.value).startswith("the credential gam-cfg is no gam.cfg (")
    assert text.strip() not in str(refused.value)


@pytest.mark.parametrize("config_dir", ["", "/nowhere/gam", "/nowhere"])
def test_without_credentials_gam_gets_what_is_set(config_dir: str) -> None:
    with config_folder(config_dir, nothing, {}) as folder:
        assert folder == config_dir
