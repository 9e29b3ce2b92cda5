"""Addresses: kept as typed, compared folded (standards.md 11, 12)."""

import unicodedata

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from subscribers import address
from subscribers.errors import BadAddress

LOCAL = st.text("abzAZ09!#$%&'*+-/=?^_`{|}~.", min_size=1, max_size=70)
DOMAIN = st.lists(st.text("abxnXN09-", min_size=1, max_size=66), min_size=1, max_size=4)
ENDS = st.sampled_from(["", ".org", ".ORG", ".test", ".local", ".x1", ".c", ".arpa", ".-a", ".a-"])


def test_an_address_is_kept_as_typed_and_compared_without_case():
    one, other = address.parse(" A@X.org "), address.parse("a@x.ORG")
    assert str(one) == one.as_typed == "A@X.org"
    assert one.key == other.key == "a@x.org"


def test_a_root_dot_makes_no_other_address_and_is_never_sent():
    assert address.parse("ada@x.org.") == address.parse("ada@x.org")


def test_composed_and_decomposed_letters_are_one_address():
    composed = unicodedata.normalize("NFC", "zoë@x.org")
    decomposed = unicodedata.normalize("NFD", "zoë@x.org")
    assert composed != decomposed
    assert address.parse(composed).key == address.parse(decomposed).key


def test_an_international_domain_is_sent_and_compared_as_a_labels():
    found = address.parse("Ada@Bücher.example")
    assert found.as_typed == "Ada@Bücher.example"
    assert found.envelope == "Ada@xn--bcher-kva.example"
    assert found.key == "ada@xn--bcher-kva.example"
    assert found.key == address.parse("ada@xn--bcher-kva.example").key
    assert not found.needs_smtputf8


def test_a_greek_local_part_needs_a_relay_that_offers_smtputf8():
    found = address.parse("Δοκιμή@παράδειγμα.example")
    assert found.needs_smtputf8
    assert found.envelope.startswith("Δοκιμή@xn--")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("ada", "@-sign"),
        ("@x.org", "before the @-sign"),
        ("ada@", "after the @-sign"),
        ("ada@localhost", "period"),
        ("ada@x.test", "special-use"),
        ("ada..b@x.org", "two periods"),
        ("ada@x..org", "two periods"),
        ("ada@x.org..", "period"),
        ("ada b@x.org", "SPACE"),
        ("ada@x.org\nBcc: eve@y.org", "invalid characters"),
        ("Ada <ada@x.org>", "display name"),
        ('"a b"@x.org', "Quoting"),
        ("ada@[127.0.0.1]", "bracketed"),
        ("a" * 250 + "@x.org", "too long"),
        ("a\x00b@x.org", "<NULL>|U\\+0000|invalid"),
    ],
)
def test_what_is_no_address_is_refused_in_one_line_that_says_why(text, reason):
    with pytest.raises(BadAddress, match=reason) as caught:
        address.parse(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@given(LOCAL, DOMAIN, ENDS)
@example("a", ["x"], ".org")
@example("a", ["ab--c"], ".org")
@example("a", ["xn--bcher-kva"], ".org")
@example("a", ["x"], ".xn--p1ai")
def test_the_fast_path_accepts_nothing_that_the_validator_refuses(local, labels, end):
    text = f"{local}@{'.'.join(labels)}{end}"
    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        assert address._plain_key(text) is None
    else:
        assert address._plain_key(text) in (None, f"{found.local_part}@{found.domain}".lower())


@given(st.text("aAßŉΐΣςİıK\u0345\u0301é", min_size=1, max_size=12))
def test_a_folded_local_part_folds_to_itself_and_fits_its_column(local):
    once = address._folded(local)
    assert address._folded(once) == once
    assert address._folded(unicodedata.normalize("NFD", local)) == once


def test_the_longest_key_fits_its_column():
    found = address.parse("ΐ" * 120 + "@x.org")
    assert len(found.key) <= address.KEY_LENGTH


def test_an_address_that_needs_smtputf8_is_reachable_only_where_the_relay_takes_it():
    greek, idn = address.parse("δοκιμή@example.org"), address.parse("ada@bücher.example")
    assert address.reachable(idn, smtputf8=False) is idn
    assert address.reachable(greek, smtputf8=True) is greek
    with pytest.raises(BadAddress, match="other letters than a to z before the @"):
        address.reachable(greek, smtputf8=False)
