"""Readers in and out as CSV: streamed, batch by batch, a bad row never stopping the others."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy.orm import Session

from subscribers import entry, roster
from subscribers.consent import Reason
from subscribers.csvtext import Record, guarded, join_list, records, split_list, unguarded
from subscribers.entry import COLUMNS, EXTRA_COLUMNS, LISTS, Entry
from subscribers.errors import BadImport, BadProfile, SubscriberError, shown
from subscribers.intake import Fate, take_in
from subscribers.person import Subscriber
from subscribers.suppression import suppressed_keys

# Rows a transaction: few enough to let other writers in between, many enough to be fast.
BATCH = 2000
_ALL = (*COLUMNS, *EXTRA_COLUMNS)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that did not go in: the physical line it begins on, and one line that says why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of every row; `skipped` ones name suppressed addresses."""

    added: int
    updated: int
    unchanged: int
    skipped: int
    bad: tuple[BadRow, ...]


def open_csv(path: Path) -> TextIO:
    """The file as `import_csv` wants it: line ends as they are, bytes that are no UTF-8 kept
    as marks, so that they cost one row and not the file."""
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def import_csv(
    begin: Callable[[], AbstractContextManager[Session]],
    lines: Iterable[str],
    *,
    now: datetime,
    secret: bytes,
    progress: Callable[[int], None] | None = None,
    batch: int = BATCH,
    smtputf8: bool = True,
) -> ImportReport:
    """Take in the readers of a CSV text, in transactions of `batch` rows.

    Only the column `email` is needed, in any order with any of the others. Killed anywhere,
    a second run finds the rows of finished batches unchanged and takes in the rest. `progress`
    hears the number of lines read, after each batch; `smtputf8` is as for `entry.read`.
    BadImport if the header cannot be used.
    """
    rows = records(lines)
    columns = _header(next(rows, None))
    fates: Counter[Fate] = Counter()
    bad: list[BadRow] = []
    read = partial(_entry, columns=columns, now=now, smtputf8=smtputf8)
    for entries, line in _batches(rows, read, bad, batch):
        with begin() as session:
            fates += take_in(session, entries, now=now, secret=secret)
        if progress is not None:
            progress(line)
    return ImportReport(
        added=fates[Fate.ADDED],
        updated=fates[Fate.UPDATED],
        unchanged=fates[Fate.UNCHANGED],
        skipped=fates[Fate.SKIPPED],
        bad=tuple(bad),
    )


def export_csv(session: Session, out: TextIO, *, secret: bytes) -> int:
    """Write all persons as `import_csv` reads them, in the order of their ids; their number.

    After the columns of an import come those without which a second import would lose liked
    papers, or take someone who left, or whose mail bounced, for someone to write to.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_ALL)
    count, after_id = 0, 0
    while page := roster.page(session, after_id=after_id):
        barred = suppressed_keys(session, [who.address.key for who in page], key=secret)
        writer.writerows(_cells(who, barred.get(who.address.key)) for who in page)
        count, after_id = count + len(page), page[-1].id
    return count


def _batches(
    rows: Iterable[Record],
    read: Callable[[Record], Entry],
    bad: list[BadRow],
    size: int,
) -> Iterator[tuple[list[Entry], int]]:
    """The entries of a batch and the line of its last row; bad rows are left in `bad`."""
    entries: list[Entry] = []
    line = 1
    for row in rows:
        line = row.line
        try:
            entries.append(read(row))
        except SubscriberError as error:
            bad.append(BadRow(row.line, str(error)))
        if len(entries) == size:
            yield entries, line
            entries = []
    yield entries, line


def _header(row: Record | None) -> tuple[str, ...]:
    names = tuple(cell.strip().casefold() for cell in row.cells) if row is not None else ()
    if "email" not in names:
        raise BadImport(_no_email(names))
    if unknown := [name for name in names if name not in _ALL]:
        raise BadImport(f"unknown column {shown(unknown[0])}: the columns are {','.join(_ALL)}")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise BadImport(f"the column {shown(twice[0])} stands twice in the header")
    return names


def _no_email(names: tuple[str, ...]) -> str:
    if any(mark in name for name in names for mark in ("email;", "email\t", ";email", "\temail")):
        return "the columns must be separated by commas, as in email,interests,keywords"
    found = shown(",".join(names), 60)
    return f'line 1 must be a header with the column "email", not {found}'


def _entry(row: Record, *, columns: tuple[str, ...], now: datetime, smtputf8: bool) -> Entry:
    if row.problem:
        raise BadProfile(row.problem)
    if len(row.cells) > len(columns):
        raise BadProfile(f"{len(row.cells)} cells under {len(columns)} columns: quote the commas")
    fields: dict[str, Any] = dict(zip(columns, row.cells, strict=False))
    for name, cell in fields.items():
        plain = unguarded(cell) if cell.startswith("\\") else cell
        fields[name] = split_list(plain) if name in LISTS else plain
    return entry.read(fields, now=now, smtputf8=smtputf8)


def _cells(who: Subscriber, suppressed: Reason | None) -> list[str]:
    values = {
        "email": who.address.as_typed,
        **{name: join_list(getattr(who.profile, name)) for name in LISTS},
        "zone": who.schedule.zone,
        "hour": str(who.schedule.hour),
        "cadence": who.schedule.days,
        "confirmed_at": who.confirmed_at.isoformat() if who.confirmed_at else "",
        "consent_source": who.consent_source or "",
        "limit": str(who.profile.limit),
        "popularity": str(who.profile.popularity),
        "status": str(who.status),
        "paused_until": who.paused_until.isoformat() if who.paused_until else "",
        "language": who.language,
        "plain_only": "yes" if who.plain_only else "no",
        "quiet_line": "yes" if who.quiet_line else "no",
        "suppressed": suppressed or "",
    }
    return [guarded(values[name]) for name in _ALL]
