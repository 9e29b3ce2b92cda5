"""Feedback from a mail: prefetch-safe, kept, undone, and heard by the next digest."""

import re

import pytest

from digest import sender
from digest.selection import Selector
from subscribers import feedback, preferences
from subscribers.profile import InterestProfile
from tests import given
from tests.web.conftest import ON_BOTH, Site, text
from tests.web.readers import TITLES, current, history_of, reader_of


def mailed(site: Site) -> tuple[int, list[str]]:
    """A reader's id and the feedback links of the digest they got."""
    day = history_of(site.app)
    reader = reader_of(site.app)
    sender.send(site.app, day)
    mail = site.wait_for(1)[-1]
    links = re.findall(r'href="http://[\w.:-]+(/feedback/[^"]+)"', text(mail, "html"))
    assert links
    return reader.id, links


def said(site: Site, who: int) -> list[tuple[str, str]]:
    with site.app.read() as session:
        return [(one.kind, one.about) for one in feedback.said(session, who)]


def test_opening_every_link_changes_nothing(site: Site) -> None:
    who, links = mailed(site)
    for link in links:
        for method in ("GET", "HEAD"):
            assert site.client.request(method, link).status_code == 200
    assert said(site, who) == []


@ON_BOTH
def test_the_button_keeps_a_word_once_and_undo_takes_it_back(site: Site) -> None:
    who, links = mailed(site)
    less = next(link for link in links if "/less/" in link)
    for _ in range(2):
        assert "Noted" in site.client.post(less, data={"do": "give"}).text
    [(kind, about)] = said(site, who)
    assert (kind, about.partition(":")[0]) == ("less", "arxiv")
    more = less.replace("/less/", "/more/")
    site.client.post(more, data={"do": "give"})
    assert said(site, who) == [("more", about)]
    assert "Taken back" in site.client.post(more, data={"do": "undo"}).text
    assert said(site, who) == []


def test_a_muted_topic_is_out_of_the_next_digest(site: Site) -> None:
    who, links = mailed(site)
    mute = next(link for link in links if "/mute/" in link)
    before = picked(site, who)
    assert set(before[:2]) == set(TITLES[:2])
    assert "word alignment" in site.client.get(mute).text
    site.client.post(mute, data={"do": "give"})
    assert said(site, who) == [("mute", "word alignment")]
    assert not set(TITLES[:2]) & set(picked(site, who))


@pytest.mark.parametrize(("word", "place"), [("more", 0), ("less", -1)])
def test_a_word_about_a_paper_moves_the_papers_like_it(site: Site, word: str, place: int) -> None:
    history_of(site.app)
    who = reader_of(site.app, interests=("diffusion", "learn to walk")).id
    with site.app.begin() as session:
        feedback.give(session, who, feedback.Kind(word), "arxiv:2603.00004", at=site.app.clock())
    mine = [title for title in picked(site, who) if title in TITLES[2:]]
    assert mine[place] == TITLES[3]


def picked(site: Site, who: int) -> list[str]:
    """The titles that a reader would get, had they got nothing yet."""
    selector = Selector(given.day(0), site.app.rising)
    with site.app.read() as session:
        chosen = selector.try_out(session, current(site.app, who))
        titles = {one.paper_id: one.paper.title for one in chosen.cohort.candidates}
    return [titles[pick.paper_id] for pick in chosen.digest.picks]


def test_forged_and_foreign_links_get_a_friendly_page(site: Site) -> None:
    _, links = mailed(site)
    link = links[0]
    other_day = re.sub(r"/\d{4}-\d\d-\d\d/", "/2026-03-03/", link)
    other_token = re.sub(r"/feedback/(.)", lambda m: "/feedback/" + "ab"[m[1] == "a"], link)
    for bad in (other_day, other_token):
        answer = site.client.get(bad)
        assert answer.status_code == 400
        assert "This link does not work" in answer.text
    assert site.client.get(re.sub(r"\d+$", "999999", link)).status_code == 404


def test_the_link_of_plain_text_lists_the_papers(site: Site) -> None:
    mailed(site)
    [link] = re.findall(r"(/feedback/[^/\s]+/[\d-]+)\s", text(site.mails()[-1]))
    page = site.client.get(link).text
    assert TITLES[0] in page
    assert f"{link}/more/" in page


def test_what_one_asked_for_is_muted_only_by_who_means_it(site: Site) -> None:
    """The mail's link knows the paper's reasons only: its page knows what the reader wants."""
    who, links = mailed(site)
    mute = next(link for link in links if "/mute/" in link)
    asked = site.client.get(mute).text
    assert "“word alignment” is one of the things you asked for" in asked
    assert "Mute it all the same" in asked
    [listed] = re.findall(r"(/feedback/[^/\s]+/[\d-]+)\s", text(site.mails()[-1]))
    assert "/mute/" not in site.client.get(listed).text
    with site.app.begin() as session:
        wanted = InterestProfile(interests=("fast word alignment of scripts",))
        preferences.change_profile(session, who, wanted, now=site.app.clock())
    assert "/mute/" in site.client.get(listed).text
    page = site.client.get(mute).text
    assert "Yes, mute it" in page
    assert "asked for" not in page
