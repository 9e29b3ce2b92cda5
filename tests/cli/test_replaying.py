"""`digest replay` at the command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Digest

DAYS = ("--from", "2026-05-06", "--to", "2026-05-06")


@pytest.fixture
def stored(digest: Digest) -> Digest:
    """Two listed papers of a day and a reader."""
    listed = (
        '[{"id": "2605.00001", "title": "Robots that grasp", "votes": 9},'
        ' {"id": "2605.00002", "title": "Tides of the moon", "votes": 4}]'
    )
    Path("2026-05-06.sample.json").write_text(listed, encoding="utf-8")
    digest("init")
    digest("collect", "2026-05-06.sample.json")
    digest("subscribers", "add", "ada@example.org", "--keyword", "robots")
    return digest


def test_the_table_shows_both_rankings_and_the_readers_papers(stored: Digest) -> None:
    told = stored("replay", *DAYS, "--compare", "VOTES=0.5", "--reader", "ada@example.org").stdout
    assert "2026-05-06" in told
    assert told.count("compared") == 2
    assert "picks are the same" in told
    assert "Robots that grasp" in told


def test_weights_are_read_from_a_file(stored: Digest) -> None:
    Path("mine.toml").write_text("VOTES = 0.5\nBAR = 0.2\n", encoding="utf-8")
    assert stored("replay", *DAYS, "--compare", "mine.toml").stdout.count("compared") == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ((*DAYS, "--compare", "VOTE=1"), "VOTE is no weight of the ranking"),
        ((*DAYS, "--compare", "VOTES=much"), "VOTES=much"),
        ((*DAYS, "--compare", "nowhere.toml"), "nowhere.toml: No such file"),
        (("--from", "2026-05-07", "--to", "2026-05-06"), "is before --from"),
        ((*DAYS[:3], "yesterday"), "is no day"),
    ],
    ids=["name", "value", "file", "order", "day"],
)
def test_wrong_usage_is_said_in_words(digest: Digest, asked: tuple[str, ...], said: str) -> None:
    told = digest("replay", *asked, status=2).stderr
    assert said in " ".join(told.replace("│", " ").split())


def test_an_unknown_reader_is_named(stored: Digest) -> None:
    told = stored("replay", *DAYS, "--reader", "bob@example.org", status=1).stderr
    assert "nobody subscribed as bob@example.org" in told
