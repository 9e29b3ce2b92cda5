"""Whether every mail can be made, in every language, from the sample papers and readers."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import TemplateError

from digest.app import App
from digest.checks.finding import Finding, fail, ok
from digest.core.edition import Candidate, Change, Digest, Pick, Reason, ReasonKind, Section
from digest.core.message import Recipient
from digest.errors import DigestError
from digest.mail import language as languages
from digest.mail.compose import compose
from digest.mail.language import Language
from digest.mail.render import render
from digest.shipped import shipped
from digest.sources.files import recognise
from digest.store.letters import Letter
from digest.writing import LIVES, LetterComposer
from subscribers import readerfile
from subscribers.person import Subscriber

_PAPERS, _READER = "listings/2026-05-06.huggingface.json", "profiles/ada.toml"
_MOST = 6


def check(app: App) -> Finding:
    """One finding for all of them: the first that cannot be made, with its file."""
    now = app.clock()
    try:
        known = languages.load(app.templates)
        known.check()
        for language in known.offered:
            _digest(app, language, now)
            _letters(app, language, now)
    except (TemplateError, DigestError, OSError) as error:
        place = getattr(error, "filename", None) or app.templates
        what = f"{place}: {' '.join(str(error).split())}"
        return fail("templates", what, "correct it, or unset DIGEST_TEMPLATES")
    mails = (1 + len(LIVES)) * len(known.offered)
    return ok("templates", f"{mails} sample mails made in {len(known.offered)} languages")


def warm(app: App) -> None:
    """Make the sample's digest, so that what the first one loads and compiles is there before
    somebody waits for it; what is wrong with the templates is told by whoever asks for a mail."""
    with suppress(TemplateError, DigestError, OSError):
        _digest(app, languages.load(app.templates).of("en"), app.clock())


def _digest(app: App, language: Language, now: datetime) -> None:
    """The sample's digest, a pick in every section."""
    found = _candidates(shipped("seeds") / _PAPERS)
    folder = app.templates / "mail" / "digest"
    parts = render(found, now.date(), app.site, folder, language)
    picks = tuple(_pick(one, place) for place, one in enumerate(found))
    compose(parts, Digest(now.date(), picks, len(found)), _recipient(app.settings.base_url), now)


@cache
def _candidates(file: Path) -> tuple[Candidate, ...]:
    listed = recognise(file.read_bytes(), file.name)
    day = listed.day
    assert day is not None  # noqa: S101 - it stands in the sample's name
    return tuple(
        Candidate(number, paper, Change.NEW, day, sources=("Hugging Face",))
        for number, paper in enumerate(listed.listing.papers[:_MOST], 1)
    )


def _pick(one: Candidate, place: int) -> Pick:
    section = (Section.FOR_YOU, Section.TRENDING)[2 * place // _MOST]
    reasons = (Reason(ReasonKind.INTEREST, "language models", 0.5),)
    return Pick(one.paper_id, 1.0 / (1 + place), section, one.change, reasons)


def _recipient(base: str) -> Recipient:
    return Recipient(
        delivery_key="digest.2026-05-06.1",
        address="ada@example.org",
        unsubscribe_url=f"{base}/unsubscribe/sample",
        settings_url=f"{base}/settings/sample",
        feedback_url=f"{base}/feedback/sample/2026-05-06",
    )


def _letters(app: App, language: Language, now: datetime) -> None:
    reader, writer = replace(_reader(now), language=language.code), LetterComposer(app)
    for kind, lives in LIVES.items():
        letter = Letter(0, kind, reader.id, reader.address.as_typed, now + lives)
        writer.message(letter, reader)


def _reader(now: datetime) -> Subscriber:
    text = (shipped("seeds") / _READER).read_text("utf-8")
    entry = readerfile.read(text, name=_READER, now=now)
    return Subscriber(
        id=0,
        address=entry.address,
        status=entry.status,
        schedule=entry.schedule,
        profile=entry.profile,
        profile_version=1,
        token_version=1,
        created_at=now,
        confirmed_at=None,
        consent_source=None,
        paused_until=None,
    )
