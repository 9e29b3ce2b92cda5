"""Today: sources, the edition, how its digests stand, what comes next."""

from fastapi import APIRouter
from starlette.responses import Response

from digest import overview
from digest.web.admin import wording
from digest.web.admin.chart import chart
from digest.web.admin.gate import In, rooms, show

router: APIRouter = rooms()


@show(router, "")
def today(call: In) -> Response:
    """The first page of the desk."""
    seen = overview.look(call.app)
    return call.page(
        "today.html",
        seen=seen,
        day=wording.day(seen.today),
        edition=wording.day(seen.edition_day) if seen.edition_day else "",
        stands=wording.account(seen.outcomes),
        charts=[chart(series, seen.today) for series in seen.series],
        ago=lambda at: wording.ago(at, call.app.clock()),
    )
