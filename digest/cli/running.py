"""run: everything in one process."""

import logging
import os
import signal
import sys
from contextlib import suppress
from typing import Annotated

import typer

from digest.cli.terminal import app_of, err


def register(cli: typer.Typer) -> None:
    """Add this command to the program."""
    cli.command()(run)


def run(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to serve at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8000,
) -> None:
    """Everything in one process: collect, send to each reader at their hour, the pages.

    Several may run on one database: it decides who does what. SIGTERM ends in order: what is under
    way is finished, the rest goes on with the next start.
    """
    # Loaded only here: together they cost the other commands most of a second.
    from digest import logs, scheduler
    from digest.ways_out import lanes_of
    from digest.web import server

    app = app_of(context)
    lanes_of(app, 1)  # a wrong setting is told at the start, not in the night
    logs.configure(logging.INFO)
    # The server raises the signal that ended it once more: then this is to be the end of it.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    clockwork = scheduler.Clockwork(app)
    with server.listen(host, port) as listening, suppress(KeyboardInterrupt):
        name, number = listening.getsockname()[:2]
        shown = f"[{name}]" if ":" in name else name
        err.print(f"running; serving http://{shown}:{number} (stop with Ctrl-C)", markup=False)
        with scheduler.ticking(clockwork):
            server.serve(app, listening)
    sys.stdout.flush()
    if scheduler.threads_left():
        os._exit(0)  # a source that does not answer must not hold the end up
