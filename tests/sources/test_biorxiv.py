import json
from datetime import date

import pytest

from digest.core.paper import Announce, Listing
from digest.errors import SourceFormatError
from digest.sources.biorxiv import Biorxiv
from tests.given import shared

RECORD = {
    "title": "Cells of <i>E. coli</i>",
    "authors": "Loconsole, M.; Garcia-Pelegrin, E.",
    "doi": "10.64898/2026.06.30.741992",
    "date": "2026-6-3",
    "version": "1",
    "category": "cell biology",
    "abstract": "About cells.",
    "funder": "NA",
    "published": "NA",
    "server": "bioRxiv",
}
SOURCE = Biorxiv()


def answer(*records, status="ok"):
    return json.dumps(
        {"messages": [{"status": status, "total": "1"}], "collection": records}
    ).encode()


def test_a_record_is_read_whole():
    [paper] = SOURCE.parse(answer(RECORD)).papers
    assert paper.id == "doi:10.64898/2026.06.30.741992"
    assert paper.title == "Cells of E. coli"
    assert paper.authors == ("M. Loconsole", "E. Garcia-Pelegrin")
    assert (paper.published_on, paper.listed_on) == (date(2026, 6, 3), date(2026, 6, 3))
    assert (paper.version, paper.announce) == (1, Announce.NEW)
    assert paper.categories == ("cell biology",)
    assert paper.url == "https://doi.org/10.64898/2026.06.30.741992"


def test_a_later_version_is_a_revision_whatever_its_funder():
    later = RECORD | {"version": "5", "funder": [{"name": "x"}], "published": "10.1091/mbc.E25-09"}
    [paper] = SOURCE.parse(answer(later)).papers
    assert (paper.version, paper.announce, paper.published_on) == (5, Announce.REPLACE, None)
    assert "doi:10.1091/mbc.e25-09" in paper.identities


@pytest.mark.parametrize("status", ["no posts found", "ok"])
def test_a_day_without_posts_is_quiet(status):
    assert SOURCE.parse(answer(status=status)) == Listing()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no JSON"),
        (answer(status="error: (2002) Connection refused"), "Connection refused"),
        (b"{}", "messages"),
        (b'{"messages": 3}', "no status"),
    ],
)
def test_an_error_is_one_line_in_the_servers_words(body, says):
    with pytest.raises(SourceFormatError, match=says):
        SOURCE.parse(body)


def test_a_record_without_a_doi_is_a_problem():
    listing = SOURCE.parse(answer(RECORD | {"doi": None}, RECORD, 3))
    assert len(listing.papers) == 1
    assert [problem.place for problem in listing.problems] == ["record 1", "record 3"]


def test_pages_go_by_thirty_and_a_category_is_a_parameter():
    url = Biorxiv("medrxiv", "cell_biology").url(date(2026, 8, 1), 2)
    assert (
        url
        == "https://api.biorxiv.org/details/medrxiv/2026-07-31/2026-08-01/60/json?category=cell_biology"
    )


def test_the_recordings():
    folder = shared("data/biorxiv")
    for file in sorted(folder.iterdir()):
        listing = SOURCE.parse(file.read_bytes())
        assert (len(listing.papers), listing.problems) == (1, ()), file.name
        [paper] = listing.papers
        assert paper.id.startswith("doi:10.")
        assert paper.listed_on
        assert paper.authors[0].endswith(("Loconsole", "Zhao", "Zhang", "LAPALU"))
