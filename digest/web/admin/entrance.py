"""Logging in and out."""

import secrets

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from digest import admission, credentials
from digest.admission import Try
from digest.app import App
from digest.core.admin import Role
from digest.errors import NotAdmitted
from digest.web.admin import cookies
from digest.web.admin.gate import (
    HOME,
    Call,
    DeskRoute,
    In,
    act,
    check_ours,
    check_size,
    inside,
    rooms,
    to,
)
from digest.web.budgets import visitor_of
from digest.web.pages import Pages

_ENDED = "Your log-in has ended, and nothing was done. Log in and try again."

# The one room outside of the gate; its form is bound to a cookie of its own.
door = APIRouter(include_in_schema=False, route_class=DeskRoute)
router = rooms()


@door.api_route(f"{HOME}/login", methods=["GET", "HEAD"])
def form(request: Request) -> Response:
    """The log-in."""
    asked = request.query_params
    told = _ENDED if asked.get("ended") else ""
    return _form(request, asked.get("to", ""), told=told)


@door.post(f"{HOME}/login")
async def log_in(request: Request) -> Response:
    """Begin a session under a new token."""
    check_size(request)
    app: App = request.app.state.app
    async with request.form(max_files=0, max_fields=10, max_part_size=2000) as sent:
        check_ours(request, f"{sent.get('csrf', '')}", _token(app, cookies.form(request, app)))
        return await run_in_threadpool(_log_in, request, sent)


def _log_in(request: Request, sent: FormData) -> Response:
    app: App = request.app.state.app
    target = inside(f"{sent.get('to', '')}")
    try:
        admitted = admission.log_in(app, tried(request, f"{sent.get('name', '')}", sent))
    except NotAdmitted as error:
        return _form(request, target, name=f"{sent.get('name', '')}"[:64], error=error)
    answer = RedirectResponse(target, 303)
    cookies.keep_session(answer, app, admitted.token)
    cookies.keep_browser(answer, app, admitted.browser)
    return answer


def tried(request: Request, name: str, sent: FormData) -> Try:
    """What was typed, and where."""
    app: App = request.app.state.app
    return Try(
        name=name,
        password=f"{sent.get('password', '')}",
        code=f"{sent.get('code', '')}",
        network=visitor_of(request, app).network_hash,
        browser=cookies.browser(request, app),
    )


def prove(call: Call) -> str:
    """The session's new token after password and code were asked again; NotAdmitted if wrong."""
    return admission.prove_again(call.app, call.visit, tried(call.request, call.who, call.form))


def _form(
    request: Request,
    target: str,
    *,
    name: str = "",
    error: NotAdmitted | None = None,
    told: str = "",
) -> Response:
    app: App = request.app.state.app
    pages: Pages = request.app.state.pages
    nonce = cookies.form(request, app) or secrets.token_urlsafe(16)
    status = 200 if error is None else 429 if error.wait_s else 403
    headers = {"Retry-After": f"{error.wait_s}"} if error and error.wait_s else None
    wrong = f"{error}".capitalize() + "." if error else told
    answer = pages.page("admin/login.html", status, headers, typed=name, wrong=wrong,
                        csrf=_token(app, nonce), to=inside(target))  # fmt: skip
    cookies.keep_form(answer, app, nonce)
    return answer


def _token(app: App, nonce: str) -> str:
    return credentials.mac(app.secret, "login form", nonce) if nonce else secrets.token_hex()


@act(router, "/logout", Role.VIEWER)
def log_out(call: In) -> Response:
    """End the session."""
    admission.log_out(call.app, call.visit)
    answer = to("/login")
    cookies.forget_session(answer, call.app)
    return answer
