"""The pages without a server: a button is pressed, and that is all that happens."""

import asyncio
from collections.abc import Mapping

import httpx2
from fastapi import FastAPI

from digest.app import App
from digest.web import server


def pressed(app: App, path: str, typed: Mapping[str, str]) -> httpx2.Response:
    """What a page of `app` answers to its button."""
    pages = _pages(app)

    async def post() -> httpx2.Response:
        inside = httpx2.ASGITransport(app=pages)
        async with httpx2.AsyncClient(transport=inside, base_url="http://here") as client:
            return await client.post(path, data=typed)

    return asyncio.run(post())


MADE: list[FastAPI] = []


def _pages(app: App) -> FastAPI:
    """Made once, which takes long: a request finds its App in their state."""
    if not MADE:
        MADE.append(server.create(app, with_desk=False))
    MADE[0].state.app = app
    return MADE[0]
