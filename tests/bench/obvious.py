"""The obvious way to send digests: for each reader Jinja2 over every block, premailer over the
whole, EmailMessage around it, dkimpy where it signs, aiosmtplib over one kept connection.

The digests are chosen beforehand and cost it nothing.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from unittest.mock import patch

import aiosmtplib
import dkim

from digest.app import App, build
from digest.letters import Composer, recipient_of
from digest.mail.plain import compose_plain
from digest.selection import Chosen, Selector
from digest.settings import load
from subscribers import roster

DAY = date(2026, 5, 8)


def size_of_digest(folder: Path, environment: dict[str, str]) -> int:
    """The mean size of the first readers' digests, as sent."""
    with patch.dict(os.environ, environment, clear=True):
        app = build(load())
        composer = Composer(app, app.clock())
        sizes = [len(composer.message(one).data) for one in _chosen(app, 50)]
    return sum(sizes) // len(sizes)


def rate(folder: Path, environment: dict[str, str], port: int, readers: int) -> float:
    """Messages a second of the obvious way, one process, one connection."""
    with patch.dict(os.environ, environment, clear=True):
        app = build(load())
        chosen = _chosen(app, readers)
        key = environment.get("DIGEST_DKIM_KEY")
        pem = Path(key).read_bytes() if key else b""
        begun = time.monotonic()
        asyncio.run(_send(app, chosen, port, pem))
    return readers / (time.monotonic() - begun)


def _chosen(app: App, readers: int) -> list[Chosen]:
    with app.read() as session:
        every = list(roster.by_ids(session, range(1, readers + 1)).values())
        return Selector(DAY, app.rising).choose(session, every)


async def _send(app: App, chosen: Sequence[Chosen], port: int, pem: bytes) -> None:
    composer, at = Composer(app, app.clock()), app.clock()
    parts = composer._shared(chosen[0])
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
        for one in chosen:
            recipient = recipient_of(app, app.site, one, at)
            message = compose_plain(parts, one.digest, recipient, at)
            data = dkim.sign(message.data, b"digest", b"example.org", pem) if pem else b""
            await client.sendmail(message.sender, [message.to], data + message.data)
