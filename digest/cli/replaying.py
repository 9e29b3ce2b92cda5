"""replay: stored days ranked anew."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from digest import explain
from digest.app import App
from digest.cli.listings import short_name
from digest.cli.terminal import Json, app_of, out, print_json, progress, read_day
from digest.core.ranking.trial import weighed
from digest.replay import Day, Replay, Shown, Tally
from digest.store import history
from subscribers import address as addresses

_SUMS = ("digests", "empty", "picks", "more", "more_picked", "less", "less_picked", "gains", "best")


def register(cli: typer.Typer) -> None:
    """Add this command to the program."""
    cli.command()(replay)


def _read_settings(text: str | Mapping[str, float]) -> Mapping[str, float]:
    """Weights from a TOML file, or as NAME=VALUE,NAME=VALUE; anything else is a usage error."""
    if isinstance(text, Mapping):
        return text
    try:
        found = tomllib.loads(
            text.replace(",", "\n") if "=" in text else Path(text).read_text(encoding="utf-8")
        )
        with weighed(found):
            return found
    except OSError as error:
        raise typer.BadParameter(f"{text}: {error.strerror}") from error
    except ValueError as error:
        raise typer.BadParameter(f"{text}: {error}") from error


def replay(
    context: typer.Context,
    first: Annotated[date, typer.Option("--from", parser=read_day, metavar="YYYY-MM-DD")],
    last: Annotated[date, typer.Option("--to", parser=read_day, metavar="YYYY-MM-DD")],
    compare: Annotated[
        Any,
        typer.Option(
            parser=_read_settings,
            metavar="SETTINGS",
            help="Rank also with these weights: a TOML file, or VOTES=0.3,LIKED=2.",
        ),
    ] = None,
    reader: Annotated[
        str | None, typer.Option(help="Only this reader, and each paper they would have got.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Stored days ranked anew, and how that agrees with what readers said of them.

    Nothing is changed or sent. Each day is ranked with what was known before it and with today's
    profiles; what readers said of a paper from that day on judges where it was put.
    """
    if last < first:
        raise typer.BadParameter(f"--to {last} is before --from {first}")
    app = app_of(context)
    only = _reader(app, reader) if reader else None
    told = Replay(app, [{}] if compare is None else [{}, compare], only)
    days = [*_watched(told, first, last)]
    if as_json:
        print_json(_json(days, told.shown))
    else:
        _print(days, told.shown, app)


def _reader(app: App, email: str) -> Any:
    with app.read() as session:
        return explain.subscriber(session, addresses.parse(email))


def _watched(told: Replay, first: date, last: date) -> Iterable[Day]:
    total = (last - first).days + 1
    with progress("replay") as bar:
        for done, day in enumerate(told.days(first, last), 1):
            bar(done, total, f"{day.day}")
            yield day


def _sum(days: Iterable[Day], which: int) -> Tally:
    every = [day.tallies[which] for day in days]
    return Tally(**{name: sum(getattr(one, name) for one in every) for name in _SUMS})


def _json(days: list[Day], shown: list[Shown]) -> dict[str, Any]:
    rankings = range(len(days[0].tallies))
    return {
        "days": [
            {"day": one.day, "common": one.common, "rankings": [*map(_tally_json, one.tallies)]}
            for one in days
        ],
        "sum": [_tally_json(_sum(days, which)) for which in rankings],
        "reader": [
            {"day": one.day, "rankings": [_picks_json(picks) for picks in one.picks]}
            for one in shown
        ],
    }


def _tally_json(one: Tally) -> dict[str, Any]:
    return {
        "digests": one.digests, "empty": one.empty, "picks": one.picks,
        "more": one.more, "more_picked": one.more_picked,
        "less": one.less, "less_picked": one.less_picked,
        "ndcg_10": None if one.ndcg is None else round(one.ndcg, 4),
    }  # fmt: skip


def _picks_json(picks: Iterable[tuple[int, float]]) -> list[dict[str, Any]]:
    return [{"paper": paper, "score": score} for paper, score in picks]


def _print(days: list[Day], shown: list[Shown], app: App) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("day", "ranking", "digests", "empty", "picks", "more", "less", "nDCG@10"):
        table.add_column(name, justify="left" if name in ("day", "ranking") else "right")
    for one in days:
        for which, tally in enumerate(one.tallies):
            table.add_row("" if which else f"{one.day}", *_row(which, tally))
    for which in range(len(days[0].tallies)):
        table.add_row("" if which else "all", *_row(which, _sum(days, which)))
    out.print(table)
    if len(days[0].tallies) > 1:
        picks = _sum(days, 0).picks
        out.print(f"{sum(one.common for one in days)} of {picks} picks are the same", markup=False)
    out.print("more, less: papers that readers asked more or less of, picked / candidates")
    for each in shown:
        _print_shown(each, app)


def _row(which: int, one: Tally) -> list[str]:
    return [
        "compared" if which else "as it is", f"{one.digests}", f"{one.empty}", f"{one.picks}",
        f"{one.more_picked}/{one.more}", f"{one.less_picked}/{one.less}",
        "-" if one.ndcg is None else f"{one.ndcg:.3f}",
    ]  # fmt: skip


def _print_shown(one: Shown, app: App) -> None:
    """The reader's papers by both rankings: place and score in each, or a dash."""
    places = [{paper: (at, score) for at, (paper, score) in enumerate(p, 1)} for p in one.picks]
    papers = dict.fromkeys(paper for picks in one.picks for paper, _ in picks)
    with app.read() as session:
        known = history.by_ids(session, [*papers])
    out.print(f"{one.day}", style="bold")
    for paper in papers:
        told = "  ".join(
            "{:>2} {:6.3f}".format(*found[paper]) if paper in found else f"{'-':>9}"
            for found in places
        )
        stored = known[paper]
        out.print(f"  {told}  {short_name(stored)}  {stored.paper.title}", markup=False)
