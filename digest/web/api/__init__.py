"""The HTTP API, /api/v1: JSON in and out, described by OpenAPI at /api/v1/openapi.json."""

from fastapi import FastAPI

from digest.web.api import people, reading, sending, subscribing
from digest.web.api.body import BodyLimit

PREFIX = "/api/v1"


def mount(web: FastAPI) -> None:
    """Add the API to the web application."""
    for room in (subscribing, reading, people, sending):
        web.include_router(room.router, prefix=PREFIX)
    web.add_middleware(BodyLimit, prefix=f"{PREFIX}/")
