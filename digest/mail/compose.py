"""The fast composer: one reader's message as a join of byte strings that were made once.

Cards come from Parts in quoted-printable; only the reader's own words are escaped and encoded
here. plain.py makes the same message the ordinary way; a test holds the two together.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from html import escape
from typing import TypeVar

from digest.core.edition import Digest, Reason, topic
from digest.core.message import Message, Recipient, message_id
from digest.errors import UnknownPaper
from digest.mail import headers
from digest.mail.layout import Block, Words, blocks, values, words
from digest.mail.links import needs_check, safe_url
from digest.mail.quoted import quoted
from digest.mail.render import Both, Line, Parts, Said, Title, subject
from digest.mail.why import Bits, Cause, line, told
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

Pieces = tuple[bytes, ...]
K = TypeVar("K")
V = TypeVar("V")
_SPECIAL = re.compile("[&<>]")
_REMEMBERED = 5_000  # lines of reasons and headings, some 800 octets each


def compose(parts: Parts, digest: Digest, recipient: Recipient, now: datetime) -> Message:
    """The message of `digest` for `recipient`, dated `now` (aware); its papers must be in `parts`.

    The same arguments give the same bytes. UnknownPaper if a pick was not rendered.
    """
    feedback = _coded_link(recipient.feedback_url)
    try:
        middle = _middle(parts, blocks(digest, parts.language), feedback)
        around = words(digest, recipient, parts.cards, parts.language)
    except KeyError as error:
        raise UnknownPaper(f"paper {error.args[0]} was picked but not rendered") from error
    title = title_of(parts, around)
    text, html = zip(*_frame(parts, title, around, recipient, feedback), strict=True)
    body: Pieces = (*parts.text.head.pieces(*text), middle[0], *parts.text.tail.pieces(*text))
    if recipient.plain_only:
        body = (_PLAIN, *body)
    else:
        rich = (*parts.html.head.pieces(*html), middle[1], *parts.html.tail.pieces(*html))
        body = (_MIME, _TEXT, *body, _HTML, *rich, _END)
    key = message_id(recipient.delivery_key, parts.site.secret, parts.site.domain)
    to = headers.wire_address(recipient.address)
    head = _head(parts, recipient, now, key=key, to=to)
    sender = headers.envelope_sender(parts.site, recipient.delivery_key)
    data = b"".join((parts.head, head[0], title.header, head[1], *body))
    return Message(key, sender, to, title.subject, data, is_wired=True)


def title_of(parts: Parts, around: Words) -> Title:
    """The subject, which many readers share."""
    key = around.subject_title, around.more
    return parts.subjects.get(key) or _remembered(
        parts.subjects, key, lambda: _new_title(parts, around)
    )


def _new_title(parts: Parts, around: Words) -> Title:
    known = {"title": around.subject_title, "more": max(around.more, 0)}
    text = subject(parts.templates, known)
    return Title(text, headers.wire("Subject", text), _both(text))


def _middle(parts: Parts, every: Sequence[Block], feedback: Both) -> Both:
    """All blocks in quoted-printable: text, HTML; or those that fit and a word about the rest."""
    texts: list[bytes] = []
    rich: list[bytes] = []
    for block in every:
        text, html = _pieces(parts, block, feedback)
        texts += text
        rich += html
    both = b"".join(texts), b"".join(rich)
    if len(both[0]) + len(both[1]) <= _room(parts):
        return both
    kept = [both for _, both in _fitting(parts, every, feedback)]
    return b"".join([text for text, _ in kept]), b"".join([html for _, html in kept])


def _room(parts: Parts) -> int:
    return BUDGET - _RESERVE - parts.text.size - parts.html.size


def fit(parts: Parts, every: Sequence[Block], recipient: Recipient) -> list[tuple[Block, Both]]:
    """The blocks that fit into BUDGET, each with its text and HTML; where papers had to be left
    out, the last block says how many."""
    return _fitting(parts, every, _coded_link(recipient.feedback_url))


def _fitting(parts: Parts, every: Sequence[Block], feedback: Both) -> list[tuple[Block, Both]]:
    room = _room(parts)
    found: list[tuple[Block, Both]] = []
    for place, block in enumerate(every):
        text, html = map(b"".join, _pieces(parts, block, feedback))
        room -= len(text) + len(html)
        if room < 0:
            return [*_without_bare_heading(found), _rest(parts, every[place:])]
        found.append((block, (text, html)))
    return found


def _without_bare_heading(found: list[tuple[Block, Both]]) -> list[tuple[Block, Both]]:
    return found[:-1] if found and found[-1][0].kind == "heading" else found


def _rest(parts: Parts, left: Sequence[Block]) -> tuple[Block, Both]:
    papers = sum(block.kind in ("card", "row") for block in left)
    said = parts.language.ngettext("%(count)s more paper", "%(count)s more papers", papers)
    block = Block("rest", said)
    return block, _worded(parts, block)


def _pieces(parts: Parts, block: Block, feedback: Both) -> tuple[Pieces, Pieces]:
    """One block in pieces of text and of HTML; `feedback` is the reader's link for it."""
    kind, text, number, reasons = block
    if kind == "card":
        return _card(parts, number, reasons, feedback)
    if kind == "row":
        return (parts.text.rows[number],), (parts.html.rows[number],)
    plain, rich = parts.lines.get((kind, text)) or _remembered(
        parts.lines, (kind, text), lambda: _worded(parts, block)
    )
    return (plain,), (rich,)


def _card(
    parts: Parts, number: int, reasons: Sequence[Reason], feedback: Both
) -> tuple[Pieces, Pieces]:
    text, html = _lines(parts, reasons)
    card = parts.text.cards[number].pieces(text, feedback[0], b"")
    named = topic(reasons)
    if not named:
        return card, parts.html.cards[number].pieces(html, feedback[1], b"")
    _, muted = parts.lines.get(named) or _remembered(
        parts.lines, named, lambda: _both(clean(named))
    )
    return card, parts.html.muted[number].pieces(html, feedback[1], muted)


def _worded(parts: Parts, block: Block) -> Both:
    plain = getattr(parts.text, block.kind).fill(values(block))
    rich = getattr(parts.html, block.kind).fill({block.kind: escaped(block.text)})
    return quoted(plain), quoted(rich)


def _remembered(known: dict[K, V], key: K, make: Callable[[], V]) -> V:
    """What `make` gives, remembered for the cohort's other readers."""
    if len(known) >= _REMEMBERED:
        known.clear()
    made = known[key] = make()
    return made


def _lines(parts: Parts, reasons: Sequence[Reason]) -> Both:
    """The line of reasons; it is remembered by what it says, which takes little to find."""
    terms, causes = told(reasons, parts.language)
    key = ("why", *terms, *causes)
    return parts.lines.get(key) or _remembered(
        parts.lines, key, lambda: _new_lines(parts, terms, causes)
    )


def _new_lines(parts: Parts, terms: Sequence[str], causes: Sequence[Cause]) -> Both:
    if not terms and not causes:
        return b"", b""
    kind = (len(terms), *[kind for kind, _ in causes])
    said = parts.said.get(kind) or _remembered(
        parts.said, kind, lambda: _new_said(parts, len(terms), causes)
    )
    own = [*terms, *[text for _, text in causes]]
    text = "".join(said.text.pieces(*own))
    known = parts.words
    coded = [known.get(one) or _remembered(known, one, _coder(one)) for one in own]
    return quoted(wrapped_why(text)), b"".join(said.html.pieces(*coded))


def _coder(word: str) -> Callable[[], bytes]:
    return lambda: quoted(escaped(word))


def _new_said(parts: Parts, terms: int, causes: Sequence[Cause]) -> Said:
    """The sentence for such reasons, with a hole for each term and each cause's text."""
    names = [str(place) for place in range(terms + len(causes))]
    marks = [parts.marks.mark(name) for name in names]
    marked = [(kind, mark) for (kind, _), mark in zip(causes, marks[terms:], strict=True)]
    bits = line(marks[:terms], marked, parts.language)
    text, html = _why(parts.text.why, bits, str), _why(parts.html.why, bits, escaped)
    return Said(parts.marks.shape(text).form(names), parts.marks.shape(html).coded().form(names))


def wrapped_why(line: str) -> str:
    """The text's line of reasons, broken for a terminal, below an empty line."""
    return f"\n{wrap(line.rstrip())}\n"


def _why(shape: Line, line: Bits, safe: Callable[[str], str]) -> str:
    found = [shape.start]
    for kind, text in line:
        before, after = shape.around[kind]
        found += (before, safe(text), after)
    return "".join((*found, shape.end))


def escaped(text: str) -> str:
    """`text` as it stands in HTML, in the form that premailer's serializer gives it."""
    return escape(text, quote=False) if _SPECIAL.search(text) else text


def _frame(
    parts: Parts, title: Title, around: Words, recipient: Recipient, feedback: Both
) -> tuple[Both, ...]:
    """The values of FRAME; sentences are wrapped, and many readers' own."""
    return (
        title.both,
        _both(around.preheader),
        _sentence(parts, around.line),
        _sentence(parts, around.because),
        _coded_link(recipient.settings_url),
        _coded_link(recipient.unsubscribe_url),
        feedback,
    )


def _sentence(parts: Parts, text: str) -> Both:
    key = "sentence", text
    return parts.lines.get(key) or _remembered(
        parts.lines, key, lambda: (quoted(wrap(text)), quoted(escaped(text)))
    )


def _both(text: str) -> Both:
    plain, safe = quoted(text), escaped(text)
    return plain, plain if safe is text else quoted(safe)


def _coded_link(url: str) -> Both:
    return _both(link(url))


def link(url: str) -> str:
    """A reader's own link as it may stand in the mail."""
    return safe_url(url) if needs_check(url) else url


def _head(parts: Parts, recipient: Recipient, now: datetime, *, key: str, to: str) -> Both:
    """The reader's own headers: those before the subject, and those behind it."""
    personal = headers.personal(parts.site, recipient, parts.day)
    return (
        f"To: {to}\r\nDate: {headers.dated(now)}\r\nMessage-ID: {key}\r\n".encode(),
        b"".join([headers.wire(name, value) for name, value in personal]),
    )
