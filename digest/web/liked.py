"""Liked papers as a reader gives them: pasted ids, URLs or titles, or a file of references."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from digest.core.identity import identities
from digest.core.text import readable
from digest.store import history
from digest.store.history import Stored
from subscribers import library
from subscribers.library import Reference
from subscribers.profile import CAPS

MOST, LONGEST = CAPS["liked"]


@dataclass(frozen=True, slots=True)
class Added:
    """The reader's likes with the new ones, and what there is to say about them."""

    liked: tuple[str, ...]
    message: str


def pasted(text: str) -> list[Reference]:
    """What was pasted, as references: whatever names no paper may be a title."""
    found = library.pasted(text)
    return [Reference("", (one,)) if identities("", one) else Reference(one, ()) for one in found]


def add(session: Session, before: Sequence[str], references: Sequence[Reference]) -> Added:
    """The likes with these papers added, the newest last.

    A paper that the history holds goes by its identity there, another by its title, whose words
    count all the same; only without one by its own id, for when it is listed.
    """
    names = [identities(readable(one.title), *one.names) for one in references]
    known = history.by_names(session, {name for each in names for name in each})
    wanted = dict.fromkeys(before)
    for one, each in zip(references, names, strict=True):
        stored = next((known[name] for name in each if name in known), None)
        wanted.setdefault(_name(one, each, stored))
    wanted.pop("", None)
    new = len(wanted) - len(dict.fromkeys(before))
    return Added(tuple(wanted)[:MOST], _message(new, max(len(wanted) - MOST, 0)))


def _name(one: Reference, names: Sequence[str], stored: Stored | None) -> str:
    if stored is not None:
        return stored.paper.id
    title = readable(one.title)[:LONGEST].strip()
    return title or next(iter(names), "")[:LONGEST]


def _message(new: int, over: int) -> str:
    if over:
        return f"{new - over} papers were added; {over} more are over the {MOST} a profile holds."
    return "1 paper was added." if new == 1 else f"{new} papers were added."
