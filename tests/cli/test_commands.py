"""The commands and their JSON, as scripts rely on them."""

import json
import re
from pathlib import Path

import pytest

from digest.shipped import shipped
from tests.cli.conftest import Digest
from tests.given import shared

LISTINGS = shipped("seeds") / "listings"


@pytest.fixture
def filled(digest: Digest) -> Digest:
    """Two sample days collected and one reader added."""
    digest("collect", str(LISTINGS / "2026-05-05.huggingface.json"),
           str(LISTINGS / "2026-05-06.huggingface.json"))  # fmt: skip
    digest("subscribers", "add", "ada@example.org", "--interest", "language model agents",
           "--keyword", "speech", "--limit", "5")  # fmt: skip
    return digest


def test_collect_prints_each_source_and_the_sums(digest: Digest) -> None:
    names = ["2026-05-05.huggingface.json", "2026-05-06.huggingface.json"]
    told = json.loads(digest("collect", *(str(LISTINGS / n) for n in names), "--json").stdout)
    assert list(told) == ["sources", "new", "revised", "rising", "seen"]
    assert list(told["sources"]) == names
    first = told["sources"][names[0]]
    keys = ["state", "listed", "new", "revised", "rising", "seen", "error"]
    assert list(first) == keys
    assert (first["state"], first["listed"], first["error"]) == ("fresh", 13, None)
    assert told["new"] == sum(source["new"] for source in told["sources"].values())


def test_a_source_that_fails_costs_status_1_one_line_and_nothing_else(
    digest: Digest, tmp_path: Path
) -> None:
    (tmp_path / "broken.json").write_text('[{"paper": ')
    good = LISTINGS / "2026-05-05.huggingface.json"
    done = digest("collect", "broken.json", str(good), "nosuch", "--json", status=1)
    told = json.loads(done.stdout)
    assert told["sources"]["broken.json"]["state"] == "failed"
    assert "broken.json" in told["sources"]["broken.json"]["error"]
    assert "huggingface" in told["sources"]["nosuch"]["error"]
    assert told["new"] == 13


def test_every_spoilt_recording_ends_in_lines_never_in_a_traceback(digest: Digest) -> None:
    spoilt = [
        *shared("data/malformed").rglob("*.*"),
        *shared("data/hf_daily_papers/malformed_python_repr").iterdir(),
        *shared("data/hf_daily_papers/weekend_markers").iterdir(),
        *shared("data/arxiv_rss").iterdir(),
    ]
    done = digest("collect", *map(str, spoilt), status=1)
    assert done.stderr == ""
    for line in done.stdout.splitlines():
        assert len(line) < 1000


def test_papers_lists_a_day_and_searches(filled: Digest) -> None:
    told = json.loads(filled("papers", "--day", "2026-05-05", "--json").stdout)
    assert len(told["papers"]) == 13
    votes = [paper["votes"] for paper in told["papers"]]
    assert votes == sorted(votes, reverse=True)
    title = told["papers"][0]["title"]
    found = json.loads(filled("papers", "--search", title.split()[0], "--json").stdout)
    assert title in [paper["title"] for paper in found["papers"]]


def test_preview_writes_the_three_files_of_the_mail(filled: Digest, tmp_path: Path) -> None:
    done = filled("preview", "ada@example.org", "--day", "2026-05-06", "--out", "p", "--json")
    told = json.loads(done.stdout)
    assert [Path(file).name for file in told["files"]] == [
        "ada@example.org.html", "ada@example.org.txt", "ada@example.org.eml"]  # fmt: skip
    html, text, wire = (tmp_path / file for file in told["files"])
    for pick in told["picks"]:
        assert pick["title"] in " ".join(text.read_text("utf-8").split())
        assert pick["reasons"]
    assert html.read_text("utf-8").lstrip().lower().startswith("<!doctype html")
    assert b"\r\n" in wire.read_bytes()
    assert not re.search(rb"(?<!\r)\n", wire.read_bytes())


def test_send_prints_its_account_and_the_second_time_that_all_is_done(filled: Digest) -> None:
    dry = json.loads(filled("send", "--day", "2026-05-06", "--dry-run", "--json").stdout)
    first = json.loads(filled("send", "--day", "2026-05-06", "--json").stdout)
    again = json.loads(filled("send", "--day", "2026-05-06", "--json").stdout)
    assert (dry["audience"], dry["dry_run"]) == (1, True)
    assert (first["audience"], first["outcomes"]) == (1, {"sent": 1})
    assert (again["audience"], again["outcomes"], again["already"]) == (0, {}, 1)


def test_why_and_deliveries_tell_the_story_of_a_mail(filled: Digest) -> None:
    filled("send", "--day", "2026-05-06")
    [delivery] = json.loads(filled("deliveries", "ada@example.org", "--json").stdout)["deliveries"]
    assert (delivery["state"], delivery["key"]) == ("sent", "digest.2026-05-06.1")
    [attempt] = delivery["attempts"]
    assert attempt["state"] == "sent"
    number = str(delivery["papers"][0])
    why = json.loads(filled("why", "2026-05-06", "ada@example.org", number, "--json").stdout)
    assert why["picked"]
    assert why["pick"]["reasons"]
    assert "picked for" in filled("why", "2026-05-06", "ada@example.org", number).stdout


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["preview", "nobody@example.org"], 1, "nobody subscribed as nobody@example.org"),
        (["preview", "no address"], 1, "no address"),
        (["subscribers", "add", "ada@example.org", "--zone", "Mars/Base"], 1, "Mars/Base"),
        (
            ["subscribers", "add", "ada@example.org", "--popularity", "101"],
            1,
            "popularity must be 0 to 100, not 101",
        ),
        (
            ["subscribers", "add", "ada@example.org", "--popularity", "-5"],
            1,
            'popularity "-5" is no whole number from 0 to 100',
        ),
        (
            ["subscribers", "add", "ada@example.org", "--popularity", "much"],
            1,
            'popularity "much" is no whole number from 0 to 100',
        ),
        (["subscribers", "import", "nofile.csv"], 1, "nofile.csv cannot be read"),
        (["why", "2026-05-06", "ada@example.org", "9999.99999"], 1, "nobody subscribed"),
        (["send", "--day", "soon"], 2, "'soon' is no day"),
        (["--config", "nofile.toml", "papers"], 1, "nofile.toml: cannot be read"),
    ],
)
def test_wrong_input_is_one_line_that_names_it(
    digest: Digest, arguments: list[str], status: int, words: str
) -> None:
    done = digest(*arguments, status=status)
    assert words in " ".join(done.stderr.split())
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DIGEST_DATABASE_URL", "mysqlite:///x", "DIGEST_DATABASE_URL"),
        ("DIGEST_DATABASE_URL", "sqlite:///digest.db/sub/x.db", "digest.db/sub"),
        ("DIGEST_SMTP_URL", "gopher://x", "DIGEST_SMTP_URL"),
        ("DIGEST_FROM", "nobody", "DIGEST_FROM"),
        ("DIGEST_SMPT_URL", "x", "did you mean DIGEST_SMTP_URL?"),
        ("DIGEST_TEMPLATES", "nowhere", "nowhere"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(
    filled: Digest, name: str, value: str, words: str
) -> None:
    done = filled("send", "--day", "2026-05-06", status=1, **{name: value})
    assert words in done.stdout + done.stderr


def test_help_names_every_command(digest: Digest) -> None:
    text = digest("--help").stdout
    for name in ("init", "collect", "papers", "subscribers", "preview", "send", "why",
                 "deliveries", "demo"):  # fmt: skip
        assert re.search(rf"\b{name}\b", text)
        shown = "show" if name == "subscribers" else ""
        assert "Usage" in digest(*filter(None, (name, shown)), "--help").stdout


def test_import_reports_bad_rows_by_line_and_export_reads_back(
    digest: Digest, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text(
        "email,interests,keywords,mute,categories,authors,zone,hour,cadence,confirmed_at,"
        "consent_source\n"
        "a@example.org,tea;robots,,,cs.CL,,Europe/Berlin,7,daily,2026-05-01T10:00:00Z,form\n"
        "not an address,,,,,,,,,,\n"
        "b@example.org,,,,,,,,,,\n"
        "c@example.org,,,,,,,25,,,\n"
    )
    done = digest("subscribers", "import", "in.csv", "--json", status=1)
    told = json.loads(done.stdout)
    assert told["added"] == 2
    assert [row["line"] for row in told["bad"]] == [3, 5]
    listed = json.loads(digest("subscribers", "show", "--json").stdout)
    assert [(one["email"], one["status"]) for one in listed["subscribers"]] == [
        ("a@example.org", "active"), ("b@example.org", "pending")]  # fmt: skip
    digest("subscribers", "export", "out.csv")
    again = json.loads(digest("subscribers", "import", "out.csv", "--json").stdout)
    assert (again["added"], again["unchanged"]) == (0, 2)


def test_how_much_what_trends_counts_is_set_shown_and_carried_over(
    digest: Digest, tmp_path: Path
) -> None:
    def told(*arguments: str) -> object:
        return json.loads(digest("subscribers", *arguments, "--json").stdout)["popularity"]

    assert told("add", "ada@example.org") == 25
    assert told("add", "ada@example.org", "--popularity", "0") == 0
    assert told("add", "ada@example.org", "--hour", "7") == 0
    assert told("show", "ada@example.org") == 0
    assert re.search(r"^popularity +0$", digest("subscribers", "show", "ada@example.org").stdout,
                     re.MULTILINE)  # fmt: skip
    digest("subscribers", "export", "out.csv")
    other = f"sqlite:///{tmp_path / 'other.db'}"
    digest("subscribers", "import", "out.csv", DIGEST_DATABASE_URL=other)
    again = digest("subscribers", "show", "--json", DIGEST_DATABASE_URL=other).stdout
    assert [one["popularity"] for one in json.loads(again)["subscribers"]] == [0]


def test_the_demo_sends_to_six_readers_and_the_second_time_nothing(digest: Digest) -> None:
    first = json.loads(digest("demo", "--json").stdout)
    second = json.loads(digest("demo", "--json").stdout)
    assert (first["sent"], first["already"]) == (18, 0)
    assert (second["sent"], second["already"]) == (0, 18)
    best = [reader["best"] for reader in first["readers"]]
    assert len(best) == 6
    assert len(set(best)) >= 4


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("DIGEST_FROM", {}),
        ("DIGEST_BASE_URL", {"DIGEST_FROM": "Daily Papers <papers@example.org>"}),
    ],
)
def test_nothing_leaves_this_machine_under_the_names_of_the_defaults(
    filled: Digest, name: str, settings: dict[str, str]
) -> None:
    relay = {"DIGEST_SMTP_URL": "smtp://relay.invalid:25", **settings}
    done = filled("send", "--day", "2026-05-06", status=1, **relay)
    assert name in done.stderr
    told = json.loads(filled("send", "--day", "2026-05-06", "--json").stdout)
    assert told["outcomes"] == {"sent": 1}


def test_a_day_to_come_and_a_reader_who_is_not_active_are_refused_in_words(
    filled: Digest,
) -> None:
    assert "still to come" in filled("send", "--day", "2999-01-01", status=1).stderr
    filled("subscribers", "unsubscribe", "ada@example.org")
    done = filled("send", "--day", "2026-05-06", "--to", "ada@example.org", status=1)
    assert "ada@example.org is unsubscribed" in done.stderr


def test_a_paper_is_found_by_its_arxiv_id(filled: Digest) -> None:
    one = json.loads(filled("papers", "--limit", "1", "--json").stdout)["papers"][0]
    number = one["id"].removeprefix("arxiv:")
    found = json.loads(filled("papers", "--search", number, "--json").stdout)["papers"]
    assert [paper["id"] for paper in found] == [one["id"]]


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "smtp://localhost?weight=0", "smtp://localhost:99999"],
    ids=["scheme", "weight", "port"],
)
def test_a_dry_run_tells_of_a_wrong_relay_as_the_send_would(filled: Digest, url: str) -> None:
    for more in (["--dry-run"], ["--yes"]):
        done = filled("send", "--day", "2026-05-06", *more, status=1, DIGEST_SMTP_URL=url)
        assert done.stderr.startswith("DIGEST_SMTP_URL: ")
        assert done.stderr.count("\n") == 1
