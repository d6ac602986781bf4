"""The kinds of records that syncd writes to the journal: each one's MESSAGE_ID, what it means, and what to do.

The one place where they are written. ``units/syncd.catalog``, which ``journalctl -x`` explains records with
(https://systemd.io/CATALOG/), and ``docs/reference/messages.md`` are made of it by ``scripts/docs.py``. ``@FIELD@``
stands for a field of the record, which journalctl fills in.
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

MANUAL = "man:syncd(1)"
NOTHING = "Nothing is to be done."
SHOW = "syncd show @SYNCD_RUN_ID@"
ALL_RECORDS = "All its records: journalctl SYNCD_RUN_ID=@SYNCD_RUN_ID@"
_RUN = "Run @SYNCD_RUN_ID@ of the job @SYNCD_JOB@"


class MessageId(StrEnum):
    """Kinds of records. The value is the MESSAGE_ID, which never changes.

    ``subject`` is the catalogue's first line, ``happened`` says what it means, and ``remedy`` what to do, line by
    line. ``documentation`` is a URI (uri(7)).
    """

    subject: str
    happened: str
    remedy: str
    documentation: str

    def __new__(cls, value: str, subject: str, happened: str, remedy: str, documentation: str = MANUAL) -> Self:
        """Make a member out of its id and its texts."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.subject, member.happened, member.remedy = subject, happened, remedy
        member.documentation = documentation
        return member

    # -- runs

    RUN_STARTED = (
        "956e6e82f7d1412b9831899b582d1d63",
        "A run has started",
        f"{_RUN} has started. A record of how it ended follows; where there is none, it was killed.",
        ALL_RECORDS,
    )
    RUN_FINISHED = (
        "3f549ca10c2d4ce2ad730da4f7a62a6b",
        "A run has finished",
        f"{_RUN} has ended as it should.",
        f"{NOTHING}\nWhat it did: {SHOW}",
    )
    RUN_PARTIAL = (
        "37b497e4370f4fb895a6aaddf2c06381",
        "A run has finished, and some of its changes failed",
        f"{_RUN} made its other changes; each one that failed has a record of its own.",
        f"See which, and why: {SHOW}\nWhat is still different is planned again by the next run.",
    )
    RUN_REFUSED = (
        "4024d0d78ed9442d8386a908b47ec305",
        "A run was refused before it changed anything",
        f"{_RUN} was to apply a plan that is stale or was edited. Nothing was changed.",
        f"The message says which. What would be changed now: {SHOW}",
    )
    GUARD_REFUSED = (
        "4b14f44201924311b109b008f190e7bd",
        "A plan is larger than its limits allow",
        (
            f"{_RUN} has planned more changes of one kind than the limits of the job allow, or a source has shrunk"
            " since the last good run. Nothing was changed. The first run of a job usually ends here: a person"
            " approves it, once."
        ),
        (
            f"Read the plan: {SHOW}\n"
            "If it is right, approve it: syncd apply @SYNCD_JOB@ --approve @SYNCD_PLAN@\n"
            "If it is not, correct the data in the system that the message names, and run the job again."
        ),
    )
    RUN_INTERRUPTED = (
        "aa4ca04f02744d4b9a45d3556cd9b5f9",
        "A run was interrupted",
        (
            f"{_RUN} was stopped before its end, by a person or by the shutdown of the host. What it had changed until"
            " then is in the audit log."
        ),
        f"{NOTHING} The next run looks at what was not read back, and goes on from there.",
    )
    RUN_FAILED = (
        "1bdcd12d4cf64fd5aa63a5f8766817a9",
        "A run has failed",
        f"{_RUN} could not do its work. The message says why, and what to do.",
        ALL_RECORDS,
    )
    STOPPED = (
        "ad6d2cd949f3451e9f5f04d4eaa40b3f",
        "The work was stopped by a signal",
        "Somebody, or the shutdown of the host, asked for a stop before a run had begun.",
        f"{NOTHING} The next start of the unit does the work.",
    )
    LOCK_HELD = (
        "a6c9a581168c447d8a8ad192ac50427b",
        "Another run of the same job is under way",
        (
            "Two runs of one job would undo each other's work. The message names the run that holds the lock, and its"
            " process."
        ),
        "Wait for it, or stop it: systemctl stop syncd-@SYNCD_JOB@.service",
    )

    # -- objects

    ACTION_DONE = (
        "a25a18f482bd4205b219df47fc123120",
        "An object was changed, and the change was read back",
        "@SYNCD_OBJECT@ was changed by run @SYNCD_RUN_ID@. The values before and after are in the audit log.",
        f"See them: {SHOW}\nTake the whole run back: syncd revert @SYNCD_RUN_ID@",
    )
    ACTION_FAILED = (
        "10725b93cac34ea88772f2e690fb48c3",
        "An object could not be changed",
        "The change of @SYNCD_OBJECT@ failed; the rest of the plan went on.",
        f"What the system said: {SHOW}\nThe next run plans the change again.",
    )
    ACTION_UNPROVEN = (
        "13ddcc844ce246a5b7da2e1d6dc45b5a",
        "It could not be proved that an object was changed",
        "The change of @SYNCD_OBJECT@ was asked for, and reading it back did not show it, or could not be done.",
        (
            "The next run reads the object again and plans the change anew if it is missing. If this repeats, look at"
            " the object in the system itself: something there may undo the change."
        ),
    )
    WRITER_BROKEN = (
        "160fda8155b8491594b225a7454dc5ef",
        "A defect in syncd kept some changes from being made",
        (
            "An error that syncd does not expect came up while it wrote to @SYNCD_SYSTEM@. Those changes count as"
            " failed; the rest of the plan went on."
        ),
        "Report it, with the traceback in the message.",
    )
    READ_BACK_FAILED = (
        "b76a6a9f2d9445868716742f89083ced",
        "Changes could not be read back",
        "@SYNCD_SYSTEM@ took changes, and could not be read afterwards. They count as unproven.",
        f"{NOTHING} The next run reads the objects and plans again what is missing.",
    )

    # -- what outside systems do

    HTTP_ATTEMPT = (
        "226e5758ceca4e6c99da881024658658",
        "A request was made",
        (
            "One attempt of a request to an outside system, with its answer and how long it took. These records are"
            " there with --verbose only."
        ),
        NOTHING,
    )
    HTTP_GAVE_UP = (
        "2a8d81b26c2f4c0188aa94db4be08dc6",
        "A request was given up",
        "A request to @SYNCD_SYSTEM@ failed, and all its retries are used up.",
        "Look whether the system is up. The unit starts the job again by itself.",
    )
    CIRCUIT_OPENED = (
        "aafd3a5cfe7a4fdfbb62acc77defca75",
        "A system is left alone for a while, after repeated failures",
        (
            "@SYNCD_SYSTEM@ has failed several times in a row. Until the time in the message no request is made to it;"
            " runs that need it end with status 75."
        ),
        "Look whether the system is up. syncd tries it again by itself.",
    )
    CIRCUIT_CLOSED = (
        "e76e30c24dd84c9d9b8c0e1a390fcdd0",
        "A system answers again",
        "@SYNCD_SYSTEM@ had failed several times in a row, and answers again.",
        NOTHING,
    )
    SYSTEM_UNAVAILABLE = (
        "d7849f9cea144a659ce6179c4fbd29dd",
        "A system that is needed is not available",
        "The message says which system, and what it did. Nothing was changed.",
        "Look whether the system is up. The unit starts the job again by itself.",
    )
    SNAPSHOT_MISS = (
        "cf35b91a61804af6a4f701758fe2fc4a",
        "A full read found a change that the snapshot had missed",
        (
            "Between full reads, syncd reads only what the system says has changed. The full read found @SYNCD_OBJECT@"
            " different although the system had not said so. The snapshot is right again now."
        ),
        "If this repeats, set full_read_days to a smaller number and report it.",
    )
    SNAPSHOT_REBUILT = (
        "1bf126811a8c4ff089e4fed302f88142",
        "A snapshot was compared anew",
        (
            "The system lacks changes that it had told of: it was restored from a copy, or objects were deleted for"
            " good. All objects were compared with the snapshot."
        ),
        NOTHING,
    )
    SNAPSHOT_UNREADABLE = (
        "31ffed8b9a4744d19bb91c01b554116f",
        "A kept snapshot cannot be read",
        (
            "The copy of a system's records that the store keeps is of another version or damaged. All records are read"
            " again, which takes longer and changes nothing else."
        ),
        f"{NOTHING} If this repeats, look after the store: syncd state check",
    )

    # -- what a person has to correct

    CONFIG_INVALID = (
        "0286a0ee6fd7423292d1eadff604f058",
        "The configuration has mistakes",
        (
            "The message names each setting that is wrong, or what it names and the system does not have. Nothing was"
            " changed."
        ),
        "Correct it, and check it: syncd config check",
    )
    CREDENTIALS_REFUSED = (
        "0de660cd859048a7a70705c07cea4717",
        "A credential is missing or was refused",
        (
            "The message names the credential and where it was looked for, or the right that the account behind it"
            " lacks. Nothing was changed."
        ),
        "Put the credential there, or give the account the right.",
    )
    INPUT_UNUSABLE = (
        "0e0896c5ef134ba4af050ce7eb9f9fde",
        "What was given to syncd cannot be used",
        "The message names it: a file, a run, an object, or the store. Nothing was changed.",
        "Do what the message says.",
    )
    COMMAND_FAILED = (
        "6c6a112651804669bbe4d26bbef39c75",
        "A command has failed",
        "A system refused what was asked of it. The message says what, and why.",
        "Do what the message says.",
    )
    INTERNAL_ERROR = (
        "9ce173c58f6d4055a94eeb4e5eb56468",
        "A defect in syncd ended the work",
        "An error came up that syncd does not expect. The record has a traceback.",
        "Report it, with the traceback.",
    )

    CHECK_FAILED = (
        "21857ae2df5d49d7969ad2f6e1a33e73",
        "A check of what a run needs found a fault",
        (
            "`syncd doctor` looked at everything that a run needs, and one thing is not as it should be. The message"
            " says which, and what to do."
        ),
        "Do what the message says, and look again: syncd doctor",
    )
    CHECK_BROKEN = (
        "78aa99df272a46d090f517dda2c8a47f",
        "A defect in syncd kept a check from being made",
        "`syncd doctor` made its other checks. The record has a traceback.",
        "Report it, with the traceback.",
    )

    ROSTER_READ = (
        "747744b8dd8f4d1ea72fade088143493",
        "A file of a roster was read",
        "Everything in @SYNCD_OBJECT@ was taken, or nothing; the message says which.",
        "Where it was not taken, a record after this one says why.",
    )
    ROSTER_REFUSED = (
        "98bbdc0104c34907afc7f1475e291569",
        "A file would let more people of a roster go than its limit allows",
        (
            "@SYNCD_OBJECT@ was read, and nothing of it was stored: it is a part of the roster or a bad export, or so"
            " many have left indeed. Or the approval that was given is not for this file and the roster as they are."
        ),
        (
            "If the file is a part, import it with --partial, or with --school NAME for all of one school.\n"
            "If it is right, import it with the --approve that the message ends with.\n"
            "If it is not, export it again where it comes from."
        ),
    )
    GAM_SAID = (
        "bbaa472127144e2e9589c73207cad597",
        "GAM said something besides its data",
        "GAM, which was started to ask Google, wrote the message. E-mail addresses, tokens and keys were taken out.",
        f"{NOTHING} Where GAM failed, a record after this one says so, and what to do.",
    )
    BATTERIES_READ = (
        "2222cfc9de8641529596b7b916162410",
        "A file of battery reports was read",
        "The newest report of each device in @SYNCD_OBJECT@ was taken, or nothing; the message says which.",
        NOTHING,
    )
    BATTERY_SKIPPED = (
        "0c1aa35412d44a22bc6423fd909586db",
        "Some battery reports were passed over",
        "Reports of batteries could not be used. The message says how many, and why; all others were taken.",
        "Correct them where they come from. What is known of these batteries stays as it is.",
    )

    EXPORTED = (
        "9ee97cee565a458098a9a91ca2f8e949",
        "An export was written",
        "@SYNCD_OBJECT@ is new and whole; the message says how much is in it, and no name of anybody.",
        NOTHING,
    )

    # -- events

    EVENT_DONE = (
        "118ce75cebbb486bb3f0e99f06d8d368",
        "An event was handled",
        "@SYNCD_KIND@ of @SYNCD_OBJECT@ was told to syncd, and what it asks for is done.",
        f"{NOTHING}\nWhat became of it: syncd events show @SYNCD_EVENT@",
    )
    EVENT_FAILED = (
        "c83848d610f6450ea7645d1c7717fb8f",
        "An event could not be handled, and is tried again",
        "@SYNCD_KIND@ of @SYNCD_OBJECT@ failed. It waits for its next try; those of other objects go on.",
        f"{NOTHING} If all its tries fail, a record says so.\nWhy: syncd events show @SYNCD_EVENT@",
    )
    EVENT_DEAD = (
        "7cc47abd62ed4fed9cf49df6c5765333",
        "An event was given up",
        "@SYNCD_KIND@ of @SYNCD_OBJECT@ failed too often, or can never be handled. It is kept as a dead letter.",
        (
            "Why: syncd events show @SYNCD_EVENT@\n"
            "When the reason is gone, try again: syncd events retry @SYNCD_EVENT@\n"
            "If it is not wanted any more: syncd events drop @SYNCD_EVENT@"
        ),
    )
    DEAD_LETTERS = (
        "a7d7a4f789a04e3f869ab837cb1b1207",
        "There are dead letters",
        "Events failed too often, or can never be handled. The record names the one that was given up last.",
        (
            "All of them: syncd events list --state dead\n"
            "Why: syncd events show @SYNCD_EVENT@\n"
            "When the reason is gone, try them again: syncd events retry --dead\n"
            "If they are not wanted any more: syncd events drop @SYNCD_EVENT@"
        ),
    )
    EVENT_LOST = (
        "b35746835a5e490993765f484c1be01a",
        "An event took so long that another worker took it",
        "The lease on @SYNCD_OBJECT@ ran out while it was worked on. What was done twice has no second effect.",
        f"{NOTHING} If this repeats, look whether the host or its disk is overloaded.",
    )
    EVENTS_WAIT = (
        "9aa63065183f4a3c8bb67103a408f443",
        "All events of a kind wait for a system",
        "A system that they need is down. They are kept, none of their tries is used up, and new ones are taken.",
        "Look whether the system is up. The worker tries it again by itself.",
    )
    INBOX_TROUBLE = (
        "15e2b5e144dd4216b6e0142e46851171",
        "The worker could not use the inbox for a moment",
        "The disk is full or failing, or another process kept the inbox locked. What was worked on is tried again.",
        "Look at the disk of the state directory if this repeats.",
    )
    FEED_REWOUND = (
        "a3455cccc325410ba6ae6d703a2e234e",
        "Request Tracker has lost what it had told of before",
        "It was restored from a copy. Assets that it makes from now on may have the numbers of others that were told.",
        "An asset that lacks its tag: syncd events list --all names its event, and syncd events retry tries it again.",
    )
    POLLED = (
        "30585e98cfef44f3893bc621b5b8289f",
        "Events were found that nobody had told",
        "Request Tracker has made assets without the call of a webhook arriving. They are in the inbox now.",
        "If this goes on, look at RT's log for why its calls fail: docs/integrations/rt-webhook.md",
    )

    # -- webhooks

    WEBHOOKS_LISTENING = (
        "cac7ecd94c0448c8aa0c576c720b83fc",
        "The listener for webhooks has started",
        "It takes events on the address in the message, and keeps each one on disk before it answers.",
        NOTHING,
    )
    WEBHOOKS_STOPPED = (
        "f84e8b567b1f4c3593fcfa3aed85aa85",
        "The listener for webhooks has stopped",
        "A stop was asked for. Every request that had arrived was answered, and every event that was taken is on disk.",
        f"{NOTHING} Where systemd holds the socket, senders wait for the next start.",
    )
    WEBHOOKS_REFUSED = (
        "187fa55374ec498f833a2c1f6233dc45",
        "Requests to the listener for webhooks were refused",
        (
            "The message has their numbers by reason, of the last minute: a signature or a token that does not fit, a"
            " body that cannot be used, too many requests, or connections that were no use. No event was kept of them."
        ),
        (
            "If a sender of yours is among them, compare its secret and its clock with those of this host:"
            " docs/integrations/webhooks.md"
        ),
    )
    INBOX_FULL = (
        "0a544ef51e0e4d3f8068eacb74c10ff9",
        "The listener for webhooks cannot keep events",
        "The disk is full or failing, or another process keeps the inbox locked. Senders are told to try again later.",
        "Free some space on the disk of the state directory, or look at the kernel log.",
    )

    # -- housekeeping

    METRICS_UNWRITABLE = (
        "354fd5049f784c44a173a005a03fb4cc",
        "The metrics of a job could not be written",
        (
            "The run itself was not touched by it: only the file for node_exporter is missing or old. The message"
            " names the folder."
        ),
        (
            "Make the folder, and let the user that syncd runs as write there. The counters lose nothing: the next run"
            " writes them."
        ),
    )
    STORE_MIGRATED = (
        "211533f76b014efba5726019db7eb132",
        "The store was brought to the schema of this version",
        "The first command after an upgrade does it. An older syncd refuses the store from now on.",
        NOTHING,
    )
    RUNS_PRUNED = (
        "4863dbbff4f5495688015e1c49d5b6b0",
        "Old runs were deleted",
        "Runs older than the retention (state.retention_days) have left the audit log.",
        NOTHING,
    )
    PRUNING_FAILED = (
        "effbfef5add64835a2e2c6d5b59a4be3",
        "Old runs could not be deleted",
        "The run itself was not touched by it. The message says what was in the way.",
        "Look after the store: syncd state check",
    )
    KEYRING_SKIPPED = (
        "e2016bb71963493682e6f857b0002cb3",
        "The keyring was passed over",
        "A credential was looked for in the keyring of the desktop, which does not work here.",
        NOTHING,
    )

    # -- alerts

    ALERT_SENT = (
        "3728ced8e8c04c1787acc8977a1c7f69",
        "People were told how a job ended",
        "The job @SYNCD_JOB@ failed, or did its work again after a failure, and an alert of it was handed over.",
        "Read the alert. `syncd status` says how things stand now.",
    )
    ALERT_WITHHELD = (
        "0d291e49eb5f4d75b45608bf8a26248c",
        "There was no alert, since people know already",
        (
            "A job failed as it had failed before, or was stopped on request. The first failure of a kind is told, and"
            " then the first success."
        ),
        "How things stand: syncd status",
    )
    ALERT_FAILED = (
        "1ec7adfdfbbd488796a5fa2407498221",
        "People could not be told how a job ended",
        "The alert could not be handed over; the message says why. The next failure of the job tries again.",
        "Correct what the message says, and look how things stand: syncd status",
    )


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
