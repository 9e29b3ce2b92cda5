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
    r"(?:(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)?10\.48550/arxiv\.|arxiv[:.]\s*|oai:arxiv\.org:)?"
    r"(?P<id>\d{4}\.\d{4,5}|(?P<old>[a-z]+(?:-[a-z]+)*)(?:\.[a-z]{2})?/(?P<number>\d{7}))"
    r"(?:v(?P<version>\d{1,3}))?",
    re.IGNORECASE | re.ASCII,
)
_PAGE = re.compile(
    r"(?:https?://)?(?:(?:[\w-]+\.)*arxiv\.org/(?:abs|pdf|html|format)/"
    r"|(?:www\.)?(?:huggingface\.co|hf\.co)/papers/)(?P<rest>[^?#]*)",
    re.IGNORECASE,
)
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.", re.IGNORECASE)
# Source: https://www.crossref.org/blog/dois-and-matching-regular-expressions/
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>?#]+", re.IGNORECASE)
MOST_DOI = 200  # an identity must fit its column
# bioRxiv and medRxiv add "v2" to an address, the others give a version a DOI of its own:
# Research Square ".../rs-1/v2", ChemRxiv "...-v2", Preprints.org "....v2", OSF "..._v2".
_VERSION = re.compile(r"(?<=\d)v\d{1,2}(?:\.[a-z-]+)*$")
_OWN_VERSION = re.compile(r"(10\.(?:21203|26434|20944|31219|31234)/.+)[/._-]v\d{1,2}$")
_IDENTITY = re.compile(r"(?:arxiv|doi|openreview|title):\S+")
_OPENREVIEW = re.compile(r"openreview\.net/(?:forum|pdf)\?(?:[^#\s]*&)?id=([\w-]{6,})")


class ArxivId(NamedTuple):
    """An arXiv identifier without its version, and the version where it was given."""

    id: str
    version: int | None


def arxiv_id(text: str) -> ArxivId | None:
    """The arXiv id that `text` is: bare, "arXiv:...v2", an OAI id, a URL or a DOI of arXiv."""
    bare = text.strip()
    if page := _PAGE.match(bare):
        bare = page["rest"].rstrip("/").removesuffix(".pdf")
    match = _ARXIV.fullmatch(bare)
    if match is None:
        return None
    old = match["old"]
    number = f"{old.lower()}/{match['number']}" if old else match["id"]
    return ArxivId(number, int(match["version"]) if match["version"] else None)


def doi(text: str) -> str | None:
    """The DOI inside `text`, lower case, without a preprint server's version; None for arXiv's."""
    match = _DOI.search(text)
    if match is None or _ARXIV_DOI.match(match[0]) or len(match[0]) > MOST_DOI:
        return None
    found = _VERSION.sub("", _trimmed(match[0].lower()))
    return _OWN_VERSION.sub(r"\1", found)


def _trimmed(found: str) -> str:
    """Without the punctuation of the sentence around it; a bracket that is opened belongs to it."""
    while found.endswith((".", ",", ";", "]", "}")) or (
        found.endswith(")") and found.count(")") > found.count("(")
    ):
        found = found[:-1]
    return found


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
    if key := title_identity(title):
        found.append(key)
    return tuple(sorted(dict.fromkeys(found), key=strength))


def title_identity(title: str) -> str:
    """The identity of a title; "" for one without any letter or digit."""
    key = title_key(title)
    return f"title:{key}" if key else ""


def is_identity(text: str) -> bool:
    """Whether `text` is an identity as we write them, not a title."""
    return _IDENTITY.fullmatch(text) is not None


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
    """Whether two sets of identities name different works: the strongest kind that can tell has
    values in both and none in common.

    DOIs tell within one registrant only: a preprint and its journal version are one work. A title
    never tells, and a weaker kind not against a stronger one in common: one paper may have been
    submitted to OpenReview twice.
    """
    left, right = _by_namespace(ours), _by_namespace(theirs)
    for kind in KINDS[:-1]:
        spaces = [space for space in left.keys() & right.keys() if space.startswith(kind)]
        if spaces:
            return all(left[space].isdisjoint(right[space]) for space in spaces)
    return False


def _by_namespace(names: Iterable[str]) -> dict[str, set[str]]:
    spaces: dict[str, set[str]] = {}
    for name in names:
        kind, _, value = name.partition(":")
        space = f"doi:{value.partition('/')[0]}" if kind == "doi" else kind
        spaces.setdefault(space, set()).add(name)
    return spaces
