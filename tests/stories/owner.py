"""What one owner of an address did, as far as it decides what mail they may get; and the links and
reports of those mails."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from subscribers.consent import Reason

LINK = re.compile(r"https?://[^/\s<>]+(/(confirm|unsubscribe|settings|feedback|address)/[^\s<>]+)")
REPORT = (
    b"From: <fbl@isp.example>\r\nTo: <bounces@example.org>\r\nSubject: report\r\nMIME-Version: 1.0"
    b'\r\nContent-Type: multipart/report; report-type=%(kind)s; boundary="x"\r\n\r\n--x\r\n'
    b"Content-Type: text/plain\r\n\r\nSee below. %(number)d\r\n--x\r\n%(part)s\r\n\r\n--x\r\n"
    b"Content-Type: message/rfc822\r\n\r\n%(mail)s\r\n--x--\r\n"
)
COMPLAINT = (
    b"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"
    b"User-Agent: isp/1\r\nVersion: 1\r\n"
)
FAILURE = (
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; isp.example\r\n\r\n"
    b"Final-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: %s\r\n"
)
BOUNCES = {"hard": b"5.1.1", "soft": b"4.2.2", "ours": b"5.7.1"}
BARRED = (Reason.COMPLAINED, Reason.BY_HAND)


@dataclass(frozen=True)
class Link:
    """A link as it was mailed: its page, its path, and to whom."""

    page: str
    path: str
    to: str

    @property
    def token(self) -> str:
        return self.path.split("/")[2].partition("?")[0].partition("#")[0]


@dataclass
class Owner:
    """What one person did, as far as it decides what mail they may get."""

    agreed: bool = False
    has_agreed: bool = False  # once; who left may undo that
    is_paused: bool = False
    until: date | None = None
    barred: Reason | None = None
    left_at: datetime | None = None
    waiting: int = 0  # requests that were put down
    asked: int = 0  # requests that were decided, and may lead to a confirmation mail
    had: set[date] = field(default_factory=set)
    offered: int = 0  # how often a reader asked to move to this address
    told: int = 0  # how often one moved away from it

    def agree(self) -> None:
        self.agreed = self.has_agreed = True

    def may_get(self, day: date) -> bool:
        rests = self.is_paused and (self.until is None or self.until > day)
        return self.agreed and self.barred is None and not rests

    def leave(self, now: datetime) -> None:
        self.agreed = self.is_paused = False
        self.asked, self.left_at = 0, now
