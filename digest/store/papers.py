"""What is known of these papers, and saving what a listing said of them.

Reads and writes only the rows it is asked for: cost and memory follow the listing, never the
size of the history. The caller passes a part of a listing at a time, and owns the transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from digest.core.combine import combine
from digest.core.diff import Finding, Known
from digest.core.edition import Change
from digest.core.paper import Paper
from digest.store import merge
from digest.store.rows import to_paper, values
from digest.store.tables import ChangeRow, IdentityRow, PaperRow, SightingRow


@dataclass(frozen=True, slots=True)
class Sight:
    """Who showed the papers, on which day that counts, and when we learnt of it.

    `observed_at` is the instant of a capture that is read later; its counts are of then.
    """

    source: str
    day: date
    at: datetime
    observed_at: datetime | None = None

    @property
    def counted_at(self) -> datetime:
        return self.observed_at or self.at


def known(session: Session, papers: Iterable[Paper]) -> list[Known]:
    """What the history knows of the works that these records name, in no order."""
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
    return {paper_id: day for paper_id, day in session.execute(query)}


def save(session: Session, findings: Sequence[Finding], sight: Sight) -> None:
    """Keep what a part of a listing said; saying it again changes nothing.

    Two rows that a record shows to be one paper are merged into the older one.
    """
    for finding in findings:
        if len(finding.known) > 1:
            merge.into_oldest(session, [row.paper_id for row in finding.known])
    places = _insert_new(session, findings, sight)
    changed = _update_known(session, findings, sight)
    _sightings(session, findings, places | changed, sight)
    _changes(session, findings, places | changed, sight)


def _groups(findings: Sequence[Finding], *, fresh: bool) -> dict[int, list[Paper]]:
    """The records of each paper that is new (or not), by the place of the first one."""
    groups: dict[int, list[Paper]] = defaultdict(list)
    for place, finding in enumerate(findings):
        if bool(finding.known) != fresh:
            groups[place if finding.repeats is None else finding.repeats].append(finding.paper)
    return groups


def _joined(papers: Sequence[Paper]) -> Paper:
    return reduce(lambda old, new: combine(old, new, newer=True), papers)


def _insert_new(session: Session, findings: Sequence[Finding], sight: Sight) -> dict[int, int]:
    """Insert the papers that no row knows; their ids by place."""
    groups = {place: _joined(papers) for place, papers in _groups(findings, fresh=True).items()}
    if not groups:
        return {}
    rows = [_new_row(paper, sight) for paper in groups.values()]
    statement = insert(PaperRow).returning(PaperRow.id, sort_by_parameter_order=True)
    ids = dict(zip(groups, session.scalars(statement, rows), strict=True))
    _name(session, {ids[place]: paper.identities for place, paper in groups.items()})
    return ids


def _new_row(paper: Paper, sight: Sight) -> dict[str, Any]:
    day = paper.listed_on or sight.day
    return values(paper) | {
        "sources": [sight.source],
        "first_day": day,
        "last_day": day,
        "baseline_votes": paper.votes,
        "baseline_day": sight.day if paper.votes is not None else None,
        "counted_at": sight.counted_at,
        "created_at": sight.at,
        "updated_at": sight.at,
    }


def _name(session: Session, names: dict[int, Iterable[str]]) -> None:
    """Give rows their identities; one that another paper already has stays with it."""
    wanted = {name: paper_id for paper_id, own in names.items() for name in own}
    query = select(IdentityRow.identity).where(IdentityRow.identity.in_(wanted))
    taken = set(session.scalars(query))
    rows = [
        {"identity": name, "paper_id": paper_id}
        for name, paper_id in wanted.items()
        if name not in taken
    ]
    if rows:
        session.execute(insert(IdentityRow), rows)


def _update_known(session: Session, findings: Sequence[Finding], sight: Sight) -> dict[int, int]:
    """Bring known rows up to date where a record adds something; their ids by place."""
    groups = _groups(findings, fresh=False)
    ids = {place: min(row.paper_id for row in findings[place].known) for place in groups}
    rows = {
        row["id"]: row
        for row in session.execute(
            select(PaperRow.__table__).where(PaperRow.id.in_(ids.values()))
        ).mappings()
    }
    identities = _identities(session, rows)
    updates = []
    for place, papers in groups.items():
        row = rows[ids[place]]
        change = findings[place].change
        updates += _update(row, identities[row["id"]], _joined(papers), change, sight)
    if updates:
        table = PaperRow.__table__
        names = [name for name in updates[0] if name != "row"]
        statement = update(table).where(table.c.id == bindparam("row"))  # type: ignore[arg-type]
        session.connection().execute(
            statement.values({name: bindparam(name) for name in names}), updates
        )
    _name(session, {ids[place]: _joined(papers).identities for place, papers in groups.items()})
    return ids


def _update(
    row: Any, identities: set[str], new: Paper, change: Change, sight: Sight
) -> list[dict[str, Any]]:
    """The one update that a record asks for, or none."""
    old = to_paper(row, identities)
    newer = (sight.day, sight.counted_at) >= (row["last_day"], row["counted_at"])
    day = new.listed_on or sight.day
    told = values(combine(old, new, newer=newer)) | {
        "sources": list(dict.fromkeys([*row["sources"], sight.source])),
        "first_day": min(row["first_day"], day),
        "last_day": max(row["last_day"], sight.day),
        "baseline_votes": row["baseline_votes"],
        "baseline_day": row["baseline_day"],
    }
    if new.votes is not None and (change is Change.RISING or row["baseline_votes"] is None):
        told |= {"baseline_votes": new.votes, "baseline_day": sight.day}
    if all(row[name] == value for name, value in told.items()):
        return []
    counted = max(row["counted_at"], sight.counted_at)
    return [told | {"row": row["id"], "counted_at": counted, "updated_at": sight.at}]


def _sightings(
    session: Session, findings: Sequence[Finding], ids: dict[int, int], sight: Sight
) -> None:
    """Remember votes, comments and version where they differ from the last sighting of the day."""
    last = _last_sightings(session, set(ids.values()), sight)
    rows: dict[int, dict[str, Any]] = {}
    for place, finding in enumerate(findings):
        paper_id = ids[place if finding.repeats is None else finding.repeats]
        paper = finding.paper
        seen = (paper.votes, paper.comments, paper.version)
        if last.get(paper_id) != seen:
            rows.setdefault(paper_id, _sighting(paper_id, paper, sight))
    if rows:
        session.execute(insert(SightingRow), list(rows.values()))


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


def _last_sightings(
    session: Session, ids: Iterable[int], sight: Sight
) -> dict[int, tuple[int | None, int | None, int | None]]:
    query = (
        select(SightingRow)
        .where(
            SightingRow.paper_id.in_(ids),
            SightingRow.source == sight.source,
            SightingRow.day == sight.day,
        )
        .order_by(SightingRow.at)
    )
    return {row.paper_id: (row.votes, row.comments, row.version) for row in session.scalars(query)}


def _changes(
    session: Session, findings: Sequence[Finding], ids: dict[int, int], sight: Sight
) -> None:
    """Enter what happened; the same change of a paper stands once in a day."""
    happened = {
        (_change_day(finding, sight), ids[place], finding.change.value): finding
        for place, finding in enumerate(findings)
        if finding.change is not Change.SEEN
    }
    query = select(ChangeRow.day, ChangeRow.paper_id, ChangeRow.change)
    there = {tuple(row) for row in session.execute(query.where(ChangeRow.paper_id.in_(
        {paper_id for _, paper_id, _ in happened})))}  # fmt: skip
    rows = [
        {"day": day, "paper_id": paper_id, "change": change, "source": sight.source,
         "at": sight.at, "votes_before": finding.votes_before, "since": finding.since}
        for (day, paper_id, change), finding in happened.items()
        if (day, paper_id, change) not in there
    ]  # fmt: skip
    if rows:
        session.execute(insert(ChangeRow), rows)


def _change_day(finding: Finding, sight: Sight) -> date:
    """A paper is new on the day of its listing; it rises and is revised when that is seen."""
    if finding.known:
        return sight.day
    return finding.paper.listed_on or sight.day
