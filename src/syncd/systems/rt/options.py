"""The ``[rt]`` table of the configuration."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from syncd.host.timezones import is_zone


class RtOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to reach Request Tracker 5."""

    url: Annotated[str, Meta(description="Where RT's web interface is, for example https://rt.example.org.")]
    auth: Annotated[
        Literal["token", "password"],
        Meta(
            description="How to sign in. token: an authentication token of the API user. password: one login for a "
            "run, then its session cookie; kinder to a busy server, which checks a token with bcrypt at each request."
        ),
    ] = "token"
    username: Annotated[str, Meta(description="Login name of the API user; needed with auth = password.")] = ""
    token_credential: Annotated[str, Meta(description="Name of the credential that holds the token.")] = "rt-token"  # noqa: S105 - a name
    password_credential: Annotated[str, Meta(description="Name of the credential that holds the password.")] = (
        "rt-password"  # noqa: S105 - a name
    )
    timezone: Annotated[
        str,
        Meta(
            description="Time zone of the API user in RT (its own, else the server's $Timezone): RT reads the date "
            "and time custom fields that syncd writes in this zone."
        ),
    ] = "UTC"
    rate: Annotated[float, Meta(gt=0, description="Most requests a second, all jobs of this machine together.")] = 20.0
    concurrency: Annotated[int, Meta(ge=1, le=32, description="Most writes at the same time.")] = 4
    full_read_days: Annotated[
        float, Meta(gt=0, description="Read all assets again, and check the kept snapshot, after this many days.")
    ] = 7.0
    attempts: Annotated[int, Meta(ge=1, le=20, description="Attempts for one request before it is given up.")] = 6
    budget_seconds: Annotated[
        float, Meta(ge=0, description="Seconds that one run may lose to failed attempts and waits between them.")
    ] = 300.0
    connect_timeout: Annotated[float, Meta(gt=0, description="Seconds to wait for a connection.")] = 10.0
    read_timeout: Annotated[float, Meta(gt=0, description="Seconds to wait for an answer.")] = 60.0
    ca_file: Annotated[str, Meta(description="PEM file with the authority that signed RT's certificate.")] = ""
    proxy: Annotated[str, Meta(description="URL of an HTTP proxy.")] = ""

    def __post_init__(self) -> None:
        """Refuse a time zone that there is not."""
        if not is_zone(self.timezone):
            raise ValueError(f"timezone names no time zone, {self.timezone!r}; write it like 'America/Los_Angeles'")
