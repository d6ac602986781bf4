"""The kinds of records that syncd writes to the journal: each one's MESSAGE_ID, what it means, and what to do.

The one place where they are written, a module for each room. ``units/syncd.catalog``, which ``journalctl -x`` explains
records with (https://systemd.io/CATALOG/), and ``docs/reference/messages.md`` are made of them by ``scripts/docs.py``.
"""

from enum import StrEnum
from typing import Self

from syncd.host.errors import (
    Busy,
    ConfigurationError,
    DataError,
    IntegrationError,
    Interrupted,
    NotPermitted,
    Refused,
    Unavailable,
)
from syncd.host.messages import events, files, mistakes, runs, systems, upkeep


class MessageId(StrEnum):
    """Kinds of records. The value is the MESSAGE_ID, which never changes; the texts are those of ``Text``."""

    subject: str
    happened: str
    remedy: str
    documentation: str

    def __new__(cls, value: str, subject: str, happened: str, remedy: str, documentation: str) -> Self:
        """Make a member out of its id and its texts."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.subject, member.happened, member.remedy = subject, happened, remedy
        member.documentation = documentation
        return member

    RUN_STARTED = runs.RUN_STARTED
    RUN_FINISHED = runs.RUN_FINISHED
    RUN_PARTIAL = runs.RUN_PARTIAL
    RUN_REFUSED = runs.RUN_REFUSED
    GUARD_REFUSED = runs.GUARD_REFUSED
    RUN_INTERRUPTED = runs.RUN_INTERRUPTED
    RUN_FAILED = runs.RUN_FAILED
    STOPPED = runs.STOPPED
    LOCK_HELD = runs.LOCK_HELD
    ACTION_DONE = runs.ACTION_DONE
    ACTION_FAILED = runs.ACTION_FAILED
    ACTION_UNPROVEN = runs.ACTION_UNPROVEN
    WRITER_BROKEN = runs.WRITER_BROKEN
    READ_BACK_FAILED = runs.READ_BACK_FAILED
    HTTP_ATTEMPT = systems.HTTP_ATTEMPT
    HTTP_GAVE_UP = systems.HTTP_GAVE_UP
    HTTP_IN_THE_CLEAR = systems.HTTP_IN_THE_CLEAR
    CIRCUIT_OPENED = systems.CIRCUIT_OPENED
    CIRCUIT_CLOSED = systems.CIRCUIT_CLOSED
    SYSTEM_UNAVAILABLE = systems.SYSTEM_UNAVAILABLE
    SNAPSHOT_MISS = systems.SNAPSHOT_MISS
    SNAPSHOT_REBUILT = systems.SNAPSHOT_REBUILT
    SNAPSHOT_UNREADABLE = systems.SNAPSHOT_UNREADABLE
    CONFIG_INVALID = mistakes.CONFIG_INVALID
    CREDENTIALS_REFUSED = mistakes.CREDENTIALS_REFUSED
    INPUT_UNUSABLE = mistakes.INPUT_UNUSABLE
    COMMAND_FAILED = mistakes.COMMAND_FAILED
    INTERNAL_ERROR = mistakes.INTERNAL_ERROR
    CHECK_FAILED = mistakes.CHECK_FAILED
    CHECK_BROKEN = mistakes.CHECK_BROKEN
    ROSTER_READ = files.ROSTER_READ
    ROSTER_REFUSED = files.ROSTER_REFUSED
    GAM_SAID = systems.GAM_SAID
    BATTERIES_READ = files.BATTERIES_READ
    BATTERY_SKIPPED = files.BATTERY_SKIPPED
    EXPORTED = files.EXPORTED
    EVENT_DONE = events.EVENT_DONE
    EVENT_FAILED = events.EVENT_FAILED
    EVENT_DEAD = events.EVENT_DEAD
    DEAD_LETTERS = events.DEAD_LETTERS
    EVENT_LOST = events.EVENT_LOST
    EVENTS_WAIT = events.EVENTS_WAIT
    INBOX_TROUBLE = events.INBOX_TROUBLE
    FEED_REWOUND = events.FEED_REWOUND
    POLLED = events.POLLED
    WEBHOOKS_LISTENING = events.WEBHOOKS_LISTENING
    WEBHOOKS_STOPPED = events.WEBHOOKS_STOPPED
    WEBHOOKS_REFUSED = events.WEBHOOKS_REFUSED
    INBOX_FULL = events.INBOX_FULL
    METRICS_UNWRITABLE = upkeep.METRICS_UNWRITABLE
    STORE_MIGRATED = upkeep.STORE_MIGRATED
    RUNS_PRUNED = upkeep.RUNS_PRUNED
    PRUNING_FAILED = upkeep.PRUNING_FAILED
    KEYRING_SKIPPED = upkeep.KEYRING_SKIPPED
    ALERT_SENT = upkeep.ALERT_SENT
    ALERT_WITHHELD = upkeep.ALERT_WITHHELD
    ALERT_FAILED = upkeep.ALERT_FAILED


_ROSTERS = "roster."
"""How the codes of errors about rosters begin."""

_KINDS: tuple[tuple[type[IntegrationError], MessageId], ...] = (
    (ConfigurationError, MessageId.CONFIG_INVALID),
    (NotPermitted, MessageId.CREDENTIALS_REFUSED),
    (DataError, MessageId.INPUT_UNUSABLE),
    (Refused, MessageId.RUN_REFUSED),
    (Unavailable, MessageId.SYSTEM_UNAVAILABLE),
    (Busy, MessageId.LOCK_HELD),
    (Interrupted, MessageId.STOPPED),
)


def message_id(name: object) -> MessageId | None:
    """Return the kind of this name (``RUN_STARTED``; a member is one too), or None where the catalogue has none."""
    return name if isinstance(name, MessageId) else MessageId.__members__.get(str(name))


def kind_of(error: IntegrationError) -> MessageId:
    """Return the kind of the record that tells of an error that ended a command."""
    if isinstance(error, Refused) and error.code.startswith(_ROSTERS):
        return MessageId.ROSTER_REFUSED
    return next((kind for class_, kind in _KINDS if isinstance(error, class_)), MessageId.COMMAND_FAILED)
