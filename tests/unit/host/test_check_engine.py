"""Checks are made one by one, whatever the others find."""

from collections.abc import Iterator

import pytest

from syncd.host.checks.engine import Check, Finding, Probe, examine, exit_status, failed, ok, warning
from syncd.host.credentials import Secret
from syncd.host.errors import ConfigurationError, ExitStatus, NotPermitted, Unavailable


def broken() -> Finding:
    raise ZeroDivisionError


def refused() -> Finding:
    raise NotPermitted("RT does not accept it; make a new one.", code="rt.unauthorized")


def test_a_check_whose_need_failed_is_skipped_with_the_first_cause() -> None:
    probes = [
        Probe("rt", "DNS", lambda: failed("no such name", "check it")),
        Probe("rt", "connection", broken, ["rt DNS"]),
        Probe("rt", "token", broken, ["rt credential", "rt connection"]),
        Probe("google", "DNS", lambda: ok("there")),
    ]
    found = [(check.state, check.found) for check in examine(probes)]
    assert found[1:] == [("skipped", "because rt DNS failed")] * 2 + [("ok", "there")]


def test_a_warning_skips_nothing() -> None:
    probes = [
        Probe("rt", "clock", lambda: warning("late", "set it")),
        Probe("rt", "token", lambda: ok("good"), ["rt clock"]),
    ]
    assert [check.state for check in examine(probes)] == ["warning", "ok"]


def test_one_failure_of_several_findings_counts() -> None:
    def several() -> Iterator[Finding]:
        yield failed("gone", "make it", name="field A")
        yield ok("there", name="field B")

    probes = [Probe("job", "fields", several), Probe("job", "more", lambda: ok(""), ["job fields"])]
    assert [(check.check, check.state) for check in examine(probes)] == [
        ("field A", "failed"),
        ("field B", "ok"),
        ("more", "skipped"),
    ]


def test_a_check_that_is_broken_hides_no_other() -> None:
    first, second = examine([Probe("a", "b", broken), Probe("a", "c", lambda: ok("fine"))])
    assert (first.state, first.fault, first.found) == ("failed", "other", "internal error: ZeroDivisionError")
    assert second.state == "ok"


def test_the_next_check_is_asked_for_when_the_one_before_is_done() -> None:
    done: list[str] = []

    def first() -> Finding:
        done.append("first")
        return ok("done")

    def probes() -> Iterator[Probe]:
        yield Probe("a", "first", first)
        assert done == ["first"]
        yield Probe("a", "second", lambda: ok("done"))

    assert len([*examine(probes())]) == 2


def test_an_error_is_told_apart_in_what_is_wrong_and_what_to_do() -> None:
    (check,) = examine([Probe("rt", "token", refused)])
    assert (check.found, check.remedy, check.fault) == ("RT does not accept it", "make a new one", "rights")


def test_a_secret_in_a_finding_is_blanked() -> None:
    Secret("correct horse battery")
    (check,) = examine([Probe("a", "b", lambda: failed("got correct horse battery", "try correct horse battery"))])
    assert (check.found, check.remedy) == ("got ***", "try ***")


@pytest.mark.parametrize(
    ("errors", "status"),
    [
        ([], ExitStatus.OK),
        ([NotPermitted("", code="")], ExitStatus.NO_PERMISSION),
        ([NotPermitted("", code=""), NotPermitted("", code="")], ExitStatus.NO_PERMISSION),
        ([ConfigurationError("", code="")], ExitStatus.CONFIGURATION),
        ([ConfigurationError("", code=""), NotPermitted("", code="")], ExitStatus.SOME_FAILED),
        ([Unavailable("", code="")], ExitStatus.SOME_FAILED),
        ([Unavailable("", code=""), NotPermitted("", code="")], ExitStatus.SOME_FAILED),
    ],
)
def test_the_exit_status_names_a_class_of_fault_only_where_it_is_the_only_one(
    errors: list[Exception], status: ExitStatus
) -> None:
    def raising(error: Exception) -> Finding:
        raise error

    probes = [Probe("a", str(n), lambda error=error: raising(error)) for n, error in enumerate(errors)]  # type: ignore[misc]
    late: list[Check] = [*examine([*probes, Probe("a", "late", lambda: warning("late", "hurry"))])]
    assert exit_status(late) == status
