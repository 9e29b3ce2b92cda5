"""Suppression and erasure: what stays is a keyed hash, and it holds."""

from datetime import timedelta

import pytest

from subscribers import address, erasure, roster, suppression
from subscribers.consent import Reason
from subscribers.profile import InterestProfile
from tests.subscribers.people import KEY, NOW, added


def suppress(session, typed, reason=Reason.BOUNCED):
    return suppression.suppress(
        session, address.parse(typed), reason, key=KEY, now=NOW, source="test"
    )


def test_an_address_is_suppressed_once_however_it_is_typed_and_the_first_reason_stays(session):
    assert suppress(session, "A@X.org") is True
    assert suppress(session, "a@x.ORG", Reason.COMPLAINED) is False
    found = suppression.reason_for(session, address.parse("a@x.org."), key=KEY)
    assert found is Reason.BOUNCED


def test_the_suppressed_among_many_are_told_apart_in_bulk(session):
    people = [added(session, f"r{n}@x.org") for n in range(2000)]
    for n in (3, 950, 1999):
        suppress(session, f"R{n}@x.org")
    ids = [person.id for person in people]
    found = suppression.suppressed_ids(session, ids, key=KEY)
    assert found == {people[n].id: Reason.BOUNCED for n in (3, 950, 1999)}
    assert suppression.suppressed_ids(session, [], key=KEY) == {}
    keys = ["r3@x.org", "r4@x.org"]
    assert suppression.suppressed_keys(session, keys, key=KEY) == {"r3@x.org": Reason.BOUNCED}


def test_a_suppression_can_be_lifted(session):
    suppress(session, "a@x.org")
    assert suppression.lift(session, address.parse("A@x.org"), key=KEY) is Reason.BOUNCED
    assert suppression.lift(session, address.parse("A@x.org"), key=KEY) is None
    assert suppression.reason_for(session, address.parse("a@x.org"), key=KEY) is None


def test_an_empty_key_hides_nothing_and_is_refused():
    with pytest.raises(ValueError, match="empty key"):
        suppression.address_hash("a@x.org", b"")


def test_personal_data_holds_every_row_about_one_person_and_nobody_else(session):
    added(session, "eve@x.org")
    added(session, "ada@x.org", profile=InterestProfile(keywords=("agents",)))
    suppress(session, "ada@x.org")
    data = erasure.personal_data(session, address.parse("Ada@x.org"), key=KEY)
    assert data["subscriber"]["address"] == "ada@x.org"
    assert data["subscriber"]["confirmed_at"] == NOW.isoformat()
    assert [row["data"]["keywords"] for row in data["profiles"]] == [["agents"]]
    assert [row["kind"] for row in data["consent_events"]] == ["added"]
    assert data["suppressed"] == "bounced"
    assert erasure.personal_data(session, address.parse("no@x.org"), key=KEY) is None


@pytest.mark.parametrize("popularity", [0, 25, 60])
def test_personal_data_says_how_much_what_trends_counts(session, popularity):
    added(session, "ada@x.org", profile=InterestProfile(popularity=popularity))
    data = erasure.personal_data(session, address.parse("ada@x.org"), key=KEY)
    assert [row["data"]["popularity"] for row in data["profiles"]] == [popularity]


def test_after_an_erasure_the_database_holds_neither_address_nor_profile(begin, engine):
    ada = address.parse("Ada.Lovelace@x.org")
    with begin() as session:
        added(session, "eve@x.org")
        added(session, ada.as_typed, profile=InterestProfile(interests=("analytical engines",)))
    with begin() as session:
        assert erasure.erase(session, ada, key=KEY, now=NOW, source="test") is True
    with begin() as session:
        assert erasure.erase(session, ada, key=KEY, now=NOW, source="test") is False
        assert suppression.reason_for(session, ada, key=KEY) is Reason.ERASED
        assert roster.find(session, address.parse("eve@x.org")) is not None
    dump = "\n".join(engine.raw_connection().iterdump()).casefold()
    assert "eve@x.org" in dump
    assert "lovelace" not in dump
    assert "analytical" not in dump


def test_the_id_of_an_erased_person_is_never_given_to_another(session):
    erased = added(session, "ada@x.org")
    later = NOW + timedelta(days=1)
    erasure.erase(session, erased.address, key=KEY, now=later, source="test")
    assert added(session, "eve@x.org").id > erased.id
