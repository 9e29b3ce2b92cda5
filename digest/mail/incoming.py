"""Incoming: one mail that came in, or why it could not be read."""

from dataclasses import dataclass
from pathlib import Path

# A mail is read so far; a report that returns a whole digest has about 120 kB.
MOST_OCTETS = 2_000_000


@dataclass(frozen=True, slots=True)
class Incoming:
    """One mail by a name for people, its bytes, where it lies; or the `problem` with it."""

    name: str
    data: bytes = b""
    place: Path | str | None = None
    problem: str = ""
