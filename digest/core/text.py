"""Plain, readable Unicode on one line from whatever a source wrote: titles, names, abstracts."""

import html
import re
import unicodedata

from digest.core.tex import has_tex, without_tex

# Only with the semicolon: "R&D" and "AT&T" are words, and "&copy" may be one.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# Control, lone surrogate and noncharacter code points; then the invisible ones that reorder or
# hide text. Zero-width joiner and non-joiner stay: Persian, Hindi and emoji are spelt with them.
# Source: Unicode Standard Annex 9, 2 (directional formatting characters).
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def readable(text: str) -> str:
    """`text` as a reader should see it, on one line.

    HTML entities and TeX (accents, maths, formatting) become Unicode; line breaks and runs of
    space become one space; control and direction-changing characters go; the result is NFC.
    Tags and other angle brackets stay: that is the business of whoever knows the text is HTML.
    Text without an entity or TeX comes back as it was but for spaces and unseen characters.
    """
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    text = _on_one_line(text)
    if has_tex(text):
        text = _on_one_line(without_tex(text))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _on_one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if text.isprintable() else " ".join(_UNSEEN.sub("", text).split())
