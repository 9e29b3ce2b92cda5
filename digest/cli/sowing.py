"""subscribers seed: what a reader has, made a profile."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from digest import seeding
from digest.app import App
from digest.cli.people import find
from digest.cli.terminal import Json, app_of, err, fail, out, print_json
from digest.core.following import author_id
from digest.seeding import Sown, Standing
from digest.store import lookups
from digest.web import liked
from subscribers import library, roster


def seed(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="The reader's address.")],
    file: Annotated[str, typer.Argument(help="A file, an author id, or - for standard input.")],
    look_up: Annotated[
        bool, typer.Option("--look-up", help="Ask arXiv at once, not with the next collection.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add what a reader has to their profile: papers they like, their own papers, their feeds.

    A file may be a library as .bib, .ris or CSL-JSON, a list of arXiv ids, links and author ids
    (warner_s_1 or an ORCID iD), or the feeds of a feed reader as OPML. Papers that the history
    does not hold are looked up at arXiv by `digest run`, or by the next `digest collect`.

    Example: digest subscribers seed ada@example.org library.bib
    """
    app = app_of(context)
    reader = find(app, email)
    seeds = seeding.file(_bytes_of(file))
    with app.begin() as session:
        sown = seeding.sow(session, app, reader, seeds)
    error = _look_up(app) if look_up else ""
    with app.read() as session:
        now = roster.by_ids(session, [reader.id]).get(reader.id, reader)
        waiting = lookups.waiting(session)
    if as_json:
        print_json({"email": reader.address.as_typed, **_as_json(sown),
                    "liked": len(now.profile.liked), "waiting": waiting})  # fmt: skip
    else:
        out.print(liked.message(sown), markup=False)
    if error:
        fail(f"arXiv could not be asked: {error}")


def _look_up(app: App) -> str:
    """Ask arXiv until nothing is due; why that ended early, "" if it did not."""
    from digest import lookups as looking  # with all that fetches and reads

    rest_s = 0.0
    while True:
        answered = looking.look_up(app, rest_s=rest_s)
        if answered.error or not (answered.found or answered.missing):
            return answered.error
        err.print(f"{answered.found} found, {answered.missing} not at arXiv", style="dim")
        rest_s = looking.REST_S


def _bytes_of(name: str) -> bytes:
    """A file, or standard input, up to one byte more than may be read; an author's id itself."""
    if name == "-":
        return sys.stdin.buffer.read(library.MOST_BYTES + 1)
    if author_id(name) and not Path(name).exists():
        return name.encode()
    try:
        with Path(name).open("rb") as file:
            return file.read(library.MOST_BYTES + 1)
    except OSError as error:
        fail(f"{name} cannot be read: {error.strerror}")


def _as_json(sown: Sown) -> dict[str, Any]:
    standings = {standing.value: sown.count(standing) for standing in Standing}
    return {
        "added": len(sown.likes),
        **standings,
        "before": sown.before,
        "over": sown.over,
        "broken": sown.broken,
        "categories": list(sown.categories),
        "keywords": list(sown.keywords),
        "authors": list(sown.authors),
        "arxiv_authors": list(sown.arxiv_authors),
        "not_followed": list(sown.not_followed),
    }
