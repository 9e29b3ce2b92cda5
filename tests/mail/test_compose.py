"""The fast composer says what the plain one says, for any papers, readers and reasons."""

import string
from datetime import UTC, date, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.core.edition import Candidate, Change, Digest, Pick, Reason, ReasonKind, Section
from digest.core.message import Message, Recipient
from digest.core.paper import Paper
from digest.errors import UnknownPaper
from digest.mail import language as languages
from digest.mail.compose import _REMEMBERED, compose
from digest.mail.language import Language
from digest.mail.plain import compose_plain
from digest.mail.render import render
from digest.shipped import shipped
from tests.given import shared
from tests.mail import given as build

NASTY = st.sampled_from(
    [
        "</td><script>alert(1)</script>",
        "x\r\nBcc: victim@example.org",
        "=?utf-8?q?=41?=",
        "\u202egnirts",
        "a\u2028b\x00c\x85d",
        "&amp; <b>bold</b> \"quoted\" 'single' \xa0 =3D = . ..",
        ".",
        "." * 200,
        "word " * 400,
        "x" * 2000,
        "日本語の題名" * 30,
        "🧬 genes 👩‍🔬",
        "{{ site.secret }} {% raw %}",
        "\ud800 surrogate \ufffe \U0001fffe",
        "$x^2 < y_1 > z$ \\frac",
        "",
    ]
)
TEXT = st.one_of(NASTY, st.text(max_size=120), st.text(string.printable, max_size=400))
URL = st.one_of(
    NASTY,
    st.sampled_from(
        [
            "https://example.org/?a=1&b=2#c",
            "http://bücher.example/päth?q=ü x",
            "javascript:alert(1)",
            "https://[::1/",
            "https://user:pw@example.org/",
            'https://example.org/"onmouseover="x',
        ]
    ),
    st.text(max_size=80).map("https://example.org/".__add__),
)
COUNT = st.one_of(st.none(), st.integers(0, 10**6))
PAPER = st.builds(
    Paper,
    title=TEXT,
    identities=st.sampled_from([("arxiv:2607.12881",), ("title:abc",), ("doi:10.1/x<y>",)]),
    abstract=TEXT,
    authors=st.lists(TEXT, max_size=5).map(tuple),
    author_count=COUNT,
    version=st.one_of(st.none(), st.integers(1, 9)),
    url=URL,
    categories=st.lists(TEXT, max_size=3).map(tuple),
    votes=COUNT,
    summary=TEXT,
    code_url=URL,
    code_stars=COUNT,
    project_url=URL,
)
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
SOURCES = st.lists(
    st.one_of(st.sampled_from(["arxiv:cs.CL", "huggingface"]), TEXT), max_size=3
).map(tuple)
REASONS = st.lists(
    st.builds(Reason, st.sampled_from(ReasonKind), TEXT, st.just(1.0)), max_size=6
).map(tuple)
CANDIDATE = st.builds(
    Candidate,
    st.integers(1, 6),
    PAPER,
    st.sampled_from(Change),
    st.just(build.DAY),
    COUNT,
    st.one_of(st.none(), DAYS),
    SOURCES,
)
LOCAL = st.text(string.ascii_letters + string.digits + "+-_", min_size=1, max_size=40)
RECIPIENT = st.builds(
    Recipient,
    delivery_key=TEXT.map(lambda text: text.encode("utf-8", "replace").decode()),
    address=LOCAL.map(lambda local: f"{local}@bücher.example"),
    unsubscribe_url=LOCAL.map(lambda token: f"https://papers.example.org/u/{token * 4}?a=1&b=2"),
    settings_url=LOCAL.map(lambda token: f"http://papers.example.org/s/{token}"),
    feedback_url=LOCAL.map(lambda token: f"https://papers.example.org/f/{token}?a=1&b=2"),
    plain_only=st.booleans(),
    unsubscribe_mailto=st.one_of(st.just(""), LOCAL.map(lambda local: f"{local}@example.org")),
    subscribed_on=st.one_of(st.none(), DAYS),
    cadence=st.sampled_from(["daily", "weekly", "weekdays"]),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"]),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Candidate], Digest, Recipient, dict[str, Any]]:
    candidates = draw(st.lists(CANDIDATE, max_size=5, unique_by=lambda each: each.paper_id))
    picks = [
        Pick(
            each.paper_id,
            1.0,
            draw(st.sampled_from(Section)),
            each.change,
            draw(REASONS),
            draw(TEXT),
        )
        for each in candidates
    ]
    notes = tuple(draw(st.lists(TEXT, max_size=2)))
    digest = Digest(build.DAY, tuple(picks), draw(st.integers(0, 5000)), notes)
    name = draw(TEXT.filter(lambda text: any(char.isalnum() for char in text)))
    site = {
        "name": name,
        "postal_address": draw(TEXT),
        "reply_to": draw(st.sampled_from(["", "a@b.org"])),
    }
    return candidates, digest, draw(RECIPIENT), site


def parsed(message: Message) -> EmailMessage:
    found = message_from_bytes(message.data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def headers(message: Message) -> list[tuple[str, str]]:
    """Names and values; From is decoded on its own, since Python's parser of display names keeps
    the space between two encoded words (RFC 2047, 6.2 drops it)."""
    found = parsed(message)
    raw = message_from_bytes(message.data, policy=policy.compat32)["From"]
    sender = str(make_header(decode_header(raw)))
    others = [(name, str(value)) for name, value in found.items()]
    return sorted([("From", sender), *(h for h in others if h[0] not in ("From", "Content-Type"))])


def bodies(message: EmailMessage) -> list[tuple[str, str]]:
    parts = message.iter_parts() if message.is_multipart() else [message]
    return [(part.get_content_type(), part.get_content()) for part in parts]


LANGUAGES = languages.load(shipped("templates")).offered


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(), st.sampled_from(LANGUAGES))
def test_fast_and_plain_say_the_same(
    case: tuple[list[Candidate], Digest, Recipient, dict[str, Any]], language: Language
) -> None:
    candidates, digest, reader, site = case
    parts = render(candidates, build.DAY, build.site(**site), build.TEMPLATES, language)
    fast = compose(parts, digest, reader, build.NOW)
    plain = compose_plain(parts, digest, reader, build.NOW)
    assert (fast.message_id, fast.sender, fast.to, fast.subject) == (
        plain.message_id, plain.sender, plain.to, plain.subject,
    )  # fmt: skip
    assert headers(fast) == headers(plain)
    assert bodies(parsed(fast)) == bodies(parsed(plain))
    check_wire_form(fast)


def check_wire_form(message: Message) -> None:
    """standards.md 1, 2, 3, 9 and 10."""
    data = message.data
    assert data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r")
    assert data.endswith(b"\r\n")
    head, _, body = data.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert not any(line.startswith(b".") for line in data.split(b"\r\n"))
    assert len(data) < 100_000
    assert data.isascii()


def test_recorded_papers_come_out_the_same_from_both() -> None:
    candidates = build.recorded(shared("data/hf_daily_papers/raw"), 30)
    parts = render(candidates, build.DAY, build.site(), build.TEMPLATES)
    digest = build.digest(*(build.pick(each.paper_id) for each in candidates))
    fast = compose(parts, digest, build.reader(), build.NOW)
    assert bodies(parsed(fast)) == bodies(
        parsed(compose_plain(parts, digest, build.reader(), build.NOW))
    )
    check_wire_form(fast)
    _, html = parsed(fast).iter_parts()
    assert len(html.get_content().encode()) < 60_000
    assert len(fast.data) < 90_000


def test_a_reader_of_plain_text_gets_no_html() -> None:
    message = compose(build.parts(), build.digest(), build.reader(plain_only=True), build.NOW)
    found = parsed(message)
    assert found.get_content_type() == "text/plain"
    assert "<p" not in found.get_content()
    both = parsed(compose(build.parts(), build.digest(), build.reader(), build.NOW))
    assert bodies(found) == bodies(both)[:1]
    check_wire_form(message)


def test_each_card_takes_feedback_and_a_term_that_is_no_topic_cannot_be_muted() -> None:
    reasons = (Reason(ReasonKind.VOTES, "42", 0.5), Reason(ReasonKind.AUTHOR, "Ada", 0.4))
    digest = build.digest(build.pick(1), build.pick(2, reasons=reasons))
    parts = build.parts(build.candidate(1), build.candidate(2, title="Another"))
    reader = build.reader()
    found = parsed(compose(parts, digest, reader, build.NOW))
    text, html = (content.replace("\r\n", "\n") for _, content in bodies(found))
    for number in (1, 2):
        assert f'href="{reader.feedback_url}/more/{number}"' in html
        assert f'href="{reader.feedback_url}/less/{number}"' in html
    assert f'href="{reader.feedback_url}/mute/1">Mute “word alignment”</a>' in html.replace(
        ' style="color:#8c2513"', ""
    )
    assert "/mute/2" not in html
    assert f"{reader.feedback_url}\n" in text
    assert f'href="{reader.settings_url}#pause"' in html


def test_the_same_arguments_give_the_same_bytes() -> None:
    def once() -> Message:
        return compose(build.parts(), build.digest(), build.reader(), build.NOW)

    assert once() == once()


def test_a_pick_that_was_not_rendered_is_named() -> None:
    with pytest.raises(UnknownPaper, match="99"):
        compose(build.parts(), build.digest(build.pick(99)), build.reader(), build.NOW)


def huge(paper_id: int) -> Candidate:
    return build.candidate(
        paper_id,
        title=f"Paper {paper_id} " + "長" * 285,
        abstract="文" * 5000,
        url=f"https://example.org/{paper_id}/" + "x" * 800,
    )


def test_a_digest_that_would_grow_too_long_says_what_it_left_out_and_where_it_is() -> None:
    """standards.md 10."""
    candidates = [huge(number) for number in range(1, 31)]
    parts = render(candidates, build.DAY, build.site(), build.TEMPLATES)
    digest = build.digest(*(build.pick(each.paper_id) for each in candidates))
    fast = compose(parts, digest, build.reader(), build.NOW)
    assert 60_000 < len(fast.data) < 100_000
    text, html = (content for _, content in bodies(parsed(fast)))
    words = " ".join(text.split())
    shown = sum(f"Paper {number} 長" in words for number in range(1, 31))
    assert 0 < shown < 30
    assert f"{30 - shown} more papers" in text
    assert f"{30 - shown} more papers" in html
    assert 'href="https://papers.example.org"' in html
    assert "Unsubscribe" in html
    assert bodies(parsed(fast)) == bodies(
        parsed(compose_plain(parts, digest, build.reader(), build.NOW))
    )


def test_a_reader_in_another_script_gets_one_address_both_ways() -> None:
    """standards.md 11: the local part as typed, the domain in A-labels."""
    reader = build.reader(address="δοκιμή@bücher.example")
    fast = compose(build.parts(), build.digest(), reader, build.NOW)
    assert fast.to == "δοκιμή@xn--bcher-kva.example"
    assert f"To: {fast.to}\r\n".encode() in fast.data
    plain = compose_plain(build.parts(), build.digest(), reader, build.NOW)
    assert f"To: {fast.to}\r\n".encode() in plain.data


@pytest.mark.parametrize(
    "picked", [[], [Section.TRENDING], [Section.FOR_YOU], [Section.RISING, Section.TRENDING]]
)
def test_each_mix_of_sections_has_its_mail(picked: list[Section]) -> None:
    candidates = [build.candidate(n, votes=None if n == 2 else 7) for n in (1, 2)]
    parts = render(candidates, build.DAY, build.site(), build.TEMPLATES)
    digest = Digest(
        build.DAY,
        tuple(build.pick(n, section) for n, section in enumerate(picked, 1)),
        5,
        ("arXiv announced nothing today.",),
    )
    fast = compose(parts, digest, build.reader(), build.NOW)
    [text, html] = (content for _, content in bodies(parsed(fast)))
    assert "arXiv announced nothing today." in text
    assert text.count("https://arxiv.org/abs/2607.12881") == len(picked)
    assert html.count('href="https://arxiv.org/abs/2607.12881"') == len(picked)


def test_dates_are_those_of_the_message_not_of_this_machine() -> None:
    then = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
    fast = compose(build.parts(), build.digest(), build.reader(), then)
    assert parsed(fast)["Date"].datetime == then


def test_a_readers_words_are_theirs_whatever_the_mail_calls_its_own() -> None:
    """What is remembered for other readers is never found under a reader's words."""
    parts = build.parts()
    both = [
        tuple(Reason(ReasonKind.INTEREST, term, 0.5) for term in terms)
        for terms in (("heading", "For you"), ("sentence", "For you"), ("why", "votes"))
    ]
    for reasons in (*both, *both):
        digest = build.digest(build.pick(reasons=reasons))
        fast = compose(parts, digest, build.reader(), build.NOW)
        plain = compose_plain(parts, digest, build.reader(), build.NOW)
        assert bodies(parsed(fast)) == bodies(parsed(plain))


def test_equal_instants_keep_their_own_zones() -> None:
    local = build.NOW.astimezone(timezone(timedelta(hours=2)))
    for now in (build.NOW, local):
        assert parsed(compose(build.parts(), build.digest(), build.reader(), now))[
            "Date"
        ].datetime.utcoffset() == (now.utcoffset())


def test_what_is_remembered_does_not_grow_with_the_readers() -> None:
    numbers = range(1, 51)
    parts = build.parts(*(build.candidate(number) for number in numbers))
    for reader in range(_REMEMBERED // 100 + 1):
        terms = [Reason(ReasonKind.KEYWORD, f"{reader} {number}", 0.5) for number in numbers]
        picks = [build.pick(n, reasons=(term,)) for n, term in zip(numbers, terms, strict=True)]
        compose(parts, build.digest(*picks), build.reader(), build.NOW)
    assert 0 < len(parts.lines) <= _REMEMBERED
