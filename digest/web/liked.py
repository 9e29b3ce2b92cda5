"""Liked papers as a reader gives them: pasted ids, URLs or titles, or a file of references."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from digest.core.identity import identities
from digest.core.text import readable
from digest.store import history
from digest.store.history import Stored
from subscribers import library
from subscribers.errors import BadProfile
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
    """The likes with these papers added, the newest last. BadProfile if there are none to add.

    A paper that the history holds goes by its identity there, another by its title, whose words
    count all the same; only without one by its own id, for when it is listed.
    """
    if not references:
        raise BadProfile("give at least one arXiv id, link, DOI or title, or choose a file")
    names = [identities(readable(one.title), *one.names) for one in references]
    known = history.by_names(session, {name for each in names for name in each})
    wanted = dict.fromkeys(before, "")
    for one, each in zip(references, names, strict=True):
        stored = next((known[name] for name in each if name in known), None)
        wanted.setdefault(_name(one, each, stored), _standing(one, stored))
    wanted.pop("", None)
    new = [*wanted.values()][len(dict.fromkeys(before)) : MOST]
    return Added(tuple(wanted)[:MOST], _message(new, max(len(wanted) - MOST, 0)))


def _name(one: Reference, names: Sequence[str], stored: Stored | None) -> str:
    if stored is not None:
        return stored.paper.id
    return _title(one) or next(iter(names), "")[:LONGEST]


def _title(one: Reference) -> str:
    return readable(one.title)[:LONGEST].strip()


def _standing(one: Reference, stored: Stored | None) -> str:
    """How much is known of a paper: "" for all that is wanted."""
    return "" if stored is not None else _TITLED if _title(one) else _BARE


_TITLED, _BARE = "titled", "bare"


def _message(new: Sequence[str], over: int) -> str:
    """What is said of the new ones, by their standing."""
    if not new:
        full = f"A profile holds {MOST} papers: take some out first."
        return full if over else "Nothing was added: these papers are in your list already."
    told = ["1 paper was added." if len(new) == 1 else f"{len(new)} papers were added."]
    if over:
        told.append(f"{over} more are over the {MOST} that a profile holds.")
    for standing, why in _UNKNOWN.items():
        if number := sum(one == standing for one in new):
            which = "It" if len(new) == 1 else f"{number} of them"
            are = "is" if number == 1 else "are"
            told.append(f"{which} {are} not known here yet: {why[number > 1]}.")
    return " ".join(told)


_UNKNOWN = {
    _TITLED: (
        "papers with the words of its title come first all the same",
        "papers with the words of their titles come first all the same",
    ),
    _BARE: (
        "it counts from the day that a source lists it",
        "they count from the day that a source lists them",
    ),
}
