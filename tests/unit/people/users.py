"""Users as RT has them, and what a run says of some."""

from typing import Any

from unit.people.fake_rt import ID


def a_user(number: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the user that ``person(number)`` is, as RT has it."""
    usual = {
        "Name": f"s{number}",
        "EmailAddress": f"s{number}@example.org",
        "RealName": f"Given{number} Synth",
        ID: f"{number:06}",
    }
    return usual | changes


def listed(done: Any, state: str) -> dict[str, str]:  # noqa: ANN401
    return {item.object: item.why for item in done.plan.report.listings if item.state == state}
