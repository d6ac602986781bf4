"""What a person has to correct, and what `syncd doctor` finds."""

from syncd.host.messages.text import Text

CONFIG_INVALID = Text(
    "0286a0ee6fd7423292d1eadff604f058",
    "The configuration has mistakes",
    (
        "The message names each setting that is wrong, or what it names and the system does not have. Nothing was"
        " changed."
    ),
    "Correct it, and check it: syncd config check",
)
CREDENTIALS_REFUSED = Text(
    "0de660cd859048a7a70705c07cea4717",
    "A credential is missing or was refused",
    (
        "The message names the credential and where it was looked for, or the right that the account behind it"
        " lacks. Nothing was changed."
    ),
    "Put the credential there, or give the account the right.",
)
INPUT_UNUSABLE = Text(
    "0e0896c5ef134ba4af050ce7eb9f9fde",
    "What was given to syncd cannot be used",
    "The message names it: a file, a run, an object, or the store. Nothing was changed.",
    "Do what the message says.",
)
COMMAND_FAILED = Text(
    "6c6a112651804669bbe4d26bbef39c75",
    "A command has failed",
    "A system refused what was asked of it. The message says what, and why.",
    "Do what the message says.",
)
INTERNAL_ERROR = Text(
    "9ce173c58f6d4055a94eeb4e5eb56468",
    "A defect in syncd ended the work",
    "An error came up that syncd does not expect. The record has a traceback.",
    "Report it, with the traceback.",
)
CHECK_FAILED = Text(
    "21857ae2df5d49d7969ad2f6e1a33e73",
    "A check of what a run needs found a fault",
    (
        "`syncd doctor` looked at everything that a run needs, and one thing is not as it should be. The message"
        " says which, and what to do."
    ),
    "Do what the message says, and look again: syncd doctor",
)
CHECK_BROKEN = Text(
    "78aa99df272a46d090f517dda2c8a47f",
    "A defect in syncd kept a check from being made",
    "`syncd doctor` made its other checks. The record has a traceback.",
    "Report it, with the traceback.",
)
