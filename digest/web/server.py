"""The web server: the application put together, and run."""

import gc
import logging
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from digest.app import App
from digest.checks import templates
from digest.errors import SettingsError, StoreError
from digest.mail import language as languages
from digest.runner import Runner
from digest.trial import Trials
from digest.web import (
    admin,
    api,
    confirming,
    feedback,
    health,
    leaving,
    moving,
    own_data,
    public,
    settings,
)
from digest.web.desk import Desk
from digest.web.pages import Pages
from digest.web.security import SecureHeaders
from digest.web.today import Today
from subscribers.errors import BadToken

log = logging.getLogger(__name__)

API = "/api/"


def create(app: App, *, with_desk: bool = True) -> FastAPI:
    """The application of one installation: pages, links from mail, API.

    While it is served, letters are posted too, unless `with_desk` is off.
    """
    languages.load(app.templates).check()
    desk, runner = Desk(app), Runner(app)

    @asynccontextmanager
    async def serving(_web: FastAPI) -> AsyncIterator[None]:
        if with_desk:
            desk.start()
            runner.start()
        threading.Thread(target=templates.warm, args=(app,), name="warm", daemon=True).start()
        yield
        await run_in_threadpool(runner.stop)
        await run_in_threadpool(desk.stop)

    web = FastAPI(title=app.settings.name, docs_url=None, redoc_url=None,
                  openapi_url="/api/v1/openapi.json", lifespan=serving)  # fmt: skip
    pages = Pages(app)
    web.state.app, web.state.pages, web.state.today = app, pages, Today(app)
    web.state.desk, web.state.intake, web.state.runner = desk, desk.intake, runner
    web.state.trials = Trials(app)
    api.mount(web)
    for room in (public, confirming, leaving, settings, moving, own_data, feedback, health):
        web.include_router(room.router)
    admin.mount(web)
    web.add_middleware(SecureHeaders)
    _answer_problems(web, pages)
    web.mount("/static", StaticFiles(directory=app.templates / "web" / "static"), "static")
    return web


def _answer_problems(web: FastAPI, pages: Pages) -> None:
    """Errors become pages for people and JSON for programs; never a traceback."""

    def answer(request: Request, status: int, detail: Any) -> Response:
        if request.url.path.startswith(API):
            return JSONResponse({"detail": detail}, status)
        return pages.problem(status)

    @web.exception_handler(BadToken)
    def _bad_token(_request: Request, error: BadToken) -> Response:
        return pages.message("This link does not work", f"{error}".capitalize() + ".", status=400)

    @web.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        found = answer(request, error.status_code, error.detail)
        found.headers.update(error.headers or {})
        return found

    @web.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        told = [{"where": list(e["loc"]), "what": e["msg"]} for e in error.errors()]
        return answer(request, 422 if request.url.path.startswith(API) else 400, told)

    @web.exception_handler(StoreError)
    def _no_database(request: Request, error: StoreError) -> Response:
        log.error("no database", exc_info=error)
        return answer(request, 503, "the database cannot be used now; please try again")

    @web.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected", extra={"kind": type(error).__name__}, exc_info=error)
        return answer(request, 500, "something went wrong; it has been noted")


def config(app: App, web: FastAPI) -> uvicorn.Config:
    """How it is served. No access log, whoever listens: it would hold the tokens of links."""
    logging.getLogger("uvicorn.access").disabled = True
    return uvicorn.Config(
        web,
        access_log=False,
        server_header=False,
        log_config=None,
        proxy_headers=True,
        forwarded_allow_ips=list(app.settings.trusted_proxies),
        timeout_graceful_shutdown=10,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections there; SettingsError if it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(f"{host}:{port} cannot be served at: {reason}") from error


def serve(app: App, listening: socket.socket) -> None:
    """Serve until stopped. SettingsError if a page's template is not one."""
    web = create(app)
    web.state.pages.load()
    served = config(app, web)
    served.load()
    leave_out_of_collections()
    uvicorn.Server(served).run([listening])


def leave_out_of_collections() -> None:
    """Collect garbage, and let no later collection look at what is loaded by now: going through
    all modules takes 150 ms, during which no visitor is answered."""
    gc.collect()
    gc.freeze()
