"""Everything that is the same for all readers of an edition, rendered once.

One prototype mail holds every paper's card and row and one of each other block, with marks where
a reader's own words and links go. It goes through Jinja2 and premailer once, is cut at the marks,
and put into quoted-printable. compose.py joins what is left.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import BytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from digest.core.edition import Candidate
from digest.mail import headers
from digest.mail.card import Card, card
from digest.mail.language import ENGLISH, Language
from digest.mail.quoted import quoted
from digest.mail.shape import CodedShape, Form, Marks, Shape
from digest.mail.site import Site, cleaned
from digest.mail.wording import wrap

MEDIA = ("html", "txt")
_BITS = ("plain", "gap", "term", "title")
_HOLES = ("note", "heading", "rule", "rest", "why", "feedback", "mute", "number", "topic")
FRAME = ("subject", "preheader", "line", "because", "settings", "unsubscribe", "feedback")
CARD = ("why", "feedback", "topic")
Both = tuple[bytes, bytes]  # text, HTML
_NOTHING = CodedShape((b"",), ())
_NO_ATTRIBUTES = ["align", "valign", "width", "height"]  # the templates say them where they must


class _Compiled(BytecodeCache):
    """Compiled templates, kept as long as the program: each send makes environments of its own,
    and compiling costs more than rendering. A template that was changed is compiled anew."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def sandbox(folder: Path, language: Language, **known: object) -> ImmutableSandboxedEnvironment:
    """The environment of all mail templates in a folder: sandboxed, HTML escaped, a missing value
    an error; `known` are values that every template may use, beside `_` and `ngettext`, which say
    a text in the language, and its `lang` and `dir`."""
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder),
        bytecode_cache=_COMPILED,
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


class Line(NamedTuple):
    """The line of reasons: what begins it, what stands around each kind of bit, what ends it."""

    start: str
    around: Mapping[str, tuple[str, str]]
    end: str


@dataclass(frozen=True, slots=True)
class Medium:
    """The shared parts of the HTML or of the text: whole cards in quoted-printable, and the
    shapes of blocks that hold little but the reader's own words.

    `head` and `tail` stand around the blocks, filled by FRAME, and have `size` octets without
    that; cards are filled by CARD, those in `muted` have the link that mutes a topic.
    """

    head: Form[bytes]
    tail: Form[bytes]
    size: int
    cards: Mapping[int, Form[bytes]]
    muted: Mapping[int, Form[bytes]]
    rows: Mapping[int, bytes]
    note: Shape
    heading: Shape
    rest: Shape
    why: Line


class Said(NamedTuple):
    """A sentence about reasons whose words are the reader's to fill in."""

    text: Form[str]
    html: Form[bytes]


class Title(NamedTuple):
    """A subject: as it is, as its header, and as it stands in the frame's text and HTML."""

    subject: str
    header: bytes
    both: Both


@dataclass(frozen=True, slots=True)
class Parts:
    """An edition rendered for a cohort: what all its readers share.

    `lines` remembers reasons and headings in quoted-printable, `words` a term or title as it
    stands in HTML, `said` the forms of sentences by the kinds of reasons, and `subjects` whole
    subjects by the first paper's title and the number of papers after it, since many readers
    share them.
    """

    site: Site
    day: date
    language: Language
    templates: Templates
    marks: Marks
    cards: Mapping[int, Card]
    head: bytes
    html: Medium
    text: Medium
    lines: dict[object, Both] = field(default_factory=dict)
    words: dict[str, bytes] = field(default_factory=dict)
    said: dict[object, Said] = field(default_factory=dict)
    subjects: dict[tuple[str, int], Title] = field(default_factory=dict)


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
        marks,
        cards,
        _head(site),
        _medium("html", cards, room, marks, _inlined),
        _medium("txt", cards, room, marks, str),
    )


def _head(site: Site) -> bytes:
    sender = headers.wire_mailbox(
        "From", headers.sender_name(site), headers.wire_address(site.address)
    )
    return sender + b"".join(headers.wire(name, value) for name, value in headers.fixed(site))


def inline(html: str) -> str:
    """The HTML with its style rules moved into style attributes; reads no file and no network."""
    # Loaded only here: with its parsers it takes as long as many a command that renders nothing.
    from premailer import Premailer

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


# The runs of one day, one for each hour that readers chose, mostly show the same papers: what is
# the same for all readers (a letter is not) is inlined once for all of them.
_inlined = lru_cache(maxsize=16)(inline)


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
    start, *pieces, end = finish(_framed(kind, blocks, room, marks)).split(marks.mark("cut"))
    head, tail = marks.shape(start).coded(), marks.shape(end).coded()
    note, heading, rest, why, mute, *papers = map(marks.shape, pieces)
    cards_of = dict(zip(cards, (shape.coded() for shape in papers[::2]), strict=True))
    rows_of = dict(zip(cards, (shape.coded() for shape in papers[1::2]), strict=True))
    return Medium(
        head.form(FRAME),
        tail.form(FRAME),
        head.size + tail.size,
        {number: one.put("mute", _NOTHING).form(CARD) for number, one in cards_of.items()},
        {number: _muted(one, number, mute.coded()) for number, one in cards_of.items()},
        {number: row.texts[0] for number, row in rows_of.items()},
        note,
        heading,
        rest,
        _why_of(why),
    )


def _muted(card: CodedShape, number: int, mute: CodedShape) -> Form[bytes]:
    """A card with the link that mutes what its paper was picked for."""
    own = mute.put("number", CodedShape((quoted(str(number)),), ()))
    return card.put("mute", own).form(CARD)


def _framed(kind: str, blocks: Sequence[str], room: Templates, marks: Marks) -> str:
    cut = marks.mark("cut")
    values = {name: marks.mark(name) for name in FRAME}
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
    around = {
        name: (why.between(f"{name}1", name), why.between(name, f"{name}2"))
        if name in why.holes
        else (why.between(f"{name}1", f"{name}2"), "")
        for name in _BITS
    }
    return Line(why.texts[0], around, why.texts[-1])
