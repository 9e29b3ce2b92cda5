"""The settings with their origin, secrets masked; and the log."""

import re
from typing import Any

from fastapi import APIRouter
from pydantic import SecretStr
from sqlalchemy import make_url
from starlette.responses import Response

from digest import settings as given
from digest.settings import Settings
from digest.store import admins, audit
from digest.web.admin import wording
from digest.web.admin.gate import In, rooms, show
from digest.web.admin.query import number_in

router: APIRouter = rooms()

PAGE = 100
_LOG_IN = re.compile(r"(?<=//)[^/@\s]+@")


@show(router, "/settings")
def settings(call: In) -> Response:
    """Every setting, where it comes from, and who may log in."""
    used = call.app.settings
    origins = given.origins(used)
    lines = [
        (name, masked(name, getattr(used, field)), origins[name])
        for name, field in zip(given.names(), Settings.model_fields, strict=True)
    ]
    with call.app.read() as session:
        people = admins.every(session)
        left = admins.codes_left(session, [one.id for one in people])
    return call.page("settings.html", lines=lines, people=people, left=left)


def masked(name: str, value: Any) -> str:
    """A setting as it may be shown: of a secret only whether it is set, of a URL no log-in."""
    if isinstance(value, SecretStr):
        kept = "kept beside the database" if name == "secret" else "not set"
        return "set, hidden" if value.get_secret_value() else kept
    if isinstance(value, bool):
        return "true" if value else "false"
    if name == "database_url":
        return make_url(value).render_as_string(hide_password=True)
    shown = " ".join(value) if isinstance(value, tuple) else "" if value is None else f"{value}"
    return _LOG_IN.sub("…@", shown)


@show(router, "/log")
def log(call: In) -> Response:
    """Who did what, when, on what."""
    before = number_in(call, "before")
    with call.app.read() as session:
        found = audit.recent(session, limit=PAGE + 1, before=before or None)
    older = found[PAGE - 1].id if len(found) > PAGE else 0
    return call.page("log.html", lines=found[:PAGE], older=older, moment=wording.moment)
