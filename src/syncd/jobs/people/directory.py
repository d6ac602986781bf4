"""Users of Google's Directory as people of a roster."""

import unicodedata
from collections.abc import Iterable

from syncd.systems.google.users import DirectoryUser
from syncd.systems.rosters.person import Person, Role

SOURCE = "google"


def people_of(users: Iterable[DirectoryUser], role: Role) -> list[Person]:
    """Return one person for each user, in the same order; ``role`` is what all of them are."""
    return [person_of(user, role) for user in users]


def person_of(user: DirectoryUser, role: Role) -> Person:
    """Return a user as a person of a roster.

    The id is the external id of type ``organization``; a user with several different ones has none, since which one
    is right cannot be told. The user name is the e-mail address up to its @. Whoever is suspended or archived is not
    active. Google has no grade, school or advisor, and departments are not asked for: what schools write there is
    theirs alone.
    """
    ids = user.organization_ids
    return Person(
        id=ids[0] if len(ids) == 1 else "",
        given_name=_text(user.given_name),
        family_name=_text(user.family_name),
        user_name=user.primary_email.partition("@")[0],
        email=user.primary_email,
        role=role,
        active=not (user.suspended or user.archived),
        source=SOURCE,
    )


def _text(value: str) -> str:
    """Return a name as files of rosters are read, so that the same name is the same text from either."""
    return unicodedata.normalize("NFC", " ".join(value.split()))
