"""People of several sources become one record each."""

from syncd.jobs.people.combine import combine
from syncd.systems.rosters.person import Person
from unit.people.fake_rt import person


def combined(*sources: list[Person], **precedence: tuple[str, ...]) -> list[Person]:
    """Combine sources named a, b, c in this order."""
    return combine([*zip("abc", sources, strict=False)], precedence)  # type: ignore[arg-type]


def test_one_source_is_taken_as_it_is() -> None:
    assert combined([person(1), person(2)]) == [person(1), person(2)]


def test_records_with_one_id_are_one_person_and_the_first_source_is_believed() -> None:
    (one,) = combined([person(1, email="")], [person(1, email="s1@example.org", grade="10", school="North")])
    assert (one.email, one.grade, one.school, one.source) == ("s1@example.org", "9", "North", "a+b")


def test_a_field_may_have_a_precedence_of_its_own() -> None:
    (one,) = combined([person(1)], [person(1, email="b@example.org", grade="10")], email=("b",))
    assert (one.email, one.grade) == ("b@example.org", "9")


def test_whether_somebody_is_active_is_told_by_the_first_source_that_knows() -> None:
    assert [one.active for one in combined([person(1, active=False)], [person(1)])] == [False]
    assert [one.active for one in combined([person(1)], [person(1, active=False)])] == [True]


def test_without_an_id_people_meet_by_address_then_by_user_name() -> None:
    people = combined(
        [person(1), person(2)],
        [
            person(0, id="", user_name="", email="S1@example.org", school="North"),
            person(0, id="", user_name="S2", email="", school="South"),
        ],
    )
    assert [(one.id, one.school, one.source) for one in people] == [
        ("000001", "North", "a+b"),
        ("000002", "South", "a+b"),
    ]


def test_two_ids_are_two_people_whatever_else_is_equal() -> None:
    assert len(combined([person(1)], [person(2, email="s1@example.org", user_name="s1")])) == 2


def test_a_key_that_leads_to_two_people_joins_neither() -> None:
    shared = "x@example.org"
    people = combined([person(1, email=shared), person(2, email=shared)], [person(0, id="", email=shared)])
    assert [one.id for one in people] == ["000001", "000002", ""]


def test_two_records_of_one_source_stay_apart() -> None:
    assert len(combined([person(1), person(1)], [])) == 2


def test_three_sources_make_one_person() -> None:
    (one,) = combined([person(1)], [person(1)], [person(0, id="", user_name="s1", email="", school="North")])
    assert (one.source, one.school) == ("a+b+c", "North")


def test_a_student_and_a_member_of_staff_with_one_number_are_two_people() -> None:
    teacher = person(1, user_name="teacher", email="teacher@example.org", role="staff")
    people = combined([teacher], [person(1)])
    assert [(one.role, one.email) for one in people] == [
        ("staff", "teacher@example.org"),
        ("student", "s1@example.org"),
    ]


def test_a_student_and_a_member_of_staff_with_one_user_name_are_two_people() -> None:
    student, teacher = person(1, email=""), person(0, id="", user_name="s1", email="s1@staff.org", role="staff")
    assert combined([student], [teacher]) == [student, teacher]
    (one,) = combined([student], [person(1, email="s1@example.org", role="staff")])
    assert one.email == "s1@example.org"


def test_whom_any_source_knows_as_a_student_is_none_of_the_staff() -> None:
    (one,) = combined([person(1, role="staff", school="South")], [person(1)])
    assert (one.role, one.school) == ("student", "South")
    (one,) = combined([person(1, role="staff")], [person(1)], role=("a",))
    assert one.role == "staff"


def test_a_former_student_may_be_of_the_staff() -> None:
    (one,) = combined([person(1, role="staff")], [person(1, active=False)])
    assert (one.role, one.active) == ("staff", True)
