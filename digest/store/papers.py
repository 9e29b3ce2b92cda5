"""What is known of these papers, and saving what a listing said of them.

Reads and writes only the rows it is asked for: cost and memory follow the listing, never the
size of the history. The caller passes a part of a listing at a time, and owns the transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import reduce
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from digest.core.combine import combine
from digest.core.diff import Finding, Known
from digest.core.edition import Change
from digest.core.paper import Paper
from digest.store import merge
from digest.store.holding import HISTORY, hold
from digest.store.rows import to_paper, values
from digest.store.tables import ChangeRow, IdentityRow, PaperRow, SightingRow
from subscribers.tables import table


@dataclass(frozen=True, slots=True)
class Sight:
    """Who showed the papers, on which day that counts, and when we learnt of it.

    `observed_at` is the instant of a capture that is read later; its counts are of then. Without
    it, what is learnt of a day that is over counts as of that day's end.
    """

    source: str
    day: date
    at: datetime
    observed_at: datetime | None = None

    @property
    def counted_at(self) -> datetime:
        return self.observed_at or min(self.at, datetime.combine(self.day, time.max, UTC))


def known(session: Session, papers: Iterable[Paper]) -> list[Known]:
    """What the history knows of the works that these records name, in no order.

    Other writers of the history wait until this transaction ends: two that learn of one paper at
    once would both call it new.
    """
    hold(session, HISTORY)
    names = {identity for paper in papers for identity in paper.identities}
    ids = set(session.scalars(select(IdentityRow.paper_id).where(IdentityRow.identity.in_(names))))
    identities = _identities(session, ids)
    revised = _revised_on(session, ids)
    columns = (
        PaperRow.id,
        PaperRow.first_day,
        PaperRow.version,
        PaperRow.baseline_votes,
        PaperRow.baseline_day,
    )
    return [
        Known(row.id, frozenset(identities[row.id]), row.first_day, row.version,
              row.baseline_votes, row.baseline_day, revised.get(row.id))
        for row in session.execute(select(*columns).where(PaperRow.id.in_(ids)))
    ]  # fmt: skip


def _identities(session: Session, ids: Iterable[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    query = select(IdentityRow.paper_id, IdentityRow.identity)
    for paper_id, identity in session.execute(query.where(IdentityRow.paper_id.in_(ids))):
        found[paper_id].add(identity)
    return found


def _revised_on(session: Session, ids: Iterable[int]) -> dict[int, date]:
    query = (
        select(ChangeRow.paper_id, func.max(ChangeRow.day))
        .where(ChangeRow.paper_id.in_(ids), ChangeRow.change == Change.REVISED)
        .group_by(ChangeRow.paper_id)
    )
    return dict(session.execute(query).all())


def save(session: Session, findings: Sequence[Finding], sight: Sight) -> None:
    """Keep what a part of a listing said; saying it again changes nothing.

    Rows that the listing shows to be one paper are merged into the oldest one.
    """
    works = _works(findings)
    ids = {place: _kept(session, work) for place, work in works.items() if work[0].known}
    _update_known(session, {ids[place]: works[place] for place in ids}, sight)
    ids |= _insert_new(session, {n: work for n, work in works.items() if n not in ids}, sight)
    owners = [ids[n if one.repeats is None else one.repeats] for n, one in enumerate(findings)]
    _name(session, findings, owners)
    _sightings(session, {ids[place]: work for place, work in works.items()}, sight)
    _changes(session, findings, owners, sight)


def _works(findings: Sequence[Finding]) -> dict[int, list[Finding]]:
    """The findings of each work, in order, by the place of the first one."""
    works: dict[int, list[Finding]] = defaultdict(list)
    for place, finding in enumerate(findings):
        works[place if finding.repeats is None else finding.repeats].append(finding)
    return works


def _kept(session: Session, work: Sequence[Finding]) -> int:
    """The one row of a known work."""
    rows = [row.paper_id for row in work[0].known]
    return merge.into_oldest(session, rows) if len(rows) > 1 else rows[0]


def _joined(papers: Iterable[Paper]) -> Paper:
    return reduce(lambda old, new: combine(old, new, newer=True), papers)


def _insert_new(session: Session, works: dict[int, list[Finding]], sight: Sight) -> dict[int, int]:
    """Insert the papers that no row knows; their ids by place."""
    if not works:
        return {}
    rows = [_new_row(work, sight) for work in works.values()]
    statement = insert(table(PaperRow)).returning(PaperRow.id, sort_by_parameter_order=True)
    return dict(zip(works, session.scalars(statement, rows), strict=True))


def _new_row(work: Sequence[Finding], sight: Sight) -> dict[str, Any]:
    days = [one.paper.listed_on or sight.day for one in work]
    votes, day = work[0].baseline or (None, None)
    return values(_joined(one.paper for one in work)) | {
        "sources": [sight.source],
        "first_day": min(days),
        "last_day": max(sight.day, min(days)),
        "baseline_votes": votes,
        "baseline_day": day,
        "counted_at": sight.counted_at,
        "created_at": sight.at,
        "updated_at": sight.at,
    }


def _name(session: Session, findings: Sequence[Finding], owners: Sequence[int]) -> None:
    """Give rows their identities; one that another paper already has stays with it."""
    wanted: dict[str, int] = {}
    for finding, paper_id in zip(findings, owners, strict=True):
        for name in finding.paper.identities:
            wanted.setdefault(name, paper_id)
    query = select(IdentityRow.identity).where(IdentityRow.identity.in_(wanted))
    taken = set(session.scalars(query))
    rows = [
        {"identity": name, "paper_id": paper_id}
        for name, paper_id in wanted.items()
        if name not in taken
    ]
    if rows:
        session.execute(insert(table(IdentityRow)), rows)


def _update_known(session: Session, works: dict[int, list[Finding]], sight: Sight) -> None:
    """Bring known rows up to date where their records add something."""
    session.flush()
    query = select(table(PaperRow)).where(PaperRow.id.in_(works))
    rows = session.execute(query).mappings().all()
    identities = _identities(session, works)
    updates = [
        told | {"row": row["id"]}
        for row in rows
        if (told := _told(row, identities[row["id"]], works[row["id"]], sight))
    ]
    if updates:
        rows_of = table(PaperRow)
        names = [name for name in updates[0] if name != "row"]
        statement = update(rows_of).where(rows_of.c.id == bindparam("row"))
        session.connection().execute(
            statement.values({name: bindparam(name) for name in names}), updates
        )


def _told(
    row: Any, identities: Iterable[str], work: Sequence[Finding], sight: Sight
) -> dict[str, Any]:
    """What a known row becomes; empty if its records say nothing that is not there."""
    counted = row["votes"] is not None or row["comments"] is not None
    newer = not counted or sight.counted_at >= row["counted_at"]
    paper = to_paper(row, identities)
    for one in work:
        paper = combine(paper, one.paper, newer=newer)
    counts = any(one.paper.votes is not None or one.paper.comments is not None for one in work)
    votes, day = work[0].baseline or (None, None)
    told = values(paper) | {
        "sources": list(dict.fromkeys([*row["sources"], sight.source])),
        "first_day": min(row["first_day"], *(one.paper.listed_on or sight.day for one in work)),
        "last_day": max(row["last_day"], sight.day),
        "baseline_votes": votes,
        "baseline_day": day,
        "counted_at": sight.counted_at if newer and counts else row["counted_at"],
    }
    same = all(row[name] == value for name, value in told.items())
    return {} if same else told | {"updated_at": sight.at}


def _sightings(session: Session, works: dict[int, list[Finding]], sight: Sight) -> None:
    """Remember votes, comments and version where they differ from the day's sighting before."""
    last = _last_sightings(session, works, sight)
    rows = []
    for paper_id, work in works.items():
        paper = _joined(one.paper for one in work)
        before = last.get(paper_id)
        if before is not None and before.at == sight.counted_at:
            _correct(before, paper)
        elif before is None or _counts(before) != _counts(paper):
            rows.append(_sighting(paper_id, paper, sight))
    if rows:
        session.execute(insert(table(SightingRow)), rows)


def _counts(seen: SightingRow | Paper) -> tuple[int | None, int | None, int | None]:
    return seen.votes, seen.comments, seen.version


def _correct(row: SightingRow, paper: Paper) -> None:
    """Of two records in one capture the later one counts."""
    row.votes = row.votes if paper.votes is None else paper.votes
    row.comments = row.comments if paper.comments is None else paper.comments
    row.version = max(row.version or 0, paper.version or 0) or None


def _sighting(paper_id: int, paper: Paper, sight: Sight) -> dict[str, Any]:
    return {
        "paper_id": paper_id,
        "source": sight.source,
        "day": sight.day,
        "at": sight.counted_at,
        "votes": paper.votes,
        "comments": paper.comments,
        "version": paper.version,
    }


def _last_sightings(session: Session, ids: Iterable[int], sight: Sight) -> dict[int, SightingRow]:
    """The last sighting of each paper by the source on the day, up to this one's instant."""
    query = (
        select(SightingRow)
        .where(
            SightingRow.paper_id.in_(ids),
            SightingRow.source == sight.source,
            SightingRow.day == sight.day,
            SightingRow.at <= sight.counted_at,
        )
        .order_by(SightingRow.at)
    )
    return {row.paper_id: row for row in session.scalars(query)}


def _changes(
    session: Session, findings: Sequence[Finding], owners: Sequence[int], sight: Sight
) -> None:
    """Enter what happened; the same change of a paper stands once in a day."""
    happened: dict[tuple[date, int, str], Finding] = {}
    for finding, paper_id in zip(findings, owners, strict=True):
        if finding.change is not Change.SEEN:
            key = (_change_day(finding, sight), paper_id, finding.change.value)
            happened.setdefault(key, finding)
    query = select(ChangeRow.day, ChangeRow.paper_id, ChangeRow.change)
    there = {
        tuple(row)
        for row in session.execute(
            query.where(ChangeRow.paper_id.in_({paper_id for _, paper_id, _ in happened}))
        )
    }
    rows = [
        {"day": day, "paper_id": paper_id, "change": change, "source": sight.source,
         "at": sight.at, "votes_before": finding.votes_before, "since": finding.since}
        for (day, paper_id, change), finding in happened.items()
        if (day, paper_id, change) not in there
    ]  # fmt: skip
    if rows:
        session.execute(insert(table(ChangeRow)), rows)


def _change_day(finding: Finding, sight: Sight) -> date:
    """A paper is new on the day of its listing; it rises and is revised when that is seen."""
    if finding.known or finding.repeats is not None:
        return sight.day
    return finding.paper.listed_on or sight.day
