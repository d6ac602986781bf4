"""What outside systems do, and how they are read."""

from syncd.host.messages.text import NOTHING, Text

HTTP_ATTEMPT = Text(
    "226e5758ceca4e6c99da881024658658",
    "A request was made",
    (
        "One attempt of a request to an outside system, with its answer and how long it took. These records are"
        " there with --verbose only."
    ),
    NOTHING,
)
HTTP_GAVE_UP = Text(
    "2a8d81b26c2f4c0188aa94db4be08dc6",
    "A request was given up",
    "A request to @SYNCD_SYSTEM@ failed, and all its retries are used up.",
    "Look whether the system is up. The unit starts the job again by itself.",
)
HTTP_IN_THE_CLEAR = Text(
    "3e47f221f316465f85c571e162bba77b",
    "Credentials are sent without TLS",
    (
        "The URL of @SYNCD_SYSTEM@ begins with http://, and leads to another machine. Everybody on the way can read"
        " the credential and change the answers."
    ),
    "Let the URL begin with https://. A certificate of your own authority is trusted by the option ca_file.",
)
CIRCUIT_OPENED = Text(
    "aafd3a5cfe7a4fdfbb62acc77defca75",
    "A system is left alone for a while, after repeated failures",
    (
        "@SYNCD_SYSTEM@ has failed several times in a row. Until the time in the message no request is made to it;"
        " runs that need it end with status 75."
    ),
    "Look whether the system is up. syncd tries it again by itself.",
)
CIRCUIT_CLOSED = Text(
    "e76e30c24dd84c9d9b8c0e1a390fcdd0",
    "A system answers again",
    "@SYNCD_SYSTEM@ had failed several times in a row, and answers again.",
    NOTHING,
)
SYSTEM_UNAVAILABLE = Text(
    "d7849f9cea144a659ce6179c4fbd29dd",
    "A system that is needed is not available",
    "The message says which system, and what it did. Nothing was changed.",
    "Look whether the system is up. The unit starts the job again by itself.",
)
SNAPSHOT_MISS = Text(
    "cf35b91a61804af6a4f701758fe2fc4a",
    "A full read found a change that the snapshot had missed",
    (
        "Between full reads, syncd reads only what the system says has changed. The full read found @SYNCD_OBJECT@"
        " different although the system had not said so. The snapshot is right again now."
    ),
    "If this repeats, set full_read_days to a smaller number and report it.",
)
SNAPSHOT_REBUILT = Text(
    "1bf126811a8c4ff089e4fed302f88142",
    "A snapshot was compared anew",
    (
        "The system lacks changes that it had told of: it was restored from a copy, or objects were deleted for"
        " good. All objects were compared with the snapshot."
    ),
    NOTHING,
)
SNAPSHOT_UNREADABLE = Text(
    "31ffed8b9a4744d19bb91c01b554116f",
    "A kept snapshot cannot be read",
    (
        "The copy of a system's records that the store keeps is of another version or damaged. All records are read"
        " again, which takes longer and changes nothing else."
    ),
    f"{NOTHING} If this repeats, look after the store: syncd state check",
)
GAM_SAID = Text(
    "bbaa472127144e2e9589c73207cad597",
    "GAM said something besides its data",
    "GAM, which was started to ask Google, wrote the message. E-mail addresses, tokens and keys were taken out.",
    f"{NOTHING} Where GAM failed, a record after this one says so, and what to do.",
)
