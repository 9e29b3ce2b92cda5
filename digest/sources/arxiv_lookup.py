"""arXiv asked for what is named: papers by their ids, an author's papers by the author's id.

Of ids that do not exist the API says nothing, it leaves them out; one that it takes for malformed
makes it refuse all. An author is known by "warner_s_1", or by an ORCID iD that arXiv knows of.

Source: https://info.arxiv.org/help/api/user-manual.html (id_list);
https://info.arxiv.org/help/author_identifiers.html (atom2)
"""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from digest.core.paper import Listing
from digest.errors import SourceFormatError
from digest.sources import fields, syndication
from digest.sources.arxiv import API, found_paper, raise_error

AUTHORS = "https://arxiv.org/a/"
MOST_IDS = 100


def ids_url(ids: Sequence[str], api: str = API) -> str:
    """Where to ask for papers by their ids, MOST_IDS at most."""
    asked = {"id_list": ",".join(ids), "max_results": len(ids)}
    return f"{api}?{urlencode(asked, safe=',/')}"


def author_url(author: str, authors: str = AUTHORS) -> str:
    """Where an author's papers are listed."""
    return f"{authors}{quote(author, safe='')}.atom2"


def read(body: bytes) -> Listing:
    """The papers of an answer; SourceFormatError if it is none, or a refusal in arXiv's words."""
    feed = syndication.read(body, "arXiv")
    for entry in feed.entries:
        raise_error(entry)
    found = fields.listing(feed.entries, found_paper, "entry")
    return Listing(found.papers, feed.problems + found.problems)


def refusal(body: bytes) -> str:
    """Why arXiv refused, in its own words; "" for any other body, an answer or not."""
    try:
        entries = syndication.read(body, "arXiv").entries
    except SourceFormatError:
        return ""
    try:
        for entry in entries:
            raise_error(entry)
    except SourceFormatError as words:
        return str(words)
    return ""
