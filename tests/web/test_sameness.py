"""Nobody learns from the sign-up who is a reader: one answer, one way through the code, one mail.

Standard 50. Clocks are no test: that the same statements run says that the same time passes;
`python -m tests.bench.sameness` prints the times.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx2
from sqlalchemy import event
from sqlalchemy.orm import Session

from digest.app import App
from digest.clock import utcnow
from digest.web import stamp
from subscribers import address as addresses
from subscribers import suppression
from subscribers.consent import Reason, Status
from tests.given import at, subscriber
from tests.web.conftest import ON_BOTH, Site, served, until
from tests.web.conftest import text as body
from tests.web.forms import posted, press

KINDS = ("new", "pending", "active", "paused", "unsubscribed", "bounced", "complained", "erased")


def stand(session: Session, app: App, kind: str) -> None:
    """Somebody whose address is theirs in that status, or suppressed for that reason."""
    email = f"{kind}@example.org"
    if kind in tuple(Status):
        subscriber(session, email, status=Status(kind))
    if kind in tuple(Reason):
        where = addresses.parse(email)
        suppression.suppress(session, where, Reason(kind), key=app.secret, now=at(0), source="t")


def stand_all(app: App) -> None:
    with app.begin() as session:
        for kind in KINDS:
            stand(session, app, kind)


@contextmanager
def statements(app: App) -> Iterator[list[str]]:
    """What the database is told meanwhile, by any thread."""
    told: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        told.append(statement)

    event.listen(app.database.engine, "before_cursor_execute", note)
    yield told
    event.remove(app.database.engine, "before_cursor_execute", note)


def seen(answer: httpx2.Response) -> tuple[int, bytes, dict[str, str]]:
    return answer.status_code, answer.content, dict(answer.headers) | {"date": ""}


@ON_BOTH
def test_the_answer_and_the_mail_are_the_same_whoever_the_address_belongs_to(site: Site) -> None:
    stand_all(site.app)
    answers = [press(site, f"{kind}@example.org") for kind in KINDS]
    assert all(seen(answer) == seen(answers[0]) for answer in answers)
    until(lambda: posted(site.app))
    asked = {str(mail["To"]) for mail in site.mails()}
    assert asked == {f"{kind}@example.org" for kind in KINDS if kind != "complained"}
    bodies = {re.sub(r"/confirm/[\w-]+", "", body(mail)) for mail in site.mails()}
    assert len(bodies) == 1


def test_who_is_too_quick_is_answered_the_same_too(site: Site) -> None:
    stand_all(site.app)
    shown = stamp.stamp(utcnow() + timedelta(minutes=1), site.app.secret)
    with statements(site.app) as told:
        answers = [press(site, f"{kind}@example.org", stamp=shown) for kind in KINDS]
    assert {answer.status_code for answer in answers} == {400}
    for kind, answer in zip(KINDS, answers, strict=True):
        assert answer.text.replace(f"{kind}@", f"{KINDS[0]}@") == answers[0].text
    assert not [one for one in told if "subscribers" in one]


@ON_BOTH
def test_the_request_runs_the_same_statements_whoever_the_address_belongs_to(app: App) -> None:
    stand_all(app)
    shapes = []
    with served(app, with_desk=False) as site:
        for kind in KINDS:
            with statements(app) as told:
                assert press(site, f"{kind}@example.org").status_code == 200
            shapes.append(told)
    assert all(shape == shapes[0] for shape in shapes)
    touched = {re.findall(r"(?:INTO|FROM|UPDATE) (\w+)", one)[0] for one in writes(shapes[0])}
    assert touched == {"budgets", "signups"}


@ON_BOTH
def test_the_api_too(app: App) -> None:
    stand_all(app)
    shapes, answers = [], []
    with served(app, with_desk=False) as site:
        for kind in KINDS:
            with statements(app) as told:
                wanted = {"email": f"{kind}@example.org"}
                answers.append(site.client.post("/api/v1/subscriptions", json=wanted))
            shapes.append(told)
    assert all(seen(answer) == seen(answers[0]) for answer in answers)
    assert all(shape == shapes[0] for shape in shapes)
    assert writes(shapes[0])


def writes(shape: list[str]) -> list[str]:
    return [one for one in shape if not one.startswith(("BEGIN", "SELECT pg", "select pg"))]
