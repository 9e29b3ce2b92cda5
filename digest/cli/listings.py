"""init, collect, papers: the history and what comes into it.

What fetches and reads listings is loaded by `collect` alone.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from digest.app import initialise
from digest.cli.terminal import (
    FAILED,
    Context,
    Day,
    Json,
    app_of,
    out,
    print_json,
    progress,
    read_day,
)
from digest.core.edition import Change
from digest.store import history
from digest.store.history import Stored

if TYPE_CHECKING:
    from digest.pipeline import Report

COUNTS = ("listed", "new", "revised", "rising", "seen")


def register(cli: typer.Typer) -> None:
    """Add these commands to the program."""
    cli.command()(init)
    cli.command()(collect)
    cli.command()(papers)


def init(context: typer.Context) -> None:
    """Create the database, or bring it up to this version. Doing it again changes nothing."""
    given: Context = context.obj
    database = initialise(given.settings)
    where = database.engine.url.render_as_string(hide_password=True)
    out.print(f"the database is ready: {where}", markup=False)


def collect(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE|FILE]...",
            help="huggingface, arxiv:cs.CL+cs.LG, arxiv-api:QUERY, biorxiv:genomics, medrxiv, the "
            "URL of any feed, or files; default: the sources of the settings.",
        ),
    ] = None,
    day: Day = None,
    as_json: Json = False,
) -> None:
    """Fetch or read listings of papers, and keep what is new in them.

    Files may be Hugging Face or bioRxiv JSON, JSON lines, CSV, any feed, or a saved papers page:
    they are told apart by their content. A listing's day is its records' own, else --day, else
    the date in the file's name, else today. Collecting a thing twice adds nothing. Without a name,
    arXiv is also asked for the papers that readers like and no source listed, and what readers
    like is prepared for the next send. With DIGEST_ENCODER, what is new is encoded then.

    Examples: digest collect huggingface · digest collect listings/2026-05-*.json
    """
    from digest import lookups, pipeline
    from digest.compiling import Compiling
    from digest.encoding import Encoding

    app = app_of(context)
    with progress("collecting") as bar:
        seen: dict[str, None] = {}

        def show(name: str, done: int, total: int) -> None:
            seen.setdefault(name)
            bar(done, total, f"{len(seen)} of {len(names or app.settings.sources)} · {name[:40]}")

        reports = pipeline.collect(app, names or (), day, show)
        if not names:  # the round of every hour: also what readers named
            lookups.look_up(app, rest_s=lookups.REST_S)
            Compiling(app).turn()
        if app.settings.encoder:
            bar(0, 0, "encoding")
            Encoding(app).turn()
    if as_json:
        print_json(_as_json(reports))
    else:
        _print(reports)
    if any(report.error for report in reports):
        raise typer.Exit(FAILED)


def _numbers(report: "Report") -> dict[str, int]:
    return {"listed": report.listed} | {c.value: report.counts[c] for c in Change}


def _as_json(reports: "Sequence[Report]") -> dict[str, Any]:
    sources = {
        report.name: {"state": report.state.value, **_numbers(report), "error": report.error}
        for report in reports
    }
    sums = {c.value: sum(report.counts[c] for report in reports) for c in Change}
    return {"sources": sources, **sums}


def _print(reports: "Sequence[Report]") -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("source", overflow="fold")
    table.add_column("state")
    for name in COUNTS:
        table.add_column(name, justify="right")
    for report in reports:
        numbers = [str(n) for n in _numbers(report).values()]
        table.add_row(escape(report.name), _state(report), *numbers)
    out.print(table)
    for report in reports:
        if report.error:
            named = report.error.startswith(report.name)
            line = report.error if named else f"{report.name}: {report.error}"
            out.print(line, style="red", markup=False)


def _state(report: "Report") -> str:
    colour = {"fresh": "green", "failed": "red"}.get(report.state, "yellow")
    return f"[{colour}]{report.state}[/]"


def papers(
    context: typer.Context,
    day: Annotated[
        date | None,
        typer.Option(
            "--day", "-d", parser=read_day, metavar="YYYY-MM-DD", help="Only this day's papers."
        ),
    ] = None,
    search: Annotated[
        str,
        typer.Option(
            "--search", "-s", help="Words of title, abstract or authors; or an arXiv id or DOI."
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most papers to show.")] = 30,
    as_json: Json = False,
) -> None:
    """What the history holds: all of it or one day's papers, most votes first."""
    app = app_of(context)
    with app.read() as session:
        found = history.search(session, day=day, text=search, limit=limit)
        exact = history.find(session, search) if search and not found else None
        found += [exact] if exact else []
        total = history.count(session)
    if as_json:
        print_json({"total": total, "papers": [paper_json(one) for one in found]})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("votes", "listed", "paper", "title"):
        table.add_column(name, justify="right" if name == "votes" else "left")
    for one in found:
        votes = "" if one.paper.votes is None else str(one.paper.votes)
        table.add_row(votes, f"{one.first_day}", short_name(one), escape(one.paper.title))
    out.print(table)
    out.print(f"{len(found)} shown, {total} in the history", style="dim")


def short_name(one: Stored) -> str:
    """What to call a paper in a command: its arXiv id or DOI, else its number."""
    kind, _, value = one.paper.id.partition(":")
    return value if kind in ("arxiv", "doi") else str(one.id)


def paper_json(one: Stored) -> dict[str, Any]:
    """A paper of the history as plain data."""
    paper = one.paper
    return {
        "number": one.id,
        "id": paper.id,
        "identities": list(paper.identities),
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "author_count": paper.author_count or len(paper.authors) or None,
        "categories": list(paper.categories),
        "url": paper.url,
        "version": paper.version,
        "votes": paper.votes,
        "comments": paper.comments,
        "published_on": paper.published_on,
        "first_day": one.first_day,
        "last_day": one.last_day,
        "sources": list(one.sources),
    }
