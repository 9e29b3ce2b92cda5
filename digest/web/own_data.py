"""A reader's own data: handed out, or erased."""

import json

from fastapi import APIRouter, Request
from starlette.responses import Response

from digest import personal
from digest.web.pages import Pages
from digest.web.settings_page import SOURCE, app_of, held

router = APIRouter(include_in_schema=False)


@router.api_route("/settings/{token}/data", methods=["GET", "HEAD"])
def data(request: Request, token: str) -> Response:
    """Everything that is kept about the reader, as a JSON file."""
    app = app_of(request)
    with app.read() as session:
        reader = held(session, app, token)
    text = json.dumps(personal.everything(app, reader.address), ensure_ascii=False, indent=1)
    named = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return Response(text, media_type="application/json", headers=named)


@router.api_route("/settings/{token}/erase", methods=["GET", "HEAD"])
def ask_erase(request: Request, token: str) -> Response:
    """The page with the button that erases everything."""
    with app_of(request).read() as session:
        reader = held(session, app_of(request), token)
    pages: Pages = request.app.state.pages
    return pages.page("erase.html", address=reader.address.as_typed, back=f"/settings/{token}")


@router.post("/settings/{token}/erase")
def erase(request: Request, token: str) -> Response:
    """Erase the reader."""
    app = app_of(request)
    with app.read() as session:
        reader = held(session, app, token)
    personal.erase(app, reader.address, source=SOURCE)
    pages: Pages = request.app.state.pages
    return pages.message(
        "Everything is erased",
        "Your address, your settings and what you were sent are gone, and no mail will come.",
        "What stays is a code made of your address, which nobody can turn back into it: by it we "
        "know never to write to you, unless you subscribe again yourself.",
    )
