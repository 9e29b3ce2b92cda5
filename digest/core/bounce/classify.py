"""From code and words to a Kind: whose fault it is, and for how long.

Source: RFC 3463 (the codes and their classes), RFC 5248 (their registry), RFC 5321, 4.2.3.
"""

import re

from digest.core.bounce.phrases import FULL, GONE, LATER, POLICY
from digest.core.bounce.report import Kind

# "5.1.1", "#5.1.1", "550-5.7.26", "(5.4.310)"; not a version or a part of an IP address.
_ENHANCED = re.compile(r"(?<![\d.])(?P<code>[245]\.\d{1,3}\.\d{1,3})(?![\d.]\d|\d)")
_SMTP = re.compile(r"(?<![\d.#])(?P<code>[45][0-5]\d)(?=[ \-#:;,]|$)")
_NO_MAILBOX = re.compile(r"5\.1\.(?:0|1|2|3|4|6|10)|5\.2\.1|5\.4\.4|5\.4\.310")
# The message or our way of speaking: wrong sender, too long, protocol, content, security.
_OURS = re.compile(r"[45]\.(?:7\.\d+|1\.[78]|2\.3|3\.4|6\.\d+)")
_PROTOCOL = re.compile(r"5\.5\.\d+")
_UNSAID = re.compile(r"5\.0\.\d+|5\.2\.0|5\.3\.0|5\.4\.1|5\.5\.\d+")
_REFUSED = ("550", "551", "553")


def status_in(text: str) -> str:
    """The first enhanced status code of a failure in a server's words; "" if there is none."""
    codes = (found["code"] for found in _ENHANCED.finditer(text[:4000]))
    return next((code for code in codes if code[0] in "45"), "")


def smtp_code_in(text: str) -> str:
    """The first reply code of a failure in a server's words."""
    found = _SMTP.search(text[:4000])
    return found["code"] if found else ""


def classify(status: str, words: str) -> Kind:
    """HARD, SOFT or POLICY, by the code where it is sure and by the words where it is not.

    Only what is surely about the mailbox is HARD: that suppresses at once. A full mailbox is
    SOFT though its code is 5.2.2. Whatever is about us is POLICY, in doubt too.
    """
    words = words[:4000]
    own = status_in(words)
    if any(_OURS.fullmatch(code) for code in (status, own)):
        return Kind.POLICY
    gone = bool(GONE.search(words))
    if POLICY.search(words) and not (gone and _NO_MAILBOX.fullmatch(own or status)):
        return Kind.POLICY
    return _of_mailbox(status if status not in ("", "5.0.0") else own or status, words, gone=gone)


def _of_mailbox(status: str, words: str, *, gone: bool) -> Kind:
    if status.startswith("4") or FULL.search(words):
        return Kind.SOFT
    if _NO_MAILBOX.fullmatch(status):
        return Kind.HARD
    if _PROTOCOL.fullmatch(status) and not gone:
        return Kind.POLICY
    if not status or _UNSAID.fullmatch(status):
        return _by_words(status, words, gone=gone)
    return Kind.SOFT


def _by_words(status: str, words: str, *, gone: bool) -> Kind:
    """No code that says it: no such mailbox, a temporary trouble, else what the class says."""
    smtp = smtp_code_in(words)
    if gone and not smtp.startswith("4"):
        return Kind.HARD
    if smtp.startswith("4") or LATER.search(words):
        return Kind.SOFT
    return Kind.HARD if smtp in _REFUSED or status.startswith("5.0.") else Kind.SOFT


def of_reply(reply: str, code: int | None) -> Kind:
    """What a relay's refusal of a recipient says, as the sender heard it."""
    return classify(status_in(reply), f"{code or ''} {reply}")
