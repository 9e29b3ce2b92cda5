"""subscribers list, unsubscribe, suppress, erase: whom mail must not reach any more."""

import sys
from typing import Annotated

import typer

from digest import personal, readers
from digest.cli import sowing
from digest.cli.people import cli, find, option, print_list
from digest.cli.terminal import Json, app_of, fail, out, print_json
from subscribers import address as addresses
from subscribers.consent import ConsentKind, Reason, Status

SOURCE = "command line"

Email = Annotated[str, typer.Argument(help="The address.")]


def register(program: typer.Typer) -> None:
    """Add these commands to the program."""
    cli.command()(sowing.seed)
    program.add_typer(cli, name="subscribers")


@cli.command("list")
def list_(
    context: typer.Context,
    status: Annotated[Status | None, option("Only readers who stand there.")] = None,
    search: Annotated[str, option("A part of the address.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The most to list.")] = 50,
    as_json: Json = False,
) -> None:
    """The readers, all or some of them."""
    print_list(app_of(context), search, limit, status=status, as_json=as_json)


@cli.command()
def unsubscribe(context: typer.Context, email: Email, as_json: Json = False) -> None:
    """Send a reader nothing any more. They may subscribe again."""
    app = app_of(context)
    reader = find(app, email)
    if reader.status is not Status.UNSUBSCRIBED:
        with app.begin() as session:
            readers.step(session, app, reader.id, ConsentKind.UNSUBSCRIBED, source=SOURCE)
    if as_json:
        print_json({"email": reader.address.as_typed, "status": Status.UNSUBSCRIBED})
    else:
        out.print(f"{email} is unsubscribed", markup=False)


@cli.command()
def suppress(
    context: typer.Context,
    email: Email,
    reason: Annotated[Reason, option("Why.")] = Reason.BY_HAND,
    lift: Annotated[bool, typer.Option("--lift", help="Allow mail to the address again.")] = False,
    as_json: Json = False,
) -> None:
    """Never write to an address again, subscribed or not: no import and no sign-up undoes it.

    Example: digest subscribers suppress eve@example.org --reason complained
    """
    app, address = app_of(context), addresses.parse(email)
    with app.begin() as session:
        if lift:
            before = readers.lift(session, app, address)
            changed, now = before is not None, None
        else:
            changed = readers.suppress(session, app, address, reason, source=SOURCE)
            now = readers.reason_for(session, app, address)
    if as_json:
        print_json({"email": address.as_typed, "suppressed": now, "changed": changed})
    else:
        state = f"suppressed: {now}" if now else "not suppressed"
        out.print(f"{email} is {state}{'' if changed else ', as before'}", markup=False)


@cli.command()
def erase(
    context: typer.Context,
    email: Email,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove everything about a reader; a keyed hash keeps imports from bringing them back."""
    app = app_of(context)
    reader = find(app, email)
    if not yes:
        _confirm(reader.address.as_typed)
    personal.erase(app, reader.address, source=SOURCE)
    if as_json:
        print_json({"email": reader.address.as_typed, "erased": True})
    else:
        out.print(f"{email} is erased", markup=False)


def _confirm(email: str) -> None:
    """On a terminal, go on only when the address is typed; elsewhere, never ask."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    out.print("Everything about this reader will be gone for good.")
    if out.input("Type the address to go on: ").strip() != email:
        fail("nothing was erased: the address was not typed")
