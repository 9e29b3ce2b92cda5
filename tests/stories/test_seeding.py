"""A profile seeded from lists, libraries, authors and feeds; what nobody knows is asked of arXiv,
here a real server on loopback with arXiv's recorded answers."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time
from pydantic import SecretStr

from digest import lookups, personal, seeding
from digest.app import App, build
from digest.core.edition import Pick, ReasonKind
from digest.fetch import Fetcher, Limits
from digest.lookups import Answered, At
from digest.scheduler import Clockwork
from digest.seeding import Sown, Standing
from digest.selection import Selector
from digest.settings import load
from digest.store import jobs
from digest.store import lookups as kept
from digest.web import liked as words
from subscribers import roster
from subscribers.errors import BadProfile
from subscribers.profile import InterestProfile
from tests import given
from tests.httpd import Answer, Httpd, serving

ON_BOTH = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
NOW = given.at(0, 9)
SEEDS = b"""@misc{heat, title={Heat bath random walks}, eprint={1605.08386}}
@misc{mine, title={The one in the history}, eprint={2603.00001}}
@misc{old, title={Known by its title only}}
"""
REFUSAL = b"""<?xml version='1.0' encoding='UTF-8'?><feed xmlns="http://www.w3.org/2005/Atom">
<id>https://arxiv.org/</id><title>arXiv Search Results</title><entry>
<id>https://arxiv.org/api/errors#incorrect_id_format_for_9999.99999</id><title>Error</title>
<summary>incorrect id format for 9999.99999</summary></entry></feed>"""
ENTRY = """<entry><id>http://arxiv.org/abs/{0}v2</id><title>Paper {0}</title>
<published>2026-01-02T00:00:00Z</published><summary>About tides {0}.</summary>
<author><name>Ada L</name></author><category term="cs.CL"/></entry>"""


def feed(*ids: str) -> bytes:
    """An Atom feed with these papers, as both the API and an author's page have it."""
    entries = "".join(ENTRY.format(one) for one in ids)
    return (f"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'>"
            f"<title>x</title>{entries}</feed>").encode()  # fmt: skip


def recorded(name: str) -> bytes:
    """An answer of arXiv's API, as it was."""
    [found] = given.shared("data/arxiv_api/bodies_xml").glob(f"id_{name}_s0_*")
    return found.read_bytes()


@contextmanager
def arxiv() -> Iterator[Httpd]:
    """A server on loopback, in a thread, for as long as this lasts."""
    there: list[Httpd] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        async with serving() as server:
            there.append(server)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield there[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


@pytest.fixture
def kind() -> str:
    """The database, where a test does not say it."""
    return "sqlite"


@pytest.fixture
def instants() -> list[datetime]:
    """What the clock shows: the last of these."""
    return [NOW]


@pytest.fixture
def site(
    home: Path, kind: str, request: pytest.FixtureRequest, instants: list[datetime]
) -> Iterator[App]:
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url")
    app = build(load(database_url=url, secret=SecretStr("s" * 32)), clock=lambda: instants[-1])
    given.collected(app.database, LISTED, given.sight(0))
    yield app
    app.database.engine.dispose()


LISTED = [
    given.paper("The one in the history", "2603.00001", abstract="Of tea."),
    given.paper("Mixing times of random walks on lattice points", "2603.00002",
                abstract="Expander graphs, fibers of a fixed integer matrix, Markov bases."),
    given.paper("Robots that grasp cups", "2603.00003", abstract="Of grasping."),
]  # fmt: skip


def reader(app: App, typed: str = "ada@example.org", *liked: str) -> int:
    with app.begin() as session:
        return given.subscriber(session, typed, profile=InterestProfile(liked=liked))


def liked(app: App, who: int) -> tuple[str, ...]:
    with app.read() as session:
        return roster.by_ids(session, [who])[who].profile.liked


def sow(app: App, who: int, seeds: bytes | str) -> Sown:
    found = seeding.pasted(seeds) if isinstance(seeds, str) else seeding.file(seeds)
    with app.begin() as session:
        return seeding.sow(session, app, roster.by_ids(session, [who])[who], found)


def ask(app: App, server: Httpd) -> Answered:
    limits = Limits(allow_private=True, default_pace_s=0, attempts=1)
    at = At(api=server.url("/api"), authors=server.url("/a/"))
    return lookups.look_up(app, Fetcher(limits), at=at)


def api(*ids: str) -> str:
    return f"/api?id_list={','.join(ids)}&max_results={len(ids)}"


def picked(app: App, who: int) -> Sequence[Pick]:
    with app.read() as session:
        reader = roster.by_ids(session, [who])[who]
        [chosen] = Selector(given.day(0), app.rising).choose(session, [reader])
    return chosen.digest.picks


@ON_BOTH
def test_a_library_counts_by_its_titles_at_once_and_by_arxivs_words_once_it_answered(
    site: App,
) -> None:
    who = reader(site)
    sown = sow(site, who, SEEDS)
    assert [standing for _, standing in sown.likes] == [
        Standing.ASKED,
        Standing.KNOWN,
        Standing.TITLED,
    ]
    titles = ("Heat bath random walks", "arxiv:2603.00001", "Known by its title only")
    assert liked(site, who) == titles
    with arxiv() as server:
        server.answers[api("1605.08386")] = [Answer(body=recorded("1605.08386"))]
        assert ask(site, server) == Answered(found=1)
        assert ask(site, server) == Answered()
        assert len(server.asked) == 1
    assert liked(site, who) == ("arxiv:1605.08386", *titles[1:])
    best = picked(site, who)[0]
    assert best.paper_id == 2
    assert ("Heat-bath random walks with Markov bases", ReasonKind.LIKED) in [
        (why.text, why.kind) for why in best.reasons
    ]


def test_what_was_looked_up_is_never_listed(site: App) -> None:
    who = reader(site)
    sow(site, who, "1605.08386")
    with arxiv() as server:
        server.answers[api("1605.08386")] = [Answer(body=recorded("1605.08386"))]
        ask(site, server)
    picks = picked(site, reader(site, "other@example.org"))
    assert {pick.paper_id for pick in picks} == {1, 2, 3}


def test_an_id_that_does_not_exist_is_told_and_asked_for_again_a_few_times(
    site: App, instants: list[datetime]
) -> None:
    who = reader(site)
    sow(site, who, "arXiv:0808.05394 https://arxiv.org/abs/1707.08567v1")
    with arxiv() as server:
        both = Answer(body=recorded("0808.05394_1707.08567"))
        server.answers[api("0808.05394", "1707.08567")] = [both]
        server.answers[api("0808.05394")] = [Answer(body=recorded("0808.05394"))]
        assert ask(site, server) == Answered(found=1, missing=1)
        for _ in range(2):
            assert ask(site, server) == Answered()
            instants.append(instants[-1] + timedelta(days=1, minutes=1))
            assert ask(site, server) == Answered(missing=1)
        instants.append(instants[-1] + timedelta(days=30))
        assert ask(site, server) == Answered()
    with site.read() as session:
        found = kept.of_names(session, liked(site, who))
    assert words.note(found["arxiv:0808.05394"]) == "arXiv has no paper with this id"
    assert words.note(found["arxiv:1707.08567"]) == ""
    again = sow(site, reader(site, "other@example.org"), "0808.05394\n1707.08567")
    assert [standing for _, standing in again.likes] == [Standing.MISSING, Standing.KNOWN]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(429, b"Rate exceeded."),
        Answer(503),
        Answer(body=b"<html>maintenance</html>"),
        Answer(400, b"<html>a proxy speaks</html>"),
        Answer(cut=0),
    ],
    ids=["429", "503", "html", "proxy", "cut"],
)
def test_an_answer_that_cannot_be_had_costs_nothing_and_is_asked_for_again(
    site: App, instants: list[datetime], answer: Answer
) -> None:
    who = reader(site)
    sow(site, who, "1605.08386")
    with arxiv() as server:
        server.answers[api("1605.08386")] = [answer, Answer(body=recorded("1605.08386"))]
        first = ask(site, server)
        assert (first.found, first.missing, bool(first.error)) == (0, 0, True)
        assert "\n" not in first.error
        assert liked(site, who) == ("arxiv:1605.08386",)
        with site.read() as session:
            [one] = kept.of_names(session, ["arxiv:1605.08386"]).values()
        assert words.note(one) == "arXiv could not be asked yet"
        assert ask(site, server) == Answered()  # not before its time
        instants.append(NOW + timedelta(minutes=11))
        assert ask(site, server) == Answered(found=1)


def test_a_malformed_id_costs_itself_only(site: App) -> None:
    who = reader(site)
    sow(site, who, "1605.08386 1707.08567 9999.99999")
    with arxiv() as server:
        refused = Answer(400, REFUSAL)
        server.answers[api("1605.08386", "1707.08567", "9999.99999")] = [refused]
        server.answers[api("1605.08386")] = [Answer(body=recorded("1605.08386"))]
        server.answers[api("1707.08567", "9999.99999")] = [Answer(body=REFUSAL)]  # as 200, too
        server.answers[api("1707.08567")] = [Answer(body=recorded("1707.08567"))]
        server.answers[api("9999.99999")] = [refused]
        assert ask(site, server) == Answered(found=2, missing=1)
    with site.read() as session:
        one = kept.of_names(session, ["arxiv:9999.99999"])["arxiv:9999.99999"]
    assert "incorrect id format for 9999.99999" in one.note


def test_many_ids_go_a_hundred_at_a_time_and_once_for_all_readers(site: App) -> None:
    ids = [f"2401.{number:05d}" for number in range(1, 151)]
    for name in ("ada@example.org", "bob@example.org"):
        sow(site, reader(site, name), "\n".join(ids).encode())
    with arxiv() as server:
        for part in (ids[:100], ids[100:]):
            server.answers[api(*part)] = [Answer(body=feed(*part))]
        assert ask(site, server) == Answered(found=150)
        assert len(server.asked) == 2


@ON_BOTH
def test_an_authors_papers_are_added_to_the_likes_of_who_named_them(site: App) -> None:
    ada, bob = reader(site), reader(site, "bob@example.org", "arxiv:2401.00002")
    sown = sow(site, ada, "https://arxiv.org/a/warner_s_1")
    sow(site, bob, b"warner_s_1\n")
    assert sown.arxiv_authors == ("warner_s_1",)
    with site.read() as session:
        assert words.authors_sought(session, ada) == [
            ("author:warner_s_1", "warner_s_1", "looked up soon")
        ]
    with arxiv() as server:
        page = Answer(body=feed("2401.00001", "2401.00002"))
        server.answers["/a/warner_s_1.atom2"] = [page]
        assert ask(site, server) == Answered(found=1)
    assert liked(site, ada) == ("arxiv:2401.00001", "arxiv:2401.00002")
    assert liked(site, bob) == ("arxiv:2401.00002", "arxiv:2401.00001")
    with site.read() as session:
        assert words.authors_sought(session, ada) == []
        assert kept.of_names(session, liked(site, ada))["arxiv:2401.00001"].title


def test_an_author_whom_arxiv_does_not_know_is_told(site: App) -> None:
    who = reader(site)
    sow(site, who, "0000-0002-7970-7855")
    with arxiv() as server:
        assert ask(site, server) == Answered(missing=1)  # any other path is a 404
    with site.read() as session:
        [(_, _, note)] = words.authors_sought(session, who)
    assert note == "arXiv has no author with this id"


def test_the_feeds_of_opml_become_what_they_stand_for(site: App) -> None:
    who = reader(site)
    urls = {
        "Robots": "https://rss.arxiv.org/rss/cs.RO",
        "World models": "http://export.arxiv.org/api/query?search_query=all:%22world+model%22",
        "Me": "https://arxiv.org/a/warner_s_1.atom2",
        "A blog": "https://blog.example.org/feed",
    }
    outlines = "".join(f'<outline text="{name}" xmlUrl="{url}"/>' for name, url in urls.items())
    sown = sow(site, who, f"<opml><body>{outlines}</body></opml>".encode())
    with site.read() as session:
        profile = roster.by_ids(session, [who])[who].profile
    assert (profile.categories, profile.keywords) == (("cs.RO",), ("world model",))
    assert (sown.arxiv_authors, sown.not_followed) == (("warner_s_1",), ("A blog",))
    told = words.message(sown)
    assert "Categories added: cs.RO. Keywords added: world model." in told
    assert "A reader cannot follow “A blog”" in told


def test_more_than_a_days_look_ups_are_refused_and_nothing_is_kept(site: App) -> None:
    who = reader(site)

    def some(first: int) -> str:
        return "\n".join(f"2401.{number:05d}" for number in range(first, first + 400))

    for first in range(0, 2000, 400):
        sow(site, who, some(first))
        with site.begin() as session:
            site_reader = roster.by_ids(session, [who])[who]
            empty = replace(site_reader.profile, liked=())
            seeding.preferences.change_profile(session, who, empty, now=NOW)
    with pytest.raises(BadProfile, match="2,000 papers a day"):
        sow(site, who, some(2000))
    assert liked(site, who) == ()
    with site.read() as session:
        assert kept.waiting(session) == 2000


def test_what_waits_is_handed_out_and_erased_with_its_reader(site: App) -> None:
    who = reader(site)
    sow(site, who, "warner_s_1")
    with site.read() as session:
        address = roster.by_ids(session, [who])[who].address
    told = personal.everything(site, address)
    assert told is not None
    assert told["looked_up"] == ["author:warner_s_1"]
    assert personal.erase(site, address, source="test")
    with site.read() as session:
        assert kept.wishes_for(session, ["author:warner_s_1"]) == []
    with arxiv() as server:
        server.answers["/a/warner_s_1.atom2"] = [Answer(body=feed("2401.00001"))]
        assert ask(site, server) == Answered(found=1)


def test_a_stop_ends_the_turn_between_two_requests(site: App) -> None:
    sow(site, reader(site), "1605.08386")
    with arxiv() as server:
        at = At(api=server.url("/api"))
        assert lookups.look_up(site, Fetcher(), at=at, asked=lambda: True) == Answered()
        assert server.asked == []


def test_the_clock_asks_after_its_collection_and_says_what_went_wrong(
    site: App, unreachable: Callable[[], Fetcher]
) -> None:
    app = replace(site, settings=site.settings.model_copy(update={"sources": ()}))
    sow(app, reader(app), "1605.08386")
    clockwork = Clockwork(app, fetchers=unreachable)
    with freeze_time(NOW, real_asyncio=True):
        clockwork.enter()
        clockwork.collect()
    with app.read() as session:
        [job] = [one for one in jobs.every(session) if one.name == "look up"]
        assert kept.due(session, now=NOW, limit=9, authors=False) == []
    assert job.failures == 1
    assert "export.arxiv.org" in job.error
    assert job.due_at >= NOW + timedelta(minutes=14)


@pytest.fixture
def unreachable() -> Callable[[], Fetcher]:
    """Clients for which no host has an address."""

    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    return lambda: Fetcher(Limits(attempts=1), resolve=nowhere)
