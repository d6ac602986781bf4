"""What `syncd doctor` looks at in Request Tracker, and how to make there what is missing."""

from collections.abc import Iterator, Sequence
from functools import cached_property, partial

from syncd.host.checks.credentials import credential
from syncd.host.checks.engine import Finding, Means, Probe, because, failed, from_error, ok, skipped, warning
from syncd.host.checks.network import Address, network
from syncd.host.errors import ConfigurationError, NotFound
from syncd.systems.rt.groups import Groups
from syncd.systems.rt.inspection import require, server_version
from syncd.systems.rt.look import open_to_look
from syncd.systems.rt.options import RtOptions
from syncd.systems.rt.preflight import Survey, survey
from syncd.systems.rt.rest import Rest
from syncd.systems.rt.schema import CustomField, Kind, Need, custom_name
from syncd.systems.rt.tickets import Tickets
from syncd.systems.rt.users.preflight import user_preflight
from syncd.systems.rt.users.schema import UserNeed

AREA = "rt"
_TYPES: dict[Kind, str] = {
    "text": "Enter one value",
    "multi": "Enter multiple values",
    "date": "Select date",
    "datetime": "Select datetime",
    "address": "Enter one IP address",
}
"""What the types are called where a custom field is made (RT::CustomField, FieldTypes)."""

_CATALOGS = "Admin > Assets > Catalogs"
_FIELDS = "Admin > Assets > Custom Fields"
_GRANT = f"in RT under {_CATALOGS} > (catalog) > User Rights give it to the API user"


class RtChecks:
    """The probes of one RT; they share its connection and what the first of them learnt."""

    def __init__(self, options: RtOptions, means: Means) -> None:
        self._options = options
        self._means = means
        self._version = ""

    def probes(self) -> Iterator[Probe]:
        """Yield what holds for every job."""
        options = self._options
        token = options.auth == "token"
        secret = credential(AREA, options.token_credential if token else options.password_credential, self._means)
        address = Address(
            AREA, options.url, "rt.url", options.ca_file, options.proxy, options.connect_timeout,
            skew="the times of its records and of this machine's differ by so much",
        )  # fmt: skip
        sign_in = "token" if token else "password"
        yield secret
        yield from network(address, self._means)
        yield Probe(AREA, sign_in, self._sign_in, (secret.key, address.answers))
        yield Probe(AREA, "version", self._check_version, (f"{AREA} {sign_in}",))

    def for_job(self, job: str, need: Need) -> Iterator[Probe]:
        """Yield what a job needs: catalogs, rights, the time zone, and each custom field."""
        yield Probe(job, "rt", lambda: _Needed(survey(self._rest, need, self._options.timezone), need).findings(),
                    (f"{AREA} version",))  # fmt: skip

    def for_users(self, job: str, need: UserNeed) -> Iterator[Probe]:
        """Yield what a job needs that writes users: rights, the time zone, and each custom field."""
        yield Probe(job, "rt users", lambda: self._users(need), (f"{AREA} version",))

    def for_groups(self, job: str, groups: Sequence[str]) -> Iterator[Probe]:
        """Yield what a job needs that reads the members of groups."""
        for group in groups:
            yield Probe(job, f"rt group {group}", partial(self._group, group), (f"{AREA} version",))

    def _group(self, name: str) -> Finding:
        try:
            users = Groups(self._rest).users(name)
        except NotFound as error:
            return from_error(error, "make it in RT under Admin > Groups, or correct its name")
        return ok(f"{len(users)} users") if users else warning("it has no user", "add users to it in RT")

    def for_queue(self, job: str, queue: str) -> Iterator[Probe]:
        """Yield what a job needs that opens tickets."""
        yield Probe(job, "rt queue", lambda: self._queue(queue), (f"{AREA} version",))

    def _queue(self, queue: str) -> Finding:
        Tickets(self._rest).check_queue(queue)
        return ok(f"{queue}; only a write can show CreateTicket")

    def _users(self, need: UserNeed) -> Finding:
        schema = user_preflight(self._rest, need, self._options.timezone)
        fields = "; ".join(f"{name}: {described(cf)}" for name, cf in schema.fields.items())
        return ok(f"all that reading can prove; {fields or 'no custom field is needed'}")

    @cached_property
    def _rest(self) -> Rest:
        rt = open_to_look(self._options, self._means.credentials, self._means.clock)
        self._means.closing.callback(rt.close)
        return rt.rest

    def _sign_in(self) -> Finding:
        self._version = server_version(self._rest)
        user = self._rest.user
        return ok(f"RT accepts it{f', for user {user}' if user else ''}")

    def _check_version(self) -> Finding:
        try:
            require(self._version)
        except ConfigurationError as error:
            return from_error(error, "have RT upgraded")
        return ok(self._version)


open_checks = RtChecks


class _Needed:
    """What a job needs of RT, and what was found of it."""

    def __init__(self, found: Survey, need: Need) -> None:
        self._found = found
        self._need = need

    def findings(self) -> Iterator[Finding]:
        yield from self._catalogs()
        yield from self._rights()
        yield from self._about("time zone", "write the zone that RT says into rt.timezone")
        for field in self._need.fields:
            yield from self._field(field)

    def _catalogs(self) -> Iterator[Finding]:
        name = "rt catalogs"
        remedy = f"correct `catalogs` of the job, or in RT make it under {_CATALOGS} > Create, or grant ShowCatalog"
        wrong = [*self._about("catalogs", remedy, name)]
        shown = ", ".join(f"{catalog.name} ({catalog.id})" for catalog in self._found.catalogs)
        yield from wrong or [ok(shown, name=name)]

    def _rights(self) -> Iterator[Finding]:
        name = "rt rights"
        wrong = [*self._about("rights", _GRANT, name)]
        if wrong or not self._found.catalogs:
            yield from wrong or [skipped(because("rt catalogs"), name=name)]
            return
        unproven = ", ".join(self._found.unproven)
        later = f"; only a write can show {unproven}" if unproven else ""
        yield ok(f"all that reading can prove{later}", name=name)

    def _field(self, field: str) -> Iterator[Finding]:
        wrong = [*self._about(field, self._remedy(field), f"rt {field}")]
        custom = self._found.fields.get(field)
        if wrong or custom_name(field) is None:
            yield from wrong
        elif custom is None:
            cause = "rt rights" if self._found.catalogs else "rt catalogs"
            yield skipped(because(cause), name=f"rt {field}")
        else:
            yield ok(described(custom), name=f"rt {field}")

    def _about(self, about: str, remedy: str, name: str = "") -> Iterator[Finding]:
        for problem in self._found.problems:
            if problem.about == about:
                yield failed(problem.sentence, remedy, problem.kind, name=name or f"rt {about}")

    def _remedy(self, field: str) -> str:
        """Say how to make a custom field that some catalog lacks; others are of a wrong type, or there twice."""
        name = custom_name(field)
        if (texts := self._need.texts.get(field)) and field in self._found.fields:
            return (
                f"in RT under {_FIELDS} > {name} add the values {', '.join(texts)}, or name others in the options of "
                "the job"
            )
        lacks = [cfs for cfs in self._found.custom_fields.values() if name not in {cf.name for cf in cfs.values()}]
        if name is None or name.isdigit() or not lacks:
            return "name another one; `syncd fields` lists them with type and id"
        kinds: tuple[Kind, ...] = (*self._need.kinds.get(field, ()), "text")
        kind = next(_TYPES[kind] for kind in kinds if kind in _TYPES)
        catalogs = " and ".join(self._need.catalogs)
        rights = "SeeCustomField and ModifyCustomField" if field in self._need.write else "SeeCustomField"
        return (
            f'in RT under {_FIELDS}, if it is not there, Create: Name "{name}", Type "{kind}", Applies to "Assets"; '
            f"then under {_CATALOGS} > {catalogs} > Custom Fields tick it, and there under User Rights give the "
            f"API user {rights}; if it has another name, `syncd fields` lists those that there are"
        )


def described(field: CustomField) -> str:
    """Tell of a custom field in a few words: ``id 3, Freeform, one value``."""
    number = "several values" if field.multi else "one value"
    return f"id {field.id}, {field.type}, {number}"
