"""``syncd tags``: the sequences of asset tags."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec

from syncd.cli.options import as_json, everything
from syncd.cli.output import STACK_BELOW, print_json, print_table, reader_may_leave, say
from syncd.cli.session import settings_of, store_of, store_to_read
from syncd.jobs.settings import Settings
from syncd.jobs.tagging.importing import Counter, counters
from syncd.jobs.tagging.options import SequenceOptions
from syncd.state.tags import FIRST
from syncd.state.tags import Sequence as Stand

FIRST_TAGS = 20
"""Tags that are listed without ``--all``."""

PLAIN_WIDTH = 5
"""Digits of tags whose prefix no sequence of the configuration has."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A sequence as it is shown. ``catalogs``: for which assets; none where the configuration does not name it."""

    prefix: str
    next: str
    number: int
    given: int
    passed: int
    last: str
    last_asset: str
    catalogs: list[str]


@click.group()
def tags() -> None:
    """Show and set the sequences of asset tags, which new assets of RT get.

    A sequence is known by its prefix. No number is given twice; numbers that assets of RT have already are left out.
    """


@tags.command()
@click.option("--given", is_flag=True, help="List the tags that were given, too, the newest first.")
@as_json
@everything
@click.pass_context
def show(ctx: click.Context, *, given: bool, as_json: bool, everything: bool) -> None:
    """Show where each sequence stands."""
    settings = settings_of(ctx)
    with store_to_read(settings) as store:
        stands = store.tags.sequences() if store else []
        rows = store.tags.given() if store and given else iter(())
        wanted = [*(rows if everything or as_json else islice(rows, FIRST_TAGS))]
    shown = [*_shown(settings, stands)]
    listed = [{"tag": _tag(settings, prefix, number), "asset": of, "at": at} for prefix, number, of, at in wanted]
    with reader_may_leave():
        if as_json:
            print_json({"sequences": shown, **({"given": listed} if given else {})})
            return
        header = ["prefix", "next", "given", "passed over", "last", "to asset", "for"]
        print_table(header, [*map(_row, shown)], stack_below=STACK_BELOW)
        if not shown:
            say("No sequence is configured, and none has given a tag.")
        print_table(["tag", "asset", "when"], [[*each.values()] for each in listed], stack_below=STACK_BELOW)


@tags.command("next")
@click.argument("prefix")
@as_json
@click.pass_context
def next_(ctx: click.Context, prefix: str, *, as_json: bool) -> None:
    """Show the tag that the next new asset of a sequence would get; it is not given, and RT is not asked for it."""
    settings = settings_of(ctx)
    with store_to_read(settings) as store:
        number = store.tags.upcoming(prefix) if store else FIRST
    tag = _tag(settings, prefix, number)
    if as_json:
        print_json({"prefix": prefix, "next": tag, "number": number})
    else:
        say(tag)


@tags.command("set")
@click.argument("prefix")
@click.argument("number", type=int)
@click.option("--lower", is_flag=True, help="Go back, too; numbers that were given are left out even then.")
@as_json
@click.pass_context
def set_(ctx: click.Context, prefix: str, number: int, *, lower: bool, as_json: bool) -> None:
    """Let a sequence go on at NUMBER."""
    if not prefix.strip():
        raise click.BadParameter("it is blank", param_hint="PREFIX")
    settings = settings_of(ctx)
    with store_of(settings) as store:
        before = store.tags.set_next(prefix, number, lower=lower)
        following = _tag(settings, prefix, store.tags.upcoming(prefix))
    if as_json:
        print_json({"prefix": prefix, "before": before, "next": following})
    else:
        say(f"The next tag is {following}.")


@tags.command("import")
@click.argument("paths", metavar="FILE|FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--prefix", default="W12-", help="Prefix of asset_tag_sequence.txt, which has none in its name [W12-].")
@click.option("--dry-run", is_flag=True, help="Read the files, and set nothing.")
@as_json
@click.pass_context
def import_(ctx: click.Context, paths: Sequence[Path], prefix: str, *, dry_run: bool, as_json: bool) -> None:
    """Take over the sequences of RequestTrackerUtils: asset_tag_sequence.txt and asset_tag_sequence_PREFIX.txt.

    Each holds the next number. A sequence that stands higher here stays; nothing is imported where a file is bad.
    """
    settings = settings_of(ctx)
    known = [sequence.prefix for sequence in _configured(settings)]
    found = counters(paths, prefix, known)
    with store_of(settings) as store:
        taken = [_take(counter, {each.prefix: each.next for each in store.tags.sequences()}) for counter in found]
        if not dry_run:
            for counter, number in zip(found, taken, strict=True):
                store.tags.set_next(counter.prefix, number, lower=True)
    pairs = [*zip(found, taken, strict=True)]
    if as_json:
        read = [
            {"file": str(each.file), "prefix": each.prefix, "read": each.number, "next": number}
            for each, number in pairs
        ]
        print_json({"imported": not dry_run, "sequences": read})
        return
    for counter, number in pairs:
        say(f"{counter.file}: {_tag(settings, counter.prefix, number)} is next.")


def _take(counter: Counter, stands: dict[str, int]) -> int:
    return max(counter.number, stands.get(counter.prefix, 0))


def _configured(settings: Settings) -> tuple[SequenceOptions, ...]:
    options = settings.events.asset_created
    return options.sequences if options else ()


def _tag(settings: Settings, prefix: str, number: int) -> str:
    widths = {sequence.prefix: sequence.width for sequence in _configured(settings)}
    return f"{prefix}{number:0{widths.get(prefix, PLAIN_WIDTH)}d}"


def _shown(settings: Settings, stands: Sequence[Stand]) -> Iterator[Shown]:
    by_prefix = {stand.prefix: stand for stand in stands}
    configured = {sequence.prefix for sequence in _configured(settings)}
    for prefix in sorted(configured | by_prefix.keys()):
        stand = by_prefix.get(prefix) or Stand(prefix=prefix, next=FIRST)
        yield Shown(
            prefix=prefix,
            next=_tag(settings, prefix, stand.next),
            number=stand.next,
            given=stand.given,
            passed=stand.passed,
            last="" if stand.last is None else _tag(settings, prefix, stand.last),
            last_asset=stand.last_object,
            catalogs=[sequence.catalog for sequence in _configured(settings) if sequence.prefix == prefix],
        )


def _row(shown: Shown) -> list[Any]:
    catalogs = ", ".join(dict.fromkeys(shown.catalogs)) or "nothing: no sequence of the configuration has it"
    cells = [shown.prefix, shown.next, str(shown.given), str(shown.passed), shown.last, shown.last_asset, catalogs]
    return [cell or "-" for cell in cells]
