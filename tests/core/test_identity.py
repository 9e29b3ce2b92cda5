"""Which work a record is about: the forms that sources really use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.identity import (
    MOST_DOI,
    arxiv_id,
    conflict,
    doi,
    identities,
    openreview_id,
    strength,
    title_key,
)

NEW_STYLE = st.from_regex(r"[0-9]{4}\.[0-9]{4,5}", fullmatch=True)
OLD_STYLE = st.from_regex(r"(hep-th|math|cond-mat|q-bio)/[0-9]{7}", fullmatch=True)
NAMES = st.lists(
    st.sampled_from(["arxiv:1", "arxiv:2", "doi:10.1/a", "doi:10.1/b", "doi:10.2/a",
                     "openreview:aaaaaa", "openreview:bbbbbb", "title:t"]),
    unique=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found", "version"),
    [
        ("2603.00001", "2603.00001", None),
        ("0704.0001v3", "0704.0001", 3),
        (" arXiv:2603.00001v12 ", "2603.00001", 12),
        ("arxiv.2603.00001", "2603.00001", None),
        ("hep-th/9901001", "hep-th/9901001", None),
        ("math.GT/0309136v2", "math/0309136", 2),
        ("arXiv:cond-mat/0102536", "cond-mat/0102536", None),
        ("oai:arXiv.org:2603.00001v1", "2603.00001", 1),
        ("oai:arXiv.org:quant-ph/0309136", "quant-ph/0309136", None),
        ("http://arxiv.org/abs/2603.00001v1", "2603.00001", 1),
        ("https://arxiv.org/abs/2603.00001?context=cs.LG", "2603.00001", None),
        ("https://arxiv.org/abs/2603.00001/", "2603.00001", None),
        ("https://arxiv.org/pdf/2603.00001v2.pdf", "2603.00001", 2),
        ("https://arxiv.org/pdf/hep-th/9901001v1", "hep-th/9901001", 1),
        ("https://export.arxiv.org/abs/2603.00001", "2603.00001", None),
        ("https://ar5iv.labs.arxiv.org/html/2603.00001", "2603.00001", None),
        ("arxiv.org/abs/2603.00001", "2603.00001", None),
        ("https://huggingface.co/papers/2603.00001", "2603.00001", None),
        ("https://huggingface.co/papers/2603.00001#community", "2603.00001", None),
        ("10.48550/arXiv.2603.00001", "2603.00001", None),
        ("doi:10.48550/arXiv.2603.00001", "2603.00001", None),
        ("https://doi.org/10.48550/ARXIV.2603.00001", "2603.00001", None),
        ("https://doi.org/10.48550/arxiv.hep-th/9901001", "hep-th/9901001", None),
    ],
)
def test_every_form_of_an_arxiv_id_is_one_id(text: str, found: str, version: int | None) -> None:
    assert arxiv_id(text) == (found, version)
    assert f"arxiv:{found}" in identities("A paper", text)


@pytest.mark.parametrize(
    "text",
    ["", "2603.1", "2603.000011", "see 2603.00001", "2603.00001 and more", "10.1101/2603.00001",
     "https://example.org/abs/2603.00001", "https://notarxiv.org.evil/abs/2603.00001",
     "https://evilarxiv.org/abs/2603.00001", "hep-th/99010011", "2603.00001v1234", "٢٦٠٣.٠٠٠٠١"],
)  # fmt: skip
def test_what_is_no_arxiv_id_is_none(text: str) -> None:
    assert arxiv_id(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.1101/2024.01.01.123456", "10.1101/2024.01.01.123456"),
        ("https://doi.org/10.1101/2024.01.01.123456v2", "10.1101/2024.01.01.123456"),
        ("https://www.biorxiv.org/content/10.1101/2024.01.01.123456v2.full",
         "10.1101/2024.01.01.123456"),
        ("https://www.biorxiv.org/content/10.1101/2024.01.01.123456v12.full.pdf",
         "10.1101/2024.01.01.123456"),
        ("https://www.biorxiv.org/content/10.1101/2024.01.01.123456v1?rss=1",
         "10.1101/2024.01.01.123456"),
        ("https://doi.org/10.21203/rs.3.rs-123456/v2", "10.21203/rs.3.rs-123456"),
        ("10.26434/chemrxiv-2024-abcde-v3", "10.26434/chemrxiv-2024-abcde"),
        ("10.20944/preprints202401.0001.v1", "10.20944/preprints202401.0001"),
        ("10.31234/osf.io/abcde_v2", "10.31234/osf.io/abcde"),
        ("10.1000/model-v2", "10.1000/model-v2"),
        ("DOI: 10.1016/S0140-6736(24)00001-X.", "10.1016/s0140-6736(24)00001-x"),
        ("(see 10.1000/abc(1))", "10.1000/abc(1)"),
        ("10.1000/ABC", "10.1000/abc"),
    ],
)  # fmt: skip
def test_a_doi_is_lower_case_and_without_a_preprints_version(text: str, found: str) -> None:
    assert doi(text) == found


@pytest.mark.parametrize("text", ["", "10.1/x", "https://doi.org/10.48550/arXiv.2603.00001v1",
                                  "10.1000/" + "x" * MOST_DOI])  # fmt: skip
def test_an_arxiv_doi_or_one_no_column_can_hold_is_no_doi(text: str) -> None:
    assert doi(text) is None


def test_an_openreview_forum_id_keeps_its_case() -> None:
    assert openreview_id("https://openreview.net/forum?id=aB3-_dEf9Z") == "aB3-_dEf9Z"
    assert openreview_id("https://openreview.net/pdf?noteId=x&id=aB3dEf9Z#page=2") == "aB3dEf9Z"
    assert openreview_id("https://openreview.net/group?id=ICLR.cc") is None


@pytest.mark.parametrize(
    "other",
    ["ATTENTION IS ALL YOU NEED", "Attention  is all-you-need!", "Attentïon is all you need"],
)
def test_a_title_is_the_same_whatever_its_case_accents_and_signs(other: str) -> None:
    assert title_key(other) == title_key("Attention Is All You Need")


def test_titles_that_differ_in_a_letter_or_digit_differ() -> None:
    assert len({title_key(t) for t in ("GPT 3", "GPT 4", "GPT", "注意力", "注意")}) == 5


def test_a_title_without_letters_names_nothing() -> None:
    assert title_key("?!") == ""
    assert identities("...") == ()


@given(st.text())
def test_a_title_key_does_not_depend_on_case(title: str) -> None:
    assert title_key(title.upper()) == title_key(title.upper().lower())


@given(st.one_of(NEW_STYLE, OLD_STYLE), st.integers(1, 99))
def test_versions_and_addresses_never_change_which_work_it_is(number: str, version: int) -> None:
    forms = (number, f"arXiv:{number}v{version}", f"https://arxiv.org/abs/{number}v{version}",
             f"https://arxiv.org/pdf/{number}", f"10.48550/arXiv.{number}")  # fmt: skip
    assert {identities("t", form) for form in forms} == {(f"arxiv:{number}", *identities("t"))}


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = identities(text, text, f"https://arxiv.org/abs/{text}", f"10.1000/{text}")
    assert list(found) == sorted(found, key=strength)
    assert all(len(name) <= 255 for name in found)


def test_two_arxiv_ids_are_two_works_whatever_else_they_share() -> None:
    assert conflict(["arxiv:1", "doi:10.1/a", "title:t"], ["arxiv:2", "doi:10.1/a", "title:t"])


def test_dois_of_one_registrant_tell_and_of_two_do_not() -> None:
    assert conflict(["doi:10.1/a", "title:t"], ["doi:10.1/b", "title:t"])
    assert not conflict(["doi:10.1/a", "title:t"], ["doi:10.2/b", "title:t"])


def test_a_weaker_kind_tells_nothing_against_a_stronger_one_in_common() -> None:
    twice_submitted = (["arxiv:1", "openreview:aaaaaa"], ["arxiv:1", "openreview:bbbbbb"])
    assert not conflict(*twice_submitted)
    assert conflict(["openreview:aaaaaa", "title:t"], ["openreview:bbbbbb", "title:t"])


@given(NAMES, NAMES)
def test_conflict_is_the_same_from_both_sides_and_never_with_oneself(
    ours: list[str], theirs: list[str]
) -> None:
    assert conflict(ours, theirs) == conflict(theirs, ours)
    assert not conflict(ours, ours)
    assert not conflict(ours, ["title:t"])
