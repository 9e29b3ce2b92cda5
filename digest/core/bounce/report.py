"""BounceReport: what one mail to the bounce mailbox says."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

LONGEST_LINE = 300


class Kind(StrEnum):
    """What a mail to the bounce mailbox is about."""

    HARD = "hard"  # the mailbox does not exist or is closed for good
    SOFT = "soft"  # it failed, and may work another day
    POLICY = "policy"  # refused for what we are or sent, never for who the reader is
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    AUTO_REPLY = "auto_reply"  # a vacation notice or a receipt: says nothing about failure
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What a report returned of our message; each may be missing, none is proven."""

    message_id: str = ""
    feedback_id: str = ""
    to: str = ""
    sent_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceReport:
    """One mail, read. `status` is a code of RFC 3463 or "", `diagnostic` one line.

    `tags` are what may be our signed tag in an envelope address, `tokens` what may be a signed
    link, both unverified and in the order of trust. A report that is not `final` warns of a
    delay: the relay is still trying.
    """

    kind: Kind
    recipients: tuple[str, ...] = ()
    status: str = ""
    diagnostic: str = ""
    tags: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    original: Original = field(default_factory=Original)
    final: bool = True
