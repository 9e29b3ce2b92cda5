"""send and preview: what goes out, or would."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from digest import explain, sender
from digest.app import App
from digest.cli import live
from digest.cli.terminal import (
    FAILED,
    Day,
    Json,
    app_of,
    confirm_count,
    err,
    fail,
    out,
    print_json,
    today,
)
from digest.core.delivery import State
from digest.core.edition import Pick
from digest.mail.preview import parts_of
from digest.sender import Sent
from digest.store import history
from subscribers import address as addresses
from subscribers.standing import Standing


def register(cli: typer.Typer) -> None:
    """Add these commands to the program."""
    cli.command()(preview)
    cli.command()(send)


def preview(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="The reader.")],
    day: Day = None,
    folder: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write EMAIL.html, .txt and .eml there.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The exact mail a reader would get: as text here, or as files with --out."""
    app = app_of(context)
    when = day or today(app)
    found = explain.preview(app, addresses.parse(email), when)
    if found.message is None:
        if as_json:
            print_json({"email": email, "day": when, "subject": None, "picks": [], "files": []})
        fail(f"{email} would get no mail for {when}: {_why_empty(app, when)}")
    parts = parts_of(found.message)
    files = _write(folder, email, parts.html, parts.text, found.message.data) if folder else []
    if as_json:
        picks = [pick_json(pick, found.papers[pick.paper_id]) for pick in found.digest.picks]
        print_json({"email": email, "day": when, "subject": found.message.subject,
                    "picks": picks, "files": [str(file) for file in files]})  # fmt: skip
    elif folder:
        for file in files:
            out.print(str(file), markup=False)
    else:
        out.print(f"[dim]Subject:[/] {escape(found.message.subject)}\n")
        out.print(parts.text, markup=False)


def _write(folder: Path, email: str, html: str, text: str, wire: bytes) -> list[Path]:
    name = re.sub(r"[^\w.@+-]", "_", email)
    contents = {".html": html.encode(), ".txt": text.encode(), ".eml": wire}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, content in contents.items():
            (folder / f"{name}{suffix}").write_bytes(content)
    except OSError as error:
        fail(f"{folder}: the preview cannot be written: {error.strerror}")
    return [folder / f"{name}{suffix}" for suffix in contents]


def _why_empty(app: App, day: date) -> str:
    with app.read() as session:
        days = history.days(session)
    if not days:
        return "the history is empty; run `digest collect`"
    if (day - days[-1]).days >= 7:
        return f"nothing was listed in the week before; the last day known is {days[-1]}"
    return "nothing new in the last week, or nothing that fits"


def pick_json(pick: Pick, stored: history.Stored) -> dict[str, Any]:
    """A pick with its reasons as plain data."""
    reasons = [{"kind": r.kind, "text": r.text, "weight": r.weight} for r in pick.reasons]
    return {
        "paper": stored.paper.id,
        "title": stored.paper.title,
        "section": pick.section,
        "heading": pick.heading,
        "change": pick.change,
        "score": pick.score,
        "reasons": reasons,
    }


def send(
    context: typer.Context,
    day: Day = None,
    to: Annotated[
        list[str] | None, typer.Option(help="Only to this reader; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for the count.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until all is tried again that a server put off.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(min=0, max=64, help="How many processes; 0: DIGEST_WORKERS, or the cores."),
    ] = 0,
    as_json: Json = False,
) -> None:
    """Send a day's digest to every active reader who has not had it.

    Past days may be sent too. Sending twice sends once: who had the day's digest is passed over,
    and a send that was cut off is finished.
    """
    app = app_of(context)
    when = day or today(app)
    if when > today(app) + timedelta(days=1):
        fail(f"{when} is still to come: there is nothing to send of it")
    only = [_subscriber_id(app, email, when) for email in to] if to else None
    if dry_run:
        told = sender.rehearse(app, when, only)
        report(told, when, as_json=as_json, dry_run=True)
        return
    if not yes and (count := sender.audience(app, when, only)):
        confirm_count(count, f"The digest of {when} goes to {_readers(count)}.")
    with live.sending() as hear:
        told = sender.send(app, when, only, progress=hear, workers=workers, waits=wait)
    report(told, when, as_json=as_json)
    if not told.is_complete:
        raise typer.Exit(FAILED)


def _subscriber_id(app: App, email: str, day: date) -> int:
    with app.read() as session:
        reader = explain.subscriber(session, addresses.parse(email))
    if not Standing(reader.status, reader.paused_until).may_get(day):
        fail(f"{email} is {reader.status}: nothing is sent to who is not active")
    return reader.id


def _readers(count: int) -> str:
    return "1 reader" if count == 1 else f"{count:,} readers"


def report(told: Sent, day: date, *, as_json: bool, dry_run: bool = False) -> None:
    """What a send did, or would do."""
    outcomes = {state.value: number for state, number in sorted(told.outcomes.items())}
    if as_json:
        more: dict[str, Any] = {"dry_run": True}
        if not dry_run:
            more = {"paused": told.paused or None, "stopped": told.stopped,
                    "runs": list(told.run_ids)}  # fmt: skip
        print_json({"audience": told.audience, "outcomes": outcomes, "already": told.already,
                    "day": day, **more})  # fmt: skip
        return
    parts = [f"{number:,} {state.replace('_', ' ')}" for state, number in outcomes.items()]
    before = f"; {told.already:,} had it before" if told.already else ""
    if dry_run:
        out.print(f"{day}: for {_readers(told.audience)}: {', '.join(parts) or 'nothing'}{before} "
                  "(dry run, nothing was sent)")  # fmt: skip
    elif not told.audience:
        out.print(f"{day}: nothing {'was sent' if told.paused else 'to send'}{before}")
    else:
        out.print(f"{day}: {_readers(told.audience)}: {', '.join(parts)}{before}")
    _report_left(told, day)


def _report_left(told: Sent, day: date) -> None:
    """What is left to do, and by which command."""
    again = f"digest send --day {day}"
    in_doubt = told.outcomes[State.IN_DOUBT]
    lost = f"nothing was lost; {in_doubt:,} in doubt" if in_doubt else "nothing was lost"
    if told.paused and told.outcomes[State.CANCELLED]:
        err.print(f"{told.outcomes[State.CANCELLED]:,} get nothing by this run: {told.paused}",
                  style="red", markup=False)  # fmt: skip
    elif told.paused:
        err.print(f"paused: {told.paused}", style="red", markup=False)
        err.print(lost, style="dim")
    elif told.stopped:
        err.print(f"stopped: {lost}; the same command goes on")
    elif at_work := told.outcomes[State.CLAIMED] + told.outcomes[State.IN_FLIGHT]:
        err.print(f"another send is at work on {at_work:,} of these: see again when it is done")
    elif put_off := told.outcomes[State.DEFERRED]:
        err.print(f"{put_off:,} put off by a server: `{again}` tries again, --wait waits")
