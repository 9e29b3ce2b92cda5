"""What the feeds stand for that a reader follows elsewhere."""

import time

import pytest

from digest.core.following import Followed, author_id, followed

API = "http://export.arxiv.org/api/query?search_query="


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://rss.arxiv.org/rss/cs.CL", Followed(("cs.CL",))),
        ("http://export.arxiv.org/rss/cs.CL+cs.LG", Followed(("cs.CL", "cs.LG"))),
        ("https://rss.arxiv.org/atom/q-bio", Followed(("q-bio",))),
        ("http://arxiv.org/rss/math.AG?mirror=us", Followed(("math.AG",))),
        ("https://arxiv.org/list/cs.RO/recent", Followed(("cs.RO",))),
        ("https://arxiv.org/a/warner_s_1.atom2", Followed(arxiv_author="warner_s_1")),
        (
            "https://www.arxiv.org/a/0000-0002-7970-7855.atom",
            Followed(arxiv_author="0000-0002-7970-7855"),
        ),
        (f"{API}cat:cs.CL+AND+all:%22state%20space%22", Followed(("cs.CL",), (), ("state space",))),
        (f"{API}au:del_maestro+OR+au:hinton_g", Followed((), ("Del Maestro", "G. Hinton"))),
        (f"{API}(cat:cs.*+OR+cat:stat.ML)&max_results=9", Followed(("cs", "stat.ML"))),
        (f"{API}ti:mamba", Followed((), (), ("mamba",))),
        (
            "https://connect.biorxiv.org/biorxiv_xml.php?subject=cell_biology+genomics",
            Followed(("cell biology", "genomics")),
        ),
    ],
)
def test_a_feed_that_is_a_search_becomes_what_it_searches_for(url: str, wanted: Followed) -> None:
    assert followed(url) == wanted


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/feed.xml",
        "https://notarxiv.org/rss/cs.CL",
        "https://arxiv.org.example.org/rss/cs.CL",
        "https://arxiv.org/rss/..%2f",
        f"{API}cat:cs.CL+ANDNOT+au:hinton_g",
        f"{API}submittedDate:[202601010000+TO+202602010000]",
        f"{API}",
        "http://export.arxiv.org/api/query?id_list=2401.00001",
        "https://connect.biorxiv.org/biorxiv_xml.php?subject=all",
        "http://[bad",
        "",
    ],
)
def test_a_feed_that_says_what_no_profile_can_stands_for_nothing(url: str) -> None:
    assert followed(url) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("warner_s_1", "warner_s_1"),
        ("https://arxiv.org/a/Van-der-Maaten_L_1.html", "van-der-maaten_l_1"),
        ("arxiv.org/a/warner_s_1/", "warner_s_1"),
        ("https://orcid.org/0000-0002-7970-785x", "0000-0002-7970-785X"),
        ("ORCID: 0000-0002-7970-7855", "0000-0002-7970-7855"),
        ("2401.00001", None),
        ("hep-th/9901001", None),
        ("Attention is all you need", None),
        ("https://arxiv.org/a/../etc_1", None),
    ],
)
def test_an_author_is_known_by_the_id_that_arxiv_gives(text: str, wanted: str | None) -> None:
    assert author_id(text) == wanted


@pytest.mark.parametrize("unit", ["a_", "a-", "cat:a+OR+", "(", "%28", "au:a+AND+", "+"])
def test_hostile_urls_take_linear_time(unit: str) -> None:
    start = time.perf_counter()
    for url in (f"{API}{unit * 100_000}", f"https://arxiv.org/a/{unit * 100_000}", unit * 100_000):
        followed(url)
        author_id(url)
    assert time.perf_counter() - start < 2
