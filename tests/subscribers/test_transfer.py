"""Import and export: each bad row costs itself, statuses are never raised, nothing is lost."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import StaticPool

from subscribers import address, erasure, preferences, roster, suppression, transfer
from subscribers.consent import Consent, ConsentKind, Reason, Status
from subscribers.csvtext import guarded, join_list, split_list, unguarded
from subscribers.errors import BadImport
from subscribers.manner import Manner
from subscribers.profile import CAPS, InterestProfile, checked
from subscribers.schedule import Cadence, Schedule
from subscribers.tables import Base
from subscribers.transfer import BadRow, ImportReport
from tests.subscribers.people import KEY, NOW, added

HEADER = (
    "email,interests,keywords,mute,categories,authors,zone,hour,cadence,confirmed_at,consent_source"
)
PROVEN = "2026-01-05T10:00:00Z,old newsletter"


def take(begin, text, now=NOW, **more):
    lines = io.StringIO(text, newline="")
    return transfer.import_csv(begin, lines, now=now, secret=KEY, **more)


def person(begin, typed):
    with begin() as session:
        return roster.find(session, address.parse(typed))


def row(email, rest=""):
    return f"{HEADER}\n{email},,,,,,,,,{rest or ','}\n"


def test_a_row_with_evidence_becomes_active_and_one_without_pending(begin):
    text = (
        f"{HEADER}\r\n"
        f"Ada@X.org,graph nets; protein folding,GNN,crypto,cs.LG;q-bio.BM,Ada Lovelace,"
        f"europe/paris,7,weekly:fri,{PROVEN}\r\n"
        "bob@x.org,,,,,,,,,,\r\n"
        "\r\n"
        "cyd@x.org,,,,,,,,,2026-01-05T10:00:00Z,\r\n"
    )
    assert take(begin, text) == ImportReport(added=3, updated=0, unchanged=0, skipped=0, bad=())
    ada, bob, cyd = (person(begin, f"{name}@x.org") for name in ("ada", "bob", "cyd"))
    assert ada.address.as_typed == "Ada@X.org"
    assert (ada.status, bob.status, cyd.status) == ("active", "pending", "pending")
    assert ada.profile == InterestProfile(
        interests=("graph nets", "protein folding"),
        keywords=("GNN",),
        mute=("crypto",),
        categories=("cs.LG", "q-bio.BM"),
        authors=("Ada Lovelace",),
    )
    assert ada.schedule == Schedule(zone="Europe/Paris", hour=7, cadence=Cadence.WEEKLY, weekday=4)
    assert ada.confirmed_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert ada.consent_source == "old newsletter"
    assert bob.schedule == Schedule()
    with begin() as session:
        [event] = roster.consents(session, ada.id)
    assert (event.kind, event.source, event.at) == ("imported", "old newsletter", NOW)


def test_columns_may_be_missing_or_in_another_order_and_the_file_may_begin_with_a_bom(begin):
    report = take(begin, "\ufeffKeywords, Email \nagents,ada@x.org\n")
    assert (report.added, report.bad) == (1, ())
    assert person(begin, "ada@x.org").profile.keywords == ("agents",)


BAD_ROWS = [
    ("ada", '"ada" is no e-mail address'),
    ("", "the e-mail address is missing"),
    ("a@x.org,,,,,,Mars/Olympus", 'zone "Mars/Olympus" is no IANA'),
    ('a@x.org,,,,,,"Mars\nOlympus"', 'zone "Mars�Olympus" is no IANA'),
    ("a@x.org,,,,,,\udce9", 'zone "�" is no IANA'),
    ("a@x.org,,,,,,,25", "hour must be 0 to 23, not 25"),
    ("a@x.org,,,,,,,noon", 'hour "noon" is no whole number'),
    ("a@x.org,,,,,,,,hourly", 'cadence "hourly" is none of daily, weekdays, weekly'),
    ("a@x.org,,,,,,,,,yesterday,form", 'confirmed_at "yesterday" is no date such as'),
    ("a@x.org,,,,,,,,,2030-01-01,form", 'confirmed_at "2030-01-01" lies in the future'),
    ("a@x.org,,,,,,,,,,form,more", "12 cells under 11 columns"),
    ("a@x.org," + "x" * 501, "interests: "),
    ("a@x.org," + "x" * 140_000, "this row is no CSV: field larger than field limit"),
    ("a@x.org,L\udce9on", "interests holds bytes that are not UTF-8"),
    ('a@x.org,"never closed', "a quote is opened and never closed"),
    ('a@x.org,"closed" early', "no CSV"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_ROWS)
def test_a_bad_row_is_reported_with_its_line_and_the_others_go_in(begin, bad, reason):
    if bad == "":
        bad = ",x"
    if "early" in bad:
        bad += '"'
    quoted = '"two\nlines of, one cell"'
    text = f"{HEADER}\nfirst@x.org,{quoted}\n\n{bad}\nlast@x.org,,,,,,,,,{PROVEN}\n"
    report = take(begin, text)
    assert report.added == 2
    [told] = report.bad
    assert told.line == 5
    assert reason in told.reason
    assert "\n" not in told.reason
    told.reason.encode()
    assert person(begin, "first@x.org").profile.interests == ("two lines of, one cell",)
    assert person(begin, "last@x.org").status is Status.ACTIVE


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("lots", 'popularity "lots" is no whole number from 0 to 100'),
        ("-5", 'popularity "-5" is no whole number from 0 to 100'),
        ("12.5", 'popularity "12.5" is no whole number from 0 to 100'),
        ("100000", 'popularity "100000" is no whole number from 0 to 100'),
        ("101", "popularity must be 0 to 100, not 101"),
    ],
)
def test_a_popularity_that_cannot_be_kept_costs_its_row_only(begin, cell, reason):
    report = take(begin, f"email,popularity\nbad@x.org,{cell}\ngood@x.org, 60 \n")
    assert (report.added, report.bad) == (1, (BadRow(2, reason),))
    assert person(begin, "good@x.org").profile.popularity == 60


def test_a_row_without_a_popularity_leaves_what_the_reader_had(begin):
    with begin() as session:
        added(session, "a@x.org", profile=InterestProfile(popularity=40))
    assert take(begin, "email,popularity,keywords\na@x.org,,agents\nb@x.org,,\n").bad == ()
    assert person(begin, "a@x.org").profile == InterestProfile(keywords=("agents",), popularity=40)
    assert person(begin, "b@x.org").profile.popularity == 25
    assert take(begin, "email,popularity\na@x.org,0\n").updated == 1
    assert person(begin, "a@x.org").profile.popularity == 0


def test_an_open_quote_costs_one_row_even_before_a_thousand_others(begin):
    rows = "".join(f'r{n}@x.org,"a, b"\n' for n in range(1000))
    report = take(begin, f'email,interests\nbad@x.org,"open\n{rows}')
    assert report.added == 1000
    assert report.bad == (BadRow(2, "a quote is opened and never closed"),)


def test_a_lone_quote_inside_a_cell_is_taken_as_it_stands(begin):
    report = take(begin, 'email,interests\na@x.org,5" disks\nb@x.org,x\n')
    assert (report.added, report.bad) == (2, ())
    assert person(begin, "a@x.org").profile.interests == ('5" disks',)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a header"),
        ("name,keywords\n", 'must be a header with the column "email", not "name,keywords"'),
        ("email,mood\n", 'unknown column "mood": the columns are email,interests'),
        ("email,zone,Zone\n", 'the column "zone" stands twice'),
        ("email;interests;zone\n", "separated by commas"),
        ("\udcff\udcfee\0m\0", "must be a header"),
    ],
)
def test_a_header_that_cannot_be_used_is_one_clear_error(begin, text, said):
    with pytest.raises(BadImport, match=said) as caught:
        take(begin, text)
    assert "\n" not in str(caught.value)


def test_a_known_address_gets_the_given_fields_and_keeps_the_others(begin):
    with begin() as session:
        profile = InterestProfile(keywords=("a",), mute=("b",), liked=("arxiv:1",), limit=5)
        added(session, "a@x.org", profile=profile, schedule=Schedule(zone="Asia/Tokyo", hour=6))
    report = take(begin, "email,keywords,mute,hour\nA@X.org,c,,\n")
    assert report == ImportReport(added=0, updated=1, unchanged=0, skipped=0, bad=())
    found = person(begin, "a@x.org")
    assert found.profile == InterestProfile(keywords=("c",), liked=("arxiv:1",), limit=5)
    assert found.profile_version == 2
    assert found.schedule == Schedule(zone="Asia/Tokyo", hour=6)
    assert found.address.as_typed == "a@x.org"


def test_the_same_file_twice_changes_nothing(begin):
    text = row("a@x.org", PROVEN) + "b@x.org\n"
    take(begin, text)
    assert take(begin, text) == ImportReport(added=0, updated=0, unchanged=2, skipped=0, bad=())
    assert person(begin, "a@x.org").profile_version == 1


def test_the_later_of_two_rows_for_one_address_holds(begin):
    text = "email,keywords\na@x.org,one\nb@x.org,x\nA@X.ORG,two\na@x.org,two\n"
    report = take(begin, text)
    assert (report.added, report.updated, report.unchanged) == (2, 1, 1)
    assert person(begin, "a@x.org").profile.keywords == ("two",)


def test_evidence_makes_a_pending_person_active(begin):
    with begin() as session:
        added(session, "a@x.org", status=Status.PENDING)
    assert take(begin, row("a@x.org", PROVEN)).updated == 1
    found = person(begin, "a@x.org")
    assert (found.status, found.consent_source) == (Status.ACTIVE, "old newsletter")
    with begin() as session:
        kinds = [event.kind for event in roster.consents(session, found.id)]
    assert kinds == [ConsentKind.REQUESTED, ConsentKind.IMPORTED]


def test_no_import_lowers_an_active_person(begin):
    with begin() as session:
        added(session, "a@x.org")
    assert take(begin, "email,status\na@x.org,unsubscribed\n").unchanged == 1
    assert person(begin, "a@x.org").status is Status.ACTIVE


@pytest.mark.parametrize("kind", [ConsentKind.UNSUBSCRIBED, ConsentKind.PAUSED])
def test_no_import_brings_back_who_left_or_paused(begin, kind):
    with begin() as session:
        before = added(session, "a@x.org")
        consent = Consent(kind=kind, at=NOW, source="page")
        status = preferences.take_step(session, before.id, consent, until=date(2026, 5, 1))
    text = f"{HEADER},status\na@x.org,new words,,,,,,,,{PROVEN},active\n"
    assert take(begin, text).updated == 1
    found = person(begin, "a@x.org")
    assert found.status is status
    assert found.profile.interests == ("new words",)
    assert (found.confirmed_at, found.consent_source) == (NOW, "test")


def test_a_suppressed_or_erased_address_is_skipped(begin):
    with begin() as session:
        erased = added(session, "erased@x.org").address
        erasure.erase(session, erased, key=KEY, now=NOW, source="test")
        added(session, "bounced@x.org")
        bounced = address.parse("bounced@x.org")
        suppression.suppress(session, bounced, Reason.BOUNCED, key=KEY, now=NOW, source="test")
    text = f"{HEADER}\nErased@x.org,a,,,,,,,,{PROVEN}\nbounced@x.org,a,,,,,,,,{PROVEN}\n"
    assert take(begin, text).skipped == 2
    assert person(begin, "erased@x.org") is None
    assert person(begin, "bounced@x.org").profile.is_empty


def test_a_status_of_the_file_raises_nobody_without_evidence(begin):
    text = (
        "email,status,confirmed_at,consent_source\n"
        "a@x.org,active,,\n"
        "b@x.org,unsubscribed,2026-01-05,form\n"
        "c@x.org,unsubscribed,,\n"
        "d@x.org,dreaming,,\n"
    )
    report = take(begin, text)
    assert [bad.line for bad in report.bad] == [5]
    statuses = [person(begin, f"{name}@x.org").status for name in "abc"]
    assert statuses == [Status.PENDING, Status.UNSUBSCRIBED, Status.UNSUBSCRIBED]


class PulledPlugError(Exception):
    pass


def test_an_import_killed_between_batches_is_completed_by_a_second_run(begin):
    text = "email,keywords\n" + "".join(f"r{n}@x.org,k{n}\n" for n in range(35))

    def pull_the_plug(line):
        if line > 20:
            raise PulledPlugError

    with pytest.raises(PulledPlugError):
        take(begin, text, progress=pull_the_plug, batch=10)
    report = take(begin, text)
    assert (report.added, report.unchanged) == (15, 20)


def test_an_import_overtaken_by_a_sign_up_updates_that_person(begin, engine):
    others = []

    @event.listens_for(engine, "before_cursor_execute")
    def sign_up_first(connection, cursor, statement, *_):
        if statement.startswith("INSERT INTO subscribers") and not others:
            others.append("eve")
            with begin() as session:
                added(session, "eve@x.org", profile=InterestProfile(mute=("x",)))

    report = take(begin, "email,keywords\nada@x.org,a\neve@x.org,b\n")
    assert others == ["eve"]
    assert (report.added, report.updated, report.bad) == (1, 1, ())
    found = person(begin, "eve@x.org")
    assert found.profile == InterestProfile(keywords=("b",), mute=("x",))
    assert found.status is Status.ACTIVE


def test_progress_hears_of_the_lines_read(begin):
    heard = []
    take(begin, "email\na@x.org\nb@x.org\nc@x.org\n", progress=heard.append, batch=2)
    assert heard == [3, 4]


def test_a_file_in_another_encoding_costs_the_rows_that_are_not_utf8(begin, tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes(b"email,authors\r\na@x.org,L\xe9on\r\nb@x.org,Ada\r\n")
    with transfer.open_csv(path) as lines:
        report = transfer.import_csv(begin, lines, now=NOW, secret=KEY)
    assert (report.added, [bad.line for bad in report.bad]) == (1, [2])
    assert "UTF-8" in report.bad[0].reason


TEXTS = st.text(
    st.one_of(st.sampled_from(";\\\"=+-@,\n' "), st.characters(exclude_categories=["Cs"])),
    max_size=12,
)


@given(st.lists(TEXTS.filter(bool), max_size=4).map(tuple))
@example(("0\0\\",))
def test_a_list_cell_is_read_as_it_was_written(texts):
    assert split_list(unguarded(guarded(join_list(texts)))) == texts


@given(TEXTS)
def test_no_exported_cell_begins_a_formula(cell):
    assert not guarded(cell).startswith(("=", "+", "-", "@"))
    assert unguarded(guarded(cell)) == cell


PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["Ada@x.org", "=1+1@x.org", "zoë@bücher.example", "bob@x.org"]),
        st.builds(
            InterestProfile,
            **{name: st.lists(TEXTS, max_size=3).map(tuple) for name in CAPS},
            limit=st.integers(1, 30),
            popularity=st.integers(0, 100),
        ).map(checked),
        st.builds(
            Schedule,
            zone=st.sampled_from(["UTC", "Asia/Tokyo"]),
            hour=st.integers(0, 23),
            cadence=st.just(Cadence.WEEKLY),
            weekday=st.integers(0, 6),
        ),
        st.sampled_from([None, ConsentKind.PAUSED, ConsentKind.UNSUBSCRIBED]),
        st.builds(
            Manner,
            language=st.sampled_from(["en", "pt_BR"]),
            plain_only=st.booleans(),
            quiet_line=st.booleans(),
        ),
        st.sampled_from([None, *Reason]),
    ),
    max_size=4,
    unique_by=lambda one: one[0],
)


def memory_database():
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    Base.metadata.create_all(engine)
    return engine


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PEOPLE)
def test_an_export_read_by_an_empty_database_gives_the_same_people(people):
    first, second = memory_database(), memory_database()
    out = io.StringIO(newline="")
    with sessionmaker(first).begin() as session:
        for typed, profile, schedule, kind, manner, reason in people:
            who = added(session, typed, profile=profile, schedule=schedule)
            preferences.change_manner(session, who.id, manner)
            if reason is not None:
                suppression.suppress(session, who.address, reason, key=KEY, now=NOW, source="test")
            if kind is not None:
                step = Consent(kind=kind, at=NOW, source="page")
                preferences.take_step(session, who.id, step, until=date(2026, 5, 1))
        assert transfer.export_csv(session, out, secret=KEY) == len(people)
        before = facts(session)
    report = take(sessionmaker(second).begin, out.getvalue(), now=NOW + timedelta(days=1))
    assert (report.added, report.bad) == (len(people), ())
    with sessionmaker(second).begin() as session:
        assert facts(session) == before
    again = take(sessionmaker(first).begin, out.getvalue(), now=NOW + timedelta(days=1))
    barred = sum(reason is not None for *_, reason in people)
    assert (again.unchanged, again.skipped) == (len(people) - barred, barred)
    first.dispose()
    second.dispose()


def facts(session):
    people = roster.page(session)
    barred = suppression.suppressed_keys(session, [who.address.key for who in people], key=KEY)
    return [
        (
            who.address,
            who.profile,
            who.schedule,
            who.status,
            who.confirmed_at,
            who.consent_source,
            who.paused_until,
            who.manner,
            barred.get(who.address.key),
        )
        for who in people
    ]


def test_an_export_begins_with_the_columns_of_an_import(session):
    out = io.StringIO()
    transfer.export_csv(session, out, secret=KEY)
    assert out.getvalue().startswith(HEADER + ",")


def test_a_column_language_is_optional_checked_and_comes_out_again(begin):
    text = "email,language\nada@x.org,DE\nbob@x.org,pt-BR\ncyd@x.org,\neve@x.org,klingon\n"
    report = take(begin, text)
    assert (report.added, [row.line for row in report.bad]) == (3, [5])
    assert 'language "klingon" is no code of a language' in report.bad[0].reason
    told = {name: person(begin, f"{name}@x.org").language for name in ("ada", "bob", "cyd")}
    assert told == {"ada": "de", "bob": "pt_BR", "cyd": "en"}
    take(begin, "email,hour\nada@x.org,7\n")
    assert person(begin, "ada@x.org").language == "de"
    out = io.StringIO()
    with begin() as session:
        transfer.export_csv(session, out, secret=KEY)
    assert take(begin, out.getvalue()).unchanged == 3
    assert take(begin, "email,language\nada@x.org,fr\n").updated == 1
    assert person(begin, "ada@x.org").language == "fr"


def test_an_address_that_the_relay_cannot_take_costs_its_own_row(begin):
    text = "email\njörg@x.org\nada@bücher.example\n"
    report = take(begin, text, smtputf8=False)
    assert (report.added, [row.line for row in report.bad]) == (1, [2])
    assert "other letters than a to z before the @" in report.bad[0].reason
    assert take(begin, text, smtputf8=True).added == 1


def test_a_file_bars_the_addresses_it_calls_suppressed_and_says_what_it_cannot_read(begin):
    text = "email,suppressed,plain_only\nada@x.org,Bounced,\nbob@x.org,,maybe\ncyd@x.org,tired,\n"
    report = take(begin, text)
    assert (report.added, [row.line for row in report.bad]) == (1, [3, 4])
    assert report.bad[0].reason == 'plain_only "maybe" is neither yes nor no'
    assert 'suppressed "tired" is none of bounced, ' in report.bad[1].reason
    ada = person(begin, "ada@x.org").address
    with begin() as session:
        assert suppression.reason_for(session, ada, key=KEY) is Reason.BOUNCED
    assert take(begin, "email,hour\nada@x.org,7\n").skipped == 1
