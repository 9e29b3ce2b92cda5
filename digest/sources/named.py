"""A source by the name it has in the settings."""

from digest.errors import UnknownSource
from digest.sources.arxiv import ArxivFeed, ArxivQuery, are_categories
from digest.sources.base import Source
from digest.sources.biorxiv import LABELS, Biorxiv
from digest.sources.feed import FeedSource
from digest.sources.fields import excerpt, web_url
from digest.sources.huggingface import HuggingFace

KNOWN = (
    "huggingface, arxiv:cs.CL+cs.LG, arxiv-api:QUERY, biorxiv, biorxiv:CATEGORY, medrxiv, "
    "medrxiv:CATEGORY, or the http(s) URL of a feed"
)


def source_named(spec: str) -> Source:
    """The source that a setting or a command names; UnknownSource lists what there is."""
    kind, colon, rest = (part.strip() for part in spec.strip().partition(":"))
    if kind == "huggingface" and not colon:
        return HuggingFace()
    if kind == "arxiv" and are_categories(rest):
        return ArxivFeed(rest)
    if kind == "arxiv-api" and rest:
        return ArxivQuery(rest)
    if kind in LABELS and bool(colon) == bool(rest):
        return Biorxiv(kind, rest.replace(" ", "_").lower())
    if web_url(spec):
        return FeedSource(spec.strip())
    raise UnknownSource(f'no source is named "{excerpt(spec, 100)}"; there are: {KNOWN}')


def name_of(spec: str) -> str:
    """The name under which the history knows what a setting names: `feed:HOST/PATH` for a URL. What
    is no source has the name it was given."""
    try:
        return source_named(spec).name
    except UnknownSource:
        return spec


def label_of(name: str) -> str:
    """What readers call the source with this name in the history, or of a setting."""
    if web_url(name):
        return source_named(name).label
    kind, _, rest = name.partition(":")
    if kind in ("feed", "file"):
        return rest.partition("/")[0].removeprefix("www.") if kind == "feed" else rest
    families = {"huggingface": "Hugging Face", "page": "Hugging Face", **LABELS}
    return families.get(kind, "arXiv" if kind.startswith("arxiv") else name)
