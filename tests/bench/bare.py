"""The bare loop of the CPU limit: it fetches and decodes the pages that syncd reads, and does nothing with them.

Run as a program of its own: ``bare.py URL CREDENTIALS_DIRECTORY FIELDS warm|cold``. It imports nothing of syncd, so
that only requests, msgspec and google-auth are on its bill.
"""

import sys
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
import requests
from google.auth.transport.requests import Request as TokenTransport
from google.oauth2 import service_account

T = TypeVar("T")
Json = dict[str, Any]

SCOPE = "https://www.googleapis.com/auth/admin.directory.device.chromeos"
ADMIN = "admin@example.org"
PERSON = {"fields[Owner]": "id,Name,EmailAddress", "fields[HeldBy]": "id,Name,EmailAddress"}
DEFINITION = "Type,MaxValues,Pattern,Disabled,LastUpdated"


class RecentUser(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    email: str = ""


class Device(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    device_id: str
    serial_number: str = ""
    status: str = ""
    annotated_user: str = ""
    annotated_asset_id: str = ""
    annotated_location: str = ""
    notes: str = ""
    org_unit_path: str = ""
    model: str = ""
    os_version: str = ""
    mac_address: str = ""
    ethernet_mac_address: str = ""
    last_sync: str = ""
    auto_update_through: str = ""
    recent_users: tuple[RecentUser, ...] = ()


class DevicePage(msgspec.Struct, rename="camel"):
    chromeosdevices: list[Device] = []
    next_page_token: str = ""


class Reference(msgspec.Struct, gc=False):
    type: str = ""
    id: int = 0
    name: str = msgspec.field(name="Name", default="")
    email: str = msgspec.field(name="EmailAddress", default="")


class CustomFieldValues(msgspec.Struct, gc=False):
    id: int
    values: list[str | dict[str, Any] | None] = []


class WireAsset(msgspec.Struct):
    id: int
    name: str = msgspec.field(name="Name", default="")
    status: str = msgspec.field(name="Status", default="")
    updated: str = msgspec.field(name="LastUpdated", default="")
    catalog: Reference | str = msgspec.field(name="Catalog", default="")
    owner: Reference | list[Reference] | str = msgspec.field(name="Owner", default="")
    holders: list[Reference] | str = msgspec.field(name="HeldBy", default="")
    custom_fields: list[CustomFieldValues] | str = msgspec.field(name="CustomFields", default="")


class Stamp(msgspec.Struct, gc=False):
    id: int
    updated: str = msgspec.field(name="LastUpdated", default="")


class Transaction(msgspec.Struct, gc=False):
    id: int
    object_type: str = msgspec.field(name="ObjectType", default="")
    object_id: int = msgspec.field(name="ObjectId", default=0)
    field: str = msgspec.field(name="Field", default="")


class Envelope(msgspec.Struct, Generic[T]):
    items: list[T]
    count: int
    per_page: int
    total: int | None = None


def list_devices(session: requests.Session, url: str, key: Path, fields: str) -> list[Device]:
    """Return all devices; the token is fetched as any script does it."""
    credentials = service_account.Credentials.from_service_account_file(str(key), scopes=[SCOPE], subject=ADMIN)  # type: ignore[no-untyped-call]
    credentials.refresh(TokenTransport(session))
    headers = {"Authorization": f"Bearer {credentials.token}"}
    root = f"{url}/admin/directory/v1/customer/my_customer/devices/chromeos"
    session.get(f"{root}:countChromeOsDevices", headers=headers).raise_for_status()
    decoder = msgspec.json.Decoder(DevicePage)
    params = {"fields": f"nextPageToken,chromeosdevices({fields})", "maxResults": "300", "projection": "FULL"}
    params["prettyPrint"] = "false"
    devices: list[Device] = []
    while True:
        reply = session.get(root, params=params, headers=headers)
        reply.raise_for_status()
        page = decoder.decode(reply.content)
        devices += page.chromeosdevices
        if not page.next_page_token:
            return devices
        params["pageToken"] = page.next_page_token


class Rt:
    """RT's REST2 with a token."""

    def __init__(self, session: requests.Session, url: str, token: str) -> None:
        self.session = session
        self.root = f"{url}/rt/REST/2.0"
        self.headers = {"Authorization": f"token {token}"}

    def get(self, path: str) -> Json:
        reply = self.session.get(f"{self.root}/{path}", headers=self.headers)
        reply.raise_for_status()
        answer: Json = msgspec.json.decode(reply.content)
        return answer

    def search(self, path: str, query: list[Json], kind: type[T], **params: str) -> Envelope[T]:
        reply = self.session.post(f"{self.root}/{path}", params=params, json=query, headers=self.headers)
        reply.raise_for_status()
        return msgspec.json.decode(reply.content, type=Envelope[kind], strict=False)  # type: ignore[valid-type]

    def preflight(self, user: str) -> Json:
        """Make the requests of syncd's preflight, and return the catalog of the Chromebooks."""
        self.get("rt")
        catalogs = self.search("catalogs", [_where("id", ">", 0)], dict, fields="Name,Lifecycle,Disabled,_hyperlinks")
        self.get(f"user/{user}")
        self.get("user/1")
        catalog = next(item for item in catalogs.items if item["Name"] == "Chromebooks")
        more = {"fields": "CustomFields,_hyperlinks", "fields[CustomFields]": DEFINITION, "per_page": "5"}
        self.search("assets", [_where("Catalog", "IN", [catalog["id"]])], dict, **more)
        return catalog

    def news(self, catalog: Json) -> None:
        """Make the two requests that tell that nothing has changed."""
        kinds = ["Set", "Status", "Create", "SetWatcher", "AddWatcher", "DelWatcher"]
        query = [_where("ObjectType", "IN", ["RT::Asset", "RT::User"]), _where("Type", "IN", kinds)]
        order = {"orderby": "id", "order": "DESC", "per_page": "100"}
        self.search("transactions", query, Transaction, fields="ObjectType,ObjectId,Field", **order)
        order["orderby"] = "LastUpdated"
        self.search("assets", [_where("Catalog", "IN", [catalog["id"]])], Stamp, fields="LastUpdated", **order)

    def assets(self, catalog: Json) -> list[WireAsset]:
        """Return all assets with all fields."""
        assets: list[WireAsset] = []
        more = {"fields": "Name,Status,Catalog,Owner,HeldBy,LastUpdated,CustomFields", **PERSON, "per_page": "100"}
        while True:
            query = [_where("Catalog", "IN", [catalog["id"]]), _where("id", ">", assets[-1].id if assets else 0)]
            page = self.search("assets", query, WireAsset, **more)
            assets += page.items
            if len(page.items) == page.total:
                return assets


def _where(field: str, operator: str, value: object) -> Json:
    return {"field": field, "operator": operator, "value": value}


def main(url: str, credentials: str, fields: str, how: str) -> None:
    folder = Path(credentials)
    with requests.Session() as session:
        # A look at proxy variables for each request would make the loop dearer, and the ratio better.
        session.trust_env = False
        session.headers["User-Agent"] = "bare (gzip)"
        devices = list_devices(session, url, folder / "google-service-account", fields)
        token = (folder / "rt-token").read_text()
        rt = Rt(session, url, token)
        catalog = rt.preflight(token.split("-")[1])
        if how == "cold":
            assets = rt.assets(catalog)
            sys.stdout.write(f"{len(assets)} assets, ")
        else:
            rt.news(catalog)
    sys.stdout.write(f"{len(devices)} devices\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
