"""Mail by which a reader leaves: the signed link's token in the subject or in the address.

Source: RFC 2369, 3.2 (the mailto: of List-Unsubscribe). The mail program fills both in; a word
without a token proves nothing about who wrote it.
"""

import re

from digest.core.bounce import mime
from digest.core.bounce.mime import Mail

TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{44}(?![A-Za-z0-9_-])")
_WORD = re.compile(
    r"^\W*(?:(?:re|fwd?|aw)\s*:\s*)*(?:unsubscribe|remove|stop|leave|abmelden|abbestellen)\b",
    re.IGNORECASE,
)
_TO = ("to", "delivered-to", "x-original-to", "envelope-to")


def tokens(mail: Mail) -> tuple[str, ...]:
    """What may be an unsubscribe token in the subject after the word, or as +TOKEN in To."""
    subject = mime.header(mail, "subject")
    found = tokens_in(subject) if _WORD.search(subject) else []
    for name in _TO:
        for value in mime.headers(mail, name):
            found += [token for token in tokens_in(value) if f"+{token}@" in value]
    return tuple(dict.fromkeys(found))[:5]


def tokens_in(text: str) -> list[str]:
    """What may be a signed link's token in a text."""
    return TOKEN.findall(text)


def wants_to_leave(mail: Mail) -> bool:
    """Whether the subject, or the text's first line, is a wish to leave."""
    if _WORD.search(mime.header(mail, "subject")):
        return True
    first = next(iter(mime.parts(mail)), None)
    text = mime.text(first) if first is not None else ""
    return bool(_WORD.search(next(iter(text.strip().splitlines()), "")[:40]))
