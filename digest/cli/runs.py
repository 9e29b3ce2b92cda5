"""runs: how the sends stand; pause, resume and cancel one, decide what is in doubt.

What sends is loaded by `resume` alone.
"""

import getpass
import socket
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from digest import steering
from digest.app import App
from digest.cli import account
from digest.cli.terminal import (
    FAILED,
    Json,
    app_of,
    confirm_count,
    err,
    out,
    print_json,
    progress,
    read_day,
)
from digest.core.delivery import WAITING, State
from digest.steering import Step
from digest.store import account as accounts
from digest.store import doubts
from subscribers import address as addresses

cli = typer.Typer(help="The sends as runs: how they stand; pause, resume, cancel, decide.")

Number = Annotated[int, typer.Argument(metavar="RUN", help="The number that `digest runs` shows.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for the count.")]


def register(program: typer.Typer) -> None:
    """Add these commands to the program."""
    program.add_typer(cli, name="runs")


class Choice(StrEnum):
    """How a person decides about what is in doubt."""

    SENT = "sent"
    AGAIN = "again"


@cli.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    day: Annotated[
        date | None,
        typer.Option(
            "--day", "-d", parser=read_day, metavar="YYYY-MM-DD", help="Only this day's runs."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most to list.")] = 20,
    as_json: Json = False,
) -> None:
    """Every send of a day is a run: how they stand, newest first.

    While one is at work, another shell may pause, resume or cancel it.
    """
    if context.invoked_subcommand is not None:
        if day or as_json or limit != 20:
            raise typer.BadParameter(f"options go behind `{context.invoked_subcommand}`")
        return
    with app_of(context).read() as session:
        found = accounts.recent(session, day=day, limit=limit)
        more = accounts.number_of_runs(session, day=day) - len(found)
    if as_json:
        print_json({"runs": [account.run_json(run) for run in found], "more": more})
        return
    if not found:
        out.print(f"no run of {day} yet" if day else "no run yet: `digest send` makes one")
        return
    account.print_runs(found)
    if more:
        err.print(f"{more:,} older: --limit {limit + more}", style="dim")


@cli.command()
def show(context: typer.Context, run: Number, as_json: Json = False) -> None:
    """How one run stands: its account, and what can be done with it."""
    app = app_of(context)
    with app.read() as session:
        found = steering.find(session, run)
    if as_json:
        print_json(account.run_json(found))
    else:
        account.print_run(found, app.clock())


@cli.command()
def pause(context: typer.Context, run: Number, as_json: Json = False) -> None:
    """Stop a run that is at work: its senders end what is under way and hand back the rest."""
    done = steering.pause(app_of(context), run)
    _say(done, f"run {run} is paused{_before(done)}", as_json=as_json)
    if not as_json:
        account.print_next(done.run)


@cli.command()
def resume(context: typer.Context, run: Number, as_json: Json = False) -> None:
    """Go on with a paused run: open it again, and send from this shell."""
    from digest import sender
    from digest.cli import live
    from digest.cli.sending import report

    app = app_of(context)
    step = steering.resume(app, run)
    if not as_json:
        _say_late(step, app.clock())
    with live.sending() as hear:
        told = sender.resume(app, run, progress=hear)
    report(told, step.run.day, as_json=as_json)
    if not told.is_complete:
        raise typer.Exit(FAILED)


def _say_late(step: Step, now: datetime) -> None:
    if now >= step.run.deadline_at:
        err.print(
            f"its deadline passed at {step.run.deadline_at:%Y-%m-%d %H:%M}Z: what waits expires; "
            f"`digest send --day {step.run.day}` promises it anew",
            style="yellow",
        )


@cli.command()
def cancel(context: typer.Context, run: Number, yes: Yes = False, as_json: Json = False) -> None:
    """End a run for good: who still waits in it gets nothing by it."""
    app = app_of(context)
    with app.read() as session:
        found = steering.find(session, run)
    waiting = sum(found.outcomes.get(state, 0) for state in WAITING)
    if not yes and waiting and found.state in ("running", "paused"):
        question = f"{_readers(waiting)} of {found.audience:,} will not get it by run {run}."
        confirm_count(waiting, question, "nothing was cancelled")
    with progress("cancelling") as bar:
        done = steering.cancel(app, run, bar)
    rest = f", {done.run.left:,} more as their sender hands them back" if done.run.left else ""
    _say(done, f"run {run} is cancelled{_before(done)}: {_readers(done.count)} taken back{rest}",
         as_json=as_json)  # fmt: skip
    if not as_json:
        account.print_next(done.run)


@cli.command()
def decide(
    context: typer.Context,
    run: Number,
    choice: Annotated[
        Choice, typer.Argument(help="sent: count them as sent; again: promise them again.")
    ],
    email: Annotated[
        list[str] | None, typer.Option(help="Only this reader's; may be repeated.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Decide what is in doubt, when the log of your relay has told what became of it.

    First: digest deliveries --run RUN --state in_doubt
    """
    app = app_of(context)
    only = [_reader(app, one) for one in email] if email else None
    with app.read() as session:
        found = steering.find(session, run)
        count = doubts.number_of(session, run, only)
    if choice is Choice.AGAIN and count and not yes:
        confirm_count(count, f"{_readers(count)} may get the digest of {found.day} twice.")
    to = State.SENT if choice is Choice.SENT else State.PLANNED
    done = steering.decide(app, run, to, by=_me(), only=only)
    if as_json:
        print_json({**account.run_json(done.run), "decided": choice, "count": done.count})
    else:
        out.print(_decided(run, done.count, to, email), markup=False)
        account.print_next(done.run)


def _decided(run: int, count: int, to: State, email: Sequence[str] | None) -> str:
    if not count:
        return f"nothing of run {run} is in doubt{' for ' + ', '.join(email) if email else ''}"
    if to is State.SENT:
        return f"{_readers(count)} of run {run}: counted as sent"
    return f"{_readers(count)} of run {run}: promised again; whom it had reached gets it twice"


def _reader(app: App, email: str) -> int:
    from digest import explain

    with app.read() as session:
        return explain.subscriber(session, addresses.parse(email)).id


def _me() -> str:
    """Who gives this command, for the ledger."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):  # a user without a name, as in a container
        user = "somebody"
    return f"{user} on {socket.gethostname()}"


def _readers(count: int) -> str:
    return "1 reader" if count == 1 else f"{count:,} readers"


def _before(step: Step) -> str:
    return "" if step.changed else " already"


def _say(step: Step, line: str, *, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {"changed": step.changed, "count": step.count}
        print_json({**account.run_json(step.run), **told})
    else:
        out.print(line, markup=False)
