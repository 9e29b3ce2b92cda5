"""Text made fit for a mail: cleaned, shortened at a word or a sentence, wrapped, dated.

Month and weekday names stand here because strftime speaks the process's locale.
"""

import re
import unicodedata
from datetime import date

COLUMNS = 76  # not 78: such a line of ASCII is its own quoted-printable

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

# Controls, line separators, surrogates, bidirectional marks and overrides, invisible fillers,
# tag characters and noncharacters: they forge, hide or reorder text, or no parser takes them.
# U+200C and U+200D stay: Persian and emoji need them.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u061c\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff0-\uffff\ufdd0-\ufdef\U000e0000-\U000e0fff"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000)
    )
    + "]+"
)
_SENTENCE_END = re.compile(r"(?:[.!?][)\"'’”]?(?=\s)|[。！？])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|resp|approx|Fig|Eq|Sec|Tab|No|Dr|St)|\b[A-Z])\.$"
)


def clean(text: str, limit: int = 10_000) -> str:
    """`text` on one line, without characters that forge, hide or reorder what is around."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return shorten(text.strip(), limit)
    return shorten(" ".join(_UNSAFE.sub(" ", text).split()), limit)


def shorten(text: str, limit: int) -> str:
    """`text`, or as many of its whole words as fit into `limit` characters with an ellipsis."""
    if len(text) <= limit:
        return text
    head, space, _ = text[:limit].rpartition(" ")
    kept = head if space and len(head) > limit // 2 else text[: limit - 1]
    return kept.rstrip(" ,;:.-–—") + "…"


def short_title(title: str, limit: int) -> str:
    """A title that fits a subject line: whole, else what stands before or behind its colon where
    that says enough, else its first words."""
    if len(title) <= limit:
        return title
    for part in map(str.strip, title.split(": ", 1)):
        if len(part) <= limit and len(part.split()) >= 3:
            return part
    return shorten(title, limit)


def first_sentences(text: str, limit: int) -> str:
    """The whole sentences of `text` that fit into `limit` characters; at least its first words."""
    if len(text) <= limit:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, limit + 1)]
    whole = [end for end in ends if not _ABBREVIATION.search(text[:end])]
    if whole and whole[-1] >= limit // 4:
        return text[: whole[-1]]
    return shorten(text, limit)


def wrap(text: str) -> str:
    """`text` broken at spaces into lines of at most COLUMNS; a longer word has its own line.

    A no-break space does not break, and becomes a space.
    """
    lines = []
    while len(text) > COLUMNS:
        cut = text.rfind(" ", 0, COLUMNS + 1)
        if cut < 0 and (cut := text.find(" ")) < 0:
            break
        lines.append(text[:cut])
        text = text[cut + 1 :]
    return "\n".join((*lines, text)).replace("\xa0", " ")


def direction(text: str) -> str:
    """ "rtl" where the first strong letter of `text` is written from right to left, else "ltr"."""
    if text.isascii():
        return "ltr"
    strong = (unicodedata.bidirectional(char) for char in text)
    first = next((kind for kind in strong if kind in ("L", "R", "AL")), "L")
    return "ltr" if first == "L" else "rtl"


def long_date(day: date) -> str:
    """Saturday, 21 November 2026."""
    return f"{_WEEKDAYS[day.weekday()]}, {plain_date(day)}"


def plain_date(day: date) -> str:
    """21 November 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def since(then: date, today: date) -> str:
    """A recent day as people say it: "Monday" within the last six days, else "3 March"."""
    if 0 < (today - then).days < 7:
        return _WEEKDAYS[then.weekday()]
    return f"{then.day} {_MONTHS[then.month - 1]}"


def count(number: int, noun: str) -> str:
    """1 author, 8 authors, 1,200 authors."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
