"""One mail to the bounce mailbox -> BounceReport.

Asked in the order of how sure the answer is: a status or feedback report for machines, a wish to
leave with a link's token, a notice in words, an automatic answer.
"""

import re
from datetime import date
from email.utils import parsedate_to_datetime
from hashlib import sha256

from digest.core import verp
from digest.core.bounce import arf, autoreply, command, dsn, mime, notice
from digest.core.bounce.mime import Mail
from digest.core.bounce.report import LONGEST_LINE, BounceReport, Kind, Original

_MOST_TAGS = 20
_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_STATUS = ("message/delivery-status", "message/global-delivery-status")
# Where the address that a mail came in by stands, the surest first.
_ENVELOPE = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "received")
_ADDRESS = re.compile(r"[^\s<>()\",;:]{1,200}@[^\s<>()\",;:]{1,255}")
_SPACES = re.compile(rb"\s+")
_IDS = re.compile(r"<[^<>\s]{3,250}>")


def fingerprint(data: bytes) -> str:
    """A name for a mail's bytes that line ends and the mbox line before it do not change."""
    plain = data.replace(b"\r\n", b"\n").lstrip(b"\n")
    if plain.startswith(b"From "):
        plain = plain.partition(b"\n")[2]
    return sha256(plain.rstrip(b"\n")).hexdigest()


def read_report(data: bytes) -> BounceReport:
    """What a mail says. Whatever the bytes are, the answer is a report, UNKNOWN at worst."""
    mail = mime.opened(data)
    if mail is None:
        return BounceReport(kind=Kind.UNKNOWN, diagnostic="too many parts to be a report")
    return _Reading(mail).report()


class _Reading:
    """One mail with what is asked of it more than once."""

    def __init__(self, mail: Mail) -> None:
        self.mail = mail
        self.parts = mime.parts(mail)
        self.returned = [_inner(part) for part in self.parts if mime.kind(part) in _RETURNED]

    def report(self) -> BounceReport:
        return (
            self._complaint()
            or self._status()
            or self._leaving()
            or self._notice()
            or self._automatic()
            or self._made(Kind.UNKNOWN, diagnostic=mime.header(self.mail, "subject"))
        )

    def _complaint(self) -> BounceReport | None:
        part = next((p for p in self.parts if mime.kind(p) == "message/feedback-report"), None)
        if part is None:
            return None
        said = arf.feedback(part)
        return self._made(said.kind, said.recipients, diagnostic=said.words, envelope=said.envelope)

    def _status(self) -> BounceReport | None:
        found = [part for part in self.parts if mime.kind(part) in _STATUS]
        said = dsn.failure(found, notice.text_above_copy(self.parts)) if found else None
        if said is None:
            return None
        ids = [mime.header(b, "original-envelope-id") for part in found for b in mime.blocks(part)]
        return self._failed(said, " ".join(ids))

    def _leaving(self) -> BounceReport | None:
        tokens = command.tokens(self.mail)
        if not tokens and (self.returned or not command.wants_to_leave(self.mail)):
            return None
        subject = mime.header(self.mail, "subject")
        words = command.TOKEN.sub("TOKEN", subject)  # what signs must not be kept in a log
        return self._made(Kind.UNSUBSCRIBE, diagnostic=words, tokens=tokens)

    def _notice(self) -> BounceReport | None:
        # Servers mark their notices as automatic too; a person's machine is no server.
        if autoreply.is_auto_reply(self.mail) and not notice.is_by_server(self.mail):
            return None
        said = notice.failure(self.mail, self.parts)
        return self._failed(said, "") if said is not None else None

    def _automatic(self) -> BounceReport | None:
        if autoreply.is_auto_reply(self.mail) or autoreply.is_receipt(self.parts):
            return self._made(Kind.AUTO_REPLY, diagnostic=mime.header(self.mail, "subject"))
        return None

    def _failed(self, said: dsn.Failure, envelope: str) -> BounceReport:
        return self._made(
            said.kind,
            said.recipients,
            status=said.status,
            diagnostic=said.words,
            envelope=envelope,
            final=said.final,
        )

    def _made(
        self,
        kind: Kind,
        recipients: tuple[str, ...] = (),
        *,
        status: str = "",
        diagnostic: str = "",
        envelope: str = "",
        tokens: tuple[str, ...] = (),
        final: bool = True,
    ) -> BounceReport:
        return BounceReport(
            kind=kind,
            recipients=recipients,
            status=status,
            diagnostic=mime.one_line(diagnostic)[:LONGEST_LINE],
            tags=self._tags(envelope),
            tokens=tokens if kind is Kind.UNSUBSCRIBE else self._links(),
            original=self._original(),
            final=final,
        )

    def _tags(self, envelope: str) -> tuple[str, ...]:
        """What may be our tag: in the address it came in by, in the report's own fields, in the
        returned message's Return-Path."""
        texts = [value for name in _ENVELOPE for value in mime.headers(self.mail, name)]
        back = [mime.header(one, "return-path") for one in self.returned]
        return verp.candidates([*texts, envelope, *back])[:_MOST_TAGS]

    def _links(self) -> tuple[str, ...]:
        ways = " ".join(mime.header(one, "list-unsubscribe") for one in self.returned)
        return tuple(dict.fromkeys(command.tokens_in(ways)))[:5]

    def _original(self) -> Original:
        for one in self.returned:
            if mime.header(one, "message-id"):
                return Original(
                    message_id=mime.header(one, "message-id"),
                    feedback_id=mime.header(one, "feedback-id"),
                    to=_first_address(mime.header(one, "to")),
                    sent_on=_day(mime.header(one, "date")),
                )
        referred = f"{mime.header(self.mail, 'in-reply-to')} {mime.header(self.mail, 'references')}"
        ids = _IDS.findall(referred)
        return Original(message_id=ids[-1] if ids else "")


def _inner(part: Mail) -> Mail:
    """The message that a part returns, whole or its headers."""
    inner = mime.children(part)
    if inner:
        return inner[0]
    return mime.opened(mime.text(part).encode("utf-8", "replace")) or part


def _first_address(value: str) -> str:
    found = _ADDRESS.search(value)
    return found[0] if found else ""


def _day(value: str) -> date | None:
    try:
        return parsedate_to_datetime(value).date()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
