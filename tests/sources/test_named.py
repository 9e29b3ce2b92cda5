from datetime import date

import pytest

from digest.errors import UnknownSource
from digest.sources.named import label_of, name_of, source_named


@pytest.mark.parametrize(
    ("spec", "label"),
    [
        ("huggingface", "Hugging Face"),
        ("arxiv:cs.CL+cs.LG", "arXiv"),
        ("arxiv-api:cat:cs.CL AND all:bert", "arXiv"),
        ("biorxiv", "bioRxiv"),
        ("biorxiv:genomics", "bioRxiv"),
        ("medrxiv:public_health", "medRxiv"),
    ],
)
def test_a_source_has_the_name_it_was_asked_for(spec, label):
    source = source_named(spec)
    assert (source.name, source.label) == (spec, label)
    assert source.url(date(2026, 5, 7), 0).startswith("https://")
    assert source.lookback >= 0


def test_a_url_is_a_feed_named_by_host_and_path():
    source = source_named("https://www.nature.com/nature.rss")
    assert (source.name, source.label) == ("feed:www.nature.com/nature.rss", "nature.com")
    assert source.url(date(2026, 5, 7), 0) == "https://www.nature.com/nature.rss"
    assert source.url(date(2026, 5, 7), 1) is None
    assert name_of("https://www.nature.com/nature.rss") == source.name
    assert label_of("https://www.nature.com/nature.rss") == label_of(source.name) == "nature.com"


def test_what_is_no_source_has_the_name_it_was_given():
    assert name_of("listings/2026-05-07.json") == "listings/2026-05-07.json"


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "arxiv",
        "arxiv:",
        "arxiv:../x",
        "arxiv-api:",
        "biorxiv:",
        "hugging",
        "file:///etc/passwd",
        "x\ny",
    ],
)
def test_an_unknown_name_is_one_line_that_lists_what_there_is(spec):
    with pytest.raises(UnknownSource, match=r"there are: huggingface, arxiv:cs\.CL") as caught:
        source_named(spec)
    assert "\n" not in str(caught.value)
