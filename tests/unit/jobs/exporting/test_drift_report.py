"""The drift report, out of a comparison and of who holds what."""

from collections.abc import Collection, Iterable, Sequence

from syncd.jobs.drift_report import COLUMNS, Drift
from syncd.jobs.exporting.holdings import Holdings
from syncd.reconcile.model import Action, Comparison, Kind, Listing, make_action
from syncd.reconcile.values import Known

Row = dict[str, str]


def action(kind: Kind, number: str, after: dict[str, Known], before: dict[str, Known], source: str = "") -> Action:
    return make_action(
        kind=kind, system="rt", object=number, label=number, before=before, after=after, reason="because", source=source
    )


def listing(state: str, number: str, system: str = "rt") -> Listing:
    return Listing(state=state, system=system, object=number, label=number, why=f"why {state}")


def report(
    actions: Sequence[Action] = (),
    listings: Sequence[Listing] = (),
    *,
    users: Iterable[tuple[int, str, str, str]] = (),
    had: Collection[str] = (),
    has: Collection[str] = (),
) -> list[Row]:
    """Return the rows, without their empty cells; each user has a device."""
    known = [*users]
    comparison = Comparison(actions=[*actions], listings=[*listings], counts={}, populations={})
    with Holdings([]) as holdings:
        holdings.take_users(known)
        holdings.take_devices((100 + user, user, f"A{user}", f"S{user}", "2026-08-20") for user, *_ in known)
        drift = Drift(comparison, holdings, had, has)
        rows = [*drift.rows()]
        assert sum(drift.tally.values()) == len(rows)
        assert all(kind in drift.told() for kind in drift.tally)
    assert all(len(row) == len(COLUMNS) for row in rows)
    return [{name: str(cell) for name, cell in zip(COLUMNS, row, strict=True) if cell} for row in rows]


def test_people_without_a_user_are_of_the_roster_only() -> None:
    create = action("create", "0001", {"Name": "ann", "EmailAddress": "ann@example.org"}, {})
    rows = report([create], [listing("not_created", "0002", "roster"), listing("only_roster", "0003", "roster")])
    assert rows == [
        {"kind": "roster_only", "person": "0001", "user_name": "ann", "note": "because"},
        {"kind": "roster_only", "person": "0002", "note": "why not_created"},
        {"kind": "roster_only", "person": "0003", "note": "why only_roster"},
    ]


def test_each_field_that_differs_is_a_row_with_both_values() -> None:
    update = action("update", "7", {"RealName": "Ann B", "Nick": None}, {"RealName": "Ann", "Nick": ("a", "b")}, "0001")
    user = {"kind": "differs", "person": "0001", "rt_user": "7"}
    assert report([update]) == [
        user | {"field": "RealName", "roster_value": "Ann B", "rt_value": "Ann"},
        user | {"field": "Nick", "rt_value": "a, b"},
    ]


def test_leavers_come_with_their_devices_and_others_do_not() -> None:
    users = [(7, "", "", "gone"), (8, "", "", "soon"), (9, "", "", "customer"), (10, "0010", "", "here")]
    disable = action("disable", "7", {"Disabled": "1"}, {"Disabled": "0"})
    # Whoever is due to be disabled is listed as absent, too.
    rows = report([disable], [listing("absent", "7"), listing("absent", "8")], users=users, has={"10"})
    device = {"kind": "leaver_device", "checked_out": "2026-08-20"}
    assert rows == [
        {"kind": "rt_only", "rt_user": "7", "user_name": "gone", "note": "why absent"},
        {"kind": "rt_only", "rt_user": "8", "user_name": "soon", "note": "why absent"},
        device | {"rt_user": "7", "user_name": "gone", "asset_name": "A7", "serial": "S7"},
        device | {"rt_user": "8", "user_name": "soon", "asset_name": "A8", "serial": "S8"},
    ]


def test_users_who_were_disabled_before_are_leavers_too() -> None:
    users = [(7, "0007", "", "with an id"), (8, "", "", "with a past"), (9, "0009", "", "in conflict")]
    rows = report(listings=[listing("conflict", "9")], users=users, had={"8"})
    assert [(row["kind"], row["rt_user"]) for row in rows] == [
        ("leaver_device", "7"),
        ("leaver_device", "8"),
        ("conflict", "9"),
    ]


def test_kinds_come_one_after_the_other_and_nothing_is_left_out() -> None:
    rows = report(
        [action("update", "7", {"Name": "b"}, {"Name": "a"}), action("create", "1", {"Name": "c"}, {})],
        [listing("protected", "4"), listing("absent", "5"), listing("unknown", "6", "roster")],
    )
    assert [row["kind"] for row in rows] == ["roster_only", "rt_only", "differs", "protected", "unknown"]


def test_without_differences_there_is_a_header_only() -> None:
    assert report() == []
