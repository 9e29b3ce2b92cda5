"""Which work a record is about: arXiv id, else DOI, else OpenReview id, else the title.

An identity is "kind:value"; a paper lists its own strongest first. Two records with an
identity in common are the same work, unless each has another value of a stronger kind.
"""

import re
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

KINDS = ("arxiv", "doi", "openreview", "title")

# Source: https://info.arxiv.org/help/arxiv_identifier.html (YYMM.NNNN(N) since 2007-04,
# archive/YYMMNNN before, with an optional subject class that is not part of the id).
_ARXIV = re.compile(
    r"(?<![\w./-])(?:arxiv[:.]\s*|oai:arxiv\.org:)?"
    r"(?P<id>\d{4}\.\d{4,5}|(?P<old>[a-z]+(?:-[a-z]+)*)(?:\.[A-Z]{2})?/(?P<number>\d{7}))"
    r"(?:v(?P<version>\d{1,3}))?(?![\w/]|\.\d)",
    re.IGNORECASE,
)
_ARXIV_URL = re.compile(r"^https?://[^/]*arxiv\.org/(?:abs|pdf|html|format)/", re.IGNORECASE)
_ARXIV_DOI = re.compile(r"^10\.48550/arxiv\.", re.IGNORECASE)
_HF_URL = re.compile(r"^https?://huggingface\.co/papers/", re.IGNORECASE)
# Source: https://www.crossref.org/blog/dois-and-matching-regular-expressions/
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>?#]+", re.IGNORECASE)
_OPENREVIEW = re.compile(r"openreview\.net/(?:forum|pdf)\?(?:[^#\s]*&)?id=([\w-]{6,})")


class ArxivId(NamedTuple):
    """An arXiv identifier without its version, and the version where it was given."""

    id: str
    version: int | None


def arxiv_id(text: str) -> ArxivId | None:
    """The arXiv id that `text` is: bare, "arXiv:...v2", an OAI id, a URL of arXiv, a DOI of arXiv."""
    bare = text.strip()
    for prefix in (_ARXIV_URL, _HF_URL, _ARXIV_DOI):
        bare = prefix.sub("", bare)
    match = _ARXIV.match(bare.removesuffix(".pdf"))
    if match is None or match.end() != len(bare.removesuffix(".pdf")):
        return None
    old = match["old"]
    number = f"{old.lower()}/{match['number']}" if old else match["id"]
    return ArxivId(number, int(match["version"]) if match["version"] else None)


def doi(text: str) -> str | None:
    """The DOI inside `text`, lower case, without a preprint server's version; None for arXiv's own."""
    match = _DOI.search(text)
    if match is None or _ARXIV_DOI.match(match[0]):
        return None
    found = match[0].lower().rstrip(".,;)]}")
    return re.sub(r"(?<=\d)v\d{1,2}(?:\.full|\.abstract)?$", "", found)


def openreview_id(text: str) -> str | None:
    """The forum id of an OpenReview URL; forum ids are case sensitive."""
    match = _OPENREVIEW.search(text)
    return match[1] if match else None


def title_key(title: str) -> str:
    """A short key that is equal for titles with the same letters and digits, whatever their case,
    accents, spaces, hyphens or punctuation; "" for a title without any letter or digit."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    letters = "".join(char for char in plain if char.isalnum())
    return blake2b(letters.encode(), digest_size=12).hexdigest() if letters else ""


def identities(title: str, *hints: str) -> tuple[str, ...]:
    """All identities that a title and any ids or URLs give, strongest first, without repeats."""
    found = [identity for hint in hints if hint for identity in _of_hint(hint)]
    key = title_key(title)
    if key:
        found.append(f"title:{key}")
    return tuple(sorted(dict.fromkeys(found), key=strength))


def _of_hint(hint: str) -> Iterable[str]:
    if arxiv := arxiv_id(hint):
        yield f"arxiv:{arxiv.id}"
    elif forum := openreview_id(hint):
        yield f"openreview:{forum}"
    elif number := doi(hint):
        yield f"doi:{number}"


def strength(identity: str) -> int:
    """The place of an identity's kind in KINDS: the lower, the stronger."""
    return KINDS.index(identity.split(":", 1)[0])


def conflict(ours: Iterable[str], theirs: Iterable[str]) -> bool:
    """Whether two sets of identities name different works: both have values of one strong kind
    (arXiv, OpenReview, DOIs of one registrant) and none in common. DOIs of two registrants do not
    tell: a preprint and its journal version are one work."""
    left, right = _by_namespace(ours), _by_namespace(theirs)
    return any(left[name].isdisjoint(right[name]) for name in left.keys() & right.keys())


def _by_namespace(names: Iterable[str]) -> dict[str, set[str]]:
    spaces: dict[str, set[str]] = {}
    for name in names:
        kind, _, value = name.partition(":")
        if kind != "title":
            space = f"doi:{value.partition('/')[0]}" if kind == "doi" else kind
            spaces.setdefault(space, set()).add(name)
    return spaces
