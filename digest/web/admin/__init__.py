"""The desk, /admin: where people see how the digest does, and steer it."""

from fastapi import FastAPI

from digest.web.admin import (
    about,
    entrance,
    files,
    mails,
    papers,
    post,
    readers,
    runs,
    sending,
    today,
)
from digest.web.admin.selectors import Selectors


def mount(web: FastAPI) -> None:
    """Add the desk to the web application."""
    web.state.selectors = Selectors(web.state.app)
    for room in (entrance, today, sending, runs, readers, mails, files, papers, post, about):
        web.include_router(room.router)
    web.include_router(entrance.door)
