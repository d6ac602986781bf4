"""Options of ``[jobs.groups]``: which groups there are, and who shall be in each."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from syncd.jobs.options import JobOptions
from syncd.systems.rosters.person import Role

_ADDRESS = re.compile(r"[^@\s/]+@[^@\s/]+\.[^@\s/]+")
_DOMAIN = re.compile(r"[^@\s/]+\.[^@\s/]+")

Text = Annotated[str, Meta(min_length=1)]


class RosterMembers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="roster"):
    """People of the roster that ``syncd import students`` keeps; all conditions have to hold."""

    schools: Annotated[
        tuple[Text, ...], Meta(description="For `roster`: schools whose people are members. Empty: all.")
    ] = ()
    grades: Annotated[
        tuple[Text, ...], Meta(description="For `roster`: grades whose people are members. Empty: all.")
    ] = ()
    roles: Annotated[tuple[Role, ...], Meta(min_length=1, description="For `roster`: what members are.")] = ("student",)
    inactive: Annotated[bool, Meta(description="For `roster`: whether people who are not active are members too.")] = (
        False
    )


class RtGroupMembers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="rt-group"):
    """The members of a group of RT, by their e-mail addresses."""

    rt_group: Annotated[
        Text, Meta(description="For `rt-group`: name of a group that somebody made in RT. Disabled users do not count.")
    ]


Source: TypeAlias = RosterMembers | RtGroupMembers


class GroupsOptions(JobOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of ``[jobs.groups]``."""

    groups: Annotated[
        dict[str, Source],
        Meta(min_length=1, description="Address of a Google group to where its members come from; see Sources."),
    ]
    domains: Annotated[
        tuple[str, ...],
        Meta(
            description="Domains whose addresses are added and taken out. Empty: for each group the domain of its own "
            "address."
        ),
    ] = ()
    protected: Annotated[
        tuple[Text, ...],
        Meta(
            description="Addresses of members that are never taken out; `*` and `?` stand for other letters. Owners, "
            "managers, groups within groups, and members of other domains always stay."
        ),
    ] = ()

    def problems(self) -> Iterator[str]:
        """Yield what names nothing and what would do nothing."""
        for address in self.groups:
            if not _ADDRESS.fullmatch(address):
                yield f"groups names {address!r}, which is no e-mail address of a group"
        for address, times in Counter(map(str.casefold, self.groups)).items():
            if times > 1:
                yield f"groups names {address} {times} times, in different case"
        for domain in self.domains:
            if not _DOMAIN.fullmatch(domain):
                yield f"domains names {domain!r}, which is no domain; write it as example.org"

    @property
    def systems(self) -> tuple[str, ...]:
        """The tables of systems that the sources need besides Google's."""
        return ("rt",) if self.rt_groups else ()

    @property
    def rt_groups(self) -> tuple[str, ...]:
        """The groups of RT that are sources, each once."""
        sources = self.groups.values()
        return tuple(dict.fromkeys(source.rt_group for source in sources if isinstance(source, RtGroupMembers)))

    def domains_of(self, group: str) -> tuple[str, ...]:
        """Return the domains whose addresses are added to a group and taken out of it, without case."""
        return tuple(domain.casefold() for domain in self.domains) or (group.rpartition("@")[2].casefold(),)
