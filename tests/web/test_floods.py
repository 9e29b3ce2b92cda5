"""Many at once: one address, one IP, one intake; and programs beside people."""

import asyncio

import httpx2
import pytest
from sqlalchemy import func, select

from digest.app import App
from digest.clock import utcnow
from digest.web.budgets import visitor
from digest.web.intake import Intake
from subscribers import address as addresses
from subscribers import signup
from subscribers.tables import SignupRow, SubscriberRow
from tests.web.conftest import ON_BOTH, Site, until
from tests.web.forms import ADA, filled, posted, press


@ON_BOTH
def test_above_the_budget_of_an_ip_there_is_a_friendly_page(site: Site) -> None:
    statuses = [press(site, f"r{n}@example.org").status_code for n in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    refused = press(site, "more@example.org")
    assert "Please try again later" in refused.text
    assert "It will work again in 60 minutes at the latest." in refused.text
    assert 3500 < int(refused.headers["retry-after"]) <= 3600
    far = {"X-Forwarded-For": "198.51.100.9"}
    other = site.client.post("/subscribe", data=filled(site.app, "o@example.org"), headers=far)
    assert other.status_code == 200


@pytest.mark.parametrize(("kind", "size"), [("sqlite", 1000), ("postgresql", 200)])
def test_a_crowd_at_once_for_one_address_is_one_row_and_one_mail(site: Site, size: int) -> None:
    async def crowd() -> list[int]:
        limits = httpx2.Limits(max_connections=50)
        async with httpx2.AsyncClient(base_url=site.url, limits=limits, timeout=60) as client:
            return await asyncio.gather(*(one(client, number) for number in range(size)))

    async def one(client: httpx2.AsyncClient, number: int) -> int:
        far = {"X-Forwarded-For": f"10.{number // 250}.{number % 250}.1"}
        email = "Ada@example.ORG" if number % 2 else ADA
        answer = await client.post("/subscribe", data=filled(site.app, email), headers=far)
        return answer.status_code

    assert set(asyncio.run(crowd())) == {200}
    site.wait_for(1)
    until(lambda: posted(site.app))
    assert len(site.mails()) == 1
    with site.app.read() as session:
        assert session.scalar(select(func.count()).select_from(SubscriberRow)) == 1


def request_of(number: int) -> signup.Request:
    return signup.Request(
        address=addresses.parse(f"r{number}@example.org"), fields={}, source="t", at=utcnow()
    )


def test_ten_thousand_addresses_from_one_ip_keep_to_the_budget(app: App) -> None:
    bomber = visitor("203.0.113.7", app.secret)

    async def bomb(intake: Intake) -> list[bool]:
        asked = (intake.put_down(request_of(number), bomber) for number in range(10_000))
        return await asyncio.gather(*asked)

    with Intake(app) as intake:
        inside = asyncio.run(bomb(intake))
    assert sum(inside) == 10
    with app.read() as session:
        assert session.scalar(select(func.count()).select_from(SignupRow)) == 10


@ON_BOTH
def test_the_intake_writes_all_that_came_before_it_closes(app: App) -> None:
    async def some(intake: Intake) -> list[bool]:
        asked = [
            asyncio.ensure_future(
                intake.put_down(request_of(number), visitor(f"10.0.{number}.1", app.secret))
            )
            for number in range(200)
        ]
        await asyncio.sleep(0)
        await asyncio.to_thread(intake.close)
        return await asyncio.gather(*asked)

    assert all(asyncio.run(some(Intake(app))))
    with app.read() as session:
        assert session.scalar(select(func.count()).select_from(SignupRow)) == 200


def test_one_that_cannot_be_written_costs_no_other(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    broken = signup.Request(
        address=addresses.parse(ADA), fields={"keywords": [b"no JSON"]}, source="t", at=utcnow()
    )
    where = visitor("203.0.113.7", app.secret)

    async def three(intake: Intake) -> list[bool | BaseException]:
        asked = (request_of(1), broken, request_of(2))
        every = (intake.put_down(one, where) for one in asked)
        return await asyncio.gather(*every, return_exceptions=True)

    with Intake(app) as intake:
        first, second, third = asyncio.run(three(intake))
    assert (first, third) == (True, True)
    assert isinstance(second, Exception)
    assert ADA not in caplog.text


@ON_BOTH
def test_the_api_spends_the_same_budget_and_leads_to_the_same_mail(site: Site) -> None:
    asked = [
        site.client.post("/api/v1/subscriptions", json={"email": f"api{n}@example.org"})
        for n in range(6)
    ]
    assert {answer.status_code for answer in asked} == {202}
    pressed = [press(site, f"form{n}@example.org").status_code for n in range(6)]
    assert pressed == [200] * 4 + [429] * 2
    last = site.client.post("/api/v1/subscriptions", json={"email": "late@example.org"})
    assert last.status_code == 429
    wait_s = int(last.headers["retry-after"])
    assert 3500 < wait_s <= 3600
    assert f"try again in {wait_s} seconds" in last.json()["detail"]
    assert len(site.wait_for(10)) == 10
