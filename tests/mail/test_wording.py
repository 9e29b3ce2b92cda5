"""Texts made fit for a mail."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail.language import ENGLISH
from digest.mail.links import needs_check, safe_url
from digest.mail.wording import COLUMNS, clean, direction, first_sentences, short_title, wrap


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  two\r\n lines\t", "two lines"),
        ("\u202eevil\u202c", "evil"),
        ("a\x00b\u2028c", "a b c"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ud800", ""),
    ],
)
def test_cleaning_leaves_one_line_without_hidden_characters(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text(), st.integers(10, 100))
def test_cleaned_text_is_short_and_can_be_encoded(text: str, limit: int) -> None:
    found = clean(text, limit)
    assert len(found) <= limit
    assert found == " ".join(found.encode().decode().split())


@given(st.text("ab ", max_size=400).map(lambda text: " ".join(text.split())))
def test_wrapping_changes_only_spaces(text: str) -> None:
    found = wrap(text)
    assert found.replace("\n", " ") == text
    assert all(len(line) <= COLUMNS or " " not in line for line in found.splitlines())


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Batch Speculative Decoding Done Right", "Batch Speculative Decoding Done Right"),
        (
            "BinaryAlign: Word Alignment as Binary Sequence Labeling",
            "Word Alignment as Binary Sequence Labeling",
        ),
        (
            "A Title That Goes On and On and Never Says What It Is",
            "A Title That Goes On and On and Never Says…",
        ),
    ],
)
def test_a_subject_says_as_much_of_a_title_as_fits(title: str, short: str) -> None:
    assert short_title(title, 46) == short


def test_an_abstract_ends_at_a_sentence_not_at_an_abbreviation() -> None:
    text = (
        "We test it. It works, e.g. here, as Smith et al. have shown before in the very long past."
    )
    assert first_sentences(text, 40) == "We test it."
    assert first_sentences("x" * 100, 40).endswith("…")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://arxiv.org/abs/2607.12881", "https://arxiv.org/abs/2607.12881"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//example.org", ""),
        ("https://user:pw@example.org/", ""),
        ("https://example.org/a b\"<>'", "https://example.org/a%20b%22%3C%3E%27"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        ("https://example.org/\r\nBcc: x", "https://example.org/Bcc:%20x"),
        ("https://[::1/", ""),
        ("https://example.org/" + "x" * 2000, ""),
    ],
)
def test_only_web_addresses_become_links(url: str, safe: str) -> None:
    assert safe_url(url) == safe
    assert not safe or not needs_check(safe)


def test_days_and_directions_are_said_plainly() -> None:
    assert ENGLISH.since(date(2026, 11, 16), date(2026, 11, 21)) == "since Monday"
    assert ENGLISH.since(date(2026, 11, 14), date(2026, 11, 21)) == "since 14 November"
    assert direction("ABC") == "ltr"
    assert direction("123 שלום") == "rtl"
