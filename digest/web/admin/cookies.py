"""Cookies of the desk: never read by scripts, never sent from another site."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from digest.app import App

# A browser is remembered for so long after a log-in.
REMEMBERED = timedelta(days=180)
_PATH = "/admin"


def session(request: Request, app: App) -> str:
    """The session's token, "" for none."""
    return request.cookies.get(_name("desk", app), "")[:200]


def browser(request: Request, app: App) -> str:
    """What says that this browser logged in before."""
    return request.cookies.get(_name("desk_browser", app), "")[:200]


def form(request: Request, app: App) -> str:
    """What binds the log-in form to this browser."""
    return request.cookies.get(_name("desk_form", app), "")[:200]


def keep_session(answer: Response, app: App, token: str) -> None:
    _set(answer, app, "desk", token, None)


def keep_browser(answer: Response, app: App, value: str) -> None:
    _set(answer, app, "desk_browser", value, REMEMBERED)


def keep_form(answer: Response, app: App, value: str) -> None:
    _set(answer, app, "desk_form", value, None)


def forget_session(answer: Response, app: App) -> None:
    answer.delete_cookie(_name("desk", app), path=_PATH)


def _set(answer: Response, app: App, name: str, value: str, life: timedelta | None) -> None:
    answer.set_cookie(
        _name(name, app),
        value,
        max_age=int(life.total_seconds()) if life else None,
        path=_PATH,
        secure=_is_secure(app),
        httponly=True,
        samesite="lax",
    )


def _name(name: str, app: App) -> str:
    """Over https a name that only an https page can set."""
    return f"__Secure-{name}" if _is_secure(app) else name


def _is_secure(app: App) -> bool:
    return app.settings.base_url.startswith("https:")
