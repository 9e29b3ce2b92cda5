"""The gate: who gets in, what every page and step asks for; no route is without it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from freezegun import freeze_time
from sqlalchemy import text as sql

from digest.app import App
from digest.core.admin import IDLE, LONGEST
from digest.errors import StoreError
from digest.store import admins, audit
from digest.web import server
from tests.web.admin.conftest import PASSWORD, Person, log_in, token_in
from tests.web.conftest import Site

OPEN = "/admin/login"
# What a viewer may do, since it changes nothing.
HARMLESS = {"/admin/readers", "/admin/mail", "/admin/logout"}


def routes(found: Any) -> Iterator[tuple[str, frozenset[str]]]:
    """Every path of an application with its methods, however routers are nested."""
    for one in getattr(found, "routes", ()):
        inner = getattr(one, "original_router", None) or getattr(one, "router", None)
        if getattr(one, "path", None) and getattr(one, "methods", None):
            yield one.path, frozenset(one.methods)
        yield from routes(inner) if inner is not None else ()


def of_desk(app: App, method: str) -> list[str]:
    every = {path for path, methods in routes(server.create(app)) if method in methods}
    return sorted(path for path in every if path.startswith("/admin"))


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


def test_every_step_is_known_to_this_test(app: App) -> None:
    steps = of_desk(app, "POST")
    assert len(steps) >= 20
    assert {OPEN, "/admin/send/order", "/admin/runs/{number}/cancel"} <= set(steps)


def test_nobody_gets_in_without_a_log_in(desk: Site, app: App) -> None:
    for path in of_desk(app, "GET"):
        if path != OPEN:
            answer = desk.client.get(filled(path))
            assert (answer.status_code, answer.headers["location"][:12]) == (303, "/admin/login"), (
                path
            )
    for path in of_desk(app, "POST"):
        answer = desk.client.post(filled(path), data={"csrf": "x"})
        assert answer.status_code == (403 if path == OPEN else 303), path


def test_every_step_without_its_token_is_refused(app: App, owner: httpx2.Client) -> None:
    other = {"csrf": "0" * 64}
    for path in of_desk(app, "POST"):
        for sent in ({}, {"csrf": ""}, other):
            answer = owner.post(filled(path), data=sent or {"q": "1"})
            assert answer.status_code == 403, (path, sent)
    assert owner.get("/admin").status_code == 200


def test_every_step_from_another_site_is_refused(app: App, owner: httpx2.Client) -> None:
    token = token_in(owner.get("/admin").text)
    for path in of_desk(app, "POST"):
        answer = owner.post(filled(path), data={"csrf": token},
                            headers={"Sec-Fetch-Site": "cross-site"})  # fmt: skip
        assert answer.status_code == 403, path


def test_a_viewer_changes_nothing(app: App, viewer: httpx2.Client) -> None:
    token = token_in(viewer.get("/admin").text)
    refused = [path for path in of_desk(app, "POST") if path not in HARMLESS | {OPEN}]
    for path in refused:
        assert viewer.post(filled(path), data={"csrf": token}).status_code == 403, path
    assert len(refused) >= 15
    assert viewer.get("/admin/send").status_code == viewer.get("/admin/file").status_code == 403


def test_the_token_of_another_session_is_refused(
    desk: Site, owner: httpx2.Client, viewer: httpx2.Client
) -> None:
    token = token_in(viewer.get("/admin").text)
    assert owner.post("/admin/logout", data={"csrf": token}).status_code == 403


def test_every_page_says_how_it_may_be_used(owner: httpx2.Client) -> None:
    for path in ("/admin", "/admin/readers/1", "/admin/send"):
        headers = owner.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
    with httpx2.Client(base_url=owner.base_url) as stranger:
        cookie = stranger.get("/admin/login").headers["set-cookie"]
    assert {"HttpOnly", "Path=/admin", "SameSite=lax"} <= set(cookie.split("; "))


WRONG = [{"password": "wrong horse battery"}, {"code": "000000"}, {"code": ""}, {"name": "nobody"}]


@pytest.mark.parametrize("wrong", WRONG, ids=["password", "code", "no code", "name"])
def test_whatever_is_wrong_the_answer_is_the_same(
    desk: Site, ada: Person, wrong: dict[str, str]
) -> None:
    with httpx2.Client(base_url=desk.url) as client:
        form = client.get("/admin/login").text
        sent = {"csrf": token_in(form), "name": "ada", "password": PASSWORD, "code": ada.code(),
                "to": ""} | wrong  # fmt: skip
        answer = client.post("/admin/login", data=sent)
        assert answer.status_code == 403
        assert "Name, password or code is wrong." in answer.text
        assert client.get("/admin").status_code == 303


def test_neither_a_code_nor_a_recovery_code_works_twice(desk: Site, ada: Person) -> None:
    code = ada.code()
    for once in (code, "AAAAA bbbbb"):
        with log_in(desk, ada, code=once) as client:
            assert client.get("/admin").status_code == 200
    for used in (code, "aaaaa-bbbbb"):
        with pytest.raises(AssertionError, match="is wrong"), log_in(desk, ada, code=used):
            pass


def test_who_tries_too_often_waits_and_the_admin_at_their_own_machine_does_not(
    desk: Site, ada: Person, owner: httpx2.Client
) -> None:
    with httpx2.Client(base_url=desk.url) as stranger:
        token = token_in(stranger.get("/admin/login").text)
        sent = {"csrf": token, "name": "ada", "password": "x" * 12, "code": "1", "to": ""}
        answers = [stranger.post("/admin/login", data=sent) for _ in range(6)]
        assert [one.status_code for one in answers] == [403] * 5 + [429]
        assert answers[-1].headers["retry-after"] == "60"
    owner.cookies.delete("desk")
    form = token_in(owner.get("/admin/login").text)
    right = sent | {"csrf": form, "password": PASSWORD, "code": ada.code()}
    assert owner.post("/admin/login", data=right).status_code == 303


@pytest.mark.parametrize(
    ("target", "leads"),
    [("https://evil.example/", "/admin"), ("//evil.example", "/admin"), ("/admin/..//x", "/admin"),
     ("/admin/runs/1", "/admin/runs/1"), ("/admin\\@evil.example", "/admin")],
)  # fmt: skip
def test_a_log_in_goes_on_only_inside_the_desk(
    desk: Site, ada: Person, target: str, leads: str
) -> None:
    with httpx2.Client(base_url=desk.url) as client:
        token = token_in(client.get("/admin/login").text)
        sent = {"csrf": token, "name": "ada", "password": PASSWORD, "to": target}
        answer = client.post("/admin/login", data=sent | {"code": ada.code()})
        assert (answer.status_code, answer.headers["location"]) == (303, leads)


def test_logging_out_ends_the_session_and_logging_in_makes_a_new_one(
    desk: Site, ada: Person, owner: httpx2.Client
) -> None:
    before = owner.cookies["desk"]
    owner.post("/admin/logout", data={"csrf": token_in(owner.get("/admin").text)})
    owner.cookies.set("desk", before, domain="127.0.0.1", path="/admin")
    assert owner.get("/admin").status_code == 303
    with log_in(desk, ada) as again:
        assert again.cookies["desk"] != before


@pytest.mark.parametrize(
    ("idle", "holds"), [(IDLE - timedelta(minutes=1), True), (IDLE * 2, False)]
)
def test_a_session_left_alone_ends(app: App, ada: Person, idle: timedelta, holds: bool) -> None:
    from digest import admission
    from digest.admission import Try

    now = app.clock()
    found = admission.log_in(app, Try("ada", PASSWORD, ada.code(), "here"))
    with freeze_time(now + idle):
        assert (admission.visit_of(app, found.token) is not None) is holds


def test_a_session_in_use_ends_too(app: App, ada: Person) -> None:
    from digest import admission
    from digest.admission import Try

    now = app.clock()
    found = admission.log_in(app, Try("ada", PASSWORD, ada.code(), "here"))
    steps = LONGEST // (IDLE / 2)
    for step in range(1, steps + 1):
        with freeze_time(now + step * IDLE / 2):
            assert admission.visit_of(app, found.token) is not None
    with freeze_time(now + LONGEST + timedelta(minutes=1)):
        assert admission.visit_of(app, found.token) is None


def test_a_reset_ends_every_log_in(desk: Site, owner: httpx2.Client) -> None:
    with desk.app.begin() as session:
        admin, secrets = admins.find(session, "ada") or pytest.fail("no ada")
        admins.replace(session, admin, secrets, ["x"])
    assert owner.get("/admin").status_code == 303


def test_the_log_says_who_did_what_and_cannot_be_changed(desk: Site, owner: httpx2.Client) -> None:
    token = token_in(owner.get("/admin").text)
    assert owner.post("/admin/readers/1/suppress", data={"csrf": token}).status_code == 303
    with desk.app.read() as session:
        [line, *_] = audit.recent(session, limit=1)
    assert (line.who, line.what, line.about) == ("ada", "suppressed a reader", "reader 1")
    for step in ("UPDATE audit_log SET who = 'x'", "DELETE FROM audit_log"):
        with pytest.raises(StoreError, match="only added to"), desk.app.begin() as session:
            session.execute(sql(step))


def test_what_is_refused_says_why_and_that_nothing_was_done(
    owner: httpx2.Client, viewer: httpx2.Client
) -> None:
    stale = owner.post("/admin/runs/1/cancel", data={"csrf": "0" * 64})
    assert "This form is of an earlier log-in" in stale.text
    token = token_in(viewer.get("/admin").text)
    role = viewer.post("/admin/runs/1/cancel", data={"csrf": token})
    assert "It takes a log-in as sender to do that; yours is viewer." in role.text


def test_a_log_in_that_ended_in_the_middle_of_a_form_says_so_and_goes_on_at_its_page(
    desk: Site,
) -> None:
    answer = desk.client.post("/admin/send/look", data={"csrf": "x"})
    assert answer.headers["location"] == "/admin/login?to=/admin/send&ended=1"
    page = desk.client.get(answer.headers["location"]).text
    assert "Your log-in has ended, and nothing was done." in page
    assert 'name="to" value="/admin/send"' in page
    assert "has ended" not in desk.client.get("/admin/login?to=/admin").text


@pytest.mark.parametrize("path", ["/admin/send/look", "/admin/send/order"])
def test_the_address_of_a_form_s_answer_leads_to_the_form(owner: httpx2.Client, path: str) -> None:
    answer = owner.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/send")
