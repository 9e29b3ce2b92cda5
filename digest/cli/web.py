"""web: the pages, served."""

from contextlib import suppress
from typing import Annotated

import typer

from digest.cli.terminal import app_of, err


def register(cli: typer.Typer) -> None:
    """Add this command to the program."""
    cli.command()(web)


def web(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to serve at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8000,
) -> None:
    """The pages: subscribe, confirm, settings, unsubscribe; and the letters these send.

    Put a proxy that speaks https before it and name it in DIGEST_TRUSTED_PROXIES.
    """
    # Loaded only here: the web framework would cost every other command most of a second.
    from digest.web import server

    app = app_of(context)
    with server.listen(host, port) as listening, suppress(KeyboardInterrupt):
        name, number = listening.getsockname()[:2]
        shown = f"[{name}]" if ":" in name else name
        err.print(f"serving http://{shown}:{number} (stop with Ctrl-C)", markup=False)
        server.serve(app, listening)
