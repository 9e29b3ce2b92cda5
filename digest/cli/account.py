"""How runs and their deliveries are shown: tables for a person, plain data for a script."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from digest.cli.terminal import err, out
from digest.core.delivery import FINAL, State
from digest.store.runs import OPEN, Run

# As a person reads an account: what went well, what is to be looked at, what is to come.
ORDER = (State.SENT, State.IN_DOUBT, State.BOUNCED, State.IN_FLIGHT, State.CLAIMED,
         State.DEFERRED, State.PLANNED, State.EMPTY, State.SUPPRESSED, State.EXPIRED,
         State.CANCELLED)  # fmt: skip
STYLES = {"sent": "green", "done": "green", "running": "cyan", "paused": "yellow",
          "in_doubt": "bold yellow", "bounced": "red", "deferred": "yellow", "expired": "yellow",
          "in_flight": "cyan", "claimed": "cyan", "cancelled": "dim", "empty": "dim",
          "suppressed": "dim"}  # fmt: skip
BAR = 24


def run_json(run: Run) -> dict[str, Any]:
    """A run with its account as plain data."""
    return {
        "run": run.id,
        "day": run.day,
        "state": run.state,
        "note": run.note or None,
        "planned_at": run.planned_at,
        "deadline_at": run.deadline_at,
        "audience": run.audience,
        "outcomes": {state.value: number for state, number in sorted(run.outcomes.items())},
        "sum": total(run),
        "balanced": total(run) == run.audience,
        "accounted": run.is_accounted,
    }


def total(run: Run) -> int:
    """The sum of the outcomes."""
    return sum(run.outcomes.values())


def word(state: str) -> str:
    """A state as a coloured word."""
    return f"[{STYLES.get(state, 'default')}]{state.replace('_', ' ')}[/]"


def ordered(outcomes: Mapping[State, int]) -> list[tuple[State, int]]:
    """The outcomes that occur, in the order in which they are read."""
    return [(state, outcomes[state]) for state in ORDER if outcomes.get(state)]


def summary(outcomes: Mapping[State, int]) -> str:
    """The outcomes as one line."""
    return ", ".join(f"{number:,} {word(state)}" for state, number in ordered(outcomes))


def print_runs(found: Sequence[Run]) -> None:
    """A table of runs; under each that needs it, why it is paused or was cancelled."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("run", justify="right", no_wrap=True)
    table.add_column("day", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("readers", justify="right", no_wrap=True)
    table.add_column("how they stand", overflow="fold")
    for run in found:
        cell = summary(run.outcomes)
        if run.note:
            cell += f"\n[dim]{escape(run.note)}[/]"
        table.add_row(f"{run.id}", f"{run.day}", word(run.state), f"{run.audience:,}", cell)
    out.print(table, soft_wrap=False)


def print_run(run: Run, now: datetime) -> None:
    """One run as a whole: when, its account with parts of the audience, what can be done."""
    out.print(f"[bold]Run {run.id}[/], the digest of [bold]{run.day}[/]: {word(run.state)}")
    if run.note:
        out.print(Padding(Text(run.note, style="dim"), (0, 0, 0, 2)), soft_wrap=False)
    out.print(f"  [dim]frozen[/]    {run.planned_at:%Y-%m-%d %H:%M}Z")
    out.print(f"  [dim]deadline[/]  {run.deadline_at:%Y-%m-%d %H:%M}Z{_left(run, now)}")
    out.print()
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for justify in ("left", "right", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for state, number in ordered(run.outcomes):
        part = number / max(run.audience, 1)
        table.add_row(f"  {word(state)}", f"{number:,}", f"[dim]{part:.1%}[/]", _bar(state, part))
    table.add_row("  [bold]audience[/]", f"[bold]{run.audience:,}[/]", "", _balance(run))
    out.print(table, soft_wrap=False)
    print_next(run)


def _left(run: Run, now: datetime) -> str:
    """How long an open run has."""
    if run.state not in OPEN:
        return ""
    left = run.deadline_at - now
    if left <= timedelta():
        return "  [yellow]passed: what waits expires[/]"
    hours, minutes = divmod(int(left.total_seconds()) // 60, 60)
    return f"  [dim]in {hours} h {minutes:02} min[/]"


def _bar(state: State, part: float) -> Text:
    eighths = max(1, round(part * BAR * 8))
    full, rest = divmod(eighths, 8)
    return Text("█" * full + " ▏▎▍▌▋▊▉"[rest].strip(), style=STYLES.get(state, "default"))


def _balance(run: Run) -> str:
    if total(run) != run.audience:
        return f"[bold red]does not add up: the outcomes are {total(run):,}[/]"
    rest = run.audience - sum(n for s, n in run.outcomes.items() if s in FINAL)
    return "[dim]every one accounted for[/]" if not rest else f"[dim]{rest:,} still to end[/]"


def print_next(run: Run) -> None:
    """What can be done with a run, as commands; on standard error, so that no script reads it."""
    steps = _next(run)
    if not steps:
        return
    width = max(len(command) for command, _ in steps)
    err.print()
    for command, what in steps:
        err.print(f"  {command:<{width}}  [dim]{what}[/]")


def _next(run: Run) -> list[tuple[str, str]]:
    steps = {
        "running": [
            (f"digest send --day {run.day}", "goes on with it, where no sender is at work"),
            (f"digest runs pause {run.id}", "stops it before its next group"),
        ],
        "paused": [(f"digest runs resume {run.id}", "goes on with it from here")],
        "cancelled": [(f"digest send --day {run.day}", "promises the cancelled anew")],
    }.get(run.state, [])
    if run.state in OPEN:
        steps.append((f"digest runs cancel {run.id}", "ends it for good"))
    if run.outcomes.get(State.IN_DOUBT):
        steps.append((f"digest deliveries --run {run.id} --state in_doubt", "who is in doubt"))
        steps.append((f"digest runs decide {run.id} sent|again", "decides it"))
    return steps
