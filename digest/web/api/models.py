"""What the API takes and answers. Strict: what the description does not allow is refused.

Source: https://docs.pydantic.dev (strict mode, JSON Schema).
"""

import re
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from digest.core.edition import Change
from digest.core.wish import MOST_DAYS, Whom
from digest.store.history import Stored
from subscribers.consent import Reason, Status
from subscribers.person import Subscriber
from subscribers.profile import CAPS, MOST_PAPERS

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def _day(value: Any) -> Any:
    """Pydantic would take a number for an instant."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("a day is written as 2026-05-07")
    if isinstance(value, int | float):
        raise ValueError("a day is a text such as 2026-05-07")
    return value


def _printable(value: str) -> str:
    """PostgreSQL takes neither NUL nor half a character."""
    if _UNFIT.search(value):
        raise ValueError("control characters cannot be searched for")
    return value


Day = Annotated[date, Field(strict=False), BeforeValidator(_day)]
Search = Annotated[str, StringConstraints(max_length=100), AfterValidator(_printable)]


def _texts(name: str) -> Any:
    most, longest = CAPS[name]
    text = Annotated[str, StringConstraints(max_length=longest)]
    return Annotated[list[text] | None, Field(max_length=most)]


class Strict(BaseModel):
    """What is sent to us."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, frozen=True)


class Wishes(Strict):
    """What a reader wants; what is left out, or null, stays as it is or gets its default."""

    interests: _texts("interests") = None  # type: ignore[valid-type]
    keywords: _texts("keywords") = None  # type: ignore[valid-type]
    mute: _texts("mute") = None  # type: ignore[valid-type]
    categories: _texts("categories") = None  # type: ignore[valid-type]
    authors: _texts("authors") = None  # type: ignore[valid-type]
    liked: _texts("liked") = None  # type: ignore[valid-type]
    limit: Annotated[int | None, Field(ge=1, le=MOST_PAPERS)] = None
    popularity: Annotated[
        int | None,
        Field(
            ge=0,
            le=100,
            description="How much what trends counts: 0 only what fits the profile, 25 as usual, "
            "100 only the day's best by votes.",
        ),
    ] = None
    zone: Annotated[
        str | None, Field(max_length=64, min_length=1, description="An IANA time zone.")
    ] = None
    hour: Annotated[int | None, Field(ge=0, le=23)] = None
    cadence: Annotated[
        str | None, Field(pattern="^(daily|weekdays|weekly(:(mon|tue|wed|thu|fri|sat|sun))?)$")
    ] = None
    language: Annotated[
        str | None,
        Field(
            min_length=2,
            max_length=16,
            description="Of the mail's own words, such as de or pt-BR; one we lack is English.",
        ),
    ] = None
    plain_only: Annotated[bool | None, Field(description="Text without HTML.")] = None
    quiet_line: Annotated[
        bool | None, Field(description="On a day without papers: one line that says why.")
    ] = None


_CONSENT = "Where and how this reader agreed to get mail: you answer for it."


class Subscription(Wishes):
    """A request to be subscribed; nothing happens until the address's owner confirms it."""

    email: Annotated[str, Field(min_length=3, max_length=320)]


class NewSubscriber(Subscription):
    """A reader who has agreed elsewhere, and becomes active at once."""

    consent_source: Annotated[str, Field(min_length=1, max_length=200, description=_CONSENT)]


class Changes(Wishes):
    """Changes to a reader. `active` ends a pause; it brings nobody back who left."""

    status: Literal["active", "paused", "unsubscribed"] | None = None
    paused_until: Annotated[
        Day | None, Field(description="With `paused`: until this day; without it, for good.")
    ] = None


class Said(BaseModel):
    """One line for people."""

    detail: str


class Where(BaseModel):
    """One thing in a request that could not be taken."""

    where: list[str | int]
    what: str


class Problem(BaseModel):
    """Why a request was refused: one line, or one entry for each wrong field."""

    detail: str | list[Where]


class SubscriberOut(BaseModel):
    """A reader as they are kept."""

    id: int
    email: str
    status: Status
    interests: list[str]
    keywords: list[str]
    mute: list[str]
    categories: list[str]
    authors: list[str]
    liked: list[str]
    limit: int
    popularity: int
    zone: str
    hour: int
    cadence: str
    language: str
    plain_only: bool
    quiet_line: bool
    profile_version: int
    created_at: datetime
    confirmed_at: datetime | None
    consent_source: str | None
    paused_until: date | None
    suppressed: Reason | None

    @classmethod
    def of(cls, reader: Subscriber, suppressed: Reason | None) -> "SubscriberOut":
        return cls(
            id=reader.id,
            email=reader.address.as_typed,
            status=reader.status,
            **{name: list(getattr(reader.profile, name)) for name in CAPS},
            limit=reader.profile.limit,
            popularity=reader.profile.popularity,
            zone=reader.schedule.zone,
            hour=reader.schedule.hour,
            cadence=reader.schedule.days,
            language=reader.language,
            plain_only=reader.plain_only,
            quiet_line=reader.quiet_line,
            profile_version=reader.profile_version,
            created_at=reader.created_at,
            confirmed_at=reader.confirmed_at,
            consent_source=reader.consent_source,
            paused_until=reader.paused_until,
            suppressed=suppressed,
        )


class SubscriberPage(BaseModel):
    """Readers in the order of their ids; ask on with `after`, null at the end."""

    subscribers: list[SubscriberOut]
    after: int | None


class PaperOut(BaseModel):
    """A paper of the history; unknown is null, or an empty list."""

    number: int
    id: str
    identities: list[str]
    title: str
    abstract: str
    authors: list[str]
    author_count: int | None
    categories: list[str]
    url: str
    version: int | None
    votes: int | None
    comments: int | None
    published_on: date | None
    first_day: date
    last_day: date
    sources: list[str]

    @classmethod
    def of(cls, one: Stored) -> "PaperOut":
        return cls(**paper_fields(one))


def paper_fields(one: Stored) -> dict[str, Any]:
    """The fields of a PaperOut."""
    paper = one.paper
    same = ("id", "title", "abstract", "url", "version", "votes", "comments", "published_on")
    lists = ("identities", "authors", "categories")
    return {
        "number": one.id,
        **{name: getattr(paper, name) for name in same},
        **{name: list(getattr(paper, name)) for name in lists},
        "author_count": paper.author_count or len(paper.authors) or None,
        "first_day": one.first_day,
        "last_day": one.last_day,
        "sources": list(one.sources),
    }


class PaperPage(BaseModel):
    """Papers, most votes first; ask on with `offset`, null at the end."""

    papers: list[PaperOut]
    offset: int | None


class EditionPaper(PaperOut):
    """A paper of a day, and what happened to it then."""

    changes: list[Change]


class EditionLine(BaseModel):
    """A day that has an edition."""

    day: date
    papers: int


class EditionList(BaseModel):
    """Editions, latest first; ask on with `before`, null at the end."""

    editions: list[EditionLine]
    before: date | None


class EditionOut(BaseModel):
    """One day's papers, most votes first; ask on with `offset`, null at the end."""

    day: date
    papers: list[EditionPaper]
    offset: int | None


class Order(Strict):
    """A send by hand: of a day (default: today in UTC), for some readers (default: all active)."""

    day: Day | None = None
    days: Annotated[
        int,
        Field(ge=0, le=MOST_DAYS, description="Look so many days back; 0: to each one's last."),
    ] = 0
    readers: Annotated[Whom, Field(strict=False, description="Which readers.")] = Whom.ALL
    text: Annotated[
        str,
        Field(
            max_length=60_000,
            description="search: a part of an address; list: addresses, one a line; one: one.",
        ),
    ] = ""
    count: Annotated[
        int | None,
        Field(ge=0, le=2**31, description="Refuse (400) unless it goes to so many readers."),
    ] = None
    hold_s: Annotated[int, Field(ge=0, le=3600, description="How long it can be undone.")] = 60


class SendOut(BaseModel):
    """An ordered send, and how its readers' digests stand."""

    id: int
    state: str
    run: int | None
    day: date
    days: int
    readers: str
    audience: int
    ordered_by: str
    at: datetime
    go_at: datetime
    outcomes: dict[str, int]
