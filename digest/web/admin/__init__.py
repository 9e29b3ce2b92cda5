"""The desk, /admin: where people see how the digest does, and steer it."""

from fastapi import FastAPI

from digest.web.admin import entrance, today


def mount(web: FastAPI) -> None:
    """Add the desk to the web application."""
    for room in (entrance.door, entrance.router, today.router):
        web.include_router(room)
