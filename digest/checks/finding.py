"""Finding: what a check says of one thing."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How it stands: well, well enough, or not."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was found about `name`, and how to `mend` it, "" where nothing is to be done."""

    level: Level
    name: str
    what: str
    mend: str = ""


def ok(name: str, what: str) -> Finding:
    return Finding(Level.OK, name, what)


def warn(name: str, what: str, mend: str) -> Finding:
    return Finding(Level.WARN, name, what, mend)


def fail(name: str, what: str, mend: str) -> Finding:
    return Finding(Level.FAIL, name, what, mend)
