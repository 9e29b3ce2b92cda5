"""A digest that reached a real SMTP server, header by header (standards.md 1-25, 41-49)."""

import asyncio
import re
from collections.abc import Iterator
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import pairwise
from typing import Any

import pytest
from lxml import html as lxml_html

from digest.core.edition import Change, Digest, Section
from digest.core.message import message_id
from digest.mail.compose import compose
from digest.mail.render import render
from digest.mail.transport import Options, Patience, open_transport
from tests.mail import given
from tests.smtpd import Received, Smtpd

HOSTILE = (
    "</td><script>alert(1)</script>",
    "x\r\nBcc: victim@example.org\r\n\r\n<b>body</b>",
    "\u202etxt.exe\u202c and \u2066isolated\u2069",
    "word " * 400,
    "=?utf-8?q?Free=20money?= at once",
)


def received(digest: Digest, *candidates: Any, **site: Any) -> Received:
    """What the server got when `digest` was sent to it."""
    parts = render(
        candidates or (given.candidate(),), given.DAY, given.site(**site), given.TEMPLATES
    )
    message = compose(parts, digest, given.reader(), given.NOW)
    server = Smtpd()

    async def talk() -> None:
        async with server:
            options = Options(patience=Patience(2, 2, 2), helo="client.example.org")
            async with open_transport(f"smtp://127.0.0.1:{server.port}", options) as transport:
                await transport.hand_over(message)

    asyncio.run(talk())
    return server.messages[0]


def parsed(got: Received) -> EmailMessage:
    found = message_from_bytes(got.data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


@pytest.fixture(scope="module")
def wire() -> Received:
    return received(given.digest(given.pick(1), given.pick(1, Section.TRENDING)))


@pytest.fixture(scope="module")
def golden(wire: Received) -> EmailMessage:
    return parsed(wire)


def text_of(message: EmailMessage) -> str:
    return next(message.iter_parts()).get_content()


def html_of(message: EmailMessage) -> str:
    return list(message.iter_parts())[1].get_content()


def test_only_crlf_goes_over_the_wire(wire: Received) -> None:
    """standards.md 1."""
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", wire.data)


def test_lines_are_short_and_none_needs_dot_stuffing(wire: Received) -> None:
    """standards.md 2, 3 and 9; only a URL may make a header longer than 78."""
    head, _, body = wire.data.partition(b"\r\n\r\n")
    long = [line for line in head.split(b"\r\n") if len(line) > 78]
    assert all(line.startswith(b"List-Unsubscribe:") for line in long)
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert b"\r\n." not in wire.data


@pytest.mark.parametrize("name", ["From", "To", "Date", "Message-ID", "Subject"])
def test_the_required_headers_stand_exactly_once(golden: EmailMessage, name: str) -> None:
    """standards.md 4."""
    assert len(golden.get_all(name, [])) == 1
    assert golden[name].defects == ()


def test_the_message_id_is_a_secret_hash_of_the_delivery(golden: EmailMessage) -> None:
    """standards.md 5."""
    site = given.site()
    key = given.reader().delivery_key
    assert golden["Message-ID"] == message_id(key, site.secret, site.domain)
    assert message_id("other", site.secret, site.domain) != golden["Message-ID"]
    assert message_id(key, b"another secret", site.domain) != golden["Message-ID"]
    assert re.fullmatch(r"<[a-z2-7]{32}@example\.org>", golden["Message-ID"])


def test_date_has_a_zone_and_is_the_instant_given(golden: EmailMessage) -> None:
    """standards.md 4."""
    assert golden["Date"].datetime == given.NOW
    assert golden["Date"].endswith("+0000")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("From", "Daily Papers <papers@example.org>"),
        ("Reply-To", "desk@example.org"),
        ("To", "reader@example.net"),
        ("List-Id", "Daily Papers <digest.example.org>"),  # 16
        (
            "List-Unsubscribe",  # 17
            "<https://papers.example.org/u/eyJzIjo3fQ.Zx_s5Lk2Qw0Ia8Yt?kind=digest&all=1>,"
            " <mailto:unsubscribe@example.org?subject=unsubscribe%20x81LpZr4nXs2>",
        ),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),  # 18
        ("Auto-Submitted", "auto-generated"),  # 20
        ("Precedence", "list"),  # 21
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),  # 22
        ("Feedback-ID", "20261121:digest:daily:example.org"),  # 23
        ("MIME-Version", "1.0"),
        ("Subject", "Word Alignment as Binary Sequence Labeling, and 1 more"),
    ],
)
def test_each_header_has_its_value(golden: EmailMessage, name: str, value: str) -> None:
    """standards.md 16-23."""
    assert golden.get_all(name) == [value]


def test_no_header_is_there_that_nobody_asked_for(golden: EmailMessage) -> None:
    assert sorted(golden.keys()) == sorted(
        [
            *("Auto-Submitted", "Content-Type", "Date", "Feedback-ID", "From", "List-Id"),
            *("List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Message-ID"),
            *("Precedence", "Reply-To", "Subject", "To", "X-Auto-Response-Suppress"),
        ]
    )


def test_one_click_is_promised_over_https_only() -> None:
    """standards.md 18 (RFC 8058, 3.1)."""
    reader = given.reader(unsubscribe_url="http://localhost:8000/u/1", unsubscribe_mailto="")
    message = compose(given.parts(), given.digest(), reader, given.NOW)
    found = message_from_bytes(message.data, policy=policy.default)
    assert found["List-Unsubscribe"] == "<http://localhost:8000/u/1>"
    assert found["List-Unsubscribe-Post"] is None


def test_other_scripts_in_headers_are_encoded_words_of_75_at_most() -> None:
    """standards.md 7."""
    title = "日本語の単語アラインメント、訓練データなしで"
    got = received(given.digest(), given.candidate(title=title), name="Täglich „Neues“ " * 8)
    head = got.data.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    words = re.findall(rb"=\?[^?]+\?[bq]\?[^?]+\?=", head)
    assert words and max(map(len, words)) <= 75
    assert max(map(len, head.split(b"\r\n"))) <= 100
    assert parsed(got)["Subject"] == title


def test_text_stands_before_html_and_both_name_every_paper(golden: EmailMessage) -> None:
    """standards.md 8 and 9."""
    assert golden.get_content_type() == "multipart/alternative"
    kinds = [
        (part.get_content_type(), part["Content-Transfer-Encoding"]) for part in golden.iter_parts()
    ]
    assert kinds == [("text/plain", "quoted-printable"), ("text/html", "quoted-printable")]
    page = lxml_html.document_fromstring(html_of(golden))
    text = " ".join(text_of(golden).split())
    links = page.xpath("//h3/a | //td[@class='t']/a")
    assert len(links) == 2
    for link in links:
        assert link.text_content() in text
        assert link.get("href") in text


def test_every_line_of_the_text_fits_a_terminal(golden: EmailMessage) -> None:
    lines = [line for line in text_of(golden).splitlines() if "http" not in line]
    assert max(map(len, lines)) <= 78


def tables(page: Any) -> Iterator[Any]:
    return page.iter("table")


def test_the_html_speaks_to_assistive_technology(golden: EmailMessage) -> None:
    """standards.md 41, 42, 43, 45, 46 and 48."""
    html = html_of(golden)
    page = lxml_html.document_fromstring(html)
    assert (page.get("lang"), page.get("dir")) == ("en", "ltr")
    assert page.findtext("head/title") == golden["Subject"]
    article = page.find("body/div")
    assert (article.get("role"), article.get("aria-roledescription")) == ("article", "email")
    assert all(table.get("role") == "presentation" for table in tables(page))
    assert 'name="color-scheme" content="light dark"' in html
    assert 'name="supported-color-schemes"' in html
    assert "prefers-color-scheme:dark" in html
    levels = [int(element.tag[1]) for element in page.iter("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(
        link.text_content().strip() not in ("", "here", "click here") for link in page.iter("a")
    )


def test_nothing_remote_is_loaded_and_nothing_can_run(golden: EmailMessage) -> None:
    """standards.md 47 and 48."""
    html = html_of(golden)
    page = lxml_html.document_fromstring(html)
    for tag in ("img", "script", "form", "iframe", "link", "object", "svg", "video"):
        assert page.find(f".//{tag}") is None
    assert not re.search(r"url\(|@import|@font-face", html)


def test_each_link_is_one_we_made_or_a_web_address(golden: EmailMessage) -> None:
    page = lxml_html.document_fromstring(html_of(golden))
    for link in page.iter("a"):
        assert re.match(r"https?://", link.get("href"))


def test_reasons_footer_and_notes_are_said_in_both_parts() -> None:
    notes = ("arXiv cs.CV was late this morning; its papers come tomorrow.",)
    got = parsed(received(given.digest(notes=notes)))
    page = lxml_html.document_fromstring(html_of(got))
    for text in (" ".join(text_of(got).split()), " ".join(page.text_content().split())):
        assert "arXiv cs.CV was late this morning" in text
        assert "You see this for" in text
        assert "SimAlign: High Quality Word Alignments" in text
        assert "subscribed on 3 March 2026: daily at 8:00, Europe/Berlin." in text
        assert "Example Lab, 1 Road, Town" in text
        assert "1 of 34 new papers, picked for you" in text


def test_what_changed_is_said_in_words_and_numbers() -> None:
    risen = given.candidate(1, Change.RISING, votes_before=2, since=date(2026, 11, 16))
    revised = given.candidate(2, Change.REVISED, version=3)
    digest = given.digest(given.pick(1, Section.RISING), given.pick(2))
    text = " ".join(text_of(parsed(received(digest, risen, revised))).split())
    assert "▲ 2 → 42 since Monday" in text
    assert "new version (v3)" in text


@pytest.mark.parametrize("nasty", HOSTILE)
def test_hostile_papers_reach_the_mail_harmless(nasty: str) -> None:
    """standards.md 6 and 49."""
    paper = given.candidate(
        title=nasty,
        abstract=nasty,
        summary="",
        authors=(nasty,) * 600,
        categories=(nasty,),
        url="javascript:alert(1)",
        code_url="javascript:alert(1)",
        project_url='https://example.org/"><script>',
        identities=("title:abc",),
    )
    got = received(given.digest(given.pick(heading=nasty), notes=(nasty,)), paper)
    message = parsed(got)
    assert len(got.data) < 20_000
    assert message["Bcc"] is None
    assert len(message.get_all("Subject", [])) == 1
    assert len(message["Subject"]) < 60
    html, text = html_of(message), text_of(message)
    page = lxml_html.document_fromstring(html)
    assert page.find(".//script") is None
    assert "javascript:" not in html + text
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", html + text + str(message["Subject"]))
    assert page.findtext("head/title") == message["Subject"]
    assert "Unsubscribe" in html
    assert "and 598 more" in " ".join(text.split())


def test_a_paper_of_which_only_the_title_is_known_has_a_card() -> None:
    bare = given.candidate(
        abstract="",
        authors=(),
        categories=(),
        url="",
        votes=None,
        sources=(),
        identities=("title:x",),
    )
    message = parsed(received(given.digest(given.pick(reasons=())), bare))
    assert "BinaryAlign" in text_of(message)
    assert "You see this" not in text_of(message) + html_of(message)


def test_a_title_in_a_right_to_left_script_is_marked_so() -> None:
    message = parsed(received(given.digest(), given.candidate(title="أساليب جديدة في اللغة")))
    assert 'dir="rtl"' in html_of(message)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def inherited(element: Any, name: str) -> str:
    for each in (element, *element.iterancestors()):
        if found := re.search(rf"(?:^|;)\s*{name}:\s*(#[0-9a-f]{{6}})", each.get("style", "")):
            return found[1]
    return ""


def test_every_text_has_contrast_in_the_light(golden: EmailMessage) -> None:
    """standards.md 44, from the inlined colours; the dark ones are in test_rendering."""
    page = lxml_html.document_fromstring(html_of(golden))
    spoken = [
        e for e in page.find("body").iter() if e.text and e.text.strip() and e.get("class") != "pre"
    ]
    assert len(spoken) > 15
    for element in spoken:
        pair = inherited(element, "color"), inherited(element, "background-color")
        assert contrast(*pair) >= 4.5, (element.text, pair)
