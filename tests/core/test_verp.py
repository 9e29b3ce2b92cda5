"""The signed tag in an envelope address: ours is read, however it was folded; no other is."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core import verp
from digest.core.verp import Tagged

SECRET = b"s" * 32
DAY = date(2026, 5, 7)


@given(st.dates(date(2020, 1, 1), date(2190, 1, 1)), st.integers(0, 2**56 - 1))
def test_a_digests_tag_says_its_day_and_reader(day: date, reader: int) -> None:
    tag = verp.make(f"digest.{day}.{reader}", SECRET)
    assert verp.read(tag, SECRET) == Tagged(reader, day)
    assert verp.read(tag.upper(), SECRET) == Tagged(reader, day)


def test_another_messages_tag_says_its_row() -> None:
    said = verp.read(verp.make("confirmation.34", SECRET), SECRET)
    assert said == Tagged(34, None)
    assert said is not None
    assert said.subscriber_id is None


def test_the_address_is_short_enough_and_gives_its_tag_back() -> None:
    """standards.md 25; RFC 5321, 4.5.3.1.1: at most 64 octets before the @."""
    sender = verp.sender("bounces@example.org", f"digest.{DAY}.10000000", SECRET)
    local, _, domain = sender.rpartition("@")
    assert domain == "example.org"
    assert local.startswith("bounces+")
    assert len(local) <= 64
    [tag] = verp.candidates([f"<SRS0=HH=TT=example.org={local}@forwarder.example>"])
    assert verp.read(tag, SECRET) == Tagged(10_000_000, DAY)


@pytest.mark.parametrize(
    "key", ["", "digest", "digest.2026-05-07.-1", "x" * 20 + ".1", "digest.1900-01-01.1"]
)
def test_what_is_no_delivery_is_sent_from_the_plain_mailbox(key: str) -> None:
    assert verp.sender("bounces@example.org", key, SECRET) == "bounces@example.org"


def test_a_mailbox_with_a_long_name_is_used_as_it_is() -> None:
    mailbox = "b" * 40 + "@example.org"
    assert verp.sender(mailbox, f"digest.{DAY}.1", SECRET) == mailbox


@given(st.integers(0, 31), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_tag_changed_anywhere_is_refused(place: int, letter: str) -> None:
    """standards.md 39."""
    tag = verp.make(f"digest.{DAY}.7", SECRET)
    forged = tag[:place] + letter + tag[place + 1 :]
    assert (verp.read(forged, SECRET) is not None) == (forged == tag)


def test_another_installations_tag_is_refused() -> None:
    assert verp.read(verp.make(f"digest.{DAY}.7", b"o" * 32), SECRET) is None


@given(st.text(max_size=80))
def test_no_text_makes_it_fail(text: str) -> None:
    assert verp.read(text, SECRET) is None
    verp.candidates([text])
