import gzip
import json
from datetime import UTC, date, datetime

import pytest

from digest.core.paper import Announce, Listing
from digest.errors import SourceFormatError
from digest.sources.files import recognise
from tests.given import shared

HF = {
    "paper": {"id": "2606.00001", "title": "One", "submittedOnDailyAt": "2026-06-30T00:00:00.000Z"}
}
STORED = {
    "id": "2604.27073",
    "title": "Two",
    "abs": "x",
    "summary": "S",
    "authors": ["A"],
    "categories": ["cs.IT"],
}
ANNOUNCED = {"arxiv_id": "2604.1", "title": "Bad id"} | {
    "arxiv_id": "2604.14630",
    "announce_type": "cross",
}
CSV = (
    "title,authors,abstract,url,date,votes,categories,doi,arxiv_id\n"
    '"One, two",Ada One;Bob Two,About.,https://a.example/1,2026-05-07,3,cs.CL; cs.LG,,2605.00001\n'
)


def held(value, name="x.json"):
    return recognise(json.dumps(value).encode(), name)


def test_a_day_of_hugging_face():
    found = held([HF], "2024-06-12__captured_20240612T170641Z__ae86adbd36.json")
    assert found.source == "huggingface"
    assert found.listing.papers[0].listed_on == date(2026, 6, 30)
    assert found.day == date(2024, 6, 12)
    assert found.observed_at == datetime(2024, 6, 12, 17, 6, 41, tzinfo=UTC)


def test_many_days_in_one_object_keep_their_days():
    plain = {"paper": {"id": "2606.00002", "title": "Two"}}
    found = held({"2026-04-10": [plain], "2026-04-13": [HF, 1]})
    assert [p.listed_on for p in found.listing.papers] == [date(2026, 4, 10), date(2026, 6, 30)]
    assert [problem.place for problem in found.listing.problems] == ["2026-04-13 record 2"]
    assert (found.source, found.day) == ("huggingface", None)


def test_what_arxiv_announced_and_an_honest_quiet_day():
    found = held({"date": "2026-04-17", "status": "ok", "papers": [ANNOUNCED]})
    [paper] = found.listing.papers
    assert (found.source, found.day) == ("arxiv", date(2026, 4, 17))
    assert (paper.announce, paper.listed_on) == (Announce.CROSS, date(2026, 4, 17))
    quiet = held({"date": "2026-04-18", "status": "empty_feed", "count": 0, "papers": []})
    assert (quiet.source, quiet.listing, quiet.day) == ("arxiv", Listing(), date(2026, 4, 18))


def test_json_lines_lose_only_the_damaged_line():
    lines = [json.dumps(STORED), '{"id": "26', json.dumps(STORED | {"id": "2604.27104"})]
    found = recognise("\n".join(lines).encode(), "2026-05-01.jsonl")
    assert (found.source, found.day) == ("arxiv", date(2026, 5, 1))
    assert [paper.id for paper in found.listing.papers] == ["arxiv:2604.27073", "arxiv:2604.27104"]
    assert [problem.place for problem in found.listing.problems] == ["record 2"]


def test_csv_in_any_encoding_and_packing():
    for body in (
        CSV.encode(),
        CSV.encode("utf-8-sig"),
        gzip.compress(CSV.encode(), mtime=0),
        CSV.encode("utf-16"),
    ):
        found = recognise(body, "picks-2026-05-01.csv")
        [paper] = found.listing.papers
        assert (paper.title, paper.votes, paper.authors) == ("One, two", 3, ("Ada One", "Bob Two"))
        assert paper.categories == ("cs.CL", "cs.LG")
        assert (paper.id, paper.listed_on) == ("arxiv:2605.00001", date(2026, 5, 7))
        assert (found.source, found.day) == ("file:picks.csv", date(2026, 5, 1))


def test_the_source_of_a_hand_made_file_is_its_name_without_the_date():
    assert recognise(CSV.encode(), "picks_2026-05-01.csv.gz").source == "file:picks.csv"
    assert recognise(CSV.encode(), "dir/picks.csv").source == "file:picks.csv"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("T,,,,May 7,,,,", "date"),
        ("T,,,,,many,,,", "votes"),
        (",,,,,,,,", ""),
        ("T,a,b,c,2026-05-07,1,,,,extra", "more columns"),
    ],
)
def test_a_bad_row_is_a_problem_that_names_it(row, reason):
    listing = recognise((CSV + row + "\n").encode(), "x.csv").listing
    assert len(listing.papers) == 1
    assert all(
        problem.place == "record 2" and reason in problem.reason for problem in listing.problems
    )
    assert bool(listing.problems) == bool(reason)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Dear all,\n\nhow are you?",
        b"\x89PNG\r\n\x1a\n\xff\xff",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'[{"paper": ',
        gzip.compress(b"[]", mtime=0)[:-9],
        gzip.compress(b"\0" * 100_000_000, mtime=0),
        b'title,abstract\n"open',
        b"<html><body>no</body></html>",
    ],
)
def test_what_is_no_listing_is_refused_in_one_line_that_names_the_file(body):
    with pytest.raises(SourceFormatError, match=r"^strange\.bin: ") as caught:
        recognise(body, "some/strange.bin")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [1, [1, None, "x", [], True], {"status": "no_data", "date": "2025-01-11"}, {"papers": 3}, [{}]],
)
def test_records_that_nobody_can_read_are_problems_and_no_papers(value):
    listing = held(value).listing
    assert listing.papers == ()
    assert listing.problems
    assert not any("\n" in str(problem) for problem in listing.problems)


def test_endless_numbers_and_nan_are_unknown():
    body = (
        b'[{"paper": {"id": "2606.00001", "title": "T", "upvotes": NaN, "githubStars": '
        + b"9" * 9999
        + b"}}]"
    )
    [paper] = recognise(body, "x.json").listing.papers
    assert (paper.votes, paper.code_stars) == (None, None)


def test_every_recorded_listing_of_arxiv_is_read():
    lines = sorted(shared("data/arxiv_daily_listing").glob("*.jsonl"))
    for file in lines:
        found = recognise(file.read_bytes(), file.name)
        assert (found.source, found.day) == ("arxiv", date.fromisoformat(file.stem))
        assert len(found.listing.papers) == len(file.read_bytes().splitlines())
        assert not found.listing.problems
    days = sorted(shared("data/arxiv_announce_csCV").glob("*.json"))
    quiet = 0
    for file in days:
        found = recognise(file.read_bytes(), file.name)
        assert (found.source, found.listing.problems) == ("arxiv", ())
        assert len(found.listing.papers) == json.loads(file.read_bytes())["count"]
        quiet += found.listing == Listing()
    assert (len(lines), len(days), quiet) == (31, 18, 6)


@pytest.mark.parametrize("folder", ["malformed_python_repr", "weekend_markers"])
def test_spoiled_days_of_hugging_face_name_every_record(folder):
    for file in sorted(shared(f"data/hf_daily_papers/{folder}").iterdir()):
        found = recognise(file.read_bytes(), file.name)
        assert found.listing.papers == ()
        assert found.listing.problems[0].place == "record 1"
        assert found.day == date.fromisoformat(file.name[:10])
        assert not any("\n" in str(problem) for problem in found.listing.problems)


def test_no_recorded_file_gives_anything_but_a_listing_or_one_clear_line():
    seen = set()
    for file in sorted(shared("data").rglob("*")):
        if file.is_dir() or file.parent.name in (
            "raw",
            "arxiv_daily_listing",
            "arxiv_announce_csCV",
        ):
            continue
        try:
            seen.add(recognise(file.read_bytes(), file.name).source.split(":")[0])
        except SourceFormatError as error:
            assert "\n" not in str(error)
    assert seen == {"huggingface", "arxiv", "biorxiv", "file"}
