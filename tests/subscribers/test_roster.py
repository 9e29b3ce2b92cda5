"""The roster and what persons change about themselves, on a real SQLite file."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from subscribers import address, preferences, roster
from subscribers.consent import STEPS, Consent, ConsentKind, Status, after
from subscribers.errors import BadProfile, BadStep, UnknownPerson
from subscribers.person import new_values, profile_values
from subscribers.profile import InterestProfile
from subscribers.schedule import Cadence, Schedule
from subscribers.tables import ConsentEventRow, ProfileRow, SubscriberRow
from tests.subscribers.people import NOW, added


def test_two_spellings_of_one_address_are_one_subscriber_kept_as_first_typed(session):
    first = added(session, "A@X.org", profile=InterestProfile(keywords=("agents",)))
    again = added(session, "a@x.ORG", profile=InterestProfile(keywords=("graphs",)))
    assert again == first
    assert again.address.as_typed == "A@X.org"
    assert roster.counts(session)[Status.ACTIVE] == 1
    assert len(roster.consents(session, first.id)) == 1


def test_forty_sign_ups_of_one_address_at_once_are_one_row(begin):
    def sign_up(n):
        with begin() as session:
            return added(session, "A@x.org" if n % 2 else "a@X.org").id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(sign_up, range(40)))
    with begin() as session:
        assert ids == {person.id for person in roster.page(session)}
        assert len(roster.consents(session, ids.pop())) == 1


def test_the_database_itself_refuses_a_second_row_for_an_address(session):
    added(session, "a@x.org")
    values = new_values(address.parse("A@X.org"), Schedule(), Status.PENDING, NOW)
    with pytest.raises(IntegrityError):
        session.execute(insert(SubscriberRow), [values])


@pytest.mark.parametrize(
    "wrong", [{"hour": 24}, {"weekday": 7}, {"status": "gone"}, {"cadence": "hourly"}]
)
def test_the_database_itself_refuses_values_out_of_range(session, wrong):
    person = added(session, "a@x.org")
    [(name, value)] = wrong.items()
    with pytest.raises(IntegrityError):
        session.execute(
            text(f"UPDATE subscribers SET {name} = :value WHERE id = :id"),
            {"value": value, "id": person.id},
        )


def test_what_was_added_is_found_whole(session):
    profile = InterestProfile(interests=("graph nets",), liked=("arxiv:2603.00001",), limit=7)
    schedule = Schedule(zone="Asia/Tokyo", hour=7, cadence=Cadence.WEEKLY, weekday=4)
    person = added(session, "ada@x.org", profile=profile, schedule=schedule)
    found = roster.find(session, address.parse("ADA@x.org."))
    assert found == person
    assert (found.profile, found.schedule) == (profile, schedule)
    assert (found.confirmed_at, found.consent_source, found.created_at) == (NOW, "test", NOW)
    assert roster.by_ids(session, [person.id, 999]) == {person.id: person}
    assert roster.find(session, address.parse("eve@x.org")) is None


def test_a_request_alone_makes_nobody_active(session):
    consent = Consent(kind=ConsentKind.REQUESTED, at=NOW, source="form")
    with pytest.raises(ValueError, match="makes nobody active"):
        roster.add(
            session,
            address.parse("a@x.org"),
            profile=InterestProfile(),
            schedule=Schedule(),
            status=Status.ACTIVE,
            consent=consent,
        )
    assert added(session, "b@x.org", status=Status.PENDING).confirmed_at is None


def test_pages_of_active_persons_come_in_order_and_leave_nobody_out(session):
    people = [added(session, f"r{n}@x.org") for n in range(7)]
    added(session, "waiting@x.org", status=Status.PENDING)
    preferences.take_step(
        session, people[3].id, Consent(kind=ConsentKind.PAUSED, at=NOW, source="test")
    )
    seen, after_id = [], 0
    while page := roster.active(session, after_id=after_id, limit=2):
        seen += [person.id for person in page]
        after_id = page[-1].id
    assert seen == [person.id for person in people if person is not people[3]]
    assert len(roster.page(session, limit=100)) == 8


def test_a_search_finds_a_part_of_an_address_and_takes_wildcards_literally(session):
    ada = added(session, "Ada_L@bücher.example")
    added(session, "adaxl@x.org")
    assert roster.search(session, "ADA_L") == (ada,)
    assert roster.search(session, "bücher") == (ada,)
    assert roster.search(session, "%") == ()
    assert len(roster.search(session, "ada", limit=1)) == 1


def test_a_profile_gets_a_new_version_only_when_it_differs_and_old_ones_stay(session):
    person = added(session, "a@x.org", profile=InterestProfile(keywords=("a",)))
    same = InterestProfile(keywords=(" a ",))
    assert preferences.change_profile(session, person.id, same, now=NOW) == 1
    other = InterestProfile(keywords=("b",))
    assert preferences.change_profile(session, person.id, other, now=NOW) == 2
    found = roster.find(session, person.address)
    assert (found.profile, found.profile_version) == (other, 2)
    assert roster.profile_at(session, person.id, 1) == person.profile
    assert roster.profile_at(session, person.id, 3) is None
    assert session.scalar(select(func.count()).select_from(ProfileRow)) == 2


def test_one_version_of_a_profile_exists_once(session):
    person = added(session, "a@x.org")
    with pytest.raises(IntegrityError):
        session.execute(
            insert(ProfileRow), [profile_values(person.id, 1, InterestProfile(mute=("x",)), NOW)]
        )


def test_a_schedule_changes_or_is_refused(session):
    person = added(session, "a@x.org")
    preferences.change_schedule(session, person.id, Schedule(zone="europe/paris", hour=6))
    assert roster.find(session, person.address).schedule == Schedule(zone="Europe/Paris", hour=6)
    with pytest.raises(BadProfile, match="hour"):
        preferences.change_schedule(session, person.id, Schedule(hour=99))
    with pytest.raises(UnknownPerson, match="999"):
        preferences.change_schedule(session, 999, Schedule())


def test_a_life_of_consent_is_kept_step_by_step(session):
    person = added(session, "a@x.org", status=Status.PENDING)
    kinds = [
        ConsentKind.CONFIRMED,
        ConsentKind.PAUSED,
        ConsentKind.RESUMED,
        ConsentKind.UNSUBSCRIBED,
        ConsentKind.RESUBSCRIBED,
    ]
    for n, kind in enumerate(kinds):
        event = Consent(
            kind=kind, at=NOW + timedelta(days=n), source="page", wording="1", ip_hash="ab"
        )
        preferences.take_step(session, person.id, event, until=date(2026, 4, 1))
    events = roster.consents(session, person.id)
    assert [event.kind for event in events] == [ConsentKind.REQUESTED, *kinds]
    assert (events[1].at, events[1].wording, events[1].ip_hash) == (NOW, "1", "ab")
    found = roster.find(session, person.address)
    assert (found.status, found.paused_until) == (Status.ACTIVE, None)
    assert (found.confirmed_at, found.consent_source) == (NOW, "page")


def test_a_pause_keeps_its_last_day(session):
    person = added(session, "a@x.org")
    pause = Consent(kind=ConsentKind.PAUSED, at=NOW, source="page")
    assert preferences.take_step(session, person.id, pause, until=date(2026, 4, 1)) == "paused"
    assert roster.find(session, person.address).paused_until == date(2026, 4, 1)


def test_no_step_but_a_proof_leads_from_pending_to_active():
    proofs = {ConsentKind.CONFIRMED, ConsentKind.ADDED, ConsentKind.IMPORTED}
    for kind in ConsentKind:
        allowed, target = STEPS[kind]
        if target is Status.ACTIVE and Status.PENDING in allowed:
            assert kind in proofs
    with pytest.raises(BadStep, match="resumed does not follow from unsubscribed"):
        after(Status.UNSUBSCRIBED, ConsentKind.RESUMED)


def test_a_refused_step_leaves_no_event(session):
    person = added(session, "a@x.org", status=Status.PENDING)
    with pytest.raises(BadStep):
        preferences.take_step(
            session, person.id, Consent(kind=ConsentKind.PAUSED, at=NOW, source="page")
        )
    assert session.scalar(select(func.count()).select_from(ConsentEventRow)) == 1
