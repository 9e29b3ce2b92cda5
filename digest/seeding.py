"""Story: a profile seeded from what a reader has: a library, a list, their own papers, their feeds.

Papers that the history holds count at once. arXiv is asked for the others, outside of the request
(digest.lookups); until then a paper goes by its title, where it came with one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from digest.app import App
from digest.core.following import Followed, author_id, followed
from digest.core.identity import identities
from digest.core.text import readable
from digest.store import budgets, history, lookups
from digest.store.history import Stored
from digest.store.lookups import AUTHOR, PAPER, Lookup, LookupState, LookupWish
from subscribers import library, preferences
from subscribers.errors import BadImport, BadProfile
from subscribers.library import Library, Reference
from subscribers.opml import Feed
from subscribers.person import Subscriber
from subscribers.profile import CAPS, InterestProfile

MOST, LONGEST = CAPS["liked"]
MOST_A_DAY = 2_000  # look-ups that one reader may ask for
_LISTS = ("categories", "keywords", "authors")
MOST_AUTHORS = 5  # whose papers one list may ask for


class Standing(StrEnum):
    """What is known of a paper that was added."""

    KNOWN = "known"  # by the history, or by an earlier look-up
    ASKED = "asked"  # arXiv is asked for it
    MISSING = "missing"  # arXiv said that there is none
    TITLED = "titled"  # by its title alone, whose words count
    BARE = "bare"  # by nothing: until a source lists it


@dataclass(frozen=True, slots=True)
class Seeds:
    """What was given: papers, ids of authors at arXiv, feeds; and what of it could not be read."""

    references: tuple[Reference, ...] = ()
    authors: tuple[str, ...] = ()
    feeds: tuple[Feed, ...] = ()
    broken: int = 0
    left_out: int = 0

    def and_of(self, other: "Seeds") -> "Seeds":
        """These and others."""
        return Seeds(
            self.references + other.references,
            tuple(dict.fromkeys(self.authors + other.authors)),
            self.feeds + other.feeds,
            self.broken + other.broken,
            self.left_out + other.left_out,
        )


@dataclass(frozen=True, slots=True)
class Sown:
    """What became of seeds: the new likes by their standing, how many were there before or had no
    room; what of each list of the profile is new; whose papers arXiv is asked for, and the feeds
    that no profile can follow."""

    likes: tuple[tuple[str, Standing], ...] = ()
    before: int = 0
    over: int = 0
    broken: int = 0
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    arxiv_authors: tuple[str, ...] = ()
    not_followed: tuple[str, ...] = ()

    def count(self, standing: Standing) -> int:
        """How many new likes stand so."""
        return Counter(each for _, each in self.likes)[standing]


def pasted(text: str) -> Seeds:
    """What was pasted: ids and links; whatever else stands on a line may be a title."""
    found = library.pasted(text)
    papers = [Reference("", (one,)) if identities("", one) else Reference(one, ()) for one in found]
    return _sorted_out(papers)


def file(data: bytes) -> Seeds:
    """What a file holds; BadImport if it is none that can be read, or names nothing."""
    found: Library = library.read(data)
    seeds = replace(
        _sorted_out(found.references),
        feeds=found.feeds,
        broken=found.broken,
        left_out=found.left_out,
    )
    if not (seeds.references or seeds.authors or seeds.feeds):
        raise BadImport("the file names no paper")
    return seeds


def _sorted_out(references: Iterable[Reference]) -> Seeds:
    """Papers apart from authors: an author's id stands alone, with no title beside it."""
    papers: list[Reference] = []
    authors: dict[str, None] = {}
    for one in references:
        said = one.names[0] if one.names else one.title
        alone = not (one.names and one.title) and len(one.names) < 2
        if alone and (author := author_id(said)):
            authors.setdefault(author)
        elif one.title or identities("", *one.names):
            papers.append(one)
    return Seeds(tuple(papers), tuple(authors))


def sow(session: Session, app: App, reader: Subscriber, seeds: Seeds) -> Sown:
    """Add to a reader's profile what was given; what is not known is asked for, once for all.

    BadProfile if nothing was given, a list has no room, or too much is asked for in one day.
    """
    if not (seeds.references or seeds.authors or seeds.feeds):
        raise BadProfile("give at least one arXiv id, link, DOI or title, or choose a file")
    fed, told = _of_feeds(reader.profile, seeds)
    if len(told.arxiv_authors) > MOST_AUTHORS:
        raise BadProfile(f"give at most {MOST_AUTHORS} authors at arXiv at a time")
    names = [identities(readable(one.title), *one.names) for one in seeds.references]
    wanted = _wanted(session, reader.profile.liked, seeds.references, names)
    before = len(dict.fromkeys(reader.profile.liked))
    new = dict(list(wanted.items())[before:MOST])
    _ask(session, app, reader, new, told.arxiv_authors)
    profile = replace(fed, liked=tuple(wanted)[:MOST])
    preferences.change_profile(session, reader.id, profile, now=app.clock())
    return replace(
        told,
        likes=tuple((name, one.standing) for name, one in new.items()),
        before=len(seeds.references) - len(new) - max(len(wanted) - MOST, 0),
        over=max(len(wanted) - MOST, 0) + seeds.left_out,
        broken=seeds.broken,
    )


@dataclass(frozen=True, slots=True)
class _Like:
    """A like as it was given: where it stands, and its arXiv identity, "" for none."""

    standing: Standing
    arxiv: str = ""


def _wanted(
    session: Session,
    before: Sequence[str],
    references: Sequence[Reference],
    names: Sequence[Sequence[str]],
) -> dict[str, _Like]:
    """The likes with the new ones, the newest last, by the name under which they are kept.

    A paper that the history holds, or that arXiv told of, goes by its identity; another by its
    title, whose words count all the same; only without one by its own id.
    """
    every = {name for each in names for name in each}
    known = history.by_names(session, every)
    asked = lookups.of_names(session, every - known.keys())
    wanted = dict.fromkeys(before, _Like(Standing.KNOWN))
    for one, each in zip(references, names, strict=True):
        stored = next((known[name] for name in each if name in known), None)
        name, like = _named(one, each, stored, asked)
        if not (like.arxiv and like.arxiv in wanted):
            wanted.setdefault(name, like)
    wanted.pop("", None)
    return wanted


def _named(
    one: Reference, names: Sequence[str], stored: Stored | None, asked: dict[str, Lookup]
) -> tuple[str, _Like]:
    title = readable(one.title)[:LONGEST].strip()
    if stored is not None:
        return stored.paper.id, _Like(Standing.KNOWN)
    arxiv = next((name for name in names if name.startswith(PAPER)), "")
    lookup = asked.get(arxiv)
    if lookup is not None and lookup.state is LookupState.FOUND:
        return arxiv, _Like(Standing.KNOWN)
    if lookup is not None and lookup.state is LookupState.MISSING:
        return title or arxiv, _Like(Standing.MISSING, arxiv)
    if arxiv:
        return title or arxiv, _Like(Standing.ASKED, arxiv)
    if title:
        return title, _Like(Standing.TITLED)
    return next(iter(names), "")[:LONGEST], _Like(Standing.BARE)


def look_up_likes(session: Session, app: App, reader: Subscriber) -> None:
    """Have those of a reader's likes looked up that are an arXiv id the history does not hold."""
    names = [name for name in reader.profile.liked if name.startswith(PAPER)]
    known = history.by_names(session, names)
    fresh = lookups.ask(session, (name for name in names if name not in known), now=app.clock())
    _count(session, app, reader, len(fresh))


def _ask(
    session: Session, app: App, reader: Subscriber, new: dict[str, _Like], authors: Sequence[str]
) -> None:
    """Have the new likes looked up that nobody knows, and the papers of these authors."""
    sought = {name: one.arxiv for name, one in new.items() if one.arxiv}
    wishes = [
        LookupWish(reader.id, arxiv, "" if name == arxiv else name)
        for name, arxiv in sought.items()
    ]
    wishes += [LookupWish(reader.id, f"{AUTHOR}{author}", "") for author in authors]
    fresh = lookups.ask(session, (one.name for one in wishes), now=app.clock())
    _count(session, app, reader, len(fresh))
    lookups.wish(session, [one for one in wishes if one.liked_as or one.name.startswith(AUTHOR)])


def _count(session: Session, app: App, reader: Subscriber, number: int) -> None:
    key = f"lookups/{reader.id}"
    if not number:
        return
    counted = budgets.count(session, {key: number}, timedelta(days=1), now=app.clock())
    if counted[key] > MOST_A_DAY:
        raise BadProfile(
            f"arXiv is asked for {MOST_A_DAY:,} papers a day at most: add the others tomorrow"
        )


def _of_feeds(profile: InterestProfile, seeds: Seeds) -> tuple[InterestProfile, Sown]:
    """The profile with what the feeds stand for, and what of that is new."""
    lists: dict[str, dict[str, None]] = {name: {} for name in _LISTS}
    arxiv_authors = dict.fromkeys(seeds.authors)
    unclear = []
    for feed in seeds.feeds:
        found = followed(feed.url)
        if found is None or not _fits(found):
            unclear.append(feed.title or feed.url)
        elif found.arxiv_author:
            arxiv_authors.setdefault(found.arxiv_author)
        else:
            for name, texts in lists.items():
                texts.update(dict.fromkeys(getattr(found, name)))
    told = Sown(
        categories=_new(profile.categories, lists["categories"]),
        keywords=_new(profile.keywords, lists["keywords"]),
        authors=_new(profile.authors, lists["authors"]),
        arxiv_authors=tuple(arxiv_authors),
        not_followed=tuple(unclear),
    )
    return _with(profile, told), told


def _with(profile: InterestProfile, told: Sown) -> InterestProfile:
    return replace(
        profile,
        categories=profile.categories + told.categories,
        keywords=profile.keywords + told.keywords,
        authors=profile.authors + told.authors,
    )


def _fits(found: Followed) -> bool:
    return all(len(text) <= CAPS[name][1] for name in _LISTS for text in getattr(found, name))


def _new(before: Sequence[str], texts: Iterable[str]) -> tuple[str, ...]:
    known = {text.casefold() for text in before}
    return tuple(text for text in texts if text.casefold() not in known)
