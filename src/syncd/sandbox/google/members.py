"""``members`` of groups: list, get, insert and delete. Only direct members are listed; there is no change of roles."""

from hashlib import blake2b

from syncd.sandbox.google.changes import payload
from syncd.sandbox.google.errors import ApiError, bad_payload, invalid, not_found
from syncd.sandbox.google.sequences import THREE_DAYS, Sequences, limit_of, page_of
from syncd.sandbox.google.tenant import Record, Tenant, etag
from syncd.sandbox.server import Call

MEMBER_FIELDS = frozenset(["delivery_settings", "email", "etag", "id", "kind", "role", "status", "type"])
_ROLES = ("MANAGER", "MEMBER", "OWNER")
_PAGE = 200  # the most, and the default, by the discovery document of ``members.list``


class Members:
    """Answers list, get, insert and delete."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._sequences = Sequences(tenant.settings, ("roles", "includeDerivedMembership"), THREE_DAYS)

    def page(self, call: Call, names: dict[str, str]) -> Record:
        """Return one page: ``{kind, etag, members, nextPageToken}``; empty parts are left out."""
        group = self._group(names)
        limit = limit_of(call, _PAGE, self._tenant.settings, _PAGE)
        roles = (call.first("roles") or ",".join(_ROLES)).split(",")
        keys, token = self._sequences.page(call, limit, lambda: self._keys(group, roles))
        users = {user["id"]: user for user in list(self._tenant.users.values())}
        found = [member for key in keys if (member := self._tenant.members.get(key))]
        return page_of("members", "members", [self._shown(member, users.get(member["id"])) for member in found], token)

    def get(self, _: Call, names: dict[str, str]) -> Record:
        """Return one member, by any of its addresses or by its id."""
        found = self._member(self._group(names), names["memberKey"])
        return self._shown(found, self._tenant.user(found["id"]))

    def insert(self, call: Call, names: dict[str, str]) -> Record:
        """Add a member: a user by any of its addresses, a group, or somebody of another domain."""
        group, body = self._group(names), payload(call)
        if unknown := body.keys() - MEMBER_FIELDS:
            raise bad_payload(f'Invalid JSON payload received. Unknown name "{min(unknown)}": Cannot find field.')
        role = str(body.get("role") or "MEMBER")
        if not body.get("email"):
            raise ApiError(400, "required", "Missing required field: memberKey")
        if role not in _ROLES:
            raise invalid("role")
        member = {"group": group["id"], "role": role, **self._account(str(body["email"]))}
        key = _key(group, member)
        with self._tenant.documents.lock:
            if key in self._tenant.members:
                raise ApiError(409, "duplicate", "Member already exists.")
            self._tenant.members.put(key, member)
        return self._shown(member, self._tenant.user(member["id"]))

    def delete(self, _: Call, names: dict[str, str]) -> None:
        """Take a member out."""
        group = self._group(names)
        self._tenant.members.remove(_key(group, self._member(group, names["memberKey"])))

    def _group(self, names: dict[str, str]) -> Record:
        found = self._tenant.group(names["groupKey"])
        if found is None:
            raise not_found("groupKey")
        return found

    def _keys(self, group: Record, roles: list[str]) -> list[str]:
        with self._tenant.documents.lock:
            members = [member for member in self._tenant.members.values() if member["group"] == group["id"]]
        return sorted(_key(group, member) for member in members if member["role"] in roles)

    def _member(self, group: Record, key: str) -> Record:
        keys = [f"{group['id']}/{key}"]
        user, inner = self._tenant.user(key), self._tenant.group(key)
        keys += [_key(group, found) for found in (user, inner) if found is not None]
        keys.append(f"{group['id']}/{_foreign_id(key)}")
        found = next((member for key in keys if (member := self._tenant.members.get(key))), None)
        if found is None:
            raise not_found("memberKey")
        return found

    def _account(self, address: str) -> Record:
        """Return whom an address is of; only addresses of other domains need nobody behind them."""
        if user := self._tenant.user(address):
            return {"id": user["id"], "type": "USER"}
        if group := self._tenant.group(address):
            return {"id": group["id"], "type": "GROUP"}
        if address.lower().endswith(f"@{self._tenant.domain}") or "@" not in address:
            raise not_found("memberKey")
        return {"id": _foreign_id(address), "type": "USER", "email": address}

    def _shown(self, member: Record, user: Record | None) -> Record:
        """Return a member as it is now: its address and status are those of the user."""
        shown: Record = {"kind": "admin#directory#member", "etag": etag()}
        shown |= {name: member[name] for name in ("id", "role", "type", "email") if name in member}
        if user is not None:
            status = "SUSPENDED" if user.get("suspended") else "ACTIVE"
            return shown | {"email": user["primaryEmail"], "status": status}
        if group := self._tenant.group(member["id"]):
            return shown | {"email": group["email"], "status": "ACTIVE"}
        return shown


def _key(group: Record, member: Record) -> str:
    return f"{group['id']}/{member['id']}"


def _foreign_id(address: str) -> str:
    return str(int.from_bytes(blake2b(address.lower().encode(), digest_size=8).digest()))
