"""Signed links (standards.md 52): bound to a purpose, tamper-proof, of one length."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers import tokens
from subscribers.errors import BadToken
from subscribers.tokens import CONFIRM_WITHIN, Purpose
from tests.subscribers.people import KEY, NOW

IDS = st.integers(0, 2**63 - 1)


def token(purpose: Purpose = Purpose.CONFIRM, about: str = "") -> str:
    return tokens.make(purpose, 7, key=KEY, version=3, now=NOW, about=about)


@given(IDS, st.integers(0, 65535), st.sampled_from(Purpose), st.text(max_size=20))
def test_a_link_says_what_was_put_into_it_and_is_44_safe_characters(who, version, purpose, about):
    text = tokens.make(purpose, who, key=KEY, version=version, now=NOW, about=about)
    link = tokens.read(text, purpose, key=KEY, now=NOW, max_age=CONFIRM_WITHIN, about=about)
    assert (link.subscriber_id, link.version, link.issued_at) == (who, version, NOW)
    assert len(text) == 44
    assert text.replace("-", "a").replace("_", "a").isalnum()


@given(st.integers(0, 43), st.sampled_from("AQaz09-_"))
def test_changing_any_character_makes_a_forgery(place, char):
    good = token()
    bad = good[:place] + char + good[place + 1 :]
    if bad != good:
        with pytest.raises(BadToken, match="not one of ours"):
            tokens.read(bad, Purpose.CONFIRM, key=KEY, now=NOW)


@pytest.mark.parametrize("text", ["", "x", token()[:-1], token() + "=", token() + "A", "ä" * 44])
def test_a_cut_or_lengthened_link_is_refused(text):
    with pytest.raises(BadToken, match="incomplete"):
        tokens.read(text, Purpose.CONFIRM, key=KEY, now=NOW)


def test_a_link_of_one_purpose_is_refused_for_every_other():
    for made in Purpose:
        for asked in Purpose:
            if made is not asked:
                with pytest.raises(BadToken):
                    tokens.read(token(made), asked, key=KEY, now=NOW)


def test_a_link_about_one_paper_is_refused_for_another():
    text = token(Purpose.FEEDBACK, about="arxiv:2603.00001")
    with pytest.raises(BadToken):
        tokens.read(text, Purpose.FEEDBACK, key=KEY, now=NOW, about="arxiv:2603.00002")


def test_another_key_opens_nothing_and_an_empty_one_signs_nothing():
    with pytest.raises(BadToken):
        tokens.read(token(), Purpose.CONFIRM, key=b"another", now=NOW)
    with pytest.raises(ValueError, match="empty key"):
        tokens.make(Purpose.CONFIRM, 7, key=b"", version=1, now=NOW)


def test_a_confirmation_expires_after_48_hours():
    late = NOW + CONFIRM_WITHIN
    assert tokens.read(token(), Purpose.CONFIRM, key=KEY, now=late, max_age=CONFIRM_WITHIN)
    with pytest.raises(BadToken, match="expired"):
        tokens.read(
            token(),
            Purpose.CONFIRM,
            key=KEY,
            now=late + timedelta(seconds=1),
            max_age=CONFIRM_WITHIN,
        )


def test_an_unsubscribe_link_never_expires():
    much_later = NOW + timedelta(days=3650)
    text = token(Purpose.UNSUBSCRIBE)
    link = tokens.read(
        text, Purpose.UNSUBSCRIBE, key=KEY, now=much_later, max_age=timedelta(hours=1)
    )
    assert link.subscriber_id == 7
