"""The web server: the application put together, and run."""

import logging
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from digest.app import App
from digest.web import api
from digest.web.pages import Pages
from digest.web.security import SecureHeaders
from subscribers.errors import BadToken

log = logging.getLogger(__name__)

API = "/api/"


def create(app: App) -> FastAPI:
    """The application of one installation: pages, links from mail, API."""
    web = FastAPI(title=app.settings.name, docs_url=None, redoc_url=None,
                  openapi_url="/api/v1/openapi.json")  # fmt: skip
    pages = Pages(app)
    web.state.app, web.state.pages = app, pages
    api.mount(web)
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

    @web.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected", extra={"kind": type(error).__name__}, exc_info=error)
        return answer(request, 500, "something went wrong; it has been noted")


def serve(app: App, host: str, port: int) -> None:
    """Serve until stopped. No access log: its lines would hold the tokens of personal links."""
    config = uvicorn.Config(
        create(app),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        log_config=None,
        proxy_headers=True,
        forwarded_allow_ips=list(app.settings.trusted_proxies),
    )
    uvicorn.Server(config).run()
