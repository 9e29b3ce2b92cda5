"""why, demo: what happened, and a first look."""

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from digest import demo as demonstration
from digest import explain
from digest.app import build
from digest.cli.listings import short_name
from digest.cli.sending import pick_json
from digest.cli.terminal import Context, Json, app_of, out, print_json, progress, read_day
from digest.core.edition import Change, Pick, Reason
from digest.core.ranking import Explanation
from digest.explain import Why
from digest.store.deliveries import Delivery
from subscribers import address as addresses


def register(cli: typer.Typer) -> None:
    """Add these commands to the program."""
    cli.command()(why)
    cli.command()(demo)


def why(
    context: typer.Context,
    day: Annotated[str, typer.Argument(parser=read_day, metavar="DAY", help="As 2026-05-07.")],
    email: Annotated[str, typer.Argument(help="The reader.")],
    paper: Annotated[str, typer.Argument(help="arXiv id, DOI, URL, number or whole title.")],
    as_json: Json = False,
) -> None:
    """Why a paper was in a reader's digest of a day, or why it was not."""
    found = explain.why(app_of(context), read_day(day), addresses.parse(email), paper)
    if as_json:
        print_json(_why_json(found))
        return
    out.print(f"{short_name(found.paper)}  {found.paper.paper.title}", style="bold", markup=False)
    if found.pick:
        _print_pick(found.pick, found.delivery)
    else:
        _print_not(found.now, day, found.delivery)


def _why_json(found: Why) -> dict[str, Any]:
    now = found.now
    missed = now and {
        "rank": now.rank, "of": now.scored, "score": now.score, "cut_off": now.cut_off,
        "bar": now.bar or None, "would_be_picked": now.picked, "reasons": _reasons(now.reasons),
    }  # fmt: skip
    return {
        "paper": found.paper.paper.id,
        "title": found.paper.paper.title,
        "picked": found.pick is not None,
        "delivery": found.delivery.state if found.delivery else None,
        "pick": pick_json(found.pick, found.paper) if found.pick else None,
        "missed": missed,
    }


def _reasons(reasons: tuple[Reason, ...]) -> list[dict[str, Any]]:
    return [{"kind": r.kind, "text": r.text, "weight": r.weight} for r in reasons]


def _print_pick(pick: Pick, delivery: Delivery | None) -> None:
    state = f", {delivery.state}" if delivery else ""
    under = f" under {pick.heading!r}" if pick.heading else ""
    out.print(f"picked for “{pick.section}”{under}, score {pick.score:.3f}{state}; "
              "as it was computed then:", markup=False)  # fmt: skip
    _print_reasons(pick.reasons)


def _print_reasons(reasons: tuple[Reason, ...]) -> None:
    for reason in reasons:
        out.print(f"  {reason.weight:6.3f}  [dim]{reason.kind:<9}[/] {escape(reason.text)}")


def _print_not(now: Explanation | None, day: object, delivery: Delivery | None) -> None:
    if delivery is None:
        out.print("no digest of that day was promised to this reader yet", style="dim")
    if now is None:
        out.print(f"not picked: nothing happened to it in the week up to {day} "
                  "and since the reader's last digest")  # fmt: skip
        return
    if now.picked:
        out.print(f"would be picked for “{now.section}”; by score alone it is number {now.rank} "
                  f"of {now.scored}:", markup=False)  # fmt: skip
    else:
        cut = "" if now.cut_off is None else f"; the lowest of the picks had {now.cut_off:.3f}"
        place = f"place {now.rank} of {now.scored}" if now.rank else "barred"
        reason = f" ({now.bar})" if now.bar else ""
        out.print(f"not picked: {place}{reason}, score {now.score:.3f}{cut}", markup=False)
    _print_reasons(now.reasons)


def demo(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Option("--out", "-o", help="Where the database, mailbox and pages go.")
    ] = Path("demo"),
    as_json: Json = False,
) -> None:
    """Three sample days to six sample readers, into a mailbox you can open. Nothing leaves here.

    A second run sends nothing twice.
    """
    given: Context = context.obj
    changes = {
        "database_url": f"sqlite:///{folder / 'demo.db'}",
        "smtp_url": SecretStr(f"maildir:{folder / 'mailbox'}"),
        "base_url": "https://papers.example.org",
        "sender": "Daily Papers <papers@example.org>",
        "postal_address": "Example Lab, 1 Road, Town",
    }
    app = build(given.settings.model_copy(update=changes))
    with progress("the demo") as bar:
        played = demonstration.play(app, folder, lambda _what, done, total: bar(done, total))
    if as_json:
        print_json(_demo_json(played))
    else:
        _print_demo(played)


def _demo_json(played: demonstration.Demo) -> dict[str, Any]:
    rows = [
        {"reader": row.reader, "mails": row.mails, "papers": row.papers, "best": row.best,
         "reason": row.reason}
        for row in played.rows
    ]  # fmt: skip
    return {"sent": played.sent, "already": played.already, "readers": rows,
            "mailbox": str(played.mailbox), "page": str(played.page)}  # fmt: skip


def _print_demo(played: demonstration.Demo) -> None:
    counts = ", ".join(
        f"{demonstration.collected(played.reports, change)} {change}" for change in Change
    )
    out.print(f"[bold]Collected[/] {len(played.reports)} listings of three days: {counts}")
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("reader", no_wrap=True)
    table.add_column("papers", no_wrap=True, justify="right")
    table.add_column("top reason", max_width=40)
    table.add_column("first paper", max_width=52)
    for row in played.rows:
        cells = (Text(text, no_wrap=True, overflow="ellipsis") for text in (row.reason, row.best))
        table.add_row(row.reader, str(row.papers), *cells)
    out.print(table)
    if played.sent:
        out.print(f"[bold]Sent[/] {played.sent} mails to the mailbox {played.mailbox}")
    if played.already:
        out.print(f"[bold]Nothing twice:[/] {played.already} mails had been sent before")
    out.print(f"Open [bold]{played.page}[/] to see one")
