import pytest

from syncd.systems.google.orgunits import contains, outermost, same, spelled


@pytest.mark.parametrize(
    ("given", "expected"), [("/", "/"), ("", "/"), ("/A/b/", "/A/b"), ("A", "/A"), (" /A ", "/A"), ("id:03x", "id:03x")]
)
def test_a_path_is_spelled_as_the_api_takes_it(given: str, expected: str) -> None:
    assert spelled(given) == expected


def test_names_are_compared_without_case() -> None:
    assert same("/Staff/Été", "/staff/ÉTÉ/")
    assert not same("/Staff", "/Staff2")


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ("/", "/A", True),
        ("/a", "/A/B", True),
        ("/A", "/AB", False),
        ("/A/B", "/A", False),
        ("/A", "/A", True),
        ("/", "id:1", False),
        ("id:1", "id:1", True),
    ],
)
def test_an_org_unit_contains_itself_and_what_is_below(parent: str, child: str, expected: bool) -> None:  # noqa: FBT001
    assert contains(parent, child) is expected


def test_only_the_outermost_are_read_when_children_are_read_anyway() -> None:
    paths = ["/A/B", "/a", "/C", "/A", "/c/"]
    assert outermost(paths, include_children=True) == ["/A", "/c"]
    assert outermost(paths, include_children=False) == ["/A/B", "/A", "/c"]
