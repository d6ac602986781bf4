"""The picture of a fleet: that it is drawn, what it says, and that it says the same each time."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from syncd.host.errors import ConfigurationError
from syncd.jobs.exporting import picture
from syncd.jobs.exporting.fleet import Fleet, Labels
from syncd.jobs.exporting.fleet_figures import groups, histogram, trend
from syncd.jobs.exporting.picture import PictureFormat, Shown, draw, need_matplotlib
from syncd.jobs.exporting.shades import LONGEST, shades, short
from syncd.state.battery_history import HistoryRow
from unit.jobs.exporting.fleets import fleet_of, history, report

NAMES = ["日本語モデル", "_under", "$x^2 & <b>", "عربي", "x" * 300, "\u202ebad\x07\n", ""]


def shown(rows: list[HistoryRow], names: list[str]) -> Shown:
    devices = dict.fromkeys(row.device for row in rows)
    labels = {device: Labels(model=names[number % len(names)]) for number, device in enumerate(devices)}
    fleet: Fleet = fleet_of(rows, labels)
    figures = histogram(fleet.devices, fleet.words), trend(rows, groups(fleet.devices), fleet.newest)
    return Shown(*figures, len(fleet.devices), fleet.newest, fleet.words.replace_below)


def drawn(what: Shown, form: PictureFormat = "svg") -> bytes:
    file = io.BytesIO()
    draw(file, form, what)
    return file.getvalue()


def words(svg: bytes) -> list[str]:
    """Return the texts of an SVG, which has to be XML."""
    tree = ET.fromstring(svg)  # noqa: S314 - we wrote it
    return ["".join(found.itertext()).strip() for found in tree.iter("{http://www.w3.org/2000/svg}text")]


CASES: dict[str, Callable[[], Shown]] = {
    "usual": lambda: shown([*history(200, 52)], ["Model A", "Model B", "Model C"]),
    "names": lambda: shown([*history(70, 52)], NAMES),
    "many models": lambda: shown([*history(300, 52)], [f"Model {number}" for number in range(100)]),
    "one device": lambda: shown([*history(1, 52)], ["Model A"]),
    "one report": lambda: shown([report()], ["Model A"]),
    "nothing known": lambda: shown([report(percent=None)], ["Model A"]),
    "years": lambda: shown([*history(40, 500)], ["Model A", "Model B"]),
}


@cache
def svg_of(case: str) -> bytes:
    return drawn(CASES[case]())


@pytest.mark.parametrize("case", CASES)
def test_every_fleet_has_a_picture(case: str) -> None:
    assert any(text.startswith("Battery health of ") for text in words(svg_of(case)))


def test_another_process_with_other_settings_draws_the_same(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\naxes.facecolor: red\n")
    program = (
        "from pathlib import Path; from unit.jobs.exporting import test_picture as t; usual = t.CASES['usual']();"
        "[Path(form).write_bytes(t.drawn(usual, form)) for form in ('svg', 'png')]"
    )
    path = os.pathsep.join(str(Path(__file__).parents[up]) for up in (3, 4))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "HOME": str(tmp_path)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == (b"", b"")
    svg, png = ((tmp_path / form).read_bytes() for form in ("svg", "png"))
    assert (svg, png) == (svg_of("usual"), drawn(CASES["usual"](), "png"))
    assert svg.startswith(b"<?xml")
    assert png.startswith(b"\x89PNG")
    assert not re.search(rb"<dc:date>|Software|Creation Time", svg + png)


def test_a_picture_says_what_it_is_of() -> None:
    told = words(svg_of("usual"))
    assert "Battery health of 200 devices, newest report of 2026-10-23" in told
    assert {"Devices", "Health (full charge in percent of the design capacity)", "Week (its Monday)"} <= {*told}
    assert {"Model A (67)", "Model B (67)", "Model C (66)", "replace soon: below 80 %"} <= {*told}
    assert any(re.fullmatch(r"Excellent \(\d+\)", text) for text in told)


def test_names_are_shown_as_they_are_and_cut() -> None:
    told = words(svg_of("names"))
    long = "x" * (LONGEST - 1) + "…"
    names = {"日本語モデル", "عربي", "_under", "$x^2 & <b>", "model not known", "\ufffdbad\ufffd", long}
    assert {text.removesuffix(" (10)") for text in told if text.endswith(" (10)")} == names


def test_many_models_share_a_line() -> None:
    told = words(svg_of("many models"))
    assert sum("Model " in text for text in told) == 6
    assert "94 other models (282)" in told


def test_where_nothing_is_known_that_is_said() -> None:
    assert words(svg_of("nothing known")).count("no percentage is known") == 2


def test_letters_that_no_font_has_become_a_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "_installed", lambda: iter(()))
    names = CASES["names"]()
    fonts, told = picture._fonts(names)
    assert fonts == ["DejaVu Sans"]
    assert {"\ufffd" * 6, "_under"} <= {line.name for line in told.trend.lines}
    assert drawn(names, "png")


def test_a_font_of_the_machine_is_taken_for_letters_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = {"/other": {ord(letter) for letter in "日本語モデル"}, "/useless": {ord("a")}}
    monkeypatch.setattr(picture, "_installed", lambda: iter([("Useless", "/useless"), ("Other", "/other")]))
    monkeypatch.setattr(picture, "_letters", lambda path: letters.get(path, set(range(0x250))))
    told = shown([report()], ["日本語モデル"])
    assert picture._fonts(told) == (["DejaVu Sans", "Other"], told)


def test_no_font_that_has_a_box_for_every_letter_is_taken() -> None:
    names = [name for name, _ in picture._installed()]
    assert "DejaVu Sans" in names
    assert not [name for name in names if name.startswith("Last Resort")]
    assert ["Sans" in name for name in names] == sorted(("Sans" in name for name in names), reverse=True)


def test_without_matplotlib_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigurationError, match="install syncd with its extra `pictures`") as caught:
        need_matplotlib()
    assert caught.value.code == "export.no_matplotlib"


def test_drawing_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    drawn(CASES["one report"]())
    assert "MPLCONFIGDIR" not in os.environ
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    drawn(CASES["one report"]())
    assert os.environ["MPLCONFIGDIR"] == str(tmp_path)


def test_shades_go_from_light_to_dark() -> None:
    brightness = [sum(bytes.fromhex(shade[1:])) for shade in shades(7)]
    assert brightness == sorted(brightness, reverse=True)
    assert len({*shades(7)}) == 7
    assert shades(1) == [shades(2)[0]]
    assert shades(0) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [("a  b\n c", "a b c"), ("x" * 40, "x" * 31 + "…"), ("a\x07b\u202e", "a\ufffdb\ufffd"), ("", "")],
)
def test_a_name_is_made_to_fit(name: str, told: str) -> None:
    assert short(name) == told
