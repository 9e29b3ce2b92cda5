"""What a reader who follows a feed wants: the categories, authors and words that it stands for.

Feeds of arXiv, bioRxiv and medRxiv are searches with an address: what they search for can stand in
a profile. Of any other feed only its operator could make a source.

Source: https://info.arxiv.org/help/rss.html; https://info.arxiv.org/help/api/user-manual.html
(search_query); https://info.arxiv.org/help/author_identifiers.html
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

_CATEGORY = re.compile(r"[a-z][a-z-]*(?:\.[A-Za-z][A-Za-z-]*)?")
_LISTED = re.compile(r"/(?:rss|atom|list)/([^/?#]+)")
_AUTHOR = re.compile(
    r"(?:(?:https?://)?(?:(?:export|www)\.)?arxiv\.org/a/|(?:https?://)?orcid\.org/|orcid:\s*)?"
    r"(?P<id>[a-z][a-z'-]*(?:_[a-z][a-z'-]*)*_[0-9]{1,4}|[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X])"
    r"(?:\.(?:atom2?|rss|html|js))?/?",
    re.IGNORECASE | re.ASCII,
)
_JOINED = re.compile(r"\s+(?:AND|OR)\s+")
_TERM = re.compile(r'(au|cat|ti|abs|all):(?:"([^"]*)"|([^\s"():]+))')
LONGEST_QUERY = 2_000
_RXIV = re.compile(r"connect\.(?:bio|med)rxiv\.org")


@dataclass(frozen=True, slots=True)
class Followed:
    """What a feed stands for; `arxiv_author` is the id of the author whose papers it lists."""

    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    arxiv_author: str = ""


def author_id(text: str) -> str | None:
    """The arXiv author id that a text is, bare or as a URL: "warner_s_1", or an ORCID iD."""
    match = _AUTHOR.fullmatch(text.strip())
    if match is None:
        return None
    found = match["id"]
    return found.upper() if found[0].isdigit() else found.lower()


def followed(url: str) -> Followed | None:
    """What the feed with this URL stands for; None where that is not clear."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if host == "arxiv.org" or host.endswith(".arxiv.org"):
        return _of_arxiv(parts)
    if _RXIV.fullmatch(host) and parts.path.endswith("rxiv_xml.php"):
        return _of_rxiv(parts.query)
    return None


def _of_arxiv(parts: SplitResult) -> Followed | None:
    if parts.path.startswith("/a/") and (author := author_id(f"arxiv.org{parts.path}")):
        return Followed(arxiv_author=author)
    if parts.path.rstrip("/").endswith("/api/query"):
        asked = parse_qs(parts.query[: 2 * LONGEST_QUERY]).get("search_query", [""])[0]
        return _of_query(asked[:LONGEST_QUERY])
    listed = _LISTED.match(parts.path)
    codes = listed[1].replace("%20", "+").split("+") if listed else []
    if codes and all(map(_CATEGORY.fullmatch, codes)):
        return Followed(categories=tuple(dict.fromkeys(codes)))
    return None


def _of_query(query: str) -> Followed | None:
    """The terms of a query that only joins them; one that excludes or searches by other fields
    says what a profile cannot."""
    terms = [_TERM.fullmatch(one.strip(" ()")) for one in _JOINED.split(query)]
    found: dict[str, list[str]] = {"au": [], "cat": [], "words": []}
    for term in terms:
        value = (term[2] or term[3] or "").replace("_", " ").strip() if term else ""
        if term is None or not value:
            return None
        found[term[1] if term[1] in found else "words"].append(value)
    codes = tuple(code.removesuffix(".*").removesuffix("*") for code in found["cat"])
    if not all(map(_CATEGORY.fullmatch, codes)):
        return None
    return Followed(codes, tuple(map(_name, found["au"])), tuple(found["words"]))


def _name(asked: str) -> str:
    """An author as arXiv's search has it ("Hinton G"), as names are written."""
    shown = asked.title() if asked.islower() else asked
    *family, last = shown.split()
    return f"{last}. {' '.join(family)}" if family and len(last) == 1 else shown


def _of_rxiv(query: str) -> Followed | None:
    subjects = parse_qs(query[:LONGEST_QUERY]).get("subject", [""])[0].replace("+", " ").split()
    names = tuple(dict.fromkeys(one.replace("_", " ") for one in subjects))
    return Followed(categories=names) if names and "all" not in names else None
