"""Papers and editions, for anybody: the pages show the same."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response

from digest.store import archive, history
from digest.web.api.access import TheApp, problems
from digest.web.api.models import (
    Day,
    EditionLine,
    EditionList,
    EditionOut,
    EditionPaper,
    PaperOut,
    PaperPage,
    Search,
    paper_fields,
)
from digest.web.api.route import ApiRoute

router = APIRouter(tags=["papers"], route_class=ApiRoute)

CACHED = {"Cache-Control": "public, max-age=300"}
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=100_000)]


@router.get("/papers", responses=problems(413, 422))
def papers(
    app: TheApp,
    response: Response,
    day: Annotated[Day | None, Query(description="Only papers of this day's edition.")] = None,
    q: Annotated[Search, Query(description="Words of title, abstract or authors.")] = "",
    limit: Limit = 50,
    offset: Offset = 0,
) -> PaperPage:
    """Papers of a day or of all days, most votes first."""
    with app.read() as session:
        found = history.search(session, day=day, text=q, limit=limit + 1, offset=offset)
    response.headers.update(CACHED)
    return PaperPage(
        papers=[PaperOut.of(one) for one in found[:limit]],
        offset=offset + limit if len(found) > limit else None,
    )


@router.get("/papers/{id:path}", responses=problems(404, 413, 422))
def paper(
    app: TheApp,
    response: Response,
    name: Annotated[Search, Path(alias="id", description="An arXiv id, DOI, URL or number.")],
) -> PaperOut:
    """One paper, by any of its names."""
    with app.read() as session:
        found = history.find(session, name)
    if found is None:
        raise HTTPException(404, "the history holds no such paper")
    response.headers.update(CACHED)
    return PaperOut.of(found)


@router.get("/editions", responses=problems(413, 422))
def editions(
    app: TheApp,
    response: Response,
    before: Annotated[Day | None, Query(description="Only earlier days.")] = None,
    limit: Limit = 50,
) -> EditionList:
    """The days that have an edition, latest first."""
    with app.read() as session:
        found = archive.days(session, before=before, limit=limit + 1)
    response.headers.update(CACHED)
    return EditionList(
        editions=[EditionLine(day=day, papers=number) for day, number in found[:limit]],
        before=found[limit - 1][0] if len(found) > limit else None,
    )


@router.get("/editions/{day}", responses=problems(404, 413, 422))
def edition(
    app: TheApp,
    response: Response,
    day: Annotated[Day, Path()],
    limit: Limit = 200,
    offset: Offset = 0,
) -> EditionOut:
    """The papers of one day, most votes first."""
    with app.read() as session:
        found = archive.of_day(session, day, limit=limit + 1, offset=offset)
        if not found and not archive.of_day(session, day, limit=1):
            raise HTTPException(404, f"there is no edition of {day}")
    response.headers.update(CACHED)
    shown = [EditionPaper(**paper_fields(one.stored), changes=list(one.changes)) for one in found]
    return EditionOut(
        day=day,
        papers=shown[:limit],
        offset=offset + limit if len(found) > limit else None,
    )
