"""What the commands share: streams, the App, progress, questions, and how a command ends."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Protocol

import typer
from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from digest.app import App
    from digest.settings import Settings

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

DONE, FAILED, USAGE = 0, 1, 2


@dataclass(slots=True)
class Context:
    """What a command is given: the settings, and the App wired from them when first needed."""

    config: Path | None
    verbose: bool = False
    _app: "App | None" = field(default=None)

    @property
    def settings(self) -> "Settings":
        # Loaded only here, as in `app`: help and wrong usage need neither.
        from digest.settings import load

        return load(self.config)

    @property
    def app(self) -> "App":
        from digest.app import build

        if self._app is None:
            self._app = build(self.settings)
        return self._app


def app_of(context: typer.Context) -> "App":
    """The App of this command."""
    given: Context = context.obj
    return given.app


def read_day(text: str | date) -> date:
    """A day written as 2026-05-07; anything else is a usage error."""
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day; write it as 2026-05-07") from error


Day = Annotated[
    date | None,
    typer.Option(
        "--day", "-d", parser=read_day, metavar="YYYY-MM-DD", help="The day; default: today (UTC)."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for a script.")]


def today(app: "App") -> date:
    """The calendar day in UTC."""
    return app.clock().astimezone(UTC).date()


def fail(message: str, status: int = FAILED) -> NoReturn:
    """Say in one line what went wrong, on standard error, and end."""
    err.print(" ".join(message.split()), style="red", markup=False)
    raise typer.Exit(status)


def print_json(value: Any) -> None:
    """One JSON document on standard output; days and instants as ISO 8601."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False, indent=2) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


class Bar(Protocol):
    """Told how much is done, of how much, and what is done now."""

    def __call__(self, done: int, total: int, now: str = ...) -> None: ...


@contextmanager
def progress(what: str) -> Iterator["Bar"]:
    """A bar on a terminal, gone when it is done; silent anywhere else."""
    # Loaded only here: most commands show no bar.
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=None)

        def update(done: int, total: int, now: str = what) -> None:
            bar.update(task, completed=done, total=total or None, description=escape(now))

        yield update


def confirm_count(count: int, question: str, undone: str = "nothing was sent") -> None:
    """On a terminal, go on only when the count is typed, else say what is `undone`; elsewhere,
    never ask."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    answer = out.input(f"{question} Type [bold]{count}[/] to go on: ")
    if answer.strip().replace(",", "") != str(count):
        fail(f"{undone}: the count was not typed")
