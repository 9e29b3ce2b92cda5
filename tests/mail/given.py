"""Builds papers, digests and readers for mail tests, so that a test states only what matters."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from digest.core.edition import Candidate, Change, Digest, Pick, Reason, ReasonKind, Section
from digest.core.message import Recipient
from digest.core.paper import Paper
from digest.mail.render import Parts, render
from digest.mail.site import Site
from digest.shipped import shipped

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 7, 0, 5, tzinfo=UTC)
TEMPLATES = shipped("templates") / "mail" / "digest"
ABSTRACT = (
    "Word alignment says which words of two sentences mean the same. We treat every pair of words "
    "as a yes-or-no question, so that one model serves languages with and without training pairs. "
    "It beats earlier aligners in both settings, e.g. on Romanian and Hindi. We release the models."
)


def site(**changes: Any) -> Site:
    known: dict[str, Any] = {
        "name": "Daily Papers",
        "base_url": "https://papers.example.org",
        "address": "papers@example.org",
        "domain": "example.org",
        "secret": b"a secret of at least 32 characters",
        "reply_to": "desk@example.org",
        "postal_address": "Example Lab, 1 Road, Town",
    }
    return Site(**known | changes)


def paper(**changes: Any) -> Paper:
    known: dict[str, Any] = {
        "title": "BinaryAlign: Word Alignment as Binary Sequence Labeling",
        "identities": ("arxiv:2607.12881",),
        "abstract": ABSTRACT,
        "authors": ("Ada Lovelace", "Grace Hopper", "Mary Somerville", "Emmy Noether"),
        "url": "https://arxiv.org/abs/2607.12881",
        "categories": ("cs.CL",),
        "votes": 42,
    }
    return Paper(**known | changes)


def candidate(paper_id: int = 1, change: Change = Change.NEW, **changes: Any) -> Candidate:
    outer = {k: changes.pop(k) for k in ("votes_before", "since", "sources") if k in changes}
    outer.setdefault("sources", ("arXiv", "Hugging Face"))
    return Candidate(paper_id, paper(**changes), change, DAY, **outer)


def pick(paper_id: int = 1, section: Section = Section.FOR_YOU, **changes: Any) -> Pick:
    known: dict[str, Any] = {
        "score": 1.0,
        "change": Change.NEW,
        "reasons": (
            Reason(ReasonKind.INTEREST, "word alignment", 0.5),
            Reason(ReasonKind.LIKED, "SimAlign: High Quality Word Alignments", 0.3),
        ),
    }
    return Pick(paper_id, section=section, **known | changes)


def digest(*picks: Pick, considered: int = 34, notes: tuple[str, ...] = ()) -> Digest:
    return Digest(DAY, picks or (pick(),), considered, notes)


def reader(**changes: Any) -> Recipient:
    known: dict[str, Any] = {
        "delivery_key": "digest.2026-11-21.7",
        "address": "reader@example.net",
        "unsubscribe_url": "https://papers.example.org/u/eyJzIjo3fQ.Zx_s5Lk2Qw0Ia8Yt?kind=digest&all=1",
        "settings_url": "https://papers.example.org/s/eyJzIjo3fQ.b81Lp0Zr4nXs2QeT",
        "feedback_url": "https://papers.example.org/f/eyJzIjo3fQ.k20Lp0Zr4nXs2QeT/2026-11-21",
        "unsubscribe_mailto": "unsubscribe@example.org?subject=unsubscribe%20x81LpZr4nXs2",
        "subscribed_on": date(2026, 3, 3),
        "zone": "Europe/Berlin",
    }
    return Recipient(**known | changes)


def parts(*candidates: Candidate, **site_changes: Any) -> Parts:
    return render(candidates or (candidate(),), DAY, site(**site_changes), TEMPLATES)


def recorded(folder: Path, limit: int) -> list[Candidate]:
    """The first papers of a recorded day, as candidates."""
    records = [r for file in sorted(folder.iterdir())[80:85] for r in json.loads(file.read_text())]
    return [
        Candidate(number, _recorded(record), Change.NEW, DAY, sources=("arXiv", "Hugging Face"))
        for number, record in enumerate(records[:limit], 1)
    ]


def _recorded(record: dict[str, Any]) -> Paper:
    told = record["paper"]
    return Paper(
        title=told["title"],
        identities=(f"arxiv:{told['id']}",),
        abstract=told["summary"],
        authors=tuple(author["name"] for author in told["authors"]),
        url=f"https://huggingface.co/papers/{told['id']}",
        categories=("cs.CL",),
        votes=told["upvotes"],
        summary=told.get("ai_summary") or "",
        code_url=told.get("githubRepo") or "",
        code_stars=told.get("githubStars"),
        project_url=told.get("projectPage") or "",
    )
