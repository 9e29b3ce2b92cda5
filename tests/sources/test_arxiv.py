import dataclasses
from datetime import date

import pytest

from digest.core.paper import Announce, Listing
from digest.errors import SourceFormatError
from digest.sources.arxiv import ArxivFeed, ArxivQuery
from tests.given import shared

ENTRY = """<item><title>{title}</title><link>https://arxiv.org/abs/{id}</link>
<description>arXiv:{id}v{version} Announce Type: {type}
Abstract: What $n$ is about.</description>
<guid isPermaLink="false">oai:arXiv.org:{id}v{version}</guid><category>cs.CL</category>
<category>cs.LG</category>
<pubDate>Thu, 18 Sep 2025 00:00:00 -0400</pubDate><arxiv:announce_type>{type}</arxiv:announce_type>
<dc:creator>Erd\\H{{o}}s P\\'al, Ada One (Oxford, UK), Bob Two, Jr.</dc:creator></item>"""
FEED = """<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom"
xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0">
<channel><title>cs.CL updates on arXiv.org</title>{}</channel></rss>"""


def entry(title="T", number="2509.13338", version=1, kind="new"):
    return ENTRY.format(title=title, id=number, version=version, type=kind)


def feed(*entries):
    return FEED.format("".join(entries)).encode()


def test_an_announcement_is_read_whole():
    [paper] = ArxivFeed("cs.CL").parse(feed(entry(version=3, kind="replace"))).papers
    assert paper.id == "arxiv:2509.13338"
    assert (paper.version, paper.announce) == (3, Announce.REPLACE)
    assert paper.abstract == "What n is about."
    assert paper.authors == ("Erdős Pál", "Ada One", "Bob Two Jr.")
    assert paper.categories == ("cs.CL", "cs.LG")
    assert paper.listed_on == date(2025, 9, 18)
    assert paper.url == "https://arxiv.org/abs/2509.13338"


def test_only_the_wanted_kinds_are_kept_and_revisions_always():
    body = feed(*(entry(t, f"2509.0000{i}", 1, t) for i, t in enumerate(Announce, 1)))
    assert [p.title for p in ArxivFeed("cs.CL").parse(body).papers] == list(Announce)
    only = ArxivFeed("cs.CL", announce={Announce.NEW}).parse(body).papers
    assert [p.title for p in only] == ["new", "replace", "replace-cross"]


def test_a_holiday_is_quiet():
    assert ArxivFeed("physics").parse(feed()) == Listing()


def test_a_cut_feed_gives_what_is_whole_and_the_line_where_it_breaks():
    whole = feed(entry("One", "2509.00001"), entry("Two", "2509.00002"))
    cut = whole[: whole.rindex(b"<link>") + 20]
    listing = ArxivFeed("cs.CL").parse(cut)
    assert listing.papers[0].title == "One"
    assert "no element found" in str(listing.problems[0])
    assert listing.problems[0].place == f"line {cut.count(bytes([10])) + 1}"


@pytest.mark.parametrize("source", [ArxivFeed("cs.CL"), ArxivQuery("cat:cs.CL")])
@pytest.mark.parametrize("body", [b"Rate exceeded.", b"<html><body>Rate exceeded.</body></html>"])
def test_a_refusal_is_quoted_on_one_line(source, body):
    with pytest.raises(SourceFormatError, match=r"^arXiv: .*Rate exceeded\.$"):
        source.parse(body)


def test_several_categories_are_one_url_and_one_page():
    source = ArxivFeed("cs.CL+cs.LG")
    assert source.url(date(2026, 5, 7), 0) == "https://rss.arxiv.org/atom/cs.CL+cs.LG"
    assert source.url(date(2026, 5, 7), 1) is None


def test_a_query_asks_for_a_week_newest_first():
    url = ArxivQuery("cat:cs.CL OR all:bert").url(date(2026, 5, 7), 1)
    assert (
        "%28cat%3Acs.CL+OR+all%3Abert%29+AND+submittedDate%3A%5B202604300000+TO+202605072359%5D"
        in url
    )
    assert "sortBy=submittedDate&sortOrder=descending&start=100&max_results=100" in url


FOUND = b"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">
<title>arXiv Query</title><entry><id>http://arxiv.org/abs/quant-ph/0201082v2</id><title>Old
 one</title><summary>  About.</summary><category term="cs.PL"/><category term="quant-ph"/>
<published>2002-01-18T15:08:05Z</published><updated>2003-01-18T15:08:05Z</updated>
<arxiv:comment>32 pages</arxiv:comment><arxiv:journal_ref>J. X 3</arxiv:journal_ref>
<arxiv:primary_category term="quant-ph"/><author><name>S. Blaha</name></author>
<author><name>B. Two</name></author><arxiv:doi>10.5121/vlsic.2012.3205</arxiv:doi></entry></feed>"""


def test_an_answer_of_the_api_is_read_whole():
    [paper] = ArxivQuery("x").parse(FOUND).papers
    assert paper.identities[:2] == ("arxiv:quant-ph/0201082", "doi:10.5121/vlsic.2012.3205")
    assert (paper.title, paper.abstract, paper.version) == ("Old one", "About.", 2)
    assert paper.authors == ("S. Blaha", "B. Two")
    assert paper.categories == ("quant-ph", "cs.PL")
    assert (paper.published_on, paper.listed_on) == (date(2002, 1, 18), None)
    assert paper.note == "32 pages; J. X 3"


def test_the_api_reports_an_error_in_its_own_words():
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Error</title>
    <id>https://arxiv.org/api/errors#x</id><summary>incorrect id format for abc</summary>
    </entry></feed>"""
    with pytest.raises(
        SourceFormatError, match="arXiv: refused the query: incorrect id format for abc"
    ):
        ArxivQuery("x").parse(body)


def test_the_recorded_feeds():
    folder = shared("data/arxiv_rss")
    source = ArxivFeed("cs.AI")
    whole = source.parse((folder / "atom_cs.AI_2025-08-20.xml").read_bytes())
    assert len(whole.papers) == 7
    assert not whole.problems
    assert {paper.listed_on for paper in whole.papers} == {date(2025, 8, 20)}
    assert not any(
        p.abstract.startswith("arXiv:") or "\\" in "".join(p.authors) for p in whole.papers
    )
    assert (
        source.parse((folder / "rss_physics_2025-12-31_empty_holiday.xml").read_bytes())
        == Listing()
    )
    for cut in folder.glob("*TRUNCATED.xml"):
        listing = source.parse(cut.read_bytes())
        assert [problem.place for problem in listing.problems] == ["line 22"]
        assert len(listing.papers) == 1


def test_the_recorded_answers_of_the_api():
    source, total = ArxivQuery("x"), 0
    for file in sorted(shared("data/arxiv_api/bodies_xml").glob("*.xml")):
        if "id_abc" in file.name:
            with pytest.raises(SourceFormatError, match="incorrect id format for abc"):
                source.parse(file.read_bytes())
            continue
        listing = source.parse(file.read_bytes())
        assert not listing.problems, file.name
        assert all(paper.published_on and paper.categories for paper in listing.papers)
        assert ("totalResults>0<" in file.read_text("utf-8")) == (listing == Listing())
        total += len(listing.papers)
    assert total > 200
    with pytest.raises(SourceFormatError, match="Rate exceeded"):
        source.parse(shared("data/arxiv_api/http429_2026-09-15_body.html").read_bytes())


def test_papers_are_plain_values():
    [paper] = ArxivQuery("x").parse(FOUND).papers
    assert all(type(value).__module__ != "feedparser" for value in dataclasses.astuple(paper))
