"""OPML: the feeds that somebody follows, as feed readers export them.

Pure, and read by expat alone: a file comes from a stranger, so entities are refused, and depth and
number are capped. Source: http://opml.org/spec2.opml
"""

from dataclasses import dataclass
from xml.parsers import expat

from subscribers.errors import BadImport
from subscribers.profile import tidy

MOST_FEEDS = 5_000
DEEPEST = 100  # open elements
LONGEST_URL = 2_000
LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that is followed: its URL, and its title as the reader knows it ("" for none)."""

    url: str
    title: str


class _Outlines:
    """What the elements of one file say so far."""

    def __init__(self) -> None:
        self.feeds: dict[str, Feed] = {}
        self.depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadImport(f"the OPML file has more than {DEEPEST} elements inside one another")
        if self.depth == 1 and name.lower() != "opml":
            raise BadImport(f"the XML file is no OPML, but <{tidy(name)[:40]}>")
        if name.lower() == "outline":
            self._outline({key.lower(): value for key, value in attributes.items()})

    def end(self, _name: str) -> None:
        self.depth -= 1

    def _outline(self, said: dict[str, str]) -> None:
        url = tidy(said.get("xmlurl", ""))[:LONGEST_URL]
        if url and len(self.feeds) < MOST_FEEDS:
            title = tidy(said.get("title") or said.get("text") or "")[:LONGEST_TITLE]
            self.feeds.setdefault(url, Feed(url, title))


def _entity(*_declaration: object) -> None:
    raise BadImport("the OPML file defines XML entities, so it is not read")


def read(text: str) -> tuple[Feed, ...]:
    """The feeds of an OPML text in its order, each once; BadImport if it is none, breaks off,
    or holds none."""
    # The text is decoded already, whatever its declaration says.
    parser, outlines = expat.ParserCreate("utf-8"), _Outlines()
    parser.StartElementHandler, parser.EndElementHandler = outlines.start, outlines.end
    parser.EntityDeclHandler = _entity
    try:
        parser.Parse(text.lstrip().encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        raise BadImport(f"the OPML file breaks off in line {error.lineno}: {why}") from error
    if not outlines.feeds:
        raise BadImport("the OPML file holds no feed")
    return tuple(outlines.feeds.values())
