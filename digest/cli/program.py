"""The program: its commands, and the one place where an expected error becomes a line."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from digest import logs
from digest.cli.commands import Program
from digest.cli.terminal import FAILED, Context, err, out
from digest.errors import DigestError
from subscribers.errors import SubscriberError

log = logging.getLogger(__name__)

cli = typer.Typer(
    name="digest",
    cls=Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        out.print(f"digest {version('papers-digest')}", markup=False)
        raise typer.Exit


@cli.callback()
def program(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="A settings file; default: digest.toml here, if any.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say what is done, and show tracebacks.")
    ] = False,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Trending papers in your inbox, once a day.

    [bold]A first look:[/] digest demo

    [bold]For real:[/] digest collect · digest subscribers add you@example.org --interest "..." ·
    digest preview you@example.org · digest send

    Settings are DIGEST_* in the environment, or digest.toml. Exit status: 0 done, 1 something
    failed (and what did not is kept), 2 wrong usage.
    """
    logs.configure(logging.INFO if verbose else logging.ERROR)
    context.obj = Context(config, verbose)


def run() -> None:
    """Run a command; whatever goes wrong ends in one line and status 1."""
    try:
        cli()
    except (DigestError, SubscriberError) as error:
        _say(str(error))
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:  # the last resort: no traceback reaches a user
        if "-v" in sys.argv or "--verbose" in sys.argv:
            log.exception("unexpected")
        _say(f"unexpected {type(error).__name__}: {error} (digest --verbose ... shows where)")


def _say(message: str) -> None:
    err.print(" ".join(message.split()), style="red", markup=False)
    sys.exit(FAILED)
