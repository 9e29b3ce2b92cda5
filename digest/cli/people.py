"""subscribers add, show, import, export: the readers. The rest stands in parting."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from sqlalchemy.orm import Session

from digest import seeding
from digest.app import App
from digest.cli.terminal import FAILED, Json, app_of, err, fail, out, print_json, progress
from digest.errors import UnknownSubscriber
from subscribers import address as addresses
from subscribers import entry, intake, roster, suppression, transfer
from subscribers.consent import Reason, Status
from subscribers.person import Subscriber
from subscribers.profile import to_data

cli = typer.Typer(
    no_args_is_help=True, help="The readers: add, show, list, import, export, suppress, erase."
)

Lines = list[str] | None


def option(text: str) -> Any:
    return typer.Option(help=text)


@cli.command()
def add(
    context: typer.Context,
    email: Annotated[str, typer.Argument(help="The address, as it should be written to.")],
    interest: Annotated[Lines, option("An interest in a sentence; may be repeated.")] = None,
    keyword: Annotated[Lines, option("A word or phrase to look for; may be repeated.")] = None,
    mute: Annotated[Lines, option("A word or phrase never to see; may be repeated.")] = None,
    category: Annotated[Lines, option("Such as cs.CL or genomics; may be repeated.")] = None,
    author: Annotated[Lines, option("An author to follow; may be repeated.")] = None,
    liked: Annotated[Lines, option("A liked paper, arxiv:2605.00001; may be repeated.")] = None,
    limit: Annotated[int | None, option("The most papers a day, 1 to 30.")] = None,
    popularity: Annotated[
        str,
        typer.Option(
            metavar="<0 to 100>",
            help="How much what trends counts: 0 only my interests, 25 usual, 100 nothing else.",
        ),
    ] = "",
    zone: Annotated[str, option("The IANA time zone, such as Europe/Berlin.")] = "",
    hour: Annotated[int | None, option("The hour of the day to send at, 0 to 23.")] = None,
    cadence: Annotated[str, option("daily, weekdays, weekly or weekly:fri.")] = "",
    language: Annotated[str, option("Of the mail's own words: en, de, fr, ja, zh ...")] = "",
    plain_only: Annotated[
        bool | None, typer.Option("--plain-only/--with-html", help="Text without HTML.")
    ] = None,
    quiet_line: Annotated[
        bool | None, option("A line that says why, on days without papers.")
    ] = None,
    consent: Annotated[str, option("Where the reader agreed to get mail.")] = "command line",
    as_json: Json = False,
) -> None:
    """Add a reader who has agreed to get mail; or change what an existing one asked for.

    Example: digest subscribers add ada@example.org --interest "robots that learn from video"
    """
    app = app_of(context)
    now = app.clock()
    given = {
        "interests": interest, "keywords": keyword, "mute": mute, "categories": category,
        "authors": author, "liked": liked, "limit": limit, "popularity": popularity,
        "zone": zone, "hour": hour, "cadence": cadence, "language": language,
        "plain_only": plain_only, "quiet_line": quiet_line,
    }  # fmt: skip
    fields: dict[str, Any] = {
        name: value for name, value in given.items() if value not in (None, "", [])
    }
    fields |= {"email": email, "confirmed_at": now, "consent_source": consent}
    one = entry.read(fields, now=now, smtputf8=app.settings.smtputf8)
    with app.begin() as session:
        fates = intake.take_in(session, [one], now=now, secret=app.secret)
        reader = roster.find(session, one.address)
        if reader is not None and liked:
            seeding.look_up_likes(session, app, reader)
    if reader is None:
        fail(f"{email} is suppressed: this address is never written to")
    [fate] = (+fates).keys()  # what one entry did is one thing
    if as_json:
        print_json({"result": fate.value, **reader_json(reader)})
    else:
        out.print(f"{fate.value}: {email} ({reader.status})", markup=False)


def find(app: App, email: str) -> Subscriber:
    """The reader with this address; UnknownSubscriber if nobody has it."""
    with app.read() as session:
        found = roster.find(session, addresses.parse(email))
    if found is None:
        raise UnknownSubscriber(f"nobody subscribed as {email}")
    return found


@cli.command()
def show(
    context: typer.Context,
    email: Annotated[str | None, typer.Argument(help="The address; without one, a list.")] = None,
    search: Annotated[str, option("A part of the address, for a list.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The most to list.")] = 50,
    as_json: Json = False,
) -> None:
    """One reader's settings and consent, or a list of readers."""
    app = app_of(context)
    if email is None:
        print_list(app, search, limit, as_json=as_json)
        return
    reader = find(app, email)
    with app.read() as session:
        events = roster.consents(session, reader.id)
        reason = suppression.reason_for(session, reader.address, key=app.secret)
    told = reader_json(reader, reason) | {
        "consent": [{"kind": e.kind, "at": e.at, "source": e.source} for e in events],
    }
    if as_json:
        print_json(told)
        return
    for name, value in told.items():
        for line in value if isinstance(value, list) else [value]:
            shown = f"{line['at']:%Y-%m-%d %H:%M}Z {line['kind']} ({line['source']})" if (
                name == "consent") else line  # fmt: skip
            if shown not in (None, "", []):
                out.print(f"[dim]{name:<15}[/] {escape(str(shown))}")


def print_list(
    app: App, search: str, limit: int, *, status: Status | None = None, as_json: bool
) -> None:
    """Readers on standard output, with how many stand where."""
    with app.read() as session:
        found = roster.search(session, search, status=status, limit=limit)
        people = people_json(session, app, found)
        counts = roster.counts(session)
        suppressed = suppression.count(session)
    if as_json:
        print_json({"counts": counts, "suppressed": suppressed, "subscribers": people})
        return
    for one in people:
        stands = "suppressed" if one["suppressed"] else one["status"]
        when = f"{one['cadence']} {one['hour']}:00 {one['zone']}"
        out.print(f"{stands:<13} {one['email']:<40} {when}", markup=False)
    told = ", ".join(f"{n} {status}" for status, n in counts.items())
    out.print(f"{told}; {suppressed} suppressed addresses", style="dim")


def people_json(session: Session, app: App, found: Sequence[Subscriber]) -> list[dict[str, Any]]:
    """Readers as plain data, each with why their address is suppressed, null if it is not."""
    barred = suppression.suppressed_keys(session, [o.address.key for o in found], key=app.secret)
    return [reader_json(one, barred.get(one.address.key)) for one in found]


def reader_json(reader: Subscriber, suppressed: Reason | None = None) -> dict[str, Any]:
    """A reader as plain data."""
    profile = {name: value for name, value in to_data(reader.profile).items() if name != "v"}
    return {
        "id": reader.id,
        "email": reader.address.as_typed,
        "status": reader.status,
        **profile,
        "popularity": reader.profile.popularity,
        "zone": reader.schedule.zone,
        "hour": reader.schedule.hour,
        "cadence": reader.schedule.days,
        "language": reader.language,
        "plain_only": reader.plain_only,
        "quiet_line": reader.quiet_line,
        "profile_version": reader.profile_version,
        "created_at": reader.created_at,
        "confirmed_at": reader.confirmed_at,
        "consent_source": reader.consent_source,
        "paused_until": reader.paused_until,
        "suppressed": suppressed,
    }


@cli.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file with a header; only email is needed.")],
    as_json: Json = False,
) -> None:
    """Take in readers from a CSV file.

    Columns: email,interests,keywords,mute,categories,authors,zone,hour,cadence,confirmed_at,
    consent_source; where wanted liked, limit, popularity (0 to 100: how much what trends counts),
    language, plain_only, quiet_line, and suppressed (a reason: this address is never written to);
    lists are separated by ";". A row with confirmed_at
    and consent_source becomes active, one without becomes pending. A bad row is named with its
    line; the others go in.
    """
    app = app_of(context)
    try:
        size = file.stat().st_size
        lines = transfer.open_csv(file)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    with lines, progress("importing") as bar:
        report = transfer.import_csv(
            app.begin,
            lines,
            now=app.clock(),
            secret=app.secret,
            smtputf8=app.settings.smtputf8,
            progress=lambda line: bar(line, max(line, size // 120)),
        )
    if as_json:
        bad = [{"line": row.line, "reason": row.reason} for row in report.bad]
        print_json({"added": report.added, "updated": report.updated, "bad": bad,
                    "unchanged": report.unchanged, "skipped": report.skipped})  # fmt: skip
    else:
        for row in report.bad:
            err.print(f"{file.name}, line {row.line}: {row.reason}", style="red", markup=False)
        out.print(f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged, "
                  f"{report.skipped} suppressed, {len(report.bad)} bad")  # fmt: skip
    if report.bad:
        raise typer.Exit(FAILED)


@cli.command()
def export(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Where to; default: standard output.")] = None,
    as_json: Json = False,
) -> None:
    """Write all readers as CSV that `import` reads again (with --json: as JSON)."""
    app = app_of(context)
    with progress("exporting"), app.read() as session:
        if as_json:
            everyone, after = [], 0
            while page := roster.page(session, after_id=after):
                everyone += people_json(session, app, page)
                after = page[-1].id
            print_json({"subscribers": everyone})
        elif file is None:
            transfer.export_csv(session, sys.stdout, secret=app.secret)
        else:
            try:
                with file.open("w", encoding="utf-8", newline="") as target:
                    count = transfer.export_csv(session, target, secret=app.secret)
            except OSError as error:
                fail(f"{file} cannot be written: {error.strerror}")
            err.print(f"{count} written to {file}", markup=False)
