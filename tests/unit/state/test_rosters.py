from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.host.errors import DataError, Refused
from syncd.state.rosters import ACTIVE, FIELDS, Counts, Import, Row
from syncd.state.store import Store, open_store
from syncd.systems.rosters import person as person_room
from unit.state.sample import an_import, person


def take(store: Store, rows: Sequence[Row], **more: object) -> Counts:
    return store.rosters.take(an_import(**more), [rows], lambda _counts: True)


def ids(store: Store, school: str = "") -> list[str]:
    return [row[0] for row in store.rosters.people("students", school=school)]


def test_the_first_import_adds_everybody(store: Store) -> None:
    assert take(store, [person(2), person(1)]) == Counts(rows=2, added=2)
    assert list(store.rosters.people("students")) == [person(1), person(2)]


def test_a_full_import_changes_what_differs_and_lets_go_who_is_missing(store: Store) -> None:
    take(store, [person(number) for number in range(5)])
    counts = take(store, [person(0), person(1, grade=""), person(9)])
    assert counts == Counts(rows=3, added=1, changed=1, unchanged=1, left=3, before=5, lost=3)
    assert list(store.rosters.people("students")) == [person(0), person(1, grade=""), person(9)]


def test_a_partial_import_lets_nobody_go_and_empties_nothing(store: Store) -> None:
    take(store, [person(1), person(2)])
    counts = take(store, [person(1, grade="10", email="", graduation_year=0), person(3)], extent="partial")
    assert counts == Counts(rows=2, added=1, changed=1, before=2)
    assert list(store.rosters.people("students")) == [person(1, grade="10"), person(2), person(3)]


def test_who_becomes_inactive_is_lost_though_still_there(store: Store) -> None:
    take(store, [person(1), person(2, active=False)])
    counts = take(store, [person(1, active=False)], extent="partial")
    assert (counts.before, counts.lost, counts.left) == (1, 1, 0)
    assert [row[ACTIVE] for row in store.rosters.people("students")] == [False, False]
    assert take(store, [person(1), person(2)]).lost == 0


def test_an_import_for_one_school_leaves_the_others_alone(store: Store) -> None:
    take(store, [person(1), person(2), person(3, school="South")])
    counts = take(store, [person(3), person(1)], scope="North")
    assert counts == Counts(rows=2, changed=1, unchanged=1, left=1, before=2, lost=1, moved=1)
    assert ids(store, "North") == ["00001", "00003"]
    assert ids(store, "South") == []


def test_who_was_inactive_or_of_no_school_is_not_taken_from_one(store: Store) -> None:
    take(store, [person(1, school="South", active=False), person(2, school=""), person(3, school="South")])
    assert take(store, [person(1), person(2)], scope="North").moved == 0
    assert take(store, [person(3)], scope="North", extent="partial").moved == 1


def test_a_school_is_spelt_as_in_the_roster(store: Store) -> None:
    take(store, [person(1), person(2, school="SOUTH"), person(3, school="South")])
    assert [store.rosters.spelling("students", name) for name in ("north", "South", "SOUTH")] == [
        "North",
        "South",
        "SOUTH",
    ]
    assert [store.rosters.spelling("students", name) for name in ("West", "")] == ["West", ""]
    assert store.rosters.spelling("staff", "north") == "north"


def test_rosters_do_not_know_each_other(store: Store) -> None:
    take(store, [person(1)])
    assert take(store, [person(1), person(2)], roster="staff").added == 2
    assert ids(store) == ["00001"]


@pytest.mark.parametrize("keep", ["no", "refused"])
def test_what_is_not_kept_changes_nothing(store: Store, keep: str) -> None:
    take(store, [person(1), person(2)])

    def decide(counts: Counts) -> bool:
        if keep == "refused":
            raise Refused(f"{counts.lost} lost", code="guard.refused")
        return False

    new = [[person(2, grade="12")], [person(number) for number in range(3, 900)]]
    if keep == "refused":
        with pytest.raises(Refused, match="1 lost"):
            store.rosters.take(an_import(), new, decide)
    else:
        assert store.rosters.take(an_import(), new, decide).added == 897
    assert list(store.rosters.people("students")) == [person(1), person(2)]
    assert len(store.rosters.imports("students")) == 1


def test_a_user_name_of_somebody_outside_a_partial_file_is_refused(store: Store) -> None:
    take(store, [person(1), person(2)])
    with pytest.raises(DataError, match="00001 and 00003 would have one user name") as taken:
        take(store, [person(3, user_name="S1", email="")], extent="partial")
    assert taken.value.code == "roster.taken"
    with pytest.raises(DataError, match="one e-mail"):
        take(store, [person(3, email="S2@example.org")], scope="South")
    assert ids(store) == ["00001", "00002"]


def test_imports_are_listed_newest_first_with_who_and_when(store: Store) -> None:
    take(store, [person(1)])
    take(store, [person(1), person(2)], file="second.csv", scope="North", extent="partial")
    newest, first = store.rosters.imports("students")
    assert store.rosters.last("students") == newest
    assert store.rosters.last("staff") is None
    assert newest == an_import(
        file="second.csv", scope="North", extent="partial", id=2, actor="operator", at=first.at, counts=newest.counts
    )
    assert newest.counts == Counts(rows=2, added=1, unchanged=1, before=1)
    assert first.at.endswith("Z")
    assert isinstance(first, Import)


def test_the_fields_are_those_of_a_person_and_end_with_whether_somebody_is_active() -> None:
    assert FIELDS == person_room.FIELDS
    assert FIELDS[ACTIVE:] == ("active",)


def test_a_student_that_cannot_be_read_is_damage(store: Store) -> None:
    take(store, [person(1)])
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE people SET data = '{'")
    with pytest.raises(DataError, match="backup") as damaged:
        ids(store)
    assert damaged.value.code == "state.damaged"


PEOPLE = st.dictionaries(st.integers(0, 40), st.tuples(st.sampled_from(["", "9", "10"]), st.booleans()), max_size=30)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(PEOPLE, st.booleans()), max_size=4))
def test_a_roster_is_what_a_dictionary_would_be(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[dict[int, tuple[str, bool]], bool]]
) -> None:
    model: dict[str, Row] = {}
    with open_store(tmp_path_factory.mktemp("state")) as store:
        for people, partial in files:
            rows = [person(number, grade=grade, active=active) for number, (grade, active) in people.items()]
            counts = take(store, rows, extent="partial" if partial else "full")
            before = {key for key, row in model.items() if row[ACTIVE]}
            kept = dict(model) if partial else {}
            for row in rows:
                old = model.get(row[0], row)
                kept[row[0]] = tuple(new or was for new, was in zip(row[:-1], old, strict=False)) + row[-1:]
                if not partial:
                    kept[row[0]] = row
            assert counts.left == len(model.keys() - kept.keys())
            assert counts.added == len(kept.keys() - model.keys())
            assert counts.lost == len(before - {key for key, row in kept.items() if row[ACTIVE]})
            assert counts.changed + counts.unchanged + counts.added == counts.rows == len(rows)
            model = kept
            assert list(store.rosters.people("students")) == [model[key] for key in sorted(model)]
