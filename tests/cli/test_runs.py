"""runs, and the deliveries of one: what an operator sees and does while a send is at work."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from digest.shipped import shipped
from tests.cli.conftest import Digest

LISTING = shipped("seeds") / "listings" / "2026-05-06.huggingface.json"
READERS = ("ada@example.org", "bob@example.org", "cyd@example.org")


@pytest.fixture
def sent(digest: Digest) -> Digest:
    """A day that was sent to three readers, as run 1."""
    digest("collect", str(LISTING))
    for email in READERS:
        digest("subscribers", "add", email, "--interest", "language models")
    digest("send", "--day", "2026-05-06")
    return digest


def sql(home: Path, statement: str) -> None:
    engine = create_engine(f"sqlite:///{home / 'digest.db'}")
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def reopen(home: Path, run: str, deliveries: str) -> None:
    """The run as if it had not come to its end yet."""
    sql(home, f"UPDATE runs SET state = '{run}', outcomes = NULL")
    sql(home, f"UPDATE deliveries SET state = '{deliveries}'")
    sql(home, "UPDATE shards SET done = 0")


def doubt(home: Path, *subscribers: int) -> None:
    """A run that is done, with these in doubt."""
    ids = ", ".join(map(str, subscribers))
    sql(home, f"UPDATE deliveries SET state = 'in_doubt', reason = 'no answer' "
              f"WHERE subscriber_id IN ({ids})")  # fmt: skip
    rest = len(READERS) - len(subscribers)
    outcomes = json.dumps({"in_doubt": len(subscribers), **({"sent": rest} if rest else {})})
    sql(home, f"UPDATE runs SET outcomes = '{outcomes.replace(':', chr(92) + ':')}'")


def read(digest: Digest, *arguments: str, status: int = 0) -> Any:
    return json.loads(digest(*arguments, "--json", status=status).stdout)


def test_runs_are_listed_newest_first_and_more_are_told(sent: Digest) -> None:
    sent("send", "--day", "2026-05-07", "--to", "ada@example.org")
    told = read(sent, "runs")
    assert [(run["run"], run["day"]) for run in told["runs"]] == [
        (2, "2026-05-07"), (1, "2026-05-06")]  # fmt: skip
    assert (told["runs"][1]["state"], told["runs"][1]["outcomes"]) == ("done", {"sent": 3})
    one = sent("runs", "--limit", "1")
    assert "1 older: --limit 2" in one.stderr
    assert "2026-05-06" not in one.stdout
    only = read(sent, "runs", "--day", "2026-05-06")
    assert ([run["run"] for run in only["runs"]], only["more"]) == ([1], 0)


def test_no_run_yet_is_said(digest: Digest) -> None:
    assert "no run yet" in digest("runs").stdout
    assert "no run of 2026-05-06 yet" in digest("runs", "--day", "2026-05-06").stdout


def test_a_run_is_paused_and_cancelled_with_words_for_each_step(
    sent: Digest, tmp_path: Path
) -> None:
    reopen(tmp_path, "running", "planned")
    assert "run 1 is paused" in sent("runs", "pause", "1").stdout
    assert "run 1 is paused already" in sent("runs", "pause", "1").stdout
    shown = sent("runs", "show", "1")
    assert "paused by command" in shown.stdout
    assert "digest runs resume 1" in shown.stderr
    told = sent("runs", "cancel", "1")
    assert "run 1 is cancelled: 3 readers taken back" in told.stdout
    assert "digest send --day 2026-05-06" in told.stderr
    assert "cancelled already: 0 readers" in sent("runs", "cancel", "1").stdout
    told = read(sent, "runs", "cancel", "1")
    assert (told["state"], told["outcomes"], told["accounted"], told["changed"]) == (
        "cancelled", {"cancelled": 3}, True, False)  # fmt: skip
    anew = read(sent, "send", "--day", "2026-05-06")
    assert (anew["audience"], anew["outcomes"]) == (3, {"sent": 3})
    assert read(sent, "runs", "show", "1")["outcomes"] == {"cancelled": 3}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pause", "1"], "run 1 is done: only a running run can be paused"),
        (["cancel", "1"], "run 1 is done: only a running or paused run can be cancelled"),
        (["resume", "1"], "run 1 is done: only a paused run can be resumed"),
        (["pause", "7"], "there is no run 7: `digest runs` lists them"),
        (["show", "7"], "there is no run 7"),
        (["decide", "7", "sent"], "there is no run 7"),
        (["decide", "1", "sent", "--email", "eve@example.org"], "nobody subscribed as eve"),
    ],
)
def test_an_illegal_step_is_one_line_and_status_1(
    sent: Digest, arguments: list[str], words: str
) -> None:
    done = sent("runs", *arguments, status=1)
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_running_run_is_not_resumed(sent: Digest, tmp_path: Path) -> None:
    reopen(tmp_path, "running", "planned")
    assert "is running already" in sent("runs", "resume", "1", status=1).stderr


def test_what_is_in_doubt_is_read_and_then_decided(sent: Digest, tmp_path: Path) -> None:
    doubt(tmp_path, 1, 2)
    told = read(sent, "deliveries", "--run", "1", "--state", "in_doubt")
    assert (told["audience"], told["sum"], told["balanced"]) == (3, 3, True)
    assert [row["email"] for row in told["deliveries"]] == list(READERS[:2])
    eml = read(sent, "preview", READERS[0], "--day", "2026-05-06", "--out", "p")["files"][2]
    assert f"Message-ID: {told['deliveries'][0]['message_id']}" in Path(eml).read_text("utf-8")
    shown = sent("deliveries", "--run", "1", "--state", "in_doubt").stdout
    assert "no answer" in shown
    assert told["deliveries"][0]["message_id"][1:].partition("@")[0] in shown

    one = read(sent, "runs", "decide", "1", "sent", "--email", READERS[0])
    assert (one["decided"], one["count"], one["outcomes"]) == (
        "sent", 1, {"in_doubt": 1, "sent": 2})  # fmt: skip
    assert "counted as sent (" in sent("deliveries", READERS[0]).stdout
    done = sent("runs", "decide", "1", "again")
    assert "1 reader of run 1: promised again" in done.stdout
    assert "digest runs resume 1" in done.stderr
    assert "nothing of run 1 is in doubt" in sent("runs", "decide", "1", "again").stdout
    assert read(sent, "runs", "show", "1")["outcomes"] == {"planned": 1, "sent": 2}


def test_what_is_promised_again_goes_out_by_resuming(sent: Digest, tmp_path: Path) -> None:
    doubt(tmp_path, 2)
    sent("runs", "decide", "1", "again")
    told = read(sent, "runs", "resume", "1")
    assert (told["audience"], told["outcomes"]) == (3, {"sent": 3})
    [one] = read(sent, "deliveries", READERS[1])["deliveries"]
    assert [a["phase"] for a in one["attempts"]] == ["dot", "decided", "dot"]
    assert read(sent, "runs", "show", "1")["state"] == "done"


def test_an_account_is_read_page_by_page(sent: Digest) -> None:
    first = read(sent, "deliveries", "--run", "1", "--limit", "2")
    assert (len(first["deliveries"]), first["more"]) == (2, 1)
    rest = read(sent, "deliveries", "--run", "1", "--after", str(first["next"]))
    assert [row["email"] for row in rest["deliveries"]] == [READERS[2]]
    assert (rest["more"], rest["next"]) == (0, None)
    shown = sent("deliveries", "--run", "1", "--limit", "2")
    assert f"1 more: --after {first['next']}" in shown.stderr
    assert "3 readers = 3 sent" in shown.stdout


def test_what_a_later_run_took_over_is_said(sent: Digest, tmp_path: Path) -> None:
    sql(tmp_path, "UPDATE deliveries SET state = 'empty' WHERE subscriber_id = 1")
    sql(tmp_path, """UPDATE runs SET outcomes = '{"empty"\\: 1, "sent"\\: 2}'""")
    sent("send", "--day", "2026-05-06")
    told = read(sent, "deliveries", "--run", "1")
    assert (told["moved"], told["sum"], len(told["deliveries"])) == (1, 3, 2)
    assert "1 of them were promised anew" in sent("deliveries", "--run", "1").stdout


def test_an_account_that_does_not_add_up_is_not_called_whole(sent: Digest, tmp_path: Path) -> None:
    sql(tmp_path, "UPDATE runs SET audience = 4")
    told = read(sent, "runs", "show", "1")
    assert (told["sum"], told["balanced"], told["accounted"]) == (3, False, False)
    assert "does not add up" in sent("runs", "show", "1").stdout
    assert "does not add up" in sent("deliveries", "--run", "1").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["deliveries"], "--run RUN"),
        (["deliveries", "ada@example.org", "--run", "1"], "one of the two"),
        (["deliveries", "ada@example.org", "--state", "sent"], "go with --run"),
        (["runs", "--json", "show", "1"], "behind `show`"),
        (["runs", "decide", "1", "maybe"], "maybe"),
    ],
)
def test_wrong_usage_is_said(digest: Digest, arguments: list[str], words: str) -> None:
    assert words in digest(*arguments, status=2).stderr
