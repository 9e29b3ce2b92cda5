"""What is said of papers, authors and feeds that a reader gave, and of those still looked up."""

from sqlalchemy.orm import Session

from digest.seeding import MOST, Sown, Standing
from digest.store import lookups
from digest.store.lookups import AUTHOR, Lookup, LookupState

_NAMED = 3  # feeds that no profile can follow, by name
_UNKNOWN = {
    Standing.TITLED: (
        "papers with the words of its title come first all the same",
        "papers with the words of their titles come first all the same",
    ),
    Standing.BARE: (
        "it counts from the day that a source lists it",
        "they count from the day that a source lists them",
    ),
    Standing.ASKED: (
        "arXiv is asked for it, within the hour",
        "arXiv is asked for them, within the hour",
    ),
    Standing.MISSING: (
        "arXiv has no paper of this number",
        "arXiv has no papers of these numbers",
    ),
}


def message(sown: Sown) -> str:
    """What became of what a reader gave, in a few sentences."""
    told = [*_of_papers(sown), *_of_profile(sown)]
    if not told:
        return "Nothing was added: these papers are in your list already."
    if sown.broken:
        told.append(f"{_counted(sown.broken, 'entry', 'entries')} could not be read.")
    return " ".join(told)


def _of_papers(sown: Sown) -> list[str]:
    if not sown.likes:
        return [f"A profile holds {MOST} papers: take some out first."] if sown.over else []
    number = len(sown.likes)
    told = [f"{_counted(number, 'paper was', 'papers were')} added."]
    if sown.over:
        told.append(f"{sown.over} more are over the {MOST} that a profile holds.")
    for standing, why in _UNKNOWN.items():
        if some := sown.count(standing):
            which = "It" if number == 1 else f"{some} of them"
            are = "is" if some == 1 else "are"
            told.append(f"{which} {are} not known here yet: {why[some > 1]}.")
    return told


def _of_profile(sown: Sown) -> list[str]:
    """What feeds and authors did to the profile."""
    lists = {"Categories": sown.categories, "Keywords": sown.keywords, "Authors": sown.authors}
    told = [f"{name} added: {', '.join(texts)}." for name, texts in lists.items() if texts]
    if sown.arxiv_authors:
        names = ", ".join(sown.arxiv_authors)
        told.append(f"arXiv is asked for the papers of {names}; they are added within the hour.")
    if sown.not_followed:
        shown = ", ".join(f"“{name}”" for name in sown.not_followed[:_NAMED])
        more = len(sown.not_followed) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        told.append(
            f"A reader cannot follow {shown}{rest}: ask whoever runs this site to collect "
            f"{'it' if len(sown.not_followed) == 1 else 'them'}."
        )
    return told


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def note(lookup: Lookup | None) -> str:
    """What is said beside a paper or an author that is looked up; "" once it is known."""
    if lookup is None or lookup.state is LookupState.FOUND:
        return ""
    if lookup.state is LookupState.MISSING:
        return lookup.note
    return "arXiv could not be asked yet" if lookup.note else "looked up soon"


def authors_sought(session: Session, subscriber_id: int) -> list[tuple[str, str, str]]:
    """The authors at arXiv whose papers are not there yet: the name of the look-up, the author's
    id, and how it stands."""
    names = [
        one.name for one in lookups.wishes_of(session, subscriber_id) if one.name.startswith(AUTHOR)
    ]
    found = lookups.of_names(session, names)
    return [(name, name.removeprefix(AUTHOR), note(found.get(name))) for name in names]
