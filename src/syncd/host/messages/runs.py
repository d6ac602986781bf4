"""What a run and its actions tell."""

from syncd.host.messages.text import ALL_RECORDS, NOTHING, RUN, SHOW, Text

RUN_STARTED = Text(
    "956e6e82f7d1412b9831899b582d1d63",
    "A run has started",
    f"{RUN} has started. A record of how it ended follows; where there is none, it was killed.",
    ALL_RECORDS,
)
RUN_FINISHED = Text(
    "3f549ca10c2d4ce2ad730da4f7a62a6b",
    "A run has finished",
    f"{RUN} has ended as it should.",
    f"{NOTHING}\nWhat it did: {SHOW}",
)
RUN_PARTIAL = Text(
    "37b497e4370f4fb895a6aaddf2c06381",
    "A run has finished, and some of its changes failed",
    f"{RUN} made its other changes; each one that failed has a record of its own.",
    f"See which, and why: {SHOW}\nWhat is still different is planned again by the next run.",
)
RUN_REFUSED = Text(
    "4024d0d78ed9442d8386a908b47ec305",
    "A run was refused before it changed anything",
    f"{RUN} was to apply a plan that is stale or was edited. Nothing was changed.",
    f"The message says which. What would be changed now: {SHOW}",
)
GUARD_REFUSED = Text(
    "4b14f44201924311b109b008f190e7bd",
    "A plan is larger than its limits allow",
    (
        f"{RUN} has planned more changes of one kind than the limits of the job allow, or a source has shrunk"
        " since the last good run. Nothing was changed. The first run of a job usually ends here: a person"
        " approves it, once."
    ),
    (
        f"Read the plan: {SHOW}\n"
        "If it is right, approve it: syncd apply @SYNCD_JOB@ --approve @SYNCD_PLAN@\n"
        "If it is not, correct the data in the system that the message names, and run the job again."
    ),
)
RUN_INTERRUPTED = Text(
    "aa4ca04f02744d4b9a45d3556cd9b5f9",
    "A run was interrupted",
    (
        f"{RUN} was stopped before its end, by a person or by the shutdown of the host. What it had changed until"
        " then is in the audit log."
    ),
    f"{NOTHING} The next run looks at what was not read back, and goes on from there.",
)
RUN_FAILED = Text(
    "1bdcd12d4cf64fd5aa63a5f8766817a9",
    "A run has failed",
    f"{RUN} could not do its work. The message says why, and what to do.",
    ALL_RECORDS,
)
STOPPED = Text(
    "ad6d2cd949f3451e9f5f04d4eaa40b3f",
    "The work was stopped by a signal",
    "Somebody, or the shutdown of the host, asked for a stop before a run had begun.",
    f"{NOTHING} The next start of the unit does the work.",
)
LOCK_HELD = Text(
    "a6c9a581168c447d8a8ad192ac50427b",
    "Another run of the same job is under way",
    (
        "Two runs of one job would undo each other's work. The message names the run that holds the lock, and its"
        " process."
    ),
    "Wait for it, or stop it: systemctl stop syncd-@SYNCD_JOB@.service",
)
ACTION_DONE = Text(
    "a25a18f482bd4205b219df47fc123120",
    "An object was changed, and the change was read back",
    "@SYNCD_OBJECT@ was changed by run @SYNCD_RUN_ID@. The values before and after are in the audit log.",
    f"See them: {SHOW}\nTake the whole run back: syncd revert @SYNCD_RUN_ID@",
)
ACTION_FAILED = Text(
    "10725b93cac34ea88772f2e690fb48c3",
    "An object could not be changed",
    "The change of @SYNCD_OBJECT@ failed; the rest of the plan went on.",
    f"What the system said: {SHOW}\nThe next run plans the change again.",
)
ACTION_UNPROVEN = Text(
    "13ddcc844ce246a5b7da2e1d6dc45b5a",
    "It could not be proved that an object was changed",
    "The change of @SYNCD_OBJECT@ was asked for, and reading it back did not show it, or could not be done.",
    (
        "The next run reads the object again and plans the change anew if it is missing. If this repeats, look at"
        " the object in the system itself: something there may undo the change."
    ),
)
WRITER_BROKEN = Text(
    "160fda8155b8491594b225a7454dc5ef",
    "A defect in syncd kept some changes from being made",
    (
        "An error that syncd does not expect came up while it wrote to @SYNCD_SYSTEM@. Those changes count as"
        " failed; the rest of the plan went on."
    ),
    "Report it, with the traceback in the message.",
)
READ_BACK_FAILED = Text(
    "b76a6a9f2d9445868716742f89083ced",
    "Changes could not be read back",
    "@SYNCD_SYSTEM@ took changes, and could not be read afterwards. They count as unproven.",
    f"{NOTHING} The next run reads the objects and plans again what is missing.",
)
