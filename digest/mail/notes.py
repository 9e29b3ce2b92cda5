"""Notes: the lines in which a mail speaks of its day, and how another language says them.

Each must be true for whoever reads it: of a source that is late nobody knows what it will bring,
and who gets no mail tomorrow is not told of tomorrow.
"""

from digest.mail.language import Language


def _(text: str) -> str:
    """Marks a text of the catalogues."""
    return text


FAILED = _("%(source)s could not be read today; what it announces comes in a later mail.")
LATE = _("%(source)s was late today; those papers come tomorrow.")
LATE_LATER = _("%(source)s was late today; those papers come in your next mail.")
NOTHING_YET = _("%(source)s has shown nothing yet today; what still comes is in your next mail.")
STALLED = _("%(source)s showed nothing new when it was due; what is missing comes in a later mail.")
NOTHING_NEW = _("Nothing new has reached us since your last mail.")
NOTHING_FITS = _("New papers came since your last mail, but none that fits what you asked for.")

_OF_SOURCES = (FAILED, LATE, LATE_LATER, NOTHING_YET, STALLED)
_HOLE = "%(source)s"


def note(text: str, source: str = "") -> str:
    """One of these lines in English, of a source."""
    return text.replace(_HOLE, source)


def said(line: str, language: Language) -> str:
    """A line in the reader's language, where it is one of these; any other as it is."""
    for text in _OF_SOURCES:
        tail = text.removeprefix(_HOLE)
        if line.endswith(tail):
            return language.gettext(text, source=line.removesuffix(tail))
    return language.gettext(line) if line in (NOTHING_NEW, NOTHING_FITS) else line
