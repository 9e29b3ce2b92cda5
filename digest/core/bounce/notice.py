"""Bounces in words: what servers wrote before and beside RFC 3464.

No server's format is known here. A notice stands above the copy of the message it is about; in
it, the failed addresses are those that are not ours, the sender's own or a postmaster's, and the
best of them stand alone on a line, in angle brackets, or behind a word such as "to:".
"""

import re
from collections.abc import Iterable

from digest.core.bounce import mime
from digest.core.bounce.classify import classify, status_in
from digest.core.bounce.dsn import Failure, is_warning
from digest.core.bounce.mime import Mail, one_line
from digest.core.bounce.phrases import FAILURE, FULL, GONE, POLICY, SENDERS
from digest.core.bounce.report import Kind

_MOST = 50
_LONGEST_LINE = 500
_COPIES = ("message/rfc822", "text/rfc822-headers")
_COPY = re.compile(
    r"(?<!receive a )copy of (?:the|your) (?:original )?(?:message|mail)"
    r"|^\W*(?:your )?original (?:message|mail)\b(?!.{0,20} id)"
    r"|original (?:message|mail)'?s? (?:is )?(?:attached|follow|as received|header|detail|text)"
    r"|message text follows|old message|returned (?:mail|message) follows|message headers? follow"
    r"|below (?:this|the next) line|start of returned|here is your returned|message header"
    r"|-- the header|your message reads|-----.{0,20}returned mail|^return-path:|^received:",
    re.IGNORECASE,
)
_CELL = r"[^\s<>()\[\]\"',;:=@`]{1,128}@[A-Za-z0-9_][A-Za-z0-9._-]{0,252}[A-Za-z0-9]"
_ADDRESS = re.compile(rf"(?:=22|=3C|smtp[:=])?(?P<addr>{_CELL})", re.IGNORECASE)
_ALONE = re.compile(rf"^[\s>*\-•]*<?\(?(?:expanded from: )?<?(?P<addr>{_CELL})>?\)?[\s:,.]*$")
_FIRST = re.compile(rf"^[\s>*\-]*<?(?P<addr>{_CELL})>?\s*[:,]?(?=\s|$)")
_NAMED = re.compile(
    r"(?:(?:rcpt |recipients?|address(?:es)?|to|for|user|user's mailbox is full|failed|id|attempts"
    rf"|error-for|is)\s*:\s*(?:\[?smtp[:=])?|addressed to '?|message to )<?(?P<addr>{_CELL})",
    re.IGNORECASE,
)
_BRACKETED = re.compile(rf"[<\[](?:smtp:)?(?P<addr>{_CELL})[>\]]", re.IGNORECASE)
_PATTERNS = (_ALONE, _NAMED, _BRACKETED, _FIRST, _ADDRESS)
# What introduces the list of addresses; above it the message's own fields may be quoted.
_BEFORE = re.compile(
    r"(?:did not reach|following|failed|these) .{0,30}(?:recipient|address|user|person)",
    re.IGNORECASE,
)
_SERVICE = re.compile(
    r"^(?:postmaster|mailer-daemon|abuse|support|helpdesk|hostmaster|root)@", re.I
)


def failure(mail: Mail, parts: list[Mail]) -> Failure | None:
    """What a notice in words says; None if it is none."""
    notice = text_above_copy(parts)
    subject = mime.header(mail, "subject")
    named = _addresses_in(mime.headers(mail, "x-failed-recipients"))
    if not named and not _is_notice(mail, subject, notice):
        return None
    recipients = named or failed_addresses(notice, _others(mail))
    words = reason(notice) or subject
    final = not is_warning(subject, notice)
    kind = classify("", notice[:4000]) if notice.strip() else Kind.SOFT
    if not final and kind is Kind.HARD:
        kind = Kind.SOFT
    return Failure(kind, recipients, status_in(notice), words, final)


def text_above_copy(parts: list[Mail]) -> str:
    """The text of a notice, up to where the message it is about is quoted."""
    kept: list[str] = []
    for part in parts:
        if mime.kind(part) in _COPIES or sum(map(len, kept)) > mime.LONGEST_TEXT:
            break
        lines = mime.text(part).splitlines()
        cut = next((n for n, line in enumerate(lines) if n and _is_copy(line)), len(lines))
        kept += lines[:cut]
        if cut < len(lines):
            break
    return "\n".join(line[:_LONGEST_LINE] for line in kept)[: mime.LONGEST_TEXT]


def _is_copy(line: str) -> bool:
    return bool(_COPY.search(line[:_LONGEST_LINE]))


def _is_notice(mail: Mail, subject: str, notice: str) -> bool:
    """A mail server wrote it, or nobody, and it speaks of failure."""
    by_server = is_by_server(mail)
    back = mime.header(mail, "return-path")
    by_nobody = back == "<>" or bool(SENDERS.search(back))
    in_subject, in_text = bool(FAILURE.search(subject)), bool(FAILURE.search(notice[:6000]))
    if in_text and (by_server or by_nobody or in_subject):
        return True
    # In words we do not know, but about an address.
    return (by_server and in_subject) or (
        (by_server or in_subject) and bool(_BRACKETED.search(notice) or _BEFORE.search(notice))
    )


def is_by_server(mail: Mail) -> bool:
    """Whether it says that a mail server wrote it."""
    return bool(SENDERS.search(mime.header(mail, "from")))


def failed_addresses(notice: str, others: frozenset[str]) -> tuple[str, ...]:
    """The addresses a notice says failed: those by the surest of the patterns that finds any."""
    lines = notice.splitlines()[:2000]
    start = next((n for n, line in enumerate(lines) if _BEFORE.search(line)), None)
    named = _surest(lines[start:], others) if start is not None else ()
    return named or _surest(lines, others)


def _surest(lines: list[str], others: frozenset[str]) -> tuple[str, ...]:
    for pattern in _PATTERNS:
        found = dict.fromkeys(
            match["addr"].rstrip(".")
            for line in lines
            for match in pattern.finditer(line)
            if match["addr"].lower().rstrip(".") not in others and not _SERVICE.match(match["addr"])
        )
        if found:
            return tuple(found)[:_MOST]
    return ()


def _others(mail: Mail) -> frozenset[str]:
    """Addresses that did not fail: whom the notice is to, and who wrote it."""
    names = ("to", "from", "sender", "reply-to", "return-path", "errors-to", "delivered-to", "cc")
    values = (value for name in names for value in mime.headers(mail, name))
    return frozenset(address.lower() for address in _addresses_in(values))


def _addresses_in(values: Iterable[str]) -> tuple[str, ...]:
    found = (match["addr"] for value in values for match in _ADDRESS.finditer(value))
    return tuple(dict.fromkeys(found))[:_MOST]


def reason(notice: str) -> str:
    """The line that says why: the first with a code, else with the surest words."""
    lines = [one_line(line) for line in notice.splitlines() if line.strip()]
    for tells in (status_in, GONE.search, FULL.search, POLICY.search, FAILURE.search):
        if found := next((line for line in lines if tells(line)), ""):
            return found
    return lines[0] if lines else ""
