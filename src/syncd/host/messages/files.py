"""Files that are read and written: imports and exports."""

from syncd.host.messages.text import NOTHING, Text

ROSTER_READ = Text(
    "747744b8dd8f4d1ea72fade088143493",
    "A file of a roster was read",
    "Everything in @SYNCD_OBJECT@ was taken, or nothing; the message says which.",
    "Where it was not taken, a record after this one says why.",
)
ROSTER_REFUSED = Text(
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
BATTERIES_READ = Text(
    "2222cfc9de8641529596b7b916162410",
    "A file of battery reports was read",
    "The newest report of each device in @SYNCD_OBJECT@ was taken, or nothing; the message says which.",
    NOTHING,
)
BATTERY_SKIPPED = Text(
    "0c1aa35412d44a22bc6423fd909586db",
    "Some battery reports were passed over",
    "Reports of batteries could not be used. The message says how many, and why; all others were taken.",
    "Correct them where they come from. What is known of these batteries stays as it is.",
)
EXPORTED = Text(
    "9ee97cee565a458098a9a91ca2f8e949",
    "An export was written",
    "@SYNCD_OBJECT@ is new and whole; the message says how much is in it, and no name of anybody.",
    NOTHING,
)
