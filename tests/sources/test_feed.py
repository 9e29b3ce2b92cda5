# ruff: noqa: E501 -- feeds stand here as they come
from datetime import date

import pytest

from digest.core.paper import Listing
from digest.errors import SourceFormatError
from digest.sources.feed import FeedSource
from tests.given import shared

SOURCE = FeedSource("https://www.journal.example/rss.xml")
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel rdf:about="x"><title>Nature</title></channel>
<item rdf:about="https://www.nature.com/articles/s41586-024-1"><title><![CDATA[Cells of <i>E. coli</i> &amp; n<m]]></title>
<link>https://www.nature.com/articles/s41586-024-1</link>
<content:encoded><![CDATA[<p>Nature, Published online: 02 May 2024; <a href="https://www.nature.com/x">doi:10.1038/s41586-024-1</a></p>{}]]></content:encoded>
<dc:creator>Ada One</dc:creator><dc:creator>Bob Two</dc:creator><dc:identifier>doi:10.1038/s41586-024-1</dc:identifier>
<dc:date>2024-05-02</dc:date><prism:doi>10.1038/s41586-024-1</prism:doi></item></rdf:RDF>"""
RSS = "<rss version='2.0'><channel><title>t</title>{}</channel></rss>"


def only(items: str):
    [paper] = SOURCE.parse(RSS.format(f"<item>{items}</item>").encode()).papers
    return paper


def test_an_entry_of_a_journal_is_known_by_its_doi():
    [paper] = SOURCE.parse(RDF.format("A sentence about the cells.").encode()).papers
    assert paper.id == "doi:10.1038/s41586-024-1"
    assert paper.title == "Cells of E. coli & n<m"
    assert paper.authors == ("Ada One", "Bob Two")
    assert paper.abstract == "A sentence about the cells."
    assert (paper.published_on, paper.listed_on) == (date(2024, 5, 2), None)


def test_an_abstract_that_only_repeats_title_and_doi_is_none():
    [paper] = SOURCE.parse(RDF.format("Cells of <i>E. coli</i> &amp; n&lt;m").encode()).papers
    assert paper.abstract == ""


def test_html_becomes_words():
    paper = only(
        "<title>T</title><description>&lt;p&gt;One&lt;/p&gt;&lt;p&gt;t&lt;b&gt;w&lt;/b&gt;o "
        "&amp;amp; 1&lt;2 &lt;script&gt;alert(1)&lt;/script&gt;&lt;img onerror=x&gt;&lt;/p&gt;</description>"
    )
    assert paper.abstract == "One two & 1<2"


def test_a_link_that_is_no_web_link_is_dropped():
    assert only("<title>T</title><link>javascript:alert(1)</link>").url == ""


def test_an_entry_without_a_title_is_a_problem_and_costs_no_other():
    body = RSS.format("<item><link>https://a.example</link></item><item><title>T</title></item>")
    listing = SOURCE.parse(body.encode())
    assert [paper.title for paper in listing.papers] == ["T"]
    assert [str(problem) for problem in listing.problems] == ["entry 1: has no title"]


def test_a_feed_without_entries_is_quiet():
    assert SOURCE.parse(RSS.format("").encode()) == Listing()


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "iso-8859-1", "utf-8-sig"])
def test_the_declared_encoding_is_read(charset):
    declared = charset.removesuffix("-sig")
    body = f"<?xml version='1.0' encoding='{declared}'?>" + RSS.format(
        "<item><title>Café</title></item>"
    )
    assert SOURCE.parse(body.encode(charset)).papers[0].title == "Café"


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
HOSTILE = {
    "laughs": f'<!DOCTYPE x [<!ENTITY e0 "ha">{BOMB}]><rss><channel><title>&e11;</title></channel></rss>',
    "laughs behind a comment": f'<!-- <a --><!DOCTYPE x [<!ENTITY e0 "ha">{BOMB}]><rss>&e11;</rss>',
    "long entity": f'<!DOCTYPE x [<!ENTITY e "{"a" * 10**6}">]><rss>{"&e;" * 10**5}</rss>',
    "ill-formed long entity": f'&<!DOCTYPE x [<!ENTITY e "{"a" * 10**6}">]><rss>{"&e;" * 10**5}</rss>',
    "file": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><rss><channel>&e;</channel></rss>',
    "deep": "<rss><channel>" + "<a>" * 200_000,
    "loose": "<rss><channel>&" + "<a " * 500_000,
    "declaration": "<?xml " + 'encoding="' * 100_000,
    "attributes": "<rss " + " ".join(f'a{n}=""' for n in range(50_000)) + "><channel/></rss>",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_xml_that_would_eat_the_machine_is_refused_in_one_line(name, charset):
    with pytest.raises(SourceFormatError) as caught:
        SOURCE.parse(HOSTILE[name].encode(charset))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "body", [b"", b"\0" * 9, b"<html><p>Hello\nyou</p></html>", b"{}", b"\xff\xfe"]
)
def test_a_body_that_is_no_feed_is_refused_in_one_line(body):
    with pytest.raises(SourceFormatError, match=r"^journal\.example: no feed") as caught:
        SOURCE.parse(body)
    assert "\n" not in str(caught.value)


def test_no_malformed_feed_crashes():
    for file in sorted(shared("data/malformed").glob("*/*")):
        try:
            listing = SOURCE.parse(file.read_bytes())
        except SourceFormatError as error:
            messages = [str(error)]
        else:
            messages = [str(problem) for problem in listing.problems]
            assert all(paper.title and "\n" not in paper.title for paper in listing.papers)
        assert not any("\n" in message for message in messages), file.name


def test_old_encodings_are_recognised():
    folder = shared("data/malformed")
    titles = {
        "feedparser/chardet__koi8r.xml": "Как пережить новогоднюю ночь",
        "feedparser/chardet__shiftjis.xml": "DrecomRSSに記事投稿が反映されない…",
        "miniflux/xml__koi8r.xml": "Первая новость",
        "miniflux/encoding__invalid-prolog.xml": "Café",
    }
    for path, title in titles.items():
        assert SOURCE.parse((folder / path).read_bytes()).papers[0].title == title
