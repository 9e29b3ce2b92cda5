"""keys add, list, revoke: who may use the HTTP API, and for what."""

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from digest.cli.terminal import Json, app_of, err, out, print_json
from digest.store import api_keys
from digest.store.api_keys import ApiKey, Scope

cli = typer.Typer(no_args_is_help=True, help="Keys of the HTTP API: add, list, revoke.")

Name = Annotated[str, typer.Argument(help="What to call the key.")]


def register(program: typer.Typer) -> None:
    """Add these commands to the program."""
    program.add_typer(cli, name="keys")


@cli.command()
def add(
    context: typer.Context,
    name: Name,
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be repeated.")],
    as_json: Json = False,
) -> None:
    """Make a key and show it, once: only its hash is kept.

    Example: digest keys add website --scope subscribers:write
    """
    app = app_of(context)
    with app.begin() as session:
        key = api_keys.add(session, name, set(scope), now=app.clock())
    if as_json:
        print_json({"name": name.strip(), "scopes": sorted(set(scope)), "key": key})
        return
    out.print(key, markup=False)
    err.print("Keep it now: it is not shown again. It goes into `Authorization: Bearer KEY`.")


@cli.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """All keys, without the keys themselves."""
    with app_of(context).read() as session:
        found = api_keys.every(session)
    if as_json:
        print_json({"keys": [_as_json(one) for one in found]})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("name", "may", "made", "revoked"):
        table.add_column(name)
    for one in found:
        revoked = f"{one.revoked_at:%Y-%m-%d}" if one.revoked_at else ""
        table.add_row(escape(one.name), " ".join(sorted(one.scopes)),
                      f"{one.created_at:%Y-%m-%d}", revoked)  # fmt: skip
    out.print(table)


def _as_json(one: ApiKey) -> dict[str, Any]:
    return {
        "name": one.name,
        "scopes": sorted(one.scopes),
        "created_at": one.created_at,
        "revoked_at": one.revoked_at,
    }


@cli.command()
def revoke(context: typer.Context, name: Name, as_json: Json = False) -> None:
    """End the use of a key, from the next request on."""
    app = app_of(context)
    with app.begin() as session:
        api_keys.revoke(session, name, now=app.clock())
    if as_json:
        print_json({"revoked": name.strip()})
    else:
        out.print(f"{name} is revoked", markup=False)
