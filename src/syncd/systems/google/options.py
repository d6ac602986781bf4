"""The ``google`` section of the configuration."""

from typing import Annotated

import msgspec
from msgspec import Meta

_AUTH = "https://www.googleapis.com/auth/"
DEVICES_READ = _AUTH + "admin.directory.device.chromeos.readonly"
DEVICES_WRITE = _AUTH + "admin.directory.device.chromeos"
ORG_UNITS_READ = _AUTH + "admin.directory.orgunit.readonly"
USERS_READ = _AUTH + "admin.directory.user.readonly"
MEMBERS_READ = _AUTH + "admin.directory.group.member.readonly"
MEMBERS_WRITE = _AUTH + "admin.directory.group.member"
TELEMETRY_READ = _AUTH + "chrome.management.telemetry.readonly"


class GoogleOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to reach Google Workspace, and as whom."""

    delegated_user: Annotated[
        str, Meta(min_length=3, description="E-mail address of the administrator the service account acts as.")
    ]
    customer: Annotated[
        str, Meta(min_length=1, description="Customer ID (C...), or my_customer for that of the delegated user.")
    ] = "my_customer"
    credential: Annotated[
        str, Meta(min_length=1, description="Name of the credential that holds the service account's JSON key.")
    ] = "google-service-account"
    api_root: Annotated[str, Meta(description="Root URL of the Admin SDK API.")] = "https://admin.googleapis.com/"
    scopes: Annotated[
        tuple[str, ...],
        Meta(description="OAuth scopes to ask for. Empty: those that the job needs, and no others."),
    ] = ()
    rate: Annotated[
        float,
        Meta(gt=0, description="Requests per second, over all jobs of this machine. Google's default quota is 40."),
    ] = 40.0
    page_size: Annotated[int, Meta(ge=1, le=300, description="Devices per page; lowered when Google allows fewer.")] = (
        300
    )
    concurrency: Annotated[int, Meta(ge=1, le=64, description="Requests under way at the same time.")] = 8
    attempts: Annotated[int, Meta(ge=1, le=20, description="Attempts for one request before it is given up.")] = 6
    budget_seconds: Annotated[
        float, Meta(ge=0, description="Seconds that one run may lose to failed attempts and waits between them.")
    ] = 300.0
    connect_timeout: Annotated[float, Meta(gt=0, description="Seconds to wait for a connection.")] = 10.0
    read_timeout: Annotated[float, Meta(gt=0, description="Seconds to wait for an answer, and for its body.")] = 60.0
    ca_file: Annotated[
        str, Meta(description="PEM file of certificate authorities to trust instead of the built-in ones.")
    ] = ""
    proxy: Annotated[
        str, Meta(description="URL of an HTTP proxy. Proxy variables of the environment are not read.")
    ] = ""
