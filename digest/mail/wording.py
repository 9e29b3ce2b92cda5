"""Text made fit for a mail: cleaned, shortened at a word or a sentence, wrapped."""

import re
import unicodedata
from datetime import date

from digest.mail.language import ENGLISH

COLUMNS = 76  # not 78: such a line of ASCII is its own quoted-printable

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
# All but characters that surely take one column each.
_UNEVEN = re.compile("[^\x00-\u02ff\u2010-\u2027\u202f\u2190-\u21ff\u25b2\u2605]")
_NO_START = frozenset(
    "、。，．・：；？！）］｝」』】〉》〕…ー々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ,.:;?!)]}”’"
)
_NO_END = frozenset("（［｛「『【〈《〔([{“‘")
_LETTERS_AND_MARKS = ("Lo", "Lm", "Lu", "Ll", "Nd", "Po", "Ps", "Pe", "Pi", "Pf")
_SENTENCE_END = re.compile(r"(?:[.!?][)\"'’”]?(?=\s)|[。！？])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|resp|approx|Fig|Eq|Sec|Tab|No|Dr|St)|\b[A-Z])\.$"
)


def clean(text: str, limit: int = 10_000) -> str:
    """`text` on one line, without characters that forge, hide or reorder what is around."""
    if text.isascii() and text.isprintable() and "  " not in text:
        text = text.strip()
        return text if len(text) <= limit else shorten(text, limit)
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
    """`text` broken into lines of at most COLUMNS: at spaces, and in scripts without spaces
    between characters; a longer word has its own line. A no-break space does not break, and
    becomes a space.
    """
    if len(text) <= COLUMNS and text.isascii():
        return text
    lines = []
    while (cut := _end_of_line(text)) is not None:
        end, start = cut
        lines.append(text[:end])
        text = text[start:]
    return "\n".join((*lines, text)).replace("\xa0", " ")


def _end_of_line(text: str) -> tuple[int, int] | None:
    """Where the first line ends and the second begins; None if all of it is one line."""
    if not text.isascii() and _UNEVEN.search(text):
        return _wide_end(text)
    if len(text) <= COLUMNS:
        return None
    cut = text.rfind(" ", 0, COLUMNS + 1)
    if cut < 0 and (cut := text.find(" ")) < 0:
        return None
    return cut, cut + 1


def _wide_end(text: str) -> tuple[int, int] | None:
    """The same where a character may take two columns, or none."""
    columns, cut = 0, None
    for place, char in enumerate(text):
        if char == " ":
            cut = (place, place + 1)
        elif place and _parts(text[place - 1], char):
            cut = (place, place)
        columns += _columns(char)
        if columns > COLUMNS and cut and cut[0]:
            return cut
    return None


def width(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _parts(before: str, after: str) -> bool:
    """Whether a line may end between two characters of a script without spaces.

    Source: UAX 14 (ideographs; no line begins with a closing mark or ends with an opening one).
    """
    return (
        (_is_ideograph(before) or _is_ideograph(after))
        and after not in _NO_START
        and before not in _NO_END
        and unicodedata.category(before) in _LETTERS_AND_MARKS
        and unicodedata.category(after) in _LETTERS_AND_MARKS
    )


def _is_ideograph(char: str) -> bool:
    """Whether it stands for a syllable or a word, as in Chinese and Japanese; Korean has spaces."""
    return "\u2e80" <= char <= "\ua4cf" or "\uf900" <= char <= "\ufaff" or char >= "\U00020000"


def direction(text: str) -> str:
    """ "rtl" where the first strong letter of `text` is written from right to left, else "ltr"."""
    if text.isascii():
        return "ltr"
    strong = (unicodedata.bidirectional(char) for char in text)
    first = next((kind for kind in strong if kind in ("L", "R", "AL")), "L")
    return "ltr" if first == "L" else "rtl"


def long_date(day: date) -> str:
    """Saturday, 21 November 2026."""
    return ENGLISH.long_date(day)


def plain_date(day: date) -> str:
    """21 November 2026."""
    return ENGLISH.plain_date(day)


def count(number: int, noun: str) -> str:
    """1 author, 8 authors, 1,200 authors."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
