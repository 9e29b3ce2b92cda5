"""Everything that is the same for all readers of an edition, rendered once.

One prototype mail holds every paper's card and row and one of each other block, with marks where
a reader's own words and links go. It goes through Jinja2 and premailer once, is cut at the marks,
and put into quoted-printable. compose.py joins what is left.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from premailer import Premailer

from digest.core.edition import Candidate
from digest.mail import headers
from digest.mail.card import Card, card
from digest.mail.language import ENGLISH, Language
from digest.mail.shape import CodedShape, Marks, Shape
from digest.mail.site import Site, cleaned
from digest.mail.wording import wrap

MEDIA = ("html", "txt")
_BITS = ("plain", "gap", "term", "title")
_HOLES = ("note", "heading", "rule", "rest", "why", "feedback", "mute", "number", "topic")
Line = tuple[str, Mapping[str, tuple[str, str]], str]
_NO_ATTRIBUTES = ["align", "valign", "width", "height"]  # the templates say them where they must


def sandbox(folder: Path, language: Language, **known: object) -> ImmutableSandboxedEnvironment:
    """The environment of all mail templates in a folder: sandboxed, HTML escaped, a missing value
    an error; `known` are values that every template may use, beside `_` and `ngettext`, which say
    a text in the language, and its `lang` and `dir`."""
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html")),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrap"] = wrap
    environment.globals.update(
        _=language.gettext, ngettext=language.ngettext, lang=language.tag, dir=language.direction
    )
    environment.globals.update(known)
    return environment


class Templates:
    """One mail's templates (subject.txt, body.html, card.txt ...), sandboxed."""

    def __init__(self, folder: Path, site: Site, day: date, language: Language) -> None:
        self._environment = sandbox(folder, language, site=site, date=language.long_date(day))

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """The text of one template; HTML comes as Markup, so that it may go into another."""
        text = self._environment.get_template(name).render(values)
        return Markup(text) if name.endswith(".html") else text  # noqa: S704 (autoescaped)


@dataclass(frozen=True, slots=True)
class Medium:
    """The shared parts of the HTML or of the text: whole cards in quoted-printable, and the
    shapes of blocks that hold little but the reader's own words. `size` is the frame's."""

    frame: CodedShape
    cards: Mapping[int, CodedShape]
    rows: Mapping[int, bytes]
    note: Shape
    heading: Shape
    rest: Shape
    why: Line
    mute: CodedShape


@dataclass(frozen=True, slots=True)
class Parts:
    """An edition rendered for a cohort: what all its readers share.

    `lines` remembers reasons and headings in quoted-printable, and `subjects` the subjects by the
    number of papers after the first, since many readers share them.
    """

    site: Site
    day: date
    language: Language
    templates: Templates
    cards: Mapping[int, Card]
    head: bytes
    subjects: dict[int, Shape]
    html: Medium
    text: Medium
    lines: dict[object, tuple[bytes, bytes]]


def render(
    candidates: Sequence[Candidate],
    day: date,
    site: Site,
    templates: Path,
    language: Language = ENGLISH,
) -> Parts:
    """Render `candidates` once for all digests of `day` in one language that may hold them.

    `templates` is the folder of this mail's templates.
    """
    site = cleaned(site)
    cards = {candidate.paper_id: card(candidate, day, language) for candidate in candidates}
    room = Templates(templates, site, day, language)
    marks = Marks(site.secret)
    return Parts(
        site,
        day,
        language,
        room,
        cards,
        _head(site),
        {},
        _medium("html", cards, room, marks, inline),
        _medium("txt", cards, room, marks, str),
        {},
    )


def _head(site: Site) -> bytes:
    sender = headers.wire_mailbox(
        "From", headers.sender_name(site), headers.wire_address(site.address)
    )
    return sender + b"".join(headers.wire(name, value) for name, value in headers.fixed(site))


def inline(html: str) -> str:
    """The HTML with its style rules moved into style attributes; reads no file and no network."""
    done = str(
        Premailer(
            html,
            allow_network=False,
            strip_important=False,
            disable_validation=True,
            disable_leftover_css=True,
            disable_basic_attributes=_NO_ATTRIBUTES,
            cssutils_logging_level="CRITICAL",
        ).transform(pretty_print=False)
    )
    return done.rstrip() + "\n"


def subject_shape(parts: Parts, more: int) -> Shape:
    """The subject of a mail with `more` papers after the first (-1: with none), with a hole for
    the first one's title."""
    marks = Marks(parts.site.secret)
    title = marks.mark("title") if more >= 0 else ""
    return marks.shape(subject(parts.templates, {"title": title, "more": max(more, 0)}))


def subject(room: Templates, values: Mapping[str, Any]) -> str:
    """The subject, on one line."""
    return " ".join(room.render("subject.txt", values).split())


def _medium(
    kind: str,
    cards: Mapping[int, Card],
    room: Templates,
    marks: Marks,
    finish: Callable[[str], str],
) -> Medium:
    blocks = list(_prototypes(kind, cards, room, marks))
    head, *pieces, tail = finish(_framed(kind, blocks, room, marks)).split(marks.mark("cut"))
    frame = marks.shape(head + marks.mark("content") + tail)
    note, heading, rest, why, mute, *papers = map(marks.shape, pieces)
    return Medium(
        frame.coded(),
        {paper_id: shape.coded() for paper_id, shape in zip(cards, papers[::2], strict=True)},
        {paper_id: row.coded().texts[0] for paper_id, row in zip(cards, papers[1::2], strict=True)},
        note,
        heading,
        rest,
        _why_of(why),
        mute.coded(),
    )


def _framed(kind: str, blocks: Sequence[str], room: Templates, marks: Marks) -> str:
    cut = marks.mark("cut")
    holes = ("subject", "preheader", "line", "because", "settings", "unsubscribe", "feedback")
    values = {name: marks.mark(name) for name in holes}
    values |= {"settings_url": values["settings"], "unsubscribe_url": values["unsubscribe"]}
    content = cut + cut.join(blocks) + cut
    return room.render(f"body.{kind}", values | {"content": Markup(content)})  # noqa: S704


def _prototypes(
    kind: str, cards: Mapping[int, Card], room: Templates, marks: Marks
) -> Iterator[str]:
    """A note, a heading, a rest, a why and a mute, then each paper's card and row."""
    holes = {name: marks.mark(name) for name in _HOLES}
    for name in ("note", "heading", "rest"):
        yield room.render(f"{name}.{kind}", holes)
    yield room.render(
        f"why.{kind}", {"why": [bit for name in _BITS for bit in _marked(name, marks)]}
    )
    yield room.render("mute.html", holes) if kind == "html" else ""
    for each in cards.values():
        yield room.render(f"card.{kind}", {**holes, "card": each})
        yield room.render(f"row.{kind}", {"card": each})


def _marked(name: str, marks: Marks) -> tuple[tuple[str, str], ...]:
    return (
        ("plain", marks.mark(f"{name}1")),
        (name, marks.mark(name)),
        ("plain", marks.mark(f"{name}2")),
    )


def _why_of(why: Shape) -> Line:
    """What begins the line, what stands around each kind of bit, and what ends the line."""
    around = {
        name: (why.between(f"{name}1", name), why.between(name, f"{name}2"))
        if name in why.holes
        else (why.between(f"{name}1", f"{name}2"), "")
        for name in _BITS
    }
    return why.texts[0], around, why.texts[-1]
