"""Events, the listener that takes them, and the worker that handles them."""

from syncd.host.messages.text import NOTHING, Text

EVENT_DONE = Text(
    "118ce75cebbb486bb3f0e99f06d8d368",
    "An event was handled",
    "@SYNCD_KIND@ of @SYNCD_OBJECT@ was told to syncd, and what it asks for is done.",
    f"{NOTHING}\nWhat became of it: syncd events show @SYNCD_EVENT@",
)
EVENT_FAILED = Text(
    "c83848d610f6450ea7645d1c7717fb8f",
    "An event could not be handled, and is tried again",
    "@SYNCD_KIND@ of @SYNCD_OBJECT@ failed. It waits for its next try; those of other objects go on.",
    f"{NOTHING} If all its tries fail, a record says so.\nWhy: syncd events show @SYNCD_EVENT@",
)
EVENT_DEAD = Text(
    "7cc47abd62ed4fed9cf49df6c5765333",
    "An event was given up",
    "@SYNCD_KIND@ of @SYNCD_OBJECT@ failed too often, or can never be handled. It is kept as a dead letter.",
    (
        "Why: syncd events show @SYNCD_EVENT@\n"
        "When the reason is gone, try again: syncd events retry @SYNCD_EVENT@\n"
        "If it is not wanted any more: syncd events drop @SYNCD_EVENT@"
    ),
)
DEAD_LETTERS = Text(
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
EVENT_LOST = Text(
    "b35746835a5e490993765f484c1be01a",
    "An event took so long that another worker took it",
    "The lease on @SYNCD_OBJECT@ ran out while it was worked on. What was done twice has no second effect.",
    f"{NOTHING} If this repeats, look whether the host or its disk is overloaded.",
)
EVENTS_WAIT = Text(
    "9aa63065183f4a3c8bb67103a408f443",
    "All events of a kind wait for a system",
    "A system that they need is down. They are kept, none of their tries is used up, and new ones are taken.",
    "Look whether the system is up. The worker tries it again by itself.",
)
INBOX_TROUBLE = Text(
    "15e2b5e144dd4216b6e0142e46851171",
    "The worker could not use the inbox for a moment",
    "The disk is full or failing, or another process kept the inbox locked. What was worked on is tried again.",
    "Look at the disk of the state directory if this repeats.",
)
FEED_REWOUND = Text(
    "a3455cccc325410ba6ae6d703a2e234e",
    "Request Tracker has lost what it had told of before",
    "It was restored from a copy. Assets that it makes from now on may have the numbers of others that were told.",
    (
        "The event of an asset that lacks its tag: syncd events list --all\n"
        "Try it again, by its id there: syncd events retry EVENT"
    ),
)
POLLED = Text(
    "30585e98cfef44f3893bc621b5b8289f",
    "Events were found that nobody had told",
    "Request Tracker has made assets without the call of a webhook arriving. They are in the inbox now.",
    "If this goes on, look at RT's log for why its calls fail: docs/integrations/rt-webhook.md",
)
WEBHOOKS_LISTENING = Text(
    "cac7ecd94c0448c8aa0c576c720b83fc",
    "The listener for webhooks has started",
    "It takes events on the address in the message, and keeps each one on disk before it answers.",
    NOTHING,
)
WEBHOOKS_STOPPED = Text(
    "f84e8b567b1f4c3593fcfa3aed85aa85",
    "The listener for webhooks has stopped",
    "A stop was asked for. Every request that had arrived was answered, and every event that was taken is on disk.",
    f"{NOTHING} Where systemd holds the socket, senders wait for the next start.",
)
WEBHOOKS_REFUSED = Text(
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
INBOX_FULL = Text(
    "0a544ef51e0e4d3f8068eacb74c10ff9",
    "The listener for webhooks cannot keep events",
    "The disk is full or failing, or another process keeps the inbox locked. Senders are told to try again later.",
    "Free some space on the disk of the state directory, or look at the kernel log.",
)
