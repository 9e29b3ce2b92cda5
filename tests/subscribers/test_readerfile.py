"""A reader in TOML goes the way of an import's row."""

import pytest

from subscribers import intake, readerfile, roster
from subscribers.errors import BadImport
from subscribers.intake import Fate
from tests.subscribers.people import KEY, NOW

ADA = """
email = "Ada@x.org"
interests = ["graph nets; and more", "protein folding"]
keywords = ["GNN"]
liked = ["arxiv:2603.00001"]
zone = "Europe/Paris"
hour = 7
cadence = "weekdays"
limit = 5
popularity = 60
confirmed_at = 2026-01-05T10:00:00Z
consent_source = "seed"
"""


def test_a_reader_file_becomes_an_active_subscriber(session):
    ada = readerfile.read(ADA, name="ada.toml", now=NOW)
    fates = intake.take_in(session, [ada], now=NOW, secret=KEY)
    assert fates[Fate.ADDED] == 1
    [found] = roster.active(session)
    assert found.profile.interests == ("graph nets; and more", "protein folding")
    assert (found.profile.limit, found.profile.liked) == (5, ("arxiv:2603.00001",))
    assert found.profile.popularity == 60
    assert (found.schedule.hour, found.schedule.days) == (7, "weekdays")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("email = ", "ada.toml is no TOML file"),
        ('mail = "a@x.org"', "ada.toml has an unknown field 'mail'"),
        ('email = "a@x.org"\nkeywords = "GNN"', "ada.toml: keywords must be a list of texts"),
        ('email = "a@x.org"\nhour = true', 'ada.toml: hour "True" is no whole number'),
        ('email = "a@x.org"\nhour = 7.5', 'ada.toml: hour "7.5" is no whole number'),
        (
            'email = "a@x.org"\npopularity = "much"',
            'ada.toml: popularity "much" is no whole number from 0 to 100',
        ),
        (
            'email = "a@x.org"\npopularity = 0.5',
            'ada.toml: popularity "0.5" is no whole number from 0 to 100',
        ),
        (
            'email = "a@x.org"\npopularity = 101',
            "ada.toml: popularity must be 0 to 100, not 101",
        ),
        ('email = "a@x.org"\nzone = 1', "ada.toml: zone must be a text"),
        ("hour = 7", "ada.toml: the e-mail address is missing"),
        ('email = "a@x.org"\nconfirmed_at = 12:00:00', "ada.toml: confirmed_at"),
    ],
)
def test_a_bad_reader_file_is_one_line_with_its_name(text, said):
    with pytest.raises(BadImport, match=said) as caught:
        readerfile.read(text, name="ada.toml", now=NOW)
    assert "\n" not in str(caught.value)
