"""Settings by personal link: kept, previewed, moved, downloaded, erased."""

import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from digest import sender
from digest.app import App
from digest.store import deliveries
from digest.store.tables import BudgetRow
from subscribers import address as addresses
from subscribers import preferences, roster, suppression, tokens
from subscribers.consent import Consent, ConsentKind, Reason, Status
from subscribers.person import Subscriber
from subscribers.schedule import Cadence
from subscribers.tokens import Purpose
from tests import given
from tests.web.conftest import ON_BOTH, Site, text, until
from tests.web.forms import posted
from tests.web.readers import ADDRESS, TITLES, current, history_of, reader_of, settings

FORM = {
    "interests": "protein folding\nrobots, and how they walk",
    "keywords": "diffusion, RLHF",
    "mute": "alignment",
    "categories": "cs.CL",
    "authors": "Ada Lovelace",
    "limit": "7",
    "popularity": "75",
    "hour": "6",
    "zone": "europe/berlin",
    "cadence": "weekly",
    "weekday": "fri",
    "plain_only": "yes",
    "quiet_line": "yes",
}


@pytest.fixture
def reader(app: App) -> Subscriber:
    history_of(app)
    return reader_of(app)


@ON_BOTH
def test_everything_is_saved_and_the_page_says_so(site: Site, reader: Subscriber) -> None:
    path = settings(site.app, reader)
    answer = site.client.post(path, data=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?saved=1")
    assert "Saved." in site.client.get(answer.headers["location"]).text
    kept = current(site.app, reader.id)
    assert kept.profile.interests == ("protein folding", "robots, and how they walk")
    assert kept.profile.keywords == ("diffusion", "RLHF")
    assert (kept.profile.mute, kept.profile.limit) == (("alignment",), 7)
    assert kept.profile.popularity == 75
    assert (kept.schedule.zone, kept.schedule.hour) == ("Europe/Berlin", 6)
    assert (kept.schedule.cadence, kept.schedule.weekday) == (Cadence.WEEKLY, 4)
    assert kept.plain_only and kept.quiet_line


def test_what_is_wrong_is_said_by_field_and_nothing_typed_is_lost(
    site: Site, reader: Subscriber
) -> None:
    path = settings(site.app, reader)
    wrong = FORM | {"zone": "Mars/Base", "limit": "99", "keywords": "x" * 200}
    answer = site.client.post(path, data=wrong)
    assert answer.status_code == 400
    for field in ("zone", "limit", "keywords"):
        assert f'id="{field}-wrong"' in answer.text
    assert "Mars/Base" in answer.text
    assert "x" * 200 in answer.text
    assert "protein folding" in answer.text
    assert current(site.app, reader.id) == reader


def choices(page: str) -> tuple[list[tuple[str, str]], list[str]]:
    """What the page offers for "Picked by", and what of it is chosen."""
    [list_] = re.findall(r'<select id="popularity".*?</select>', page)
    options = re.findall(r'<option value="(\d+)"( selected)?>([^<]+)<', list_)
    return [(value, words) for value, _, words in options], [v for v, on, _ in options if on]


def with_popularity(site: Site, reader: Subscriber, popularity: int) -> str:
    """The path of the settings of a reader who has this."""
    with site.app.begin() as session:
        wanted = replace(reader.profile, popularity=popularity)
        preferences.change_profile(session, reader.id, wanted, now=site.app.clock())
    return settings(site.app, reader)


STEPS = [
    ("0", "Only my interests"),
    ("25", "Mostly my interests"),
    ("50", "Half and half"),
    ("75", "Mostly what trends"),
    ("100", "Only what trends"),
]


@pytest.mark.parametrize("step", [int(value) for value, _ in STEPS])
def test_how_much_what_trends_counts_is_chosen_in_five_steps(
    site: Site, reader: Subscriber, step: int
) -> None:
    path = settings(site.app, reader)
    assert choices(site.client.get(path).text) == (STEPS, ["25"])
    assert site.client.post(path, data=FORM | {"popularity": f"{step}"}).status_code == 303
    assert current(site.app, reader.id).profile.popularity == step
    assert choices(site.client.get(path).text) == (STEPS, [f"{step}"])


def test_a_popularity_between_the_steps_is_shown_and_outlives_a_save(
    site: Site, reader: Subscriber
) -> None:
    path = with_popularity(site, reader, 40)
    shown = sorted([*STEPS, ("40", "40 % what trends")], key=lambda one: int(one[0]))
    assert choices(site.client.get(path).text) == (shown, ["40"])
    assert site.client.post(path, data=FORM | {"popularity": "40"}).status_code == 303
    assert current(site.app, reader.id).profile.popularity == 40
    other = FORM | {"popularity": "100", "zone": "Mars/Base"}
    assert choices(site.client.post(path, data=other).text) == (shown, ["100"])
    assert current(site.app, reader.id).profile.popularity == 40


def test_a_form_without_a_popularity_leaves_what_the_reader_had(
    site: Site, reader: Subscriber
) -> None:
    path = with_popularity(site, reader, 40)
    older = {name: value for name, value in FORM.items() if name != "popularity"}
    again = site.client.post(path, data=older | {"zone": "Mars/Base"})
    assert choices(again.text)[1] == ["40"]
    assert site.client.post(path, data=older).status_code == 303
    kept = current(site.app, reader.id).profile
    assert (kept.popularity, kept.limit) == (40, 7)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("101", "Must be 0 to 100, not 101."),
        ("-1", "Must be 0 to 100, not -1."),
        ("much", "This must be a whole number."),
    ],
    ids=["too much", "too little", "no number"],
)
def test_a_popularity_that_cannot_be_kept_is_told_beside_it(
    site: Site, reader: Subscriber, typed: str, told: str
) -> None:
    answer = site.client.post(settings(site.app, reader), data=FORM | {"popularity": typed})
    assert answer.status_code == 400
    assert f'id="popularity-wrong">{told}<' in answer.text
    assert choices(answer.text) == (STEPS, ["25"])
    assert current(site.app, reader.id) == reader


@ON_BOTH
def test_the_preview_follows_what_is_typed_and_saves_nothing(
    site: Site, reader: Subscriber
) -> None:
    path = settings(site.app, reader)
    part = site.client.post(f"{path}/preview?part=1", data=FORM).text
    assert "<html" not in part
    assert TITLES[2] in part
    assert TITLES[0] not in part
    page = site.client.post(f"{path}/preview", data=FORM).text
    assert TITLES[2] in page
    assert "robots, and how they walk" in page
    assert current(site.app, reader.id) == reader


def test_links_of_other_kinds_and_erased_readers_are_refused(
    site: Site, reader: Subscriber
) -> None:
    def token(purpose: Purpose, version: int = 1, who: int = reader.id) -> str:
        now = site.app.clock()
        return tokens.make(purpose, who, key=site.app.secret, version=version, now=now)

    for bad in (
        token(Purpose.UNSUBSCRIBE),
        token(Purpose.FEEDBACK),
        token(Purpose.SETTINGS, version=2),
        token(Purpose.SETTINGS, who=999),
        "x",
    ):
        for method, tail in (("GET", ""), ("POST", ""), ("POST", "/preview"), ("GET", "/data")):
            answer = site.client.request(method, f"/settings/{bad}{tail}", data={"a": "b"})
            assert answer.status_code == 400
            assert "This link does not work" in answer.text


@ON_BOTH
def test_liked_papers_come_by_paste_and_by_file(site: Site, reader: Subscriber) -> None:
    path = settings(site.app, reader)
    bib = b"@a{x, title={{Protein} folding by diffusion}}\n@a{y, title={Not known here}}\n"
    answer = site.client.post(
        f"{path}/liked", data={"papers": "2603.00001"}, files={"file": ("my.bib", bib)}
    )
    assert (
        "3 papers were added. 1 of them is not known here yet: papers with the words of its "
        in (answer.text)
    )
    liked = current(site.app, reader.id).profile.liked
    assert liked == ("arxiv:2603.00001", "arxiv:2603.00003", "Not known here")
    assert TITLES[2] in answer.text
    site.client.post(f"{path}/unlike", data={"name": "Not known here"})
    assert current(site.app, reader.id).profile.liked == liked[:2]
    bad = site.client.post(f"{path}/liked", files={"file": ("my.bib", b"hello")})
    assert (bad.status_code, 'id="liked-wrong"' in bad.text) == (400, True)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("2603.00001", "1 paper was added."),
        ("A title of mine", "1 paper was added. It is not known here yet: papers with the words of "
         "its title come first all the same."),
        ("2603.99999", "1 paper was added. It is not known here yet: arXiv is asked for it, within "
         "the hour."),
        ("10.1101/2026.01.01", "1 paper was added. It is not known here yet: it counts from the "
         "day that a source lists it."),
        ("2603.00001\nTitle one\nTitle two\n2603.99999", "4 papers were added. 2 of them are not "
         "known here yet: papers with the words of their titles come first all the same. 1 of them "
         "is not known here yet: arXiv is asked for it, within the hour."),
    ],
    ids=["known", "title", "arXiv id", "DOI", "some of each"],
)  # fmt: skip
def test_what_becomes_of_a_liked_paper_is_said(
    site: Site, reader: Subscriber, sent: str, told: str
) -> None:
    path = settings(site.app, reader)
    answer = site.client.post(f"{path}/liked", data={"papers": sent})
    assert (answer.status_code, f">{told}<" in answer.text) == (200, True)
    again = site.client.post(f"{path}/liked", data={"papers": sent})
    assert ">Nothing was added: these papers are in your list already.<" in again.text


def test_nothing_to_like_is_an_error_and_what_was_pasted_stays(
    site: Site, reader: Subscriber
) -> None:
    path = settings(site.app, reader)
    empty = site.client.post(f"{path}/liked", data={"papers": " \n "})
    assert empty.status_code == 400
    assert "Give at least one arXiv id, link, DOI or title, or choose a file." in empty.text
    assert 'id="liked-wrong"' in empty.text
    sent = {"papers": "2603.00001"}
    wrong = site.client.post(f"{path}/liked", data=sent, files={"file": ("a.json", b"[]")})
    assert (wrong.status_code, "The file names no paper." in wrong.text) == (400, True)
    assert "\n2603.00001</textarea>" in wrong.text
    assert current(site.app, reader.id) == reader


def test_a_profile_that_is_full_says_so(site: Site, reader: Subscriber) -> None:
    path = settings(site.app, reader)
    many = "\n".join(f"Title number {number}" for number in range(502))
    told = site.client.post(f"{path}/liked", data={"papers": many}).text
    assert "500 papers were added. 2 more are over the 500 that a profile holds." in told
    told = site.client.post(f"{path}/liked", data={"papers": "One more"}).text
    assert "A profile holds 500 papers: take some out first." in told


@ON_BOTH
@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("cs.CL", ""),
        ("CS, cs.cl", ""),
        ("not a category!!", "“not a category!!”: is it spelled as the source writes it?"),
        ("cs.CL, a1, a2, a3, a4", "“a1”, “a2”, “a3” and 1 more: are they spelled as the sources"),
        ("", ""),
    ],
    ids=["carried", "an archive", "unknown", "some", "none"],
)
def test_a_category_that_no_paper_carries_is_saved_and_asked_about(
    site: Site, reader: Subscriber, typed: str, asked: str
) -> None:
    path = settings(site.app, reader)
    where = site.client.post(path, data=FORM | {"categories": typed}).headers["location"]
    page = site.client.get(where).text
    assert "Saved." in page
    assert ("No recent paper here carries" in page) == bool(asked)
    assert asked in page
    assert "No recent paper" not in site.client.get(path).text
    kept = current(site.app, reader.id).profile.categories
    assert kept == tuple(filter(None, typed.split(", ")))


def test_before_the_first_paper_no_category_is_doubted(site: Site) -> None:
    path = settings(site.app, reader_of(site.app))
    where = site.client.post(path, data=FORM).headers["location"]
    assert "No recent paper" not in site.client.get(where).text


def test_a_pause_has_an_end_and_can_be_ended(site: Site, reader: Subscriber) -> None:
    path = settings(site.app, reader)
    assert site.client.post(f"{path}/pause", data={"until": "1999-01-01"}).status_code == 400
    site.client.post(f"{path}/pause", data={"do": "pause", "until": "2030-01-01"})
    kept = current(site.app, reader.id)
    assert (kept.status, f"{kept.paused_until}") == (Status.PAUSED, "2030-01-01")
    site.client.post(f"{path}/pause", data={"do": "resume"})
    assert current(site.app, reader.id).status is Status.ACTIVE


@ON_BOTH
def test_a_new_address_is_asked_and_the_old_one_told(site: Site, reader: Subscriber) -> None:
    path = settings(site.app, reader)
    site.client.post(f"{path}/address", data={"address": "new@example.org"})
    [mail] = site.wait_for(1)
    assert mail["To"] == "new@example.org"
    [link] = re.findall(r"(/address/[^\s]+)", text(mail))
    for method in ("GET", "HEAD"):
        assert site.client.request(method, link).status_code == 200
    assert current(site.app, reader.id).address.as_typed == ADDRESS
    forged = link.replace("?to=new", "?to=eve")
    assert site.client.get(forged).status_code == 400
    for _ in range(2):
        assert "Your papers come here now" in site.client.post(link).text
    assert current(site.app, reader.id).address.as_typed == "new@example.org"
    told = site.wait_for(3)[1:]
    assert sorted(mail["To"] for mail in told) == sorted([ADDRESS, "new@example.org"])
    assert site.client.get(path).status_code == 400
    until(lambda: posted(site.app))
    assert len(site.mails()) == 3


@ON_BOTH
def test_who_moved_has_a_new_link_to_the_settings_at_once(site: Site, reader: Subscriber) -> None:
    path = settings(site.app, reader)
    site.client.post(f"{path}/address", data={"address": "new@example.org"})
    [link] = re.findall(r"(/address/[^\s]+)", text(site.wait_for(1)[0]))
    assert "/settings/" not in site.client.get(link).text
    for answer in (site.client.post(link), site.client.post(link), site.client.get(link)):
        [mine] = re.findall(r'href="(/settings/[^"]+)"', answer.text)
        assert "For new@example.org." in site.client.get(mine).text
    [mail] = [mail for mail in site.wait_for(3)[1:] if mail["To"] == "new@example.org"]
    assert mail["Subject"] == "Your papers come here from now on"
    for kind in ("plain", "html"):
        [mailed] = set(re.findall(r"(/settings/[\w-]+)", text(mail, kind)))
        assert "For new@example.org." in site.client.get(mailed).text


def test_who_moves_while_they_are_gone_is_written_to_no_more_than_before(
    site: Site, reader: Subscriber
) -> None:
    path = settings(site.app, reader)
    site.client.post(f"{path}/address", data={"address": "new@example.org"})
    [link] = re.findall(r"(/address/[^\s]+)", text(site.wait_for(1)[0]))
    with site.app.begin() as session:
        left = Consent(kind=ConsentKind.UNSUBSCRIBED, at=site.app.clock(), source="t")
        preferences.take_step(session, reader.id, left)
    site.client.post(link)
    until(lambda: posted(site.app))
    assert [mail["To"] for mail in site.mails()] == ["new@example.org", ADDRESS]


def test_the_answer_is_the_same_for_an_address_that_is_taken(
    site: Site, reader: Subscriber
) -> None:
    with site.app.begin() as session:
        given.subscriber(session, "taken@example.org")
    path = settings(site.app, reader)
    answers = {
        (answer.status_code, answer.headers["location"])
        for address in ("taken@example.org", "free@example.org", "free@example.org")
        for answer in [site.client.post(f"{path}/address", data={"address": address})]
    }
    assert len(answers) == 1
    assert all(mail["To"] == "free@example.org" for mail in site.wait_for(2))


def test_after_erasure_no_file_of_the_database_names_the_reader(
    site: Site, reader: Subscriber
) -> None:
    path = settings(site.app, reader)
    sender.send(site.app, given.day(0))
    site.client.post(path, data=FORM | {"interests": FORM["interests"] + "\nzebrafish"})
    site.client.post(f"{path}/address", data={"address": "elsewhere@example.org"})
    site.wait_for(2)
    told = json.loads(site.client.get(f"{path}/data").text)
    assert [one["data"]["popularity"] for one in told["profiles"]] == [25, 75]
    assert told["subscriber"]["address"] == ADDRESS
    assert told["deliveries"][0]["papers"][0]["reasons"]
    assert "button" in site.client.get(f"{path}/erase").text
    assert current(site.app, reader.id)
    assert "Everything is erased" in site.client.post(f"{path}/erase").text
    with site.app.read() as session:
        address = addresses.parse(ADDRESS)
        assert roster.find(session, address) is None
        assert suppression.reason_for(session, address, key=site.app.secret) is Reason.ERASED
        assert all(not one.picks for one in deliveries.of_subscriber(session, reader.id))
    checkpoint(site.app)
    file = site.app.database.file
    assert file is not None
    dump = b"".join(one.read_bytes() for one in Path(file.parent).glob(f"{file.name}*")).lower()
    assert len(dump) > 10_000
    for words in ("zebrafish", "lovelace@example", "elsewhere@example", "how they walk"):
        assert words.encode() not in dump, words


def checkpoint(app: App) -> None:
    """Move SQLite's log into its file, and empty it."""
    connection = sqlite3.connect(str(app.database.file))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def test_one_address_gets_three_letters_a_day_whoever_asks_for_them(
    site: Site, reader: Subscriber
) -> None:
    """Many subscriptions of a stranger's must not fill a third mailbox."""
    with site.app.begin() as session:
        others = [given.subscriber(session, f"bomber{n}@example.org") for n in range(4)]
    answers = {
        site.client.post(f"{path}/address", data={"address": address}).headers["location"]
        .partition("?")[2]
        for who in others
        for path in [settings(site.app, current(site.app, who))]
        for address in ("Victim@example.org", "victim@EXAMPLE.org")
    }  # fmt: skip
    assert len(answers) == 1
    path = settings(site.app, reader)
    site.client.post(f"{path}/address", data={"address": "free@example.org"})
    until(lambda: any(mail["To"] == "free@example.org" for mail in site.mails()))
    until(lambda: posted(site.app))
    asked = [mail["To"].lower() for mail in site.mails()]
    assert asked.count("victim@example.org") == 3
    with site.app.read() as session:
        keys = session.scalars(select(BudgetRow.key)).all()
    assert "victim" not in f"{keys}".lower()


def test_moving_writes_to_nobody_who_was_barred(site: Site, reader: Subscriber) -> None:
    path = settings(site.app, reader)
    site.client.post(f"{path}/address", data={"address": "new@example.org"})
    [link] = re.findall(r"(/address/[^\s]+)", text(site.wait_for(1)[0]))
    with site.app.begin() as session:
        for barred in (ADDRESS, "new@example.org"):
            suppression.suppress(
                session, addresses.parse(barred), Reason.COMPLAINED, key=site.app.secret,
                now=site.app.clock(), source="t",
            )  # fmt: skip
    assert "Your papers come here now" in site.client.post(link).text
    until(lambda: posted(site.app))
    assert len(site.mails()) == 1
    with site.app.read() as session:
        new = addresses.parse("new@example.org")
        why = suppression.reason_for(session, new, key=site.app.secret)
    assert why is Reason.COMPLAINED


def test_an_author_and_feeds_are_taken_and_what_is_looked_up_can_be_given_up(
    site: Site, reader: Subscriber
) -> None:
    path = settings(site.app, reader)
    opml = (
        b'<opml><body><outline text="Robots" xmlUrl="https://rss.arxiv.org/rss/cs.RO"/>'
        b'<outline text="A &lt;b&gt;blog" xmlUrl="https://blog.example.org/"/></body></opml>'
    )
    answer = site.client.post(
        f"{path}/liked",
        data={"papers": "warner_s_1\n2603.99999"},
        files={"file": ("feeds.opml", opml)},
    )
    assert "Categories added: cs.RO. arXiv is asked for the papers of warner_s_1" in answer.text
    assert "A reader cannot follow “A &lt;b&gt;blog”: ask whoever runs this site" in answer.text
    shown = site.client.get(path).text
    assert 'Papers of warner_s_1 <span class="meta">looked up soon</span>' in shown
    assert 'arxiv:2603.99999 <span class="meta">looked up soon</span>' in shown
    site.client.post(f"{path}/unlike", data={"name": "author:warner_s_1"})
    assert "warner_s_1 <span" not in site.client.get(path).text
    assert current(site.app, reader.id).profile.categories == ("cs.RO",)
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><opml><body>&a;</body></opml>'
    wrong = site.client.post(f"{path}/liked", files={"file": ("feeds.opml", bomb)})
    assert (wrong.status_code, "defines XML entities" in wrong.text) == (400, True)
