"""The ways in which the roster, RT and Google disagree about a student; ``make_people`` says what each one is."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from syncd.sandbox.population import Built, GoogleUser, Maker, Student
from syncd.sandbox.records import User

_LEFT_IN_GOOGLE: tuple[GoogleUser, ...] = ({"suspended": True, "suspensionReason": "ADMIN"}, {"archived": True})


def _new(maker: Maker, _: int) -> Built:
    return maker.student().in_rt()


def _left(maker: Maker, turn: int) -> Built:
    student = maker.student()
    still = [student.google | _LEFT_IN_GOOGLE[turn]] if turn < len(_LEFT_IN_GOOGLE) else []
    return Built(rt=[student.user], google=still)


def _old_name(student: Student) -> Built:
    return student.in_rt(replace(student.user, real_name=f"{student.row['first_name']} Formerly"))


def _changed_name(maker: Maker, _: int) -> Built:
    return _old_name(maker.student())


def _changed_grade(maker: Maker, _: int) -> Built:
    student = maker.student()
    while student.row["grade"] == "K":
        student = maker.student()
    now = student.user.custom_fields
    last_year = maker.fields(now["Student ID"], int(now["Grade"]) - 1) | {"Graduation Year": now["Graduation Year"]}
    return student.in_rt(replace(student.user, custom_fields=last_year))


def _changed_username(maker: Maker, _: int) -> Built:
    student = maker.student()
    return student.renamed(f"{student.row['username']}.new").in_rt(student.user)


def _returned(maker: Maker, _: int) -> Built:
    student = maker.student()
    return student.in_rt(replace(student.user, disabled=True))


def _email_taken(maker: Maker, _: int) -> Built:
    student = maker.student()
    return student.in_rt(replace(student.user, email=""), User(student.user.email, "", student.user.email))


def _twice_in_rt(maker: Maker, _: int) -> Built:
    student = maker.student()
    return student.in_rt(student.user, replace(student.user, login=f"{student.user.login}.old", email=""))


def _other_case(maker: Maker, _: int) -> Built:
    student = maker.student()
    return student.in_rt(replace(student.user, login=student.user.login.upper()))


def _digits(maker: Maker) -> Student:
    student = maker.student()
    return student.renamed(f"9{student.row['student_id']}")  # a number that no user of RT has


def _slash(maker: Maker) -> Student:
    student = maker.student()
    return student.renamed(f"{student.row['username']}/a")


def _digits_name(maker: Maker, _: int) -> Built:
    return _old_name(_digits(maker))


def _slash_name(maker: Maker, _: int) -> Built:
    return _old_name(_slash(maker))


def _new_digits_name(maker: Maker, _: int) -> Built:
    return _digits(maker).in_rt()


def _new_slash_name(maker: Maker, _: int) -> Built:
    return _slash(maker).in_rt()


def _privileged_staff(maker: Maker, _: int) -> Built:
    student, (user, google) = maker.student(), maker.staff()
    built = student.in_rt(replace(user, custom_fields={"Student ID": student.row["student_id"]}))
    return replace(built, google=[*built.google, google])


KINDS: Mapping[str, tuple[int, Callable[[Maker, int], Built]]] = {
    "new": (3, _new),
    "left": (3, _left),
    "changed_name": (2, _changed_name),
    "changed_grade": (3, _changed_grade),
    "changed_username": (1, _changed_username),
    "returned": (2, _returned),
    "email_taken": (1, _email_taken),
    "twice_in_rt": (1, _twice_in_rt),
    "other_case": (1, _other_case),
    "digits_name": (1, _digits_name),
    "slash_name": (1, _slash_name),
    "new_digits_name": (1, _new_digits_name),
    "new_slash_name": (1, _new_slash_name),
    "privileged_staff": (1, _privileged_staff),
}
"""The kinds of disagreement: how many there are of each, however many people there are, and what makes one."""
