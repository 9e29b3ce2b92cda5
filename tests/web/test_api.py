"""The HTTP API by hand: keys and scopes, bodies too large, and what does not go with how things
stand. (test_api_fuzz.py holds every answer to its description.)"""

from collections.abc import Iterator
from itertools import product

import httpx2
import pytest

from digest.app import App
from digest.store import api_keys, lookups
from digest.store.api_keys import Scope
from digest.web.api.body import MOST_BYTES
from subscribers import address as addresses
from subscribers import suppression
from subscribers.consent import Reason, Status
from tests.given import at, subscriber
from tests.web.conftest import ON_BOTH, Site, until
from tests.web.forms import dump, person

ONE = "/api/v1/subscribers/ada@example.org"
ASKED = {"email": "new@example.org"}
ADDED = {**ASKED, "consent_source": "paper form"}
NEEDS = {
    ("GET", "/api/v1/subscribers"): Scope.SUBSCRIBERS_READ,
    ("GET", ONE): Scope.SUBSCRIBERS_READ,
    ("POST", "/api/v1/subscribers"): Scope.SUBSCRIBERS_MANAGE,
    ("PATCH", ONE): Scope.SUBSCRIBERS_MANAGE,
    ("DELETE", ONE): Scope.SUBSCRIBERS_MANAGE,
    ("POST", "/api/v1/subscriptions"): Scope.SUBSCRIBERS_WRITE,
}


def key(app: App, *scopes: Scope, name: str = "program") -> dict[str, str]:
    """The headers of a program that has a key for this."""
    with app.begin() as session:
        made = api_keys.add(session, name, set(scopes), now=app.clock())
    return {"Authorization": f"Bearer {made}"}


def asked(site: Site, how: str, path: str, headers: dict[str, str]) -> httpx2.Response:
    sent = {"POST": ADDED if path.endswith("subscribers") else ASKED, "PATCH": {"hour": 6}}
    if how in sent:
        return site.client.request(how, path, headers=headers, json=sent[how])
    return site.client.request(how, path, headers=headers)


@pytest.fixture
def all_of_it(site: Site) -> dict[str, str]:
    """The headers of a program that may do everything; Ada is a reader."""
    with site.app.begin() as session:
        subscriber(session)
    return key(site.app, *Scope)


@ON_BOTH
def test_a_key_may_do_what_its_scopes_say_and_nothing_else(site: Site) -> None:
    with site.app.begin() as session:
        subscriber(session)
    keys = {scope: key(site.app, scope, name=scope) for scope in Scope}
    before = dump(site.app)
    for (how, path), scope in product(NEEDS, Scope):
        if scope is not NEEDS[how, path]:
            answer = asked(site, how, path, keys[scope])
            assert (answer.status_code, answer.json()) == (
                403, {"detail": f"this key lacks the scope {NEEDS[how, path]}"},
            )  # fmt: skip
    assert dump(site.app) == before
    for (how, path), scope in NEEDS.items():
        assert asked(site, how, path, keys[scope]).is_success


@pytest.mark.parametrize(
    "header", [None, "Bearer pdk_guessed", "Bearer x", "Basic YTpi", "Bearer", "Bearer \xe9"]
)
def test_without_a_key_in_use_there_is_only_the_front_door(site: Site, header: str | None) -> None:
    headers = {"Authorization": header.encode("latin-1")} if header else {}
    for how, path in NEEDS:
        open_to_all = NEEDS[how, path] is Scope.SUBSCRIBERS_WRITE and header is None
        answer = asked(site, how, path, headers)  # type: ignore[arg-type] # bytes will do
        assert answer.status_code == (202 if open_to_all else 401), path
        assert open_to_all or answer.headers["www-authenticate"] == "Bearer"


@ON_BOTH
def test_a_revoked_key_is_refused_from_the_next_request_on(
    site: Site, all_of_it: dict[str, str]
) -> None:
    assert site.client.get(ONE, headers=all_of_it).status_code == 200
    with site.app.begin() as session:
        api_keys.revoke(session, "program", now=site.app.clock())
    assert site.client.get(ONE, headers=all_of_it).status_code == 401
    assert key(site.app, Scope.SUBSCRIBERS_READ)  # its name is free again


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_too_large_is_refused_announced_or_not(
    site: Site, all_of_it: dict[str, str], announced: bool
) -> None:
    body = b'{"email": "' + b"a" * MOST_BYTES + b'@example.org"}'

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 8192):
            yield body[start : start + 8192]

    for how, path in NEEDS:
        if how in ("POST", "PATCH"):
            sent = body if announced else pieces()
            headers = all_of_it | {"Content-Type": "application/json"}
            answer = site.client.request(how, path, headers=headers, content=sent)
            assert (answer.status_code, answer.json()) == (
                413, {"detail": "the body is larger than 64 kB"},
            )  # fmt: skip


def test_a_body_just_small_enough_is_read(site: Site, all_of_it: dict[str, str]) -> None:
    body = b'{"hour": 6}'.ljust(MOST_BYTES)
    headers = all_of_it | {"Content-Type": "application/json"}
    assert site.client.patch(ONE, headers=headers, content=body).status_code == 200


@ON_BOTH
def test_a_suppressed_address_cannot_be_added(site: Site, all_of_it: dict[str, str]) -> None:
    with site.app.begin() as session:
        suppression.suppress(session, addresses.parse("new@example.org"), Reason.BOUNCED,
                             key=site.app.secret, now=at(0), source="t")  # fmt: skip
    answer = site.client.post("/api/v1/subscribers", headers=all_of_it, json=ADDED)
    assert answer.status_code == 409
    assert "suppressed" in answer.json()["detail"]
    assert person(site.app, "new@example.org") is None


@pytest.mark.parametrize("standing", [Status.UNSUBSCRIBED, Status.PENDING])
@pytest.mark.parametrize("wanted", ["active", "paused"])
def test_nobody_is_brought_back_who_left_or_never_confirmed(
    site: Site, standing: Status, wanted: str
) -> None:
    with site.app.begin() as session:
        subscriber(session, status=standing)
    headers = key(site.app, Scope.SUBSCRIBERS_MANAGE)
    answer = site.client.patch(ONE, headers=headers, json={"status": wanted, "hour": 5})
    assert answer.status_code == 409
    told = answer.json()["detail"]
    assert "only they can" in told
    assert ("subscribing anew" if standing is Status.UNSUBSCRIBED else "asks them again") in told
    found = person(site.app)
    assert found is not None
    assert (found.status, found.schedule.hour) == (standing, 8)


@ON_BOTH
def test_a_reader_is_added_changed_paused_and_erased(site: Site, all_of_it: dict[str, str]) -> None:
    made = site.client.post("/api/v1/subscribers", headers=all_of_it, json=ADDED)
    assert (made.status_code, made.json()["status"]) == (201, "active")
    again = site.client.post("/api/v1/subscribers", headers=all_of_it, json=ADDED | {"hour": 5})
    assert (again.status_code, again.json()["hour"]) == (200, 5)
    path = "/api/v1/subscribers/NEW@example.org"
    paused = {"status": "paused", "paused_until": "2030-01-01", "interests": ["whales"]}
    told = site.client.patch(path, headers=all_of_it, json=paused).json()
    assert (told["status"], told["interests"]) == ("paused", ["whales"])
    listed = site.client.get("/api/v1/subscribers?search=NEW", headers=all_of_it).json()
    assert [one["email"] for one in listed["subscribers"]] == ["new@example.org"]
    assert site.client.delete(path, headers=all_of_it).status_code == 204
    for how in ("GET", "DELETE"):
        assert site.client.request(how, path, headers=all_of_it).status_code == 404
    assert site.client.post(
        "/api/v1/subscribers", headers=all_of_it, json=ADDED
    ).status_code == 409  # fmt: skip


def test_likes_that_nobody_knows_are_looked_up(site: Site, all_of_it: dict[str, str]) -> None:
    given = {"email": "lou@example.org", "consent_source": "form", "liked": ["arxiv:2401.00001"]}
    assert site.client.post("/api/v1/subscribers", json=given, headers=all_of_it).is_success
    with site.app.read() as session:
        assert lookups.waiting(session) == 1
    both = {"liked": ["arxiv:2401.00001", "arxiv:2401.00002"]}
    path = "/api/v1/subscribers/lou@example.org"
    assert site.client.patch(path, json=both, headers=all_of_it).is_success
    with site.app.read() as session:
        assert lookups.waiting(session) == 2


@ON_BOTH
def test_programs_read_and_set_how_much_what_trends_counts(
    site: Site, all_of_it: dict[str, str]
) -> None:
    def told(how: str, path: str, **sent: object) -> object:
        return site.client.request(how, path, headers=all_of_it, json=sent).json()["popularity"]

    assert site.client.get(ONE, headers=all_of_it).json()["popularity"] == 25
    assert told("PATCH", ONE, popularity=0) == 0
    assert told("PATCH", ONE, hour=6) == 0
    assert told("POST", "/api/v1/subscribers", **ADDED, popularity=60) == 60
    assert told("POST", "/api/v1/subscribers", **ADDED, limit=5) == 60
    asked_for = {"email": "eve@example.org", "popularity": 100}
    assert site.client.post("/api/v1/subscriptions", json=asked_for).status_code == 202
    until(lambda: person(site.app, "eve@example.org") is not None)
    eve = person(site.app, "eve@example.org")
    assert eve is not None
    assert eve.profile.popularity == 100


@pytest.mark.parametrize("wrong", [-1, 101, 12.5, "25", True])
def test_a_popularity_that_cannot_be_kept_is_refused_by_its_name(
    site: Site, all_of_it: dict[str, str], wrong: object
) -> None:
    for how, path, sent in (
        ("PATCH", ONE, {}),
        ("POST", "/api/v1/subscribers", ADDED),
        ("POST", "/api/v1/subscriptions", ASKED),
    ):
        answer = site.client.request(
            how, path, headers=all_of_it, json={**sent, "popularity": wrong}
        )
        assert answer.status_code == 422, path
        [told] = answer.json()["detail"]
        assert told["where"] == ["body", "popularity"]
