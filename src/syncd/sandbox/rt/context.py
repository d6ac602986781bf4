"""One request: who asks, what they may do, and how objects are referred to in the answer."""

from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from syncd.sandbox.rt.records import ASSET, ASSET_FIELDS, Asset, CustomField, Transaction, User
from syncd.sandbox.rt.wire import Json
from syncd.sandbox.rt.world import World
from syncd.sandbox.server import Call

Right = Literal[
    "SuperUser",
    "AdminUsers",
    "ShowUserHistory",
    "SeeGroup",
    "AdminCustomField",
    "SeeCustomField",
    "ModifyCustomField",
    "ShowCatalog",
    "AdminCatalog",
    "ShowAsset",
    "CreateAsset",
    "ModifyAsset",
    "SeeQueue",
    "ShowTicket",
    "CreateTicket",
]
API_PATH: Final = "/REST/2.0"
ORGANIZATION: Final = "rt.test"


@dataclass(slots=True)
class Context:
    """The world, the user and the call of one request; ``entries`` is a cache of ``rendering``, by catalog."""

    world: World
    user: User
    call: Call
    entries: dict[int | None, list[tuple[CustomField, Json]]] = field(default_factory=dict)

    def may(self, right: Right, catalog: int | None = None) -> bool:
        """Return whether the user has a right, globally or on a catalog."""
        held = self.user.rights
        if "SuperUser" in held or right in held:
            return True
        return catalog is not None and right in self.user.catalog_rights.get(catalog, ())

    def catalogs_with(self, right: Right) -> set[int] | None:
        """Return the catalogs on which the user has a right, None when it is all of them."""
        if self.may(right):
            return None
        return {number for number, rights in self.user.catalog_rights.items() if right in rights}

    def may_see_fields_of(self, record: Asset | User) -> bool:
        """Return whether the user sees the custom fields of an object (one's own count as seen)."""
        return self.may("SeeCustomField", record.catalog if isinstance(record, Asset) else None)

    def searched_field(self, name: str, lookup_type: str = ASSET_FIELDS) -> int | None:
        """Return the custom field that a criterion means, None for who may not see custom fields everywhere."""
        field = self.world.field_named(name, lookup_type) if self.may("SeeCustomField") else None
        return field.id if field else None

    def may_see(self, transaction: Transaction) -> bool:
        """Return whether a line of history is shown to the user; the others are left out without a word."""
        if transaction.object_type == ASSET:
            asset = self.world.assets[transaction.object_id]
            if not self.may("ShowAsset", asset.catalog):
                return False
            return transaction.type != "CustomField" or self.may("SeeCustomField", asset.catalog)
        return transaction.object_id == self.user.id or self.may("ShowUserHistory")

    @property
    def api_path(self) -> str:
        """The path of the REST2 root, as ``Location`` headers have it."""
        return f"{urlsplit(self.call.root).path}{API_PATH}"

    def url(self, path: str) -> str:
        """Return the URL of something below the REST2 root."""
        return f"{self.call.root}{API_PATH}/{path}"

    def reference(self, kind: str, number: object) -> Json:
        """Return a reference to an object; its id is a string. A user's name loses RT's organization at its start."""
        number = str(number).removeprefix(f"{ORGANIZATION}-") if kind == "user" else number
        return {"type": kind, "id": str(number), "_url": self.url(f"{kind}/{number}")}

    def person(self, number: int) -> Json:
        """Return a reference to a user, whose id there is the login name."""
        return self.reference("user", self.world.users[number].name)

    def people(self, numbers: list[int]) -> list[Json]:
        """Return references to users."""
        return [self.person(number) for number in numbers]

    def newest(self, key: tuple[str, int]) -> Transaction | None:
        """Return the newest line of an object's history that the user may see."""
        transactions = self.world.transactions
        for number in reversed(self.world.history.get(key, [])):
            if self.may_see(transactions[number]):
                return transactions[number]
        return None
