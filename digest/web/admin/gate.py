"""The gate of the desk: who is in, with which role, and that a form is one of ours.

`show` and `act` are the only ways to add a page or a step, so none is without its gate: a page asks
for a session, a step also for its role, the session's CSRF token and a browser on our own page.
"""

import hmac
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from digest import admission, credentials
from digest.app import App
from digest.core.admin import Role, Visit
from digest.errors import (
    BadMark,
    DigestError,
    NotAdmitted,
    SendError,
    StoreError,
    UnknownPaper,
    UnknownRun,
    UnknownSubscriber,
)
from digest.web.admin import cookies
from digest.web.pages import Pages
from subscribers.errors import SubscriberError

HOME = "/admin"
MOST_BYTES, MOST_FIELD = 20_000_000, 2_000_000
_INSIDE = re.compile(r"/admin(?:/[\w./~-]*)?(?:\?[\w=&%+.:-]*)?", re.ASCII)
_STALE = (
    "This form is of an earlier log-in, or came from elsewhere: nothing was done. "
    "Open the page anew and try again."
)
_MISSING = (UnknownRun, UnknownPaper, UnknownSubscriber)


class NotIn(Exception):
    """Nobody is logged in; `to` is where to go on afterwards, `lost` whether a form was sent."""

    def __init__(self, to: str, *, lost: bool) -> None:
        super().__init__(to)
        self.to, self.lost = to, lost


class Refused(Exception):
    """A page or step that is not for this admin, or a form that is not of this log-in."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler of the desk holds in its hand: the form is empty where none was sent."""

    request: Request
    app: App
    visit: Visit
    form: FormData

    @property
    def who(self) -> str:
        return self.visit.admin.name

    @property
    def is_fresh(self) -> bool:
        return self.visit.is_fresh(self.app.clock())

    def may(self, role: Role) -> bool:
        return self.visit.admin.role.includes(role)

    def text(self, name: str) -> str:
        """One field as it was typed, "" for none."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def page(self, name: str, status: int = 200, headers: Any = None, **values: Any) -> Response:
        """templates/web/admin/NAME with these values, and what every page of the desk shows."""
        pages: Pages = self.request.app.state.pages
        more = {
            "csrf": csrf_of(self.app, self.visit),
            "admin": self.visit.admin,
            "sends": self.may(Role.SENDER),
            "owns": self.may(Role.OWNER),
            "fresh": self.is_fresh,
            "here": self.request.url.path,
            "wrong": "",
            "told": "",
        }
        return pages.page(f"admin/{name}", status, headers, **(more | values))


class DeskRoute(APIRoute):
    """A route whose handler may raise our expected errors; each becomes a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except NotIn as error:
                ended = "&ended=1" if error.lost else ""
                return RedirectResponse(f"{HOME}/login?to={error.to}{ended}", 303)
            except Refused as error:
                return _problem(request, 403, "Not so", f"{error}")
            except StoreError:
                raise
            except (DigestError, SubscriberError) as error:
                return _told(request, error)

        return handled


def _told(request: Request, error: DigestError | SubscriberError) -> Response:
    status = 404 if isinstance(error, _MISSING) else 409
    if isinstance(error, SubscriberError | SendError | BadMark | NotAdmitted):
        status = 429 if isinstance(error, NotAdmitted) and error.wait_s else 400
    return _problem(request, status, "That did not work", f"{error}".replace("`", ""))


def _problem(request: Request, status: int, heading: str, line: str) -> Response:
    back = inside(request.headers.get("referer", ""))
    shown: dict[str, Any] = {"heading": heading, "line": line, "back": back}
    if hasattr(request.state, "visit"):
        return call_of(request).page("problem.html", status, **shown)
    pages: Pages = request.app.state.pages
    return pages.page("admin/problem.html", status, **shown)


def show(router: APIRouter, path: str, role: Role = Role.VIEWER) -> Callable[[Any], Any]:
    """A page, for this role and those above it."""
    guard = Depends(_guard(role, posts=False))
    return router.api_route(HOME + path, methods=["GET", "HEAD"], dependencies=[guard])


def act(router: APIRouter, path: str, role: Role) -> Callable[[Any], Any]:
    """A step that changes something, by a form of ours."""
    return router.post(HOME + path, dependencies=[Depends(_guard(role, posts=True))])


def rooms() -> APIRouter:
    """A router of the desk."""
    return APIRouter(include_in_schema=False, route_class=DeskRoute)


def _guard(role: Role, *, posts: bool) -> Callable[[Request], Any]:
    async def guard(request: Request) -> AsyncIterator[None]:
        app: App = request.app.state.app
        visit = await run_in_threadpool(_visit, app, request)
        if visit is None:
            raise NotIn(_asked_for(request), lost=posts)
        request.state.visit, request.state.form = visit, FormData()
        if not visit.admin.role.includes(role):
            raise Refused(f"It takes a log-in as {role} to do that; yours is {visit.admin.role}.")
        if not posts:
            yield
            return
        check_size(request)
        async with request.form(max_files=1, max_fields=2000, max_part_size=MOST_FIELD) as sent:
            check_ours(request, f"{sent.get('csrf', '')}", csrf_of(app, visit))
            request.state.form = sent
            yield

    return guard


def _visit(app: App, request: Request) -> Visit | None:
    token = cookies.session(request, app)
    return admission.visit_of(app, token) if token else None


def _asked_for(request: Request) -> str:
    """The page that was asked for, or the one that a step belongs to."""
    path = request.url.path
    return inside(path if request.method in ("GET", "HEAD") else path.rpartition("/")[0])


def inside(target: str) -> str:
    """A path of the desk, as it is; anything else becomes its first page."""
    path = re.sub(r"^https?://[^/]+", "", target)
    return path if _INSIDE.fullmatch(path) and "//" not in path and ".." not in path else HOME


def check_size(request: Request) -> None:
    """413 for a form larger than any of ours."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        raise HTTPException(413 if length.isdecimal() else 411)


def check_ours(request: Request, given: str, expected: str) -> None:
    """Refused unless the form has its token, and no other site sent it."""
    elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    if elsewhere or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise Refused(_STALE)


def csrf_of(app: App, visit: Visit) -> str:
    """What every form of a session carries."""
    return credentials.mac(app.secret, "csrf", visit.token_hash)


def call_of(request: Request) -> Call:
    """The call that a guard has let in."""
    return Call(request, request.app.state.app, request.state.visit, request.state.form)


In = Annotated[Call, Depends(call_of)]


def to(path: str) -> Response:
    """Go on at a page of the desk."""
    return RedirectResponse(HOME + path, 303)
