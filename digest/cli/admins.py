"""admins add, list, reset, remove: who may log in at /admin. Needs neither mail nor web."""

import getpass
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from digest.cli.terminal import Json, app_of, confirm_count, err, fail, out, print_json
from digest.core.admin import Admin, Role
from digest.store import admins, audit
from digest.store.admins import Secrets

if TYPE_CHECKING:
    from digest.app import App

cli = typer.Typer(no_args_is_help=True, help="Who may log in at /admin: add, list, reset, remove.")

Name = Annotated[str, typer.Argument(help="The name to log in with.")]
BY = "command line"


def register(program: typer.Typer) -> None:
    """Add these commands to the program."""
    program.add_typer(cli, name="admins")


@cli.command()
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[
        Role, typer.Option(help="viewer sees; sender sends too; owner may do everything.")
    ] = Role.OWNER,
    as_json: Json = False,
) -> None:
    """Make an admin, and show once what their phone and their drawer keep.

    The password is asked without echo, or read as one line from standard input.
    """
    app = app_of(context)
    with app.read() as session:
        admins.check_free(session, name)  # before a password is asked for
    secrets, totp, codes = _made(app, name)
    with app.begin() as session:
        admin = admins.add(session, name, role, secrets, now=app.clock())
        admins.keep_codes(session, admin.id, _hashes(app, codes))
        audit.note(session, BY, "made an admin", f"admin {admin.name}", role, now=app.clock())
    _show(app, admin.name, totp, codes, as_json=as_json)


@cli.command()
def reset(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """A new password, app secret and recovery codes for an admin; every log-in of theirs ends."""
    app = app_of(context)
    with app.read() as session:
        admin = admins.known(session, name)
    secrets, totp, codes = _made(app, admin.name)
    with app.begin() as session:
        admins.replace(session, admin, secrets, _hashes(app, codes))
        audit.note(session, BY, "reset an admin", f"admin {admin.name}", now=app.clock())
    _show(app, admin.name, totp, codes, as_json=as_json)


@cli.command()
def remove(
    context: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """End an admin and their log-ins at once; what they did stays in the audit log."""
    app = app_of(context)
    with app.read() as session:
        admin = admins.known(session, name)
    if not yes:
        confirm_count(1, f"{admin.name} cannot log in any more.", "nobody was removed")
    with app.begin() as session:
        admins.remove(session, admin)
        audit.note(session, BY, "removed an admin", f"admin {admin.name}", now=app.clock())
    if as_json:
        print_json({"removed": admin.name})
    else:
        out.print(f"{admin.name} is removed", markup=False)


@cli.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """Who may log in, and as what."""
    with app_of(context).read() as session:
        found = admins.every(session)
        left = admins.codes_left(session, [one.id for one in found])
    if as_json:
        print_json({"admins": [_as_json(one, left[one.id]) for one in found]})
        return
    if not found:
        out.print("nobody can log in yet: `digest admins add NAME`")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("name", "role", "made", "recovery codes left"):
        table.add_column(column)
    for one in found:
        table.add_row(escape(one.name), one.role, f"{one.created_at:%Y-%m-%d}", f"{left[one.id]}")
    out.print(table)


def _as_json(one: Admin, codes: int) -> dict[str, Any]:
    return {"name": one.name, "role": one.role, "created_at": one.created_at, "codes_left": codes}


def _made(app: "App", name: str) -> tuple[Secrets, str, list[str]]:
    from digest import credentials

    hashed = credentials.hash_password(_password(), name.strip())
    totp = credentials.new_totp()
    secrets = Secrets(hashed, credentials.seal(totp, app.secret), 0)
    return secrets, totp, credentials.new_codes()


def _hashes(app: "App", codes: list[str]) -> list[str]:
    from digest import credentials

    return credentials.code_hashes(codes, app.secret)


def _password() -> str:
    """Asked twice on a terminal, without echo; else one line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        fail("the two passwords differ: nothing was changed")
    return first


def _show(app: "App", name: str, totp: str, codes: list[str], *, as_json: bool) -> None:
    from digest import credentials

    uri = credentials.uri(totp, name, app.settings.name)
    if as_json:
        print_json({"name": name, "totp": totp, "uri": uri, "codes": codes})
        return
    err.print(f"{name} logs in at {app.settings.base_url}/admin. This is shown once:", markup=False)
    out.print(f"for the app   {totp}", markup=False)
    out.print(f"or as a link  {uri}", markup=False)
    out.print("recovery codes, each for one log-in without the app:")
    for pair in zip(codes[::2], codes[1::2], strict=True):
        out.print("  " + "   ".join(pair), markup=False)
