"""Leaving: by a button or by a mailbox's one click, at once, and undone if one likes."""

from datetime import timedelta

import httpx2
import pytest

from digest.clock import utcnow
from subscribers import address as addresses
from subscribers import erasure, preferences, roster, suppression, tokens
from subscribers.address import Address
from subscribers.consent import ConsentKind, Reason, Status
from subscribers.person import Subscriber
from subscribers.tables import SubscriberRow
from subscribers.tokens import Purpose
from tests.given import subscriber
from tests.web.conftest import ON_BOTH, Site

ADA = addresses.parse("ada@example.org")


@pytest.fixture
def link(site: Site) -> str:
    """The unsubscribe link of a confirmed reader, from a mail of two years ago."""
    with site.app.begin() as session:
        number = subscriber(session)
    issued = utcnow() - timedelta(days=730)
    return "/unsubscribe/" + tokens.make(
        Purpose.UNSUBSCRIBE, number, key=site.app.secret, version=1, now=issued
    )


def reader(site: Site, address: Address = ADA) -> Subscriber:
    with site.app.read() as session:
        found = roster.find(session, address)
    assert found is not None
    return found


def press(site: Site, link: str, do: str, **more: str) -> httpx2.Response:
    return site.client.post(link, data={"do": do, **more})


def test_the_page_has_a_button_and_opening_it_changes_nothing(site: Site, link: str) -> None:
    page = site.client.get(link)
    assert page.status_code == 200
    assert 'value="unsubscribe"' in page.text
    assert 'value="pause"' in page.text
    assert "Once a week instead" in page.text
    assert site.client.head(link).content == b""
    assert reader(site).status is Status.ACTIVE


@ON_BOTH
@pytest.mark.parametrize("coding", ["urlencoded", "multipart"])
def test_one_click_leaves_at_once_without_cookies_or_redirects(
    site: Site, link: str, coding: str
) -> None:
    said = {"List-Unsubscribe": "One-Click"}
    for _ in range(2):
        if coding == "urlencoded":
            answer = httpx2.post(site.url + link, data=said, follow_redirects=False)
        else:
            files = {name: (None, value) for name, value in said.items()}
            answer = httpx2.post(site.url + link, files=files, follow_redirects=False)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert reader(site).status is Status.UNSUBSCRIBED
    with site.app.read() as session:
        kinds = [event.kind for event in roster.consents(session, reader(site).id)]
    assert kinds == [ConsentKind.ADDED, ConsentKind.UNSUBSCRIBED]


@ON_BOTH
def test_the_goodbye_page_undoes(site: Site, link: str) -> None:
    goodbye = press(site, link, "unsubscribe")
    assert "You are unsubscribed" in goodbye.text
    assert 'value="undo"' in goodbye.text
    assert 'value="undo"' in site.client.get(link).text
    assert "Welcome back" in press(site, link, "undo").text
    assert reader(site).status is Status.ACTIVE
    with site.app.read() as session:
        last = roster.consents(session, reader(site).id)[-1]
    assert last.kind is ConsentKind.RESUBSCRIBED
    assert last.ip_hash


@ON_BOTH
def test_a_pause_of_a_month_and_its_undoing(site: Site, link: str) -> None:
    answer = press(site, link, "pause")
    assert "Paused until" in answer.text
    paused = reader(site)
    assert paused.status is Status.PAUSED
    assert paused.paused_until is not None
    assert 28 <= (paused.paused_until - utcnow().date()).days <= 31
    assert "paused until" in site.client.get(link).text
    press(site, link, "resume")
    assert reader(site).status is Status.ACTIVE


def test_weekly_instead_and_its_undoing(site: Site, link: str) -> None:
    answer = press(site, link, "rhythm", days="weekly:mon")
    assert "Once a week" in answer.text
    assert 'value="daily"' in answer.text
    assert reader(site).schedule.days == "weekly:mon"
    assert "As it was before" in press(site, link, "rhythm", days="daily").text
    assert reader(site).schedule.days == "daily"


@pytest.mark.parametrize("days", ["hourly", "", "weekly:xyz"])
def test_a_rhythm_nobody_offers_changes_nothing(site: Site, link: str, days: str) -> None:
    assert press(site, link, "rhythm", days=days).status_code == 200
    assert reader(site).schedule.days == "daily"
    assert press(site, link, "nonsense").status_code == 400
    assert reader(site).status is Status.ACTIVE


def test_buttons_of_a_page_that_is_out_of_date_do_no_harm(site: Site, link: str) -> None:
    press(site, link, "unsubscribe")
    for late in ("pause", "resume"):
        assert "You are unsubscribed" in press(site, link, late).text
        assert reader(site).status is Status.UNSUBSCRIBED
    press(site, link, "undo")
    assert press(site, link, "undo").status_code == 200
    assert reader(site).status is Status.ACTIVE


def test_a_link_to_a_former_mailbox_can_leave_and_nothing_else(site: Site, link: str) -> None:
    """Who has the old mailbox now must not bring back who left with the new one."""
    with site.app.begin() as session:
        new = addresses.parse("new@example.org")
        preferences.change_address(session, reader(site).id, new)
    assert 'value="pause"' not in site.client.get(link).text
    for do in ("pause", "rhythm", "undo", "resume"):
        assert "Unsubscribe?" in press(site, link, do, days="weekly:mon").text
    before = reader(site, new)
    assert (before.status, before.schedule.days) == (Status.ACTIVE, "daily")
    assert "You are unsubscribed" in press(site, link, "unsubscribe").text
    assert 'value="undo"' not in press(site, link, "undo").text
    assert reader(site, new).status is Status.UNSUBSCRIBED


def test_undo_makes_nobody_active_who_never_confirmed(site: Site, link: str) -> None:
    with site.app.begin() as session:
        row = session.get_one(SubscriberRow, reader(site).id)
        row.status, row.confirmed_at = Status.PENDING, None
    goodbye = press(site, link, "unsubscribe")
    assert 'value="undo"' not in goodbye.text
    press(site, link, "undo")
    assert reader(site).status is Status.UNSUBSCRIBED


def test_undo_does_not_lift_a_complaint(site: Site, link: str) -> None:
    press(site, link, "unsubscribe")
    with site.app.begin() as session:
        suppression.suppress(
            session, ADA, Reason.COMPLAINED, key=site.app.secret, now=utcnow(), source="t"
        )
    assert 'value="undo"' not in press(site, link, "undo").text
    assert reader(site).status is Status.UNSUBSCRIBED


def test_who_was_erased_gets_a_friendly_page(site: Site, link: str) -> None:
    with site.app.begin() as session:
        erasure.erase(session, ADA, key=site.app.secret, now=utcnow(), source="t")
    for answer in (site.client.get(link), press(site, link, "undo"), press(site, link, "pause")):
        assert answer.status_code == 200
        assert "You are not subscribed" in answer.text
