"""Scanners open every link of every mail, again and again: nothing at all changes by it."""

import asyncio

import httpx2

from digest import sender
from tests.given import collected, day, paper, sight
from tests.web.conftest import Site, served, until
from tests.web.forms import dump, person, posted, press
from tests.web.readers import ADDRESS

TIMES = 100
PAGES = {"confirm", "unsubscribe", "settings", "feedback", "address"}


def test_opening_every_link_of_every_mail_a_hundred_times_changes_nothing(site: Site) -> None:
    links = every_link(site)
    assert {link.split("/")[1] for link in links} >= PAGES
    with served(site.app, with_desk=False) as quiet:
        before = dump(site.app)
        statuses = asyncio.run(opened(quiet.url, links))
        assert dump(site.app) == before
    assert statuses == {200}


def every_link(site: Site) -> list[str]:
    """A reader's way through all kinds of mail; every link in them, at the end."""
    collected(site.app.database, [paper("Word alignment", "2603.00001", votes=9)], sight())
    press(site, ADDRESS, interests="word alignment")
    site.client.post(first(site, 1, "/confirm/"))
    settings = first(site, 2, "/settings/")
    sender.send(site.app, day(0))
    site.client.post(f"{settings}/address", data={"address": "new@example.org"})
    site.wait_for(4)
    press(site, "late@example.org")
    site.wait_for(5)
    until(lambda: posted(site.app))
    assert person(site.app, ADDRESS)
    found = [link.partition("#")[0] for mail in site.mails() for link in site.links(mail)]
    return list(dict.fromkeys(found))


def first(site: Site, count: int, start: str) -> str:
    """The first link that begins so, of the latest of so many mails."""
    mail = site.wait_for(count)[-1]
    return next(link for link in site.links(mail) if link.startswith(start)).partition("#")[0]


async def opened(url: str, links: list[str]) -> set[int]:
    """GET and HEAD of all links, TIMES times; the statuses that came."""
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        statuses = set()
        for _ in range(TIMES):
            asked = [client.request(how, link) for link in links for how in ("GET", "HEAD")]
            statuses |= {answer.status_code for answer in await asyncio.gather(*asked)}
        return statuses
