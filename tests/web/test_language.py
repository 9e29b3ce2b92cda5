"""A reader's language through the API."""

from digest.store import api_keys
from digest.store.api_keys import Scope
from tests.web.conftest import Site
from tests.web.readers import current, reader_of


def test_programs_read_and_change_the_language_of_the_mail(site: Site) -> None:
    reader = reader_of(site.app)
    with site.app.begin() as session:
        key = api_keys.add(session, "test", set(Scope), now=site.app.clock())
    ours = {"Authorization": f"Bearer {key}"}
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
