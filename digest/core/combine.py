"""Two records of one paper -> what is known of it."""

from dataclasses import replace

from digest.core.identity import strength
from digest.core.paper import Paper


def combine(old: Paper, new: Paper, *, newer: bool) -> Paper:
    """What both records together say.

    The later version's words win, else the longer abstract; names, links and summaries are kept
    once known. `newer` says whether `new` was seen after `old`: only then its counts replace them.
    """
    fresh, stale = (new, old) if newer else (old, new)
    words = _wording(old, new)
    return replace(
        words,
        identities=tuple(sorted({*old.identities, *new.identities}, key=_order)),
        abstract=words.abstract or old.abstract or new.abstract,
        authors=max(words.authors, old.authors, new.authors, key=len),
        author_count=fresh.author_count or stale.author_count,
        version=max(old.version or 0, new.version or 0) or None,
        url=_url(old, new),
        categories=tuple(dict.fromkeys(old.categories + new.categories)),
        published_on=old.published_on or new.published_on,
        votes=_known(fresh.votes, stale.votes),
        comments=_known(fresh.comments, stale.comments),
        note=words.note or old.note or new.note,
        summary=fresh.summary or stale.summary,
        keywords=fresh.keywords or stale.keywords,
        code_url=fresh.code_url or stale.code_url,
        code_stars=_known(fresh.code_stars, stale.code_stars),
        project_url=fresh.project_url or stale.project_url,
        thumbnail_url=fresh.thumbnail_url or stale.thumbnail_url,
        organization=fresh.organization or stale.organization,
    )


def _order(identity: str) -> tuple[int, str]:
    return strength(identity), identity


def _known(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def _wording(old: Paper, new: Paper) -> Paper:
    """The record whose title and abstract to show."""
    if (new.version or 0) != (old.version or 0) and new.abstract and old.abstract:
        return new if (new.version or 0) > (old.version or 0) else old
    return new if len(new.abstract) > len(old.abstract) else old


def _url(old: Paper, new: Paper) -> str:
    """The link of the record with the stronger identity; the old one where they are equal."""
    if not old.url or not new.url:
        return old.url or new.url
    return new.url if strength(new.identities[0]) < strength(old.identities[0]) else old.url
