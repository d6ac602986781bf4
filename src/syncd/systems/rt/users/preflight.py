"""Before trouble: find out by reading alone whether RT has what a job needs of its users, and lets it be done."""

from syncd.systems.rt.rest import Rest
from syncd.systems.rt.users.schema import UserNeed, UserSchema


def user_preflight(rest: Rest, need: UserNeed, timezone: str = "UTC") -> UserSchema:
    """Return what RT has of what a job needs of users.

    Costs 6 requests and one for each select field that is written. All problems are raised in one error:
    ConfigurationError where any of them is one of configuration, else NotPermitted.
    """
    raise NotImplementedError
