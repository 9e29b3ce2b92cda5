"""What monitors ask: alive, ready, and the numbers; strangers are told none of it."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from digest import pipeline, sender
from digest.app import App
from digest.cli.terminal import today
from digest.scheduler import Clockwork
from digest.store import jobs
from tests.stories.test_send import listing
from tests.web.conftest import ON_BOTH, Site
from tests.web.readers import reader_of

Sample = tuple[str, tuple[tuple[str, str], ...]]


def numbers(site: Site) -> dict[Sample, float]:
    answer = site.client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def overdue(app: App, name: str) -> None:
    """A job that was due an hour ago."""
    with app.begin() as session:
        jobs.enter(session, [name], now=app.clock() - timedelta(hours=1))


@ON_BOTH
def test_it_is_alive_and_ready(site: Site) -> None:
    assert site.client.get("/healthz").text == "ok\n"
    answer = site.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "jobs": "ok"})


def test_a_job_that_nobody_does_in_time_makes_it_unready(site: Site) -> None:
    overdue(site.app, "plan")
    answer = site.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["jobs"] == "late: plan; is a `digest run` at work?"
    assert numbers(site)["digest_job_late_seconds", (("job", "plan"),)] >= 3600


def test_jobs_that_are_done_in_time_are_no_trouble(site: Site) -> None:
    clockwork = Clockwork(site.app)
    clockwork.enter()
    assert site.client.get("/readyz").status_code == 200


def test_a_database_of_another_version_makes_it_unready(site: Site) -> None:
    with site.app.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = site.client.get("/readyz")
    assert answer.status_code == 503
    assert "digest init" in answer.json()["database"]
    assert site.client.get("/healthz").status_code == 200


@ON_BOTH
def test_the_numbers_are_those_of_the_day(site: Site) -> None:
    before = numbers(site)
    assert before["digest_lag_seconds", ()] == before["digest_queue", ()] == 0
    reader_of(site.app, interests=("whales",))
    day = today(site.app)
    pipeline.collect(site.app, [listing(site.outbox.parent, day, ["Whales"], votes=5)])
    sender.send(site.app, day)
    found = numbers(site)
    assert found["digest_digests", (("state", "sent"),)] == 1
    assert found["digest_readers", (("status", "active"),)] == 1
    assert found["digest_queue", ()] == 0


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_strangers_are_told_nothing(site: Site, path: str) -> None:
    """The test comes from 127.0.0.1, which is trusted to say for whom it asks."""
    asked = site.client.get(path, headers={"X-Forwarded-For": "8.8.8.8"})
    assert asked.status_code == 404
    assert site.client.get(path, headers={"X-Forwarded-For": "10.1.2.3"}).status_code == 200
    assert site.client.get("/healthz", headers={"X-Forwarded-For": "8.8.8.8"}).is_success


def test_what_the_first_mail_needs_is_loaded_before_somebody_waits_for_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVED], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "premailer\n"


SERVED = """
import asyncio, sys, threading
from digest.app import build, initialise
from digest.settings import load
from digest.web import server

async def serve():
    web = server.create(build(given), with_desk=False)
    assert "premailer" not in sys.modules, "loaded by the start itself"
    async with web.router.lifespan_context(web):
        for one in threading.enumerate():
            if one.name == "warm":
                one.join(60)

given = load()
initialise(given)
asyncio.run(serve())
print("premailer" if "premailer" in sys.modules else "nothing")
"""
