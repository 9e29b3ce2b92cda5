"""A reader's language, and how else they want their mail, through the API."""

from digest.store import api_keys
from digest.store.api_keys import Scope
from tests.web.conftest import Site
from tests.web.readers import current, reader_of


def key_of(site: Site) -> dict[str, str]:
    """The header of a program that may do everything."""
    with site.app.begin() as session:
        key = api_keys.add(session, "test", set(Scope), now=site.app.clock())
    return {"Authorization": f"Bearer {key}"}


def test_programs_read_and_change_the_language_of_the_mail(site: Site) -> None:
    reader, ours = reader_of(site.app), key_of(site)
    path = f"/api/v1/subscribers/{reader.address}"
    assert site.client.get(path, headers=ours).json()["language"] == "en"
    changed = site.client.patch(path, headers=ours, json={"language": "pt-BR"})
    assert (changed.status_code, changed.json()["language"]) == (200, "pt_BR")
    assert current(site.app, reader.id).language == "pt_BR"
    untouched = site.client.patch(path, headers=ours, json={"hour": 7})
    assert untouched.json()["language"] == "pt_BR"
    wrong = site.client.patch(path, headers=ours, json={"language": "klingon"})
    assert wrong.status_code in (400, 422)
    assert "klingon" in wrong.text
    asked = {"email": "bob@example.org", "consent_source": "a form", "language": "ja"}
    added = site.client.post("/api/v1/subscribers", headers=ours, json=asked)
    assert (added.status_code, added.json()["language"]) == (201, "ja")


def test_programs_read_and_change_how_the_mail_looks(site: Site) -> None:
    reader, ours = reader_of(site.app), key_of(site)
    path = f"/api/v1/subscribers/{reader.address}"
    before = site.client.get(path, headers=ours).json()
    assert (before["plain_only"], before["quiet_line"]) == (False, False)
    changed = site.client.patch(path, headers=ours, json={"plain_only": True}).json()
    assert (changed["plain_only"], changed["quiet_line"]) == (True, False)
    changed = site.client.patch(path, headers=ours, json={"quiet_line": True, "hour": 7}).json()
    assert (changed["plain_only"], changed["quiet_line"]) == (True, True)
    back = site.client.patch(path, headers=ours, json={"plain_only": False}).json()
    assert (back["plain_only"], back["quiet_line"]) == (False, True)
    assert current(site.app, reader.id).manner.quiet_line
    assert site.client.patch(path, headers=ours, json={"plain_only": "no"}).status_code == 422
