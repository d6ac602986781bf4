"""What every text of a kind of record has, and the sentences that many of them share."""

from typing import NamedTuple

MANUAL = "man:syncd(1)"
NOTHING = "Nothing is to be done."
SHOW = "syncd show @SYNCD_RUN_ID@"
ALL_RECORDS = "All its records: journalctl SYNCD_RUN_ID=@SYNCD_RUN_ID@"
RUN = "Run @SYNCD_RUN_ID@ of the job @SYNCD_JOB@"


class Text(NamedTuple):
    """A kind of record: its MESSAGE_ID and what the catalogue says of it.

    ``subject`` is the first line there, ``happened`` says what it means, and ``remedy`` what to do, line by line.
    ``@FIELD@`` stands for a field of the record, which journalctl fills in. ``documentation`` is a URI (uri(7)).
    """

    id: str
    subject: str
    happened: str
    remedy: str
    documentation: str = MANUAL
