"""``users``: reading only. Lists come in pages that stay stable, and are searched as Google's user search does."""

from syncd.sandbox.google import user_queries
from syncd.sandbox.google.devices import check_customer
from syncd.sandbox.google.errors import ApiError, forbidden, not_found
from syncd.sandbox.google.sequences import THREE_DAYS, Sequences, limit_of, one_of, page_of
from syncd.sandbox.google.tenant import Record, Tenant
from syncd.sandbox.server import Call

_ORDERS = {
    "email": lambda user: str(user["primaryEmail"]),
    "familyName": lambda user: str(user["name"].get("familyName", "")).casefold(),
    "givenName": lambda user: str(user["name"].get("givenName", "")).casefold(),
}
_FIELDS = """
addresses agreedToTerms aliases archivalTime archived changePasswordAtNextLogin creationTime customSchemas customerId
deletionTime emails etag externalIds gender guestAccountInfo hashFunction id ims includeInGlobalAddressList
ipWhitelisted isAdmin isDelegatedAdmin isEnforcedIn2Sv isEnrolledIn2Sv isGuestUser isMailboxSetup keywords kind
languages lastLoginTime locations name nonEditableAliases notes orgUnitPath organizations password phones posixAccounts
primaryEmail recoveryEmail recoveryPhone relations sshPublicKeys suspended suspensionReason suspensionTime
thumbnailPhotoEtag thumbnailPhotoUrl websites
"""
USER_FIELDS = frozenset(_FIELDS.split())


class People:
    """Answers list and get."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        about = ("customer", "domain", "query", "orderBy", "sortOrder", "showDeleted", "projection", "viewType")
        self._sequences = Sequences(tenant.settings, about, THREE_DAYS)

    def page(self, call: Call, _: dict[str, str]) -> Record:
        """Return one page: ``{kind, etag, users, nextPageToken}``; empty parts are left out."""
        self._check_tenant(call)
        limit = limit_of(call, self._tenant.settings.users_limit, self._tenant.settings)
        projection = _projection(call)
        one_of(call, "orderBy", tuple(_ORDERS))
        one_of(call, "sortOrder", ("ASCENDING", "DESCENDING"))
        keys, token = self._sequences.page(call, limit, lambda: self._ordered(call))
        page = [user for key in keys if (user := self._tenant.users.get(key))]
        return page_of("users", "users", [_shown(user, projection) for user in page], token)

    def get(self, call: Call, names: dict[str, str]) -> Record:
        """Return one user, by any of its addresses or by its id."""
        projection, found = _projection(call), self._tenant.user(names["userKey"])
        if found is None:
            raise not_found("userKey")
        return _shown(found, projection)

    def _check_tenant(self, call: Call) -> None:
        customer, domain = call.first("customer"), call.first("domain")
        if customer is None and domain is None:
            raise ApiError(400, "badRequest", "Bad Request")
        if customer is not None:
            check_customer(self._tenant, customer)
        elif domain != self._tenant.domain:
            raise forbidden()

    def _ordered(self, call: Call) -> list[str]:
        """Return the addresses of who is listed. Nobody is ever deleted here."""
        if (call.first("showDeleted") or "").lower() == "true":
            return []
        with self._tenant.documents.lock:
            users = list(self._tenant.users.values())
        for test in user_queries.parse(call.first("query") or "", self._tenant):
            users = [user for user in users if test(user)]
        order = call.first("orderBy")
        if order is not None:
            users.sort(key=_ORDERS[order], reverse=call.first("sortOrder") == "DESCENDING")
        return [user["primaryEmail"].lower() for user in users]


def _projection(call: Call) -> str:
    """Return the projection; the values are lower case, and basic is what is not asked for."""
    projection = one_of(call, "projection", ("basic", "custom", "full")) or "basic"
    one_of(call, "viewType", ("admin_view", "domain_public"))
    if (projection == "custom") != bool(call.first("customFieldMask")):
        raise ApiError(400, "invalidParameter", "Invalid value for customFieldMask", location="customFieldMask")
    return projection


def _shown(user: Record, projection: str) -> Record:
    """Return a user without what only the school defined, unless that is asked for."""
    if projection == "basic" and "customSchemas" in user:
        return {name: value for name, value in user.items() if name != "customSchemas"}
    return user
