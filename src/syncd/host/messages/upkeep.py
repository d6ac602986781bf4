"""What syncd does for itself, and the alerts that tell people."""

from syncd.host.messages.text import NOTHING, Text

METRICS_UNWRITABLE = Text(
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
STORE_MIGRATED = Text(
    "211533f76b014efba5726019db7eb132",
    "The store was brought to the schema of this version",
    "The first command after an upgrade does it. An older syncd refuses the store from now on.",
    NOTHING,
)
RUNS_PRUNED = Text(
    "4863dbbff4f5495688015e1c49d5b6b0",
    "Old runs were deleted",
    "Runs older than the retention (state.retention_days) have left the audit log.",
    NOTHING,
)
PRUNING_FAILED = Text(
    "effbfef5add64835a2e2c6d5b59a4be3",
    "Old runs could not be deleted",
    "The run itself was not touched by it. The message says what was in the way.",
    "Look after the store: syncd state check",
)
KEYRING_SKIPPED = Text(
    "e2016bb71963493682e6f857b0002cb3",
    "The keyring was passed over",
    "A credential was looked for in the keyring of the desktop, which does not work here.",
    NOTHING,
)
ALERT_SENT = Text(
    "3728ced8e8c04c1787acc8977a1c7f69",
    "People were told how a job ended",
    "The job @SYNCD_JOB@ failed, or did its work again after a failure, and an alert of it was handed over.",
    "Read the alert. `syncd status` says how things stand now.",
)
ALERT_WITHHELD = Text(
    "0d291e49eb5f4d75b45608bf8a26248c",
    "There was no alert, since people know already",
    (
        "A job failed as it had failed before, or was stopped on request. The first failure of a kind is told, and"
        " then the first success."
    ),
    "How things stand: syncd status",
)
ALERT_FAILED = Text(
    "1ec7adfdfbbd488796a5fa2407498221",
    "People could not be told how a job ended",
    "The alert could not be handed over; the message says why. The next failure of the job tries again.",
    "Correct what the message says, and look how things stand: syncd status",
)
