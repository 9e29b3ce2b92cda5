"""Card: a candidate in the words of the mail; everything about a paper that all readers share."""

from dataclasses import dataclass
from datetime import date

from digest.core.edition import Candidate, Change
from digest.core.paper import Paper
from digest.mail.language import ENGLISH, Language
from digest.mail.links import safe_url
from digest.mail.wording import clean, direction, first_sentences, short_title

LONGEST_TITLE = 300
SUMMARY = 320
AI_SUMMARY = 420  # most are one long sentence
SUBJECT_TITLE = 46  # ", and 29 more" still ends before 60
_NB = "\xa0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the templates know of a paper: cleaned texts, checked links, "" for what is unknown.
    `number` names it in feedback.

    `votes` is "▲ 42", or "▲ 2 → 42" with `since` "since Monday"; `ai` says that `summary` is
    the source's machine-made one.
    """

    number: int
    title: str
    short: str
    url: str
    direction: str
    authors: str
    origin: str
    votes: str
    since: str
    revised: str
    code_url: str
    stars: str
    project_url: str
    summary: str
    ai: bool


def card(candidate: Candidate, day: date, language: Language = ENGLISH) -> Card:
    """The card of `candidate` in the mail of `day`."""
    paper = candidate.paper
    title = clean(paper.title, LONGEST_TITLE) or language.gettext("Untitled")
    summary = clean(paper.summary)
    return Card(
        number=candidate.paper_id,
        title=title,
        short=short_title(title, SUBJECT_TITLE),
        url=paper_url(paper),
        direction=direction(title),
        authors=_authors(paper, language),
        origin=_origin(candidate),
        votes=_votes(candidate, language),
        since=_since(candidate, day, language),
        revised=_revised(candidate, language),
        code_url=safe_url(paper.code_url),
        stars=f"★{_NB}{language.number(paper.code_stars)}" if paper.code_stars else "",
        project_url=safe_url(paper.project_url),
        summary=first_sentences(summary, AI_SUMMARY)
        if summary
        else first_sentences(clean(paper.abstract), SUMMARY),
        ai=bool(summary),
    )


def paper_url(paper: Paper) -> str:
    """Where the title leads: the source's page, else the page of the strongest identity."""
    url = safe_url(paper.url)
    kind, _, value = paper.id.partition(":")
    pages = {
        "arxiv": "https://arxiv.org/abs/",
        "doi": "https://doi.org/",
        "openreview": "https://openreview.net/forum?id=",
    }
    return url or (safe_url(pages[kind] + value) if kind in pages else "")


def _authors(paper: Paper, language: Language) -> str:
    names = [name for author in paper.authors[:3] if (name := clean(author, 64))]
    total = max(len(paper.authors), paper.author_count or 0)
    if not names:
        return language.ngettext("%(count)s author", "%(count)s authors", total) if total else ""
    if total > 3 or total > len(names):
        return language.ngettext(
            "%(names)s and %(count)s more",
            "%(names)s and %(count)s more",
            total - len(names[:2]),
            names=", ".join(names[:2]),
        )
    return ", ".join(names)


def _origin(candidate: Candidate) -> str:
    """ "arXiv cs.CL, Hugging Face": the categories stand beside arXiv, else at the end."""
    names = [clean(name, 40) for name in candidate.sources]
    categories = " ".join(clean(name, 40) for name in candidate.paper.categories[:2])
    if "arXiv" in names and categories:
        names[names.index("arXiv")] += f" {categories}"
    elif categories:
        names.append(categories)
    return ", ".join(dict.fromkeys(names[:4]))


def _votes(candidate: Candidate, language: Language) -> str:
    votes, before = candidate.paper.votes, candidate.votes_before
    if votes is None:
        return ""
    if before is None or not _rose(candidate):
        return f"▲{_NB}{language.number(votes)}"
    return f"▲{_NB}{language.number(before)}{_NB}→{_NB}{language.number(votes)}"


def _since(candidate: Candidate, day: date, language: Language) -> str:
    if not _rose(candidate) or candidate.since is None:
        return ""
    return language.since(candidate.since, day).replace(" ", _NB)


def _rose(candidate: Candidate) -> bool:
    votes, before = candidate.paper.votes, candidate.votes_before
    return votes is not None and before is not None and votes > before


def _revised(candidate: Candidate, language: Language) -> str:
    if candidate.change is not Change.REVISED:
        return ""
    version = candidate.paper.version
    said = (
        language.gettext("new version (v%(number)s)", number=version)
        if version
        else language.gettext("new version")
    )
    return said.replace(" ", _NB)
