"""Whether each source of the settings is one we know, and, asked to, whether it answers."""

import asyncio
from collections.abc import Sequence
from datetime import date

from digest.checks.finding import Finding, fail, ok, warn
from digest.errors import SourceError, UnknownSource
from digest.fetch import Fetched, Fetcher, Limits
from digest.sources.base import Source
from digest.sources.named import source_named


def check(specs: Sequence[str], limits: Limits | None, day: date) -> list[Finding]:
    """One finding a source; with `limits` the first page of `day` is fetched and read."""
    if not specs:
        return [warn("sources", "DIGEST_SOURCES names none", "set it, for example to huggingface")]
    return asyncio.run(_all(specs, limits, day))


async def _all(specs: Sequence[str], limits: Limits | None, day: date) -> list[Finding]:
    if limits is None:
        return [_known(spec) for spec in specs]
    async with Fetcher(limits) as fetcher:
        return [await _answers(spec, fetcher, day) for spec in specs]


def _known(spec: str) -> Finding:
    try:
        return ok(f"source {source_named(spec).name}", "known; --online asks it")
    except UnknownSource as error:
        return fail(f"source {spec}", str(error), "correct DIGEST_SOURCES")


async def _answers(spec: str, fetcher: Fetcher, day: date) -> Finding:
    try:
        source = source_named(spec)
        url = source.url(day, 0)
        answer = await fetcher.get(url) if url else None
        return _read(source, answer.body if isinstance(answer, Fetched) else b"")
    except UnknownSource as error:
        return fail(f"source {spec}", str(error), "correct DIGEST_SOURCES")
    except SourceError as error:
        return fail(f"source {spec}", str(error), "is it down, or has it moved? Try again later")


def _read(source: Source, body: bytes) -> Finding:
    listing = source.parse(body)
    name, count = f"source {source.name}", len(listing.papers)
    if listing.problems:
        what = f"{len(listing.problems)} of its records cannot be read; {count} can"
        return warn(name, what, "`digest collect` names them")
    return ok(name, f"answers, {count} papers now")
