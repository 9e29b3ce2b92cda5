"""The fast composer: one reader's message as a join of byte strings that were made once.

Cards come from Parts in quoted-printable; only the reader's own words are escaped and encoded
here. plain.py makes the same message the ordinary way; a test holds the two together.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from html import escape

from digest.core.edition import Digest, Reason, topic
from digest.core.message import Message, Recipient, message_id
from digest.errors import UnknownPaper
from digest.mail import headers
from digest.mail.layout import Block, Words, blocks, values, words
from digest.mail.links import needs_check, safe_url
from digest.mail.quoted import quoted
from digest.mail.render import Medium, Parts, subject_shape
from digest.mail.why import Bit, why
from digest.mail.wording import clean, wrap

BUDGET = 95_000  # octets of a whole message; Gmail clips, and hides the footer, near 102 kB
_RESERVE = 6_000  # headers, the reader's own words in the frame, the line about what was left out
_BOUNDARY = "=_papers-digest"  # "=_" cannot stand in quoted-printable
_PART = (
    "--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)
_TEXT = _PART.format(boundary=_BOUNDARY, kind="plain").encode()
_HTML = ("\r\n" + _PART).format(boundary=_BOUNDARY, kind="html").encode()
_END = f"\r\n--{_BOUNDARY}--\r\n".encode()
_MIME = (
    f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{_BOUNDARY}"\r\n\r\n'
).encode()
_PLAIN = (
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)

Both = tuple[bytes, bytes]  # text, HTML
_SPECIAL = re.compile("[&<>]")
_REMEMBERED = 20_000  # lines of reasons and headings, some 800 octets each


def compose(parts: Parts, digest: Digest, recipient: Recipient, now: datetime) -> Message:
    """The message of `digest` for `recipient`, dated `now` (aware); its papers must be in `parts`.

    The same arguments give the same bytes. UnknownPaper if a pick was not rendered.
    """
    try:
        middle = [both for _, both in fit(parts, blocks(digest, parts.language), recipient)]
        around = words(digest, recipient, parts.cards, parts.language)
    except KeyError as error:
        raise UnknownPaper(f"paper {error.args[0]} was picked but not rendered") from error
    subject = subject_of(parts, around)
    frame = _frame_values(recipient, around, subject)
    sides = {hole: _coded_value(parts, hole, value) for hole, value in frame.items()}
    text = _body(parts.text, sides, [text for text, _ in middle], 0)
    html = _body(parts.html, sides, [html for _, html in middle], 1)
    body = (_MIME, _TEXT, *text, _HTML, *html, _END)
    if recipient.plain_only:
        body = (_PLAIN, *text)
    key = message_id(recipient.delivery_key, parts.site.secret, parts.site.domain)
    to = headers.wire_address(recipient.address)
    head = _head(parts, recipient, now, key=key, to=to, subject=subject)
    data = b"".join((head, *body))
    sender = headers.envelope_sender(parts.site, recipient.delivery_key)
    return Message(key, sender, to, subject, data)


def subject_of(parts: Parts, around: Words) -> str:
    """The subject, filled into its prepared shape."""
    shape = parts.subjects.get(around.more)
    if shape is None:
        shape = parts.subjects[around.more] = subject_shape(parts, around.more)
    return shape.fill({"title": around.subject_title})


def fit(parts: Parts, every: Sequence[Block], recipient: Recipient) -> list[tuple[Block, Both]]:
    """The blocks that fit into BUDGET, each with its text and HTML; where papers had to be left
    out, the last block says how many."""
    room = BUDGET - _RESERVE - parts.text.frame.size - parts.html.frame.size
    found: list[tuple[Block, Both]] = []
    url = link(recipient.feedback_url)
    feedback = quoted(url), quoted(escaped(url))
    for place, block in enumerate(every):
        both = coded(parts, block, feedback)
        room -= len(both[0]) + len(both[1])
        if room < 0:
            return [*_without_bare_heading(found), _rest(parts, every[place:])]
        found.append((block, both))
    return found


def _without_bare_heading(found: list[tuple[Block, Both]]) -> list[tuple[Block, Both]]:
    return found[:-1] if found and found[-1][0].kind == "heading" else found


def _rest(parts: Parts, left: Sequence[Block]) -> tuple[Block, Both]:
    papers = sum(block.kind in ("card", "row") for block in left)
    said = parts.language.ngettext("%(count)s more paper", "%(count)s more papers", papers)
    block = Block("rest", said)
    return block, _plain_block(parts, block)


def coded(parts: Parts, block: Block, feedback: Both) -> Both:
    """One block in quoted-printable: text, HTML. `feedback` is the reader's link for it."""
    if block.kind == "card":
        why_text, why_html = _lines(parts, block.reasons)
        to_text, to_html = feedback
        mute = _mute(parts, block, to_html)
        text = {"why": why_text, "feedback": to_text, "mute": b""}
        html = {"why": why_html, "feedback": to_html, "mute": mute}
        return (
            b"".join(parts.text.cards[block.paper_id].fill(text)),
            b"".join(parts.html.cards[block.paper_id].fill(html)),
        )
    if block.kind == "row":
        return parts.text.rows[block.paper_id], parts.html.rows[block.paper_id]
    return _plain_block(parts, block)


def _mute(parts: Parts, block: Block, feedback: bytes) -> bytes:
    """The link that mutes what a paper was picked for; nothing where that is no topic."""
    named = topic(block.reasons)
    if not named:
        return b""
    shown, number = _remembered(
        parts,
        ("mute", named, block.paper_id),
        lambda: (quoted(escaped(clean(named))), quoted(str(block.paper_id))),
    )
    return b"".join(parts.html.mute.fill({"feedback": feedback, "number": number, "topic": shown}))


def _plain_block(parts: Parts, block: Block) -> Both:
    return _remembered(parts, (block.kind, block.text), lambda: _worded(parts, block))


def _worded(parts: Parts, block: Block) -> Both:
    plain = getattr(parts.text, block.kind).fill(values(block))
    rich = getattr(parts.html, block.kind).fill({block.kind: escaped(block.text)})
    return quoted(plain), quoted(rich)


def _remembered(parts: Parts, key: object, make: Callable[[], Both]) -> Both:
    """What `make` gives, remembered for the cohort's other readers."""
    known = parts.lines.get(key)
    if known is None:
        if len(parts.lines) >= _REMEMBERED:
            parts.lines.clear()
        known = parts.lines[key] = make()
    return known


def _lines(parts: Parts, reasons: Sequence[Reason]) -> Both:
    key = tuple([(reason.kind, reason.text) for reason in reasons])
    return _remembered(parts, key, lambda: _new_lines(parts, reasons))


def _new_lines(parts: Parts, reasons: Sequence[Reason]) -> Both:
    line = why(reasons, parts.language)
    if not line:
        return b"", b""
    text, html = _why(parts.text, line, str), _why(parts.html, line, escaped)
    return quoted(wrapped_why(text)), quoted(html)


def wrapped_why(line: str) -> str:
    """The text's line of reasons, broken for a terminal, below an empty line."""
    return f"\n{wrap(line.rstrip())}\n"


def _why(medium: Medium, line: tuple[Bit, ...], safe: Callable[[str], str]) -> str:
    start, around, end = medium.why
    found = [start]
    for kind, text in line:
        before, after = around[kind]
        found += (before, safe(text), after)
    return "".join((*found, end))


def escaped(text: str) -> str:
    """`text` as it stands in HTML, in the form that premailer's serializer gives it."""
    return escape(text, quote=False) if _SPECIAL.search(text) else text


def _frame_values(recipient: Recipient, around: Words, subject: str) -> dict[str, str]:
    return {
        "subject": subject,
        "preheader": around.preheader,
        "line": around.line,
        "because": around.because,
        "settings": link(recipient.settings_url),
        "unsubscribe": link(recipient.unsubscribe_url),
        "feedback": link(recipient.feedback_url),
    }


def link(url: str) -> str:
    """A reader's own link as it may stand in the mail."""
    return safe_url(url) if needs_check(url) else url


def _coded_value(parts: Parts, hole: str, value: str) -> Both:
    """One value of the frame as text and as HTML; sentences are wrapped, and many readers' own."""
    if hole in ("because", "line"):
        return _remembered(
            parts, (hole, value), lambda: (quoted(wrap(value)), quoted(escaped(value)))
        )
    return quoted(value), quoted(escaped(value))


def _body(medium: Medium, frame: dict[str, Both], middle: list[bytes], which: int) -> list[bytes]:
    values = {hole: both[which] for hole, both in frame.items()}
    return medium.frame.fill(values | {"content": b"".join(middle)})


def _head(
    parts: Parts, recipient: Recipient, now: datetime, *, key: str, to: str, subject: str
) -> bytes:
    personal = headers.personal(parts.site, recipient, parts.day)
    return b"".join(
        (
            parts.head,
            f"To: {to}\r\nDate: {format_datetime(now)}\r\nMessage-ID: {key}\r\n".encode(),
            headers.wire("Subject", subject),
            *(headers.wire(name, value) for name, value in personal),
        )
    )
