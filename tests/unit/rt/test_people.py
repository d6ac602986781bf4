"""The people of a fleet in little memory."""

import msgspec
import pytest

from syncd.systems.rt.assets import PackedPeople, Person
from syncd.systems.rt.snapshot import decode_people, encode_people

ADA, BEN = Person(41, "s1001", "ada@example.org"), Person(43, "Ben Müller 🎓", "")


def test_people_read_as_they_were_put() -> None:
    people = PackedPeople([ADA])
    people[43] = BEN
    assert dict(people) == {41: ADA, 43: BEN}
    assert (people.get(43), people.get(7), 7 in people, len(people)) == (BEN, None, False, 2)
    assert [(people.name_of(user), people.email_of(user)) for user in (41, 43, 7)] == [
        ("s1001", "ada@example.org"),
        ("Ben Müller 🎓", None),
        (None, None),
    ]
    del people[41]
    assert [*people.values()] == [BEN]


@pytest.mark.parametrize("number", [0, 1, 2_000, 4_001])
def test_people_are_kept_whole_however_many_they_are(number: int) -> None:
    people = [Person(n, f"s{n}", f"s{n}@example.org") for n in range(number)]
    encoded = encode_people(people)
    assert msgspec.json.decode(encoded, type=list[Person]) == people
    assert [*decode_people(encoded).values()] == people
