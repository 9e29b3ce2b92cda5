"""CSV as people and spreadsheets really write it: records with their line numbers, list cells,
and cells that no spreadsheet takes for a formula."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# A quote that is still open after so many lines was never meant to span them.
_MOST_LINES = 50
_PIECES = re.compile(r"\\[\\;]|;|[^\\;]+|\\")
_FORMULA = tuple("=+-@\\")


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the physical line it begins on (from 1), its cells, or why it has none."""

    line: int
    cells: tuple[str, ...]
    problem: str = ""


def records(lines: Iterable[str]) -> Iterator[Record]:
    """The rows of a CSV text in order; blank lines are left out, a byte order mark is dropped.

    `lines` keep their ends, as an open file gives them. A quote that is never closed costs the
    row it stands in and no other: reading goes on with the next line.
    """
    source = enumerate(lines, 1)
    waiting: deque[tuple[int, str]] = deque()
    while group := _group(source, waiting):
        yield from _rows(group)


def _group(
    source: Iterator[tuple[int, str]], waiting: deque[tuple[int, str]]
) -> list[tuple[int, str]]:
    """The lines of the next row, while a quote is open (their number of quotes is odd)."""
    group: list[tuple[int, str]] = []
    is_open = False
    while (not group or is_open) and len(group) < _MOST_LINES:
        line = waiting.popleft() if waiting else next(source, None)
        if line is None:
            break
        group.append(line)
        is_open ^= bool(line[1].count('"') & 1)
    if is_open:
        waiting.extendleft(reversed(group[1:]))
        return group[:1]
    return group


def _rows(group: list[tuple[int, str]]) -> Iterator[Record]:
    first = group[0][0]
    texts = [text.lstrip("\ufeff") if number == 1 else text for number, text in group]
    reader = csv.reader(texts, strict=len(texts) == 1 and texts[0].count('"') % 2 == 1)
    line = first
    try:
        for cells in reader:
            if any(cells):
                yield Record(line, tuple(cells))
            line = first + reader.line_num
    except csv.Error as error:
        yield Record(line, (), _problem(error))


def _problem(error: csv.Error) -> str:
    if "end of data" in str(error):
        return "a quote is opened and never closed"
    return f"this row is no CSV: {error}"


def split_list(cell: str) -> tuple[str, ...]:
    r"""The texts of a list cell, separated by ";"; "\;" is a semicolon, "\\" a backslash in one."""
    if "\\" not in cell:
        return tuple(cell.split(";")) if cell else ()
    texts = [""]
    for piece in _PIECES.findall(cell):
        if piece == ";":
            texts.append("")
        else:
            texts[-1] += piece[1:] if piece in ("\\\\", "\\;") else piece
    return tuple(texts)


def join_list(texts: Sequence[str]) -> str:
    """The list cell that `split_list` reads."""
    return ";".join(text.replace("\\", "\\\\").replace(";", "\\;") for text in texts)


def guarded(cell: str) -> str:
    """The cell with a backslash before what a spreadsheet would run as a formula.

    Source: OWASP, CSV Injection. Readers write these texts, and operators open the file.
    """
    return f"\\{cell}" if cell.startswith(_FORMULA) else cell


def unguarded(cell: str) -> str:
    """The cell that `guarded` guarded."""
    return cell[1:] if cell[:1] == "\\" and cell[1:].startswith(_FORMULA) else cell
