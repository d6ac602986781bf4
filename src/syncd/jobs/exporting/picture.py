"""The health of a fleet as a picture: how many devices have which percentage, and the medians over time.

The same data give the same bytes: nothing of the moment, of the machine's settings or of chance is in a picture. In SVG
words stay words, and whoever shows it has the fonts. For PNG, fonts of the machine are taken for letters that
matplotlib's own have not; where none has them, a sign says that something is missing.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

from syncd.host.errors import ConfigurationError
from syncd.jobs.exporting.fleet_figures import BARS, WIDTH, Line, Stack, Trend, measured, title
from syncd.jobs.exporting.shades import LINES, shades, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PictureFormat = Literal["svg", "png"]

_FONT = "DejaVu Sans"
_SIZE = (14.0, 7.0)
"""Inches."""
_DPI = 100
_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 3)))
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_MARKED = 12
"""Marks on a line, about."""
_NARROW = 2.0
"""Points of the percentage that the trend shows at least."""
_ROOM = 1.08
"""Of the highest bar, so that its top shows."""
_METADATA: dict[PictureFormat, dict[str, None]] = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
_MISSING = "\ufffd"
_SANS = "Sans"
_PLAIN = (400, "normal", "regular")
_BOXES = "Last Resort"
"""A font of matplotlib's, which has a box for every letter that there is."""


class Shown(NamedTuple):
    """What a picture shows. ``devices`` are all, with a percentage or without."""

    stacks: Sequence[Stack]
    trend: Trend
    devices: int
    newest: datetime | None
    replace_below: float


def need_matplotlib() -> None:
    """Raise ConfigurationError (``export.no_matplotlib``) where pictures cannot be drawn."""
    try:
        with _cache():
            import matplotlib as _  # noqa: F401, ICN001, PLC0415 - only a picture pays for it
    except ImportError as error:
        raise ConfigurationError(
            f"pictures are drawn by matplotlib, which is not there ({error}); install syncd with its extra `pictures`, "
            "or export csv, xlsx or json.",
            code="export.no_matplotlib",
        ) from error


def draw(file: BinaryIO, form: PictureFormat, shown: Shown) -> None:
    """Write a picture; raises as ``need_matplotlib``."""
    need_matplotlib()
    with _cache(), warnings.catch_warnings():
        import matplotlib as mpl  # noqa: PLC0415 - only a picture pays for it

        # Of letters that no font has; the picture shows a sign for them.
        warnings.filterwarnings("ignore", message="Glyph")
        with mpl.rc_context():
            mpl.rcdefaults()
            fonts, shown = _fonts(shown) if form == "png" else ((_FONT, "sans-serif"), shown)
            mpl.rcParams.update(
                {
                    "backend": "agg",
                    "font.family": list(fonts),
                    "svg.fonttype": "none",
                    "svg.hashsalt": "syncd",
                    "text.parse_math": False,
                }
            )
            _figure(shown).savefig(file, format=form, dpi=_DPI, metadata=_METADATA[form])


@contextmanager
def _cache() -> Iterator[None]:
    """Let matplotlib keep its list of fonts in a folder that goes again, where nobody gave it one.

    A unit has no home for it, and settings that somebody has there would show in the picture.
    """
    if "MPLCONFIGDIR" in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="syncd-") as folder:
        os.environ["MPLCONFIGDIR"] = folder
        try:
            yield
        finally:
            del os.environ["MPLCONFIGDIR"]


# -- the parts of the picture


def _figure(shown: Shown) -> "Figure":
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=_SIZE, layout="constrained")
    figure.suptitle(title(shown.stacks, shown.devices, shown.newest), fontsize=15)
    left, right = figure.subplots(1, 2)
    _histogram(left, shown)
    _trend(right, shown.trend, shown.replace_below)
    return figure


def _histogram(axes: "Axes", shown: Shown) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    axes.set_title("Devices by battery health")
    axes.set_xlabel(_PERCENT)
    axes.set_ylabel("Devices")
    axes.set_xlim(0, len(BARS) * WIDTH)
    ticks = range(0, len(BARS) * WIDTH, 2 * WIDTH)
    axes.set_xticks(ticks, [*map(str, ticks[:-1]), BARS[-1]])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    if not measured(shown.stacks):
        _nothing(axes)
        return
    below, lefts = [0] * len(BARS), [WIDTH * place for place in range(len(BARS))]
    for stack, colour in zip(shown.stacks, shades(len(shown.stacks)), strict=True):
        name = f"{_label(stack.category)} ({sum(stack.counts):,})"
        look: dict[str, Any] = {"align": "edge", "color": colour, "edgecolor": "#333333", "linewidth": 0.6}
        axes.bar(lefts, stack.counts, width=WIDTH, bottom=below, label=name, **look)
        below = [low + count for low, count in zip(below, stack.counts, strict=True)]
    axes.set_ylim(0, max(below) * _ROOM)
    _mark(axes.axvline(shown.replace_below, **_LIMIT), shown.replace_below)
    _legend(axes)


def _trend(axes: "Axes", trend: Trend, replace_below: float) -> None:
    axes.set_title("Median by model over time")
    axes.set_xlabel("Week (its Monday)")
    axes.set_ylabel(_PERCENT)
    axes.grid(alpha=0.3)
    if not trend.weeks:
        _nothing(axes)
        axes.set_xticks([])
        return
    for number, line in enumerate(trend.lines):
        _line(axes, trend.weeks, line, number)
    low, high = axes.get_ylim()
    if high - low < _NARROW:
        axes.set_ylim((low + high - _NARROW) / 2, (low + high + _NARROW) / 2)
    low, high = axes.get_ylim()
    if low < replace_below < high:
        _mark(axes.axhline(replace_below, **_LIMIT), replace_below)
    _dates(axes, trend.weeks)
    _legend(axes)


def _line(axes: "Axes", weeks: Sequence[date], line: Line, number: int) -> None:
    number %= len(LINES)
    axes.plot(
        weeks,  # type: ignore[arg-type]
        [float("nan") if value is None else value for value in line.medians],
        label=f"{_label(line.name)} ({line.devices:,})",
        color=LINES[number],
        linestyle=_STYLES[number],
        marker=_MARKS[number],
        markersize=6,
        # Marks of different lines stand at different places, so that lines that lie on each other show.
        markevery=(number % max(1, len(weeks) // _MARKED), max(1, len(weeks) // _MARKED)),
    )


def _dates(axes: "Axes", weeks: Sequence[date]) -> None:
    from matplotlib.dates import AutoDateLocator, DateFormatter  # noqa: PLC0415

    if len(weeks) <= _FEW:
        axes.set_xticks(weeks)  # type: ignore[arg-type]
        axes.margins(x=0.2)
    else:
        axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=_FEW))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(DateFormatter("%Y-%m-%d"))  # type: ignore[no-untyped-call]
    axes.tick_params(axis="x", rotation=30)


_FEW = 8
_SOON = "replace soon: below "
_PERCENT = "Health (full charge in percent of the design capacity)"
_LIMIT: dict[str, Any] = {"color": "#b00000", "linestyle": (0, (4, 3)), "linewidth": 1.4}


def _mark(line: Any, percent: float) -> None:  # noqa: ANN401 - a line of either direction
    line.set_label(f"{_SOON}{percent:g} %")


def _nothing(axes: "Axes") -> None:
    axes.set_yticks([])
    axes.text(0.5, 0.5, "no percentage is known", transform=axes.transAxes, ha="center", va="center", fontsize=13)


def _legend(axes: "Axes") -> None:
    lines = {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    last = [label for label in lines if label.startswith(_SOON)]
    names = [label for label in lines if label not in last] + last
    handles = [lines[label] for label in names]
    axes.legend(handles, names, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, fontsize=9, frameon=False)


def _label(name: str) -> str:
    """Return a name for a legend, which leaves out what begins with an underscore."""
    text = short(name)
    return f" {text}" if text.startswith("_") else text


# -- letters


def _fonts(shown: Shown) -> tuple[Sequence[str], Shown]:
    """Return the fonts that have the letters of all names; letters that none has become a sign."""
    names = [line.name for line in shown.trend.lines] + [stack.category for stack in shown.stacks]
    missing = {ord(letter) for name in names for letter in short(name)} - _letters(_path_of(_FONT))
    fonts = [_FONT]
    for family, path in _installed() if missing else ():
        if has := missing & _letters(path):
            fonts.append(family)
            missing -= has
        if not missing:
            break
    gone = dict.fromkeys(missing, _MISSING)
    stacks = [stack._replace(category=stack.category.translate(gone)) for stack in shown.stacks]
    lines = [line._replace(name=line.name.translate(gone)) for line in shown.trend.lines]
    return fonts, shown._replace(stacks=stacks, trend=shown.trend._replace(lines=lines))


def _path_of(family: str) -> str:
    from matplotlib.font_manager import findfont  # noqa: PLC0415

    return str(findfont(family))


def _installed() -> Iterator[tuple[str, str]]:
    """Yield the plain fonts of this machine, family and file: those without serifs first, as matplotlib's own is."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415

    plain = {
        (_SANS not in font.name, font.name, font.fname)
        for font in fontManager.ttflist
        if font.style == "normal" and font.weight in _PLAIN and not font.name.startswith(_BOXES)
    }
    for _, family, path in sorted(plain):
        if Path(path).exists():
            yield family, path


def _letters(path: str) -> set[int]:
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415

    try:
        return {*FT2Font(path).get_charmap()}
    except (OSError, RuntimeError):  # a file that is no font, or that has only pictures of letters
        return set()
