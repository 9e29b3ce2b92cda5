"""Collecting real recorded listings: counts, identities, votes, and what goes wrong."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from digest.app import App
from digest.core.edition import Change
from digest.pipeline import Report, SourceState, collect
from digest.store import history
from digest.store.tables import ChangeRow, IdentityRow, PaperRow, SightingRow
from tests.given import shared


def counts(report: Report) -> dict[str, int]:
    return {"listed": report.listed} | {c.value: n for c, n in report.counts.items() if n}


def papers(app: App) -> int:
    with app.read() as session:
        return history.count(session)


def totals(reports: list[Report]) -> dict[str, int]:
    return {c.value: sum(report.counts[c] for report in reports) for c in Change}


def test_two_page_captures_are_119_and_35_papers_of_which_14_are_the_same(app: App) -> None:
    first = shared("seeds/000_19390c5a8bb9b23a.txt")
    second = shared("seeds/004_5807416e11e9c920.txt")
    reports = collect(app, [str(first), str(second)])
    assert [report.error for report in reports] == [None, None]
    assert counts(reports[0]) == {"listed": 119, "new": 119}
    assert counts(reports[1]) == {"listed": 35, "new": 21, "seen": 14}
    assert papers(app) == 140


def test_the_captures_say_what_their_pages_said(app: App) -> None:
    files = [shared("seeds/000_19390c5a8bb9b23a.txt"), shared("seeds/004_5807416e11e9c920.txt")]
    collect(app, [str(file) for file in files])
    with app.read() as session:
        first = session.scalar(select(PaperRow.title).order_by(PaperRow.id).limit(1))
        triadic = history.find(
            session, "A Triadic Suffix Tokenization Scheme for Numerical Reasoning"
        )
        batch = history.find(session, "Batch Speculative Decoding Done Right")
    assert first == "Explaining How Transformers Use Context to Build Predictions"
    assert triadic is not None
    assert triadic.paper.author_count == 1
    assert triadic.paper.published_on == date(2026, 4, 12)
    assert batch is not None
    assert batch.paper.author_count is None


@pytest.fixture
def half_a_year() -> list[Path]:
    return sorted(shared("data/hf_daily_papers/raw").glob("*.json"))


def test_127_days_give_one_paper_per_id_and_collecting_them_again_adds_nothing(
    app: App, half_a_year: list[Path]
) -> None:
    names = [str(file) for file in half_a_year]
    ids = {r["paper"]["id"] for file in half_a_year for r in json.loads(file.read_bytes())}
    reports = collect(app, names)
    assert len(reports) == 127
    assert {report.error for report in reports} == {None}
    assert papers(app) == len(ids)
    assert sum(report.listed for report in reports) == totals(reports)["seen"] + totals(reports)[
        "rising"
    ] + len(ids)
    before = rows(app)
    again = collect(app, names)
    assert totals(again)["new"] == totals(again)["rising"] == totals(again)["revised"] == 0
    assert rows(app) == before


def rows(app: App) -> dict[str, int]:
    with app.read() as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
            for table in (PaperRow, IdentityRow, ChangeRow, SightingRow)
        }


def test_a_paper_that_comes_back_with_more_votes_is_rising(app: App) -> None:
    folder = shared("data/hf_daily_papers/raw")
    reports = collect(app, [str(folder / f"2026-04-{day}.json") for day in (10, 16)])
    with app.read() as session:
        stored = history.find(session, "2604.07429")
        assert stored is not None
        changes = history.changes_of(session, stored.id)
        votes = [sighting.votes for sighting in history.sightings(session, stored.id)]
    assert changes == [(date(2026, 4, 10), Change.NEW), (date(2026, 4, 16), Change.RISING)]
    assert votes == [2, 42]
    assert reports[1].counts[Change.RISING] == 1


@pytest.mark.parametrize("day", ["2024-06-12", "2025-01-22"])
@pytest.mark.parametrize("order", ["early first", "late first"])
def test_a_day_captured_early_and_late_has_the_late_votes(app: App, day: str, order: str) -> None:
    folder = shared("data/hf_daily_papers/same_day_snapshots")
    files = sorted(folder.glob(f"{day}__*.json"))
    early, late = (json.loads(file.read_bytes()) for file in files)
    reports = collect(app, [str(f) for f in (files if order == "early first" else files[::-1])])
    assert {report.error for report in reports} == {None}
    with app.read() as session:
        for record in late:
            stored = history.find(session, record["paper"]["id"])
            assert stored is not None
            assert stored.paper.votes == record["paper"]["upvotes"]
            assert stored.paper.comments == record["numComments"]
    assert papers(app) == len({r["paper"]["id"] for r in early + late})


def test_a_month_of_arxiv_repeats_nothing_and_a_saturday_adds_no_paper(app: App) -> None:
    folder = shared("data/arxiv_daily_listing")
    ids: set[str] = set()
    repeated = 0
    for file in sorted(folder.glob("*.jsonl")):
        [report] = collect(app, [str(file)])
        own = {json.loads(line)["id"] for line in file.read_text("utf-8").splitlines() if line}
        assert report.error is None
        assert report.counts[Change.NEW] == len(own - ids)
        repeated += own <= ids
        ids |= own
    assert papers(app) == len(ids)
    assert repeated == 8  # the Saturdays and Sundays that say again what Friday said


def test_hugging_face_and_arxiv_meet_in_one_row_per_arxiv_id(app: App) -> None:
    arxiv = sorted(shared("data/arxiv_daily_listing").glob("2026-05-0*.jsonl"))
    faces = sorted(shared("data/hf_daily_papers/raw").glob("2026-05-0*.json"))
    both = sorted(arxiv + faces, key=lambda file: file.stem)
    collect(app, [str(file) for file in both])
    ids = {
        json.loads(line)["id"] for file in arxiv for line in file.read_text("utf-8").splitlines()
    }
    listed = {r["paper"]["id"] for file in faces for r in json.loads(file.read_bytes())}
    assert papers(app) == len(ids | listed)
    with app.read() as session:
        shared_rows = session.scalars(select(PaperRow.sources)).all()
    merged = [sources for sources in shared_rows if len(sources) == 2]
    assert len(merged) == len(ids & listed) > 50


def test_an_empty_feed_on_a_holiday_is_quiet_not_failed(app: App) -> None:
    [report] = collect(
        app, [str(shared("data/arxiv_rss/rss_physics_2025-12-31_empty_holiday.xml"))]
    )
    assert (report.state, report.error, report.listed) == (SourceState.QUIET, None, 0)


SPOILT = [
    "arxiv_rss/rss_cs.CV_2025-09-18_head_TRUNCATED.xml",
    "arxiv_rss/rss_cs.CV_2025-09-22_head_TRUNCATED.xml",
    "arxiv_api/bodies_xml/id_abc_s0_m100_b79c8dcf6bc3__http400.xml",
    "arxiv_api/http429_2026-09-15_body.html",
]


def test_what_is_spoilt_gives_what_can_be_read_and_one_clear_line_and_stops_no_other(
    app: App,
) -> None:
    spoilt = [shared(f"data/{name}") for name in SPOILT]
    for folder in ("malformed", "hf_daily_papers/malformed_python_repr"):
        spoilt += sorted(f for f in shared(f"data/{folder}").rglob("*") if f.is_file())
    good = shared("data/hf_daily_papers/raw/2026-04-10.json")
    reports = collect(app, [*(str(file) for file in spoilt), str(good)])
    assert reports[-1].error is None
    assert reports[-1].listed == len(json.loads(good.read_bytes()))
    for report in reports[: len(SPOILT)]:
        assert report.error, report.name
    for file, report in zip(spoilt, reports, strict=False):
        has_entries = re.search(rb"<(rdf:)?(item|entry)\b|paper", file.read_bytes())
        assert report.listed or report.error or not has_entries, report.name
        assert "\n" not in (report.error or "")
        assert (report.state is SourceState.FAILED) == (report.listed == 0 and bool(report.error))


def test_a_broken_source_keeps_what_the_others_gave(app: App, home: Path) -> None:
    (home / "bad.json").write_text("[{'paper': 1}]")
    (home / "good.csv").write_text("title,votes\nA study of tea,3\n")
    bad, good, missing = collect(app, ["bad.json", "good.csv", "nowhere.json"])
    assert bad.state is SourceState.FAILED
    assert "bad.json" in (bad.error or "")
    assert counts(good) == {"listed": 1, "new": 1}
    assert "nowhere.json cannot be read" in (missing.error or "")


def test_a_title_only_record_is_joined_by_its_arxiv_id_when_it_comes(app: App, home: Path) -> None:
    (home / "page.csv").write_text("title,votes\nTea: a Study,3\n")
    (home / "list.csv").write_text("title,arxiv_id,votes\ntea – a study,2603.00001,4\n")
    collect(app, ["page.csv", "list.csv"], date(2026, 3, 2))
    assert papers(app) == 1
    with app.read() as session:
        stored = history.find(session, "arxiv:2603.00001")
    assert stored is not None
    assert stored.paper.votes == 4
