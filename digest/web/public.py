"""The public pages: the day's papers with the subscribe box, and what becomes of what it sends.

Whoever the address belongs to, the answer is the same: the sign-up is put down, and what follows
from it is decided behind the pages.
"""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response

from digest.app import App
from digest.mail import language as languages
from digest.web import budgets, signup_form, stamp
from digest.web.budgets import visitor_of
from digest.web.pages import Pages
from digest.web.signup_form import EMPTY, STAMP, TRAP, Wish, Wrong
from subscribers import signup

router = APIRouter(include_in_schema=False)

SHOW = ["GET", "HEAD"]
# Whoever fills the form in faster than this is asked to press once more, which programs seldom
# do; page.js keeps a quick person waiting instead.
FASTEST, OLDEST = timedelta(seconds=2), timedelta(days=1)
MOST_FIELDS, MOST_BYTES = 40, 20_000
AGAIN = "again"  # no field is wrong: the button has to be pressed once more
SOURCE = "subscribe form"


@router.api_route("/", methods=SHOW)
def front(request: Request) -> Response:
    """Today's papers, or those of the latest day known, under the subscribe box."""
    state = request.app.state
    pages: Pages = state.pages
    return pages.page("front.html", day=state.today.day(), **_form(state.app))


@router.api_route("/subscribe", methods=SHOW)
def form(request: Request) -> Response:
    """The subscribe box alone, for who reloads the answer to it."""
    pages: Pages = request.app.state.pages
    return pages.page("subscribe.html", **_form(request.app.state.app))


@router.post("/subscribe")
async def subscribe(request: Request) -> Response:
    """Put a sign-up down; a program's is not. Who fills in what nobody can see is not told; who is
    merely as quick as a program gets the form again, whoever the address belongs to."""
    state = request.app.state
    app: App = state.app
    pages: Pages = state.pages
    sent = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=MOST_BYTES)
    typed, shown = signup_form.typed(sent), f"{sent.get(STAMP, '')}"
    try:
        wish = signup_form.read(
            typed,
            app.clock(),
            language=_language(request),
            smtputf8=app.settings.smtputf8,
        )
        if not sent.get(TRAP):
            _check_age(stamp.age(shown, app.clock(), app.secret))
    except Wrong as wrong:
        return pages.page("subscribe.html", 400, **_form(app, typed, wrong, shown))
    if not sent.get(TRAP) and not await _put_down(request, wish):
        wait_s = await run_in_threadpool(budgets.wait, app, visitor_of(request, app))
        return pages.too_often(wait_s)
    return pages.page("check.html")


def _check_age(age: timedelta | None) -> None:
    """Wrong for a form that is shown too short or too long, or was never shown by us."""
    if age is None or age < FASTEST:
        raise Wrong(AGAIN, "That was quick: please press the button once more.")
    if age > OLDEST:
        raise Wrong(AGAIN, "This page was open for long: please press the button once more.")


def _language(request: Request) -> str:
    """Of those that the mail can speak, the one the visitor's browser wants most."""
    offered = languages.load(request.app.state.app.templates)
    return offered.wanted(request.headers.get("accept-language", "")).code


async def _put_down(request: Request, wish: Wish) -> bool:
    app: App = request.app.state.app
    visitor = visitor_of(request, app)
    asked = signup.Request(
        address=wish.address,
        fields=wish.fields,
        source=SOURCE,
        at=app.clock(),
        ip_hash=visitor.ip_hash,
    )
    done: bool = await request.app.state.intake.put_down(asked, visitor)
    return done


def _form(
    app: App, typed: dict[str, str] | None = None, wrong: Wrong | None = None, shown: str = ""
) -> dict[str, Any]:
    """What the form's template needs; with an error, what was typed stays, and so does the stamp
    of a form that was shown long enough ago, or will have been by the next press."""
    values = typed or EMPTY
    age = stamp.age(shown, app.clock(), app.secret)
    is_fresh = age is not None and age <= OLDEST
    return {
        "typed": values,
        "wrong": {"field": wrong.field if wrong else "", "message": str(wrong or "")},
        "more": any(values[name] != EMPTY[name] for name in EMPTY if name not in ("email", "zone")),
        "hours": signup_form.HOURS,
        "cadences": signup_form.CADENCES,
        "stamp": shown if is_fresh else stamp.stamp(app.clock(), app.secret),
    }


@router.api_route("/robots.txt", methods=SHOW)
def robots() -> Response:
    """Personal links are nobody's to collect."""
    paths = ("subscribe", "confirm", "settings", "feedback", "unsubscribe", "address", "api")
    lines = "".join(f"Disallow: /{path}/\n" for path in paths)
    return PlainTextResponse(f"User-agent: *\n{lines}")
