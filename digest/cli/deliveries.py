"""deliveries: what became of every mail, of one reader or of one run."""

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from digest import steering
from digest.app import App
from digest.cli import account
from digest.cli.terminal import Json, app_of, err, fail, out, print_json
from digest.core.delivery import Phase, State
from digest.core.message import message_id
from digest.store import account as accounts
from digest.store import runs
from digest.store.account import Entry
from digest.store.deliveries import Attempt, Delivery
from digest.store.runs import Run
from subscribers import address as addresses

ID = 32  # the letters of a Message-ID before the @


def register(cli: typer.Typer) -> None:
    """Add this command to the program."""
    cli.command()(deliveries)


def deliveries(
    context: typer.Context,
    email: Annotated[str | None, typer.Argument(help="The reader.", show_default=False)] = None,
    run: Annotated[
        int | None, typer.Option(help="The account of this run instead.", metavar="RUN")
    ] = None,
    state: Annotated[State | None, typer.Option(help="Only what stands there.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The most rows to show.")] = 50,
    after: Annotated[int, typer.Option(min=0, help="Go on behind this row.", metavar="ID")] = 0,
    as_json: Json = False,
) -> None:
    """Every message promised to a reader, oldest first: its state and each try.

    With --run the account of a run: who, in which state, and the last words of the server. Example:
    digest deliveries --run 3 --state in_doubt
    """
    app = app_of(context)
    if (email is None) == (run is None):
        raise typer.BadParameter("give the address of a reader or --run RUN, one of the two")
    if run is not None:
        _of_run(app, run, state, limit, after, as_json=as_json)
    elif email is not None:
        if state or after:
            raise typer.BadParameter("--state and --after go with --run")
        _of_reader(app, email, as_json=as_json)


def _of_reader(app: App, email: str, *, as_json: bool) -> None:
    from digest import explain  # with it comes the ranking, which no run's account needs

    found = explain.deliveries_to(app, addresses.parse(email))
    if as_json:
        print_json({"email": email, "deliveries": [_delivery_json(one) for one in found]})
        return
    if not found:
        fail(f"nothing was ever queued for {email}")
    for one in found:
        papers = f"{len(one.picks)} papers" if one.picks else one.reason
        out.print(f"{one.changed_at:%Y-%m-%d %H:%M}Z  {one.state:<10} {one.key:<28} {papers}",
                  markup=False)  # fmt: skip
        for attempt in one.attempts:
            out.print(f"    {_attempt(attempt)}", style="dim", markup=False)


def _attempt(attempt: Attempt) -> str:
    if attempt.phase is Phase.DECIDED:
        return f"{attempt.at:%Y-%m-%d %H:%M}Z: {attempt.reply}"
    return f"try {attempt.number}: {attempt.state}, {attempt.reply}"


def _delivery_json(one: Delivery) -> dict[str, Any]:
    return {
        "key": one.key,
        "kind": one.kind,
        "day": one.day,
        "run": one.run_id,
        "state": one.state,
        "reason": one.reason or None,
        "changed_at": one.changed_at,
        "considered": one.considered,
        "profile_version": one.profile_version,
        "papers": [pick.paper_id for pick in one.picks],
        "attempts": [{"number": a.number, **_attempt_json(a)} for a in one.attempts],
    }


def _attempt_json(a: Attempt) -> dict[str, Any]:
    return {"at": a.at, "state": a.state, "phase": a.phase, "code": a.code, "reply": a.reply}


def _of_run(
    app: App, run_id: int, state: State | None, limit: int, after: int, *, as_json: bool
) -> None:
    with app.read() as session:
        run = steering.find(session, run_id)
        here = sum(runs.counts(session, [run_id])[run_id].values())
        found = accounts.entries(session, run_id, limit=limit, state=state, after=after)
        last = found[-1].id if found else after
        more = accounts.remaining(session, run_id, state=state, after=last)
    moved = account.total(run) - here
    if as_json:
        rows = [_entry_json(app, one) for one in found]
        print_json({**account.run_json(run), "moved": moved, "deliveries": rows, "more": more,
                    "next": last if more else None})  # fmt: skip
        return
    _print_account(run, moved)
    if found:
        out.print(_table(app, found), soft_wrap=False)
        if any(one.state is State.IN_DOUBT for one in found):
            err.print("the letters under a reader begin the Message-ID: look for them in the log "
                      "of your relay", style="dim")  # fmt: skip
    else:
        none = f"none of them is {state.value.replace('_', ' ')}" if state else "no rows"
        out.print(f"{none}{' any more' if after else ''}")
    if more:
        err.print(f"{more:,} more: --after {last}", style="dim")


def _entry_json(app: App, one: Entry) -> dict[str, Any]:
    return {
        "id": one.id,
        "key": one.key,
        "message_id": _message_id(app, one),
        "subscriber": one.subscriber_id,
        "email": one.email,
        "state": one.state,
        "reason": one.reason or None,
        "changed_at": one.changed_at,
        "attempts": one.attempts,
        "last": _attempt_json(one.last) if one.last else None,
    }


def _message_id(app: App, one: Entry) -> str:
    """What the log of the relay calls it."""
    return message_id(one.key, app.secret, app.site.domain)


def _print_account(run: Run, moved: int) -> None:
    """The audience and the sum that it must be."""
    out.print(f"[bold]Run {run.id}[/], the digest of [bold]{run.day}[/]: {account.word(run.state)}")
    whole = account.total(run) == run.audience
    out.print(
        f"{run.audience:,} readers = {account.summary(run.outcomes) or 'nobody'}"
        + ("" if whole else f"  [bold red]does not add up: {account.total(run):,}[/]"),
        soft_wrap=False,
    )
    if moved:
        out.print(f"{moved:,} of them were promised anew since, in a later run", style="dim")
    out.print()


def _table(app: App, found: list[Entry]) -> Table:
    """A row for each; under a reader in doubt, what to look for in the relay's log."""
    doubtful = any(one.state is State.IN_DOUBT for one in found)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("reader", overflow="fold", max_width=40, min_width=ID if doubtful else None)
    table.add_column("state", no_wrap=True)
    table.add_column("tries", justify="right", no_wrap=True)
    table.add_column("last words", overflow="fold")
    for one in found:
        who = Text(one.email or "erased", style="" if one.email else "dim")
        if one.state is State.IN_DOUBT:
            who.append(f"\n{_message_id(app, one)[1 : ID + 1]}", style="dim")
        table.add_row(who, account.word(one.state), str(one.attempts), _words(one))
    return table


def _words(one: Entry) -> Text:
    """What went well may be cut to a line; the rest is told in full."""
    told = one.reason or (one.last.reply if one.last else "")
    if one.state is State.SENT:
        return Text(told, style="dim", no_wrap=True, overflow="ellipsis")
    return Text(told, overflow="fold")
