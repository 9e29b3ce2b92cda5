"""From an address in a form to an active reader, over a real server with the postman behind it."""

import asyncio
import logging
import re
import time
from collections.abc import Sequence
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select, text

from digest.app import App
from digest.clock import utcnow
from digest.store.tables import BudgetRow
from digest.web import stamp
from digest.web.budgets import visitor
from digest.web.security import HEADERS
from digest.web.today import Today
from subscribers import preferences, roster
from subscribers.consent import Consent, ConsentKind, Status
from tests.given import collected, paper, sight, subscriber
from tests.web.conftest import ON_BOTH, Site, until
from tests.web.conftest import text as body
from tests.web.forms import ADA, decided, dump, filled, person, posted, press


@ON_BOTH
def test_from_the_form_to_an_active_reader(site: Site) -> None:
    answer = press(
        site, interests="Whales\nBirds", keywords="song, dialect", categories="q-bio.NC cs.SD",
        hour="7", cadence="weekly:fri", zone="Europe/Berlin",
    )  # fmt: skip
    assert answer.status_code == 200
    assert "Check your mail" in answer.text
    [mail] = site.wait_for(1)
    [link] = [link for link in site.links(mail) if link.startswith("/confirm/")]
    page = site.client.get(link)
    assert 'method="post"' in page.text
    assert person(site.app).status is Status.PENDING  # type: ignore[union-attr]
    done = site.client.post(link)
    assert done.status_code == 200
    assert "first digest comes" in done.text
    assert "/settings/" in done.text
    reader = person(site.app)
    assert reader is not None
    assert reader.status is Status.ACTIVE
    assert reader.profile.interests == ("Whales", "Birds")
    assert reader.profile.keywords == ("song", "dialect")
    assert reader.profile.categories == ("q-bio.NC", "cs.SD")
    assert (reader.schedule.zone, reader.schedule.hour) == ("Europe/Berlin", 7)
    assert reader.schedule.days == "weekly:fri"
    again = site.client.post(link)
    assert "You are subscribed" in again.text
    assert "You are subscribed" in site.client.get(link).text
    welcome = site.wait_for(2)[1]
    assert "settings" in body(welcome)
    until(lambda: posted(site.app))
    assert len(site.mails()) == 2


@ON_BOTH
def test_the_mail_speaks_the_language_of_the_browser_that_signed_up(site: Site) -> None:
    asked = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
    site.client.post("/subscribe", data=filled(site.app), headers=asked)
    [mail] = site.wait_for(1)
    assert mail["Subject"] == "Bitte bestätigen: Daily Papers, einmal täglich"
    assert "48 Stunden" in body(mail)
    assert '<html lang="de"' in body(mail, "html")
    site.client.post(next(link for link in site.links(mail) if link.startswith("/confirm/")))
    welcome = site.wait_for(2)[1]
    assert str(welcome["Subject"]).startswith("Willkommen: Deine Papers kommen täglich um 8:00 Uhr")
    reader = person(site.app)
    assert reader is not None
    assert reader.language == "de"


def test_the_answer_to_an_address_the_relay_cannot_take_is_by_its_form_alone(site: Site) -> None:
    with site.app.begin() as session:
        subscriber(session, "jörg@example.org")
    known, stranger = press(site, "jörg@example.org"), press(site, "jürg@example.org")
    assert known.status_code == stranger.status_code == 400
    shown = [re.sub(r'name="stamp" value="[^"]*"', "", each.text) for each in (known, stranger)]
    assert shown[0].replace("jörg", "jürg") == shown[1]
    sent = {"email": "jörg@example.org"}
    by_api = site.client.post("/api/v1/subscriptions", json=sent)
    assert by_api.status_code in (400, 422)
    assert "other letters than a to z before the @" in by_api.text


def test_two_clicks_at_once_confirm_once_and_welcome_once(site: Site) -> None:
    press(site)
    link = site.links(site.wait_for(1)[0])[0]

    async def click() -> Sequence[httpx2.Response]:
        async with httpx2.AsyncClient(base_url=site.url) as client:
            return await asyncio.gather(*(client.post(link) for _ in range(10)))

    assert {answer.status_code for answer in asyncio.run(click())} == {200}
    site.wait_for(2)
    until(lambda: posted(site.app))
    assert len(site.mails()) == 2


def test_one_field_is_enough_and_the_kept_address_is_the_typed_one(site: Site) -> None:
    press(site, "  Ada@EXAMPLE.org ")
    [mail] = site.wait_for(1)
    assert mail["To"] == "Ada@EXAMPLE.org"
    reader = person(site.app, "ADA@example.org")
    assert reader is not None
    assert reader.address.as_typed == "Ada@EXAMPLE.org"


def test_an_idn_address_is_asked_too(site: Site) -> None:
    assert press(site, "ada@bücher.example").status_code == 200
    [mail] = site.wait_for(1)
    assert "xn--bcher-kva" in str(mail["To"]) or "bücher" in str(mail["To"])


@pytest.mark.parametrize(
    ("field", "sent", "told"),
    [
        ("email", {"email": "ada<b>@example"}, "no e-mail address"),
        ("email", {"email": ""}, "missing"),
        ("email", {"email": "jörg@example.org"}, "other letters than a to z before the @"),
        ("interests", {"interests": "x" * 600}, "500 may be"),
        ("categories", {"categories": "y" * 65}, "64 may be"),
        ("hour", {"hour": "25"}, "0 to 23"),
        ("cadence", {"cadence": "hourly"}, "none of"),
    ],
)
def test_a_wrong_field_gets_the_form_again_with_what_was_typed(
    site: Site, field: str, sent: dict[str, str], told: str
) -> None:
    answer = site.client.post(
        "/subscribe", data=filled(site.app, keywords='a "quoted" <b>word</b>') | sent
    )
    assert answer.status_code == 400
    assert told in answer.text
    assert "&lt;b&gt;word" in answer.text
    assert "<b>" not in answer.text
    marked = re.findall(r'name="(\w+)"[^>]*aria-invalid="true"', answer.text)
    assert marked == [field]
    assert decided(site.app)


def test_a_zone_that_nobody_typed_is_no_error(site: Site) -> None:
    assert press(site, zone="Mars/Olympus").status_code == 200
    site.wait_for(1)


def test_a_program_gets_the_same_answer_and_nothing_is_put_down(site: Site) -> None:
    before = dump(site.app)
    bot = {"website": "https://spam.example"}
    for more in ({}, {"stamp": ""}, {"stamp": stamp.stamp(utcnow(), site.app.secret)}):
        answer = site.client.post("/subscribe", data=filled(site.app) | bot | more)
        assert dump(site.app) == before
        human = press(site, f"human{len(more)}@example.org")
        assert (answer.status_code, answer.content) == (human.status_code, human.content)
        until(lambda: posted(site.app))
        before = dump(site.app)
    assert {m["To"] for m in site.mails()} == {"human0@example.org", "human1@example.org"}


@ON_BOTH
@pytest.mark.parametrize("shown", ["", "1.0", "now"], ids=["none", "forged", "now"])
def test_who_is_quick_is_asked_to_press_once_more_and_nothing_is_put_down(
    site: Site, shown: str
) -> None:
    if shown == "now":
        shown = stamp.stamp(utcnow() + timedelta(minutes=1), site.app.secret)
    before = dump(site.app)
    sent = filled(site.app, keywords="whales") | {"stamp": shown}
    answer = site.client.post("/subscribe", data=sent)
    assert dump(site.app) == before
    assert answer.status_code == 400
    assert "That was quick: please press the button once more." in answer.text
    assert "aria-invalid" not in answer.text
    assert (ADA in answer.text, "whales" in answer.text) == (True, True)
    [again] = re.findall(r'name="stamp" value="([^"]+)"', answer.text)
    age = stamp.age(again, utcnow(), site.app.secret)
    assert age is not None
    assert (again == shown) == (age < timedelta(0))  # one that was shown counts on
    known = site.client.post("/subscribe", data=sent | {"email": "b@example.org"})
    assert known.text.replace("b@example.org", ADA) == answer.text or again != shown


def test_the_second_press_of_who_was_quick_subscribes_them(site: Site) -> None:
    shown = stamp.stamp(utcnow() - timedelta(seconds=1), site.app.secret)
    first = press(site, stamp=shown)
    assert first.status_code == 400
    [kept] = re.findall(r'name="stamp" value="([^"]+)"', first.text)
    assert kept == shown
    time.sleep(1.1)
    assert "Check your mail" in press(site, stamp=kept).text
    assert [mail["To"] for mail in site.wait_for(1)] == [ADA]


def test_a_page_left_open_for_days_is_not_taken_for_a_program(site: Site) -> None:
    shown = stamp.stamp(utcnow() - timedelta(days=2), site.app.secret)
    answer = press(site, stamp=shown)
    assert answer.status_code == 400
    assert "please press the button once more" in answer.text
    assert ADA in answer.text
    assert shown not in answer.text


def test_no_ip_is_kept_in_the_clear(site: Site) -> None:
    far = {"X-Forwarded-For": "198.51.100.9"}
    site.client.post("/subscribe", data=filled(site.app), headers=far)
    site.wait_for(1)
    assert "198.51.100" not in str(dump(site.app))
    with site.app.read() as session:
        [consent] = roster.consents(session, person(site.app).id)  # type: ignore[union-attr]
        assert consent.ip_hash == visitor("198.51.100.9", site.app.secret).ip_hash
        assert session.scalar(select(func.count()).select_from(BudgetRow)) == 3


PATHS = ("/", "/subscribe", "/robots.txt", "/static/style.css", "/nowhere", "/confirm/x",
         "/unsubscribe/x")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_page_carries_the_headers(site: Site, path: str) -> None:
    for answer in (site.client.get(path), site.client.head(path)):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


def test_no_page_has_anything_inline(site: Site) -> None:
    for path in ("/", "/subscribe"):
        page = site.client.get(path).text
        assert not re.search(r"<style|\sstyle=|<script>|\son\w+=|javascript:", page)


def test_robots_keep_off_personal_links(site: Site) -> None:
    told = site.client.get("/robots.txt").text
    for path in ("confirm", "unsubscribe", "settings", "feedback", "address"):
        assert f"Disallow: /{path}/" in told


@pytest.mark.parametrize("page", ["confirm", "unsubscribe"])
def test_links_that_are_no_ours_get_a_friendly_page(site: Site, page: str) -> None:
    press(site)
    genuine = site.links(site.wait_for(1)[0])[0].rpartition("/")[2]
    tampered = ("B" if genuine[20] != "B" else "C").join((genuine[:20], genuine[21:]))
    tokens = [tampered, genuine[:-1], "x", "%00", "é"] + ([genuine] if page != "confirm" else [])
    for token in tokens:
        for answer in (site.client.get(f"/{page}/{token}"), site.client.post(f"/{page}/{token}")):
            assert answer.status_code == 400
            assert "This link does not work" in answer.text
            assert "Traceback" not in answer.text
    assert person(site.app).status is Status.PENDING  # type: ignore[union-attr]


def test_no_token_and_no_address_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    press(site)
    link = site.links(site.wait_for(1)[0])[0]
    site.client.get(link)
    site.client.post(link)
    site.client.get("/confirm/" + "A" * 44)
    site.wait_for(2)
    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    told = " ".join(f"{r.getMessage()} {vars(r)}" for r in ours)
    assert ours
    assert link.rpartition("/")[2] not in told
    assert "A" * 44 not in told
    assert "ada@" not in told


def test_who_left_since_is_not_brought_back_by_an_old_link(site: Site) -> None:
    press(site)
    link = site.links(site.wait_for(1)[0])[0]
    site.client.post(link)
    reader = person(site.app)
    assert reader is not None
    with site.app.begin() as session:
        left = Consent(kind=ConsentKind.UNSUBSCRIBED, at=utcnow(), source="t")
        preferences.take_step(session, reader.id, left)
    for answer in (site.client.get(link), site.client.post(link)):
        assert answer.status_code == 400
        assert "subscribe again" in answer.text


def test_the_front_page_of_an_empty_history_says_so(site: Site) -> None:
    assert "No papers yet" in site.client.get("/").text


def test_the_front_page_shows_the_latest_day_with_votes_and_rising_marks(app: App) -> None:
    assert Today(app).day().name == ""
    low = paper("Slow riser", "arxiv:2603.00001", votes=2, url="https://arxiv.org/abs/2603.00001")
    collected(app.database, [low], sight(0))
    risen = paper("Slow riser", "arxiv:2603.00001", votes=42, categories=("cs.CL",))
    fresh = paper(
        "<b>Fresh</b>",
        "arxiv:2603.00002",
        votes=7,
        url="javascript:alert(1)",
        authors=("Ada",),
        comments=3,
    )
    collected(app.database, [risen, fresh, paper("Unvoted")], sight(1))
    day = Today(app).day()
    assert day.name == "Tuesday, 3 March 2026"
    assert not day.is_today
    assert day.counts == "2 new · 1 rising"
    first, second, third = day.papers
    assert (first.title, first.votes, first.mark) == ("Slow riser", "42", "was 2")
    assert first.tags[:2] == ("rising", "cs.CL")
    assert second.title == "<b>Fresh</b>"
    assert "javascript" not in second.url
    assert second.about == "Ada · 3 comments"
    assert (third.votes, third.mark) == ("", "")


def test_the_front_page_escapes_what_sources_say(site: Site) -> None:
    hostile = paper(
        "<script>alert(1)</script>", "arxiv:2603.00002", votes=7, abstract="<img src=x>"
    )
    collected(site.app.database, [hostile], sight(0))
    page = site.client.get("/").text
    assert "&lt;script&gt;alert" in page
    assert "<script>" not in page
    assert "<img" not in page


def test_a_post_too_large_is_refused(site: Site) -> None:
    answer = press(site, interests="x" * 3_000_000)
    assert answer.status_code in (400, 413)
    with site.app.read() as session:
        assert session.execute(text("SELECT count(*) FROM signups")).scalar() == 0
