"""bounces: what comes back, by mail."""

import sys
from typing import Annotated

import typer

from digest import bounces as story
from digest.app import App
from digest.bounces import Taken
from digest.cli.terminal import FAILED, USAGE, Json, app_of, err, fail, out, print_json


def register(cli: typer.Typer) -> None:
    """Add this command to the program."""
    cli.command()(bounces)


def bounces(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|FOLDER|URL|-]",
            help="A mail, a Maildir, a folder of .eml files and nothing else, imaps:// or "
            "pop3s://, or - for a pipe; default: DIGEST_BOUNCES_URL, else the pipe.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take bounces, complaints and mails of readers who leave.

    A mailbox that is gone suppresses its reader, one that fails again and again too; a complaint
    at once. Only a mail that proves by a signature which message of ours it is about changes
    anything. Reading a mail twice counts once, so this may run as often as you like.

    From Postfix, in master.cf: pipe ... argv=/bin/sh -c "digest bounces - || exit 75"
    """
    app = app_of(context)
    taken = story.take(app, source or _default(app))
    _report_json(taken) if as_json else _report(taken)
    if taken.failed:
        raise typer.Exit(FAILED)


def _default(app: App) -> str:
    url = app.settings.bounces_url.get_secret_value()
    if not url and sys.stdin.isatty():
        fail("name a file, a Maildir or a URL, or set DIGEST_BOUNCES_URL", USAGE)
    return url or "-"


def _report_json(taken: Taken) -> None:
    failed = [{"mail": one.name, "reason": one.reason} for one in taken.failed]
    kinds = {kind.value: number for kind, number in sorted(taken.kinds.items())}
    counts = {name: getattr(taken, name) for name in ("read", "again", "unmatched")}
    effects = {name: getattr(taken, name) for name in ("suppressed", "unsubscribed")}
    print_json({**counts, "kinds": kinds, **effects, "left": taken.left, "failed": failed})


def _report(taken: Taken) -> None:
    for one in taken.failed:
        err.print(f"{one.name}: {one.reason}", style="red", markup=False)
    for name in taken.left:
        err.print(f"{name}: no report of ours; left for you to read", style="yellow", markup=False)
    kinds = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in sorted(taken.kinds.items()))
    again = f", {taken.again} read before" if taken.again else ""
    unmatched = f" ({taken.unmatched} about no message of ours)" if taken.unmatched else ""
    out.print(f"{taken.read} read: {kinds or 'nothing new'}{again}{unmatched}", markup=False)
    if taken.suppressed or taken.unsubscribed:
        out.print(f"{taken.suppressed} suppressed, {taken.unsubscribed} unsubscribed")
