"""doctor: what stands between this installation and its readers' inboxes, and how to mend it."""

from dataclasses import asdict, dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.terminal import FAILED, Context, Json, err, out, print_json
from digest.mail.dkim_key import Key, strings, zone_line
from digest.mail.keyfile import is_text, keep_new, read_ed25519, read_rsa, warnings
from digest.mail.signing import check_selector, domain_of
from digest.settings import Settings

if TYPE_CHECKING:
    from digest.checks.finding import Finding

STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}
FILE, SECOND = "dkim.pem", "-ed25519"
_HELP = "What keeps mail from arriving, and how to mend it."

cli = typer.Typer(invoke_without_command=True, help=_HELP)


def register(program: typer.Typer) -> None:
    """Add these commands to the program."""
    program.add_typer(cli, name="doctor")


@cli.callback()
def doctor(
    context: typer.Context,
    online: Annotated[bool, typer.Option("--online", help="Ask the sources too.")] = False,
    nameserver: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Ask this name server, not this machine's.")
    ] = "",
    as_json: Json = False,
) -> None:
    """What keeps mail from arriving, and how to mend it. Looks at all, changes and sends nothing.

    Exit status 1 if a check fails.
    """
    if context.invoked_subcommand is not None:
        return
    # Loaded only here: `doctor dkim` needs none of what is looked at.
    from digest.checkup import examine

    given: Context = context.obj
    found = []
    for each in examine(given.settings, nameserver=nameserver, online=online):
        found.append(each)
        if not as_json:
            _tell(each)
    if as_json:
        print_json({"findings": [asdict(each) for each in found], "ok": is_well(found)})
    if not is_well(found):
        raise typer.Exit(FAILED)


def is_well(found: "list[Finding]") -> bool:
    """Whether no check failed; warnings do not count."""
    return not any(each.level == "fail" for each in found)


def _tell(each: "Finding") -> None:
    mend = f"; to mend: {each.mend}" if each.mend else ""
    out.print(f"{each.level:<4}", style=STYLES[each.level], end=" ")
    say(f"{each.name}: {each.what}{mend}")


@dataclass(frozen=True, slots=True)
class Found:
    """A key, what the setting `name` says of it (its file, or PEM), and whether it is new."""

    name: str
    given: str
    made: bool
    key: Key

    @property
    def file(self) -> str | None:
        return None if is_text(self.given) else str(Path(self.given).absolute())


@cli.command()
def dkim(
    context: typer.Context,
    selector: Annotated[
        str | None, typer.Option(help="The key's name in the DNS; default: DIGEST_DKIM_SELECTOR.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help=f"The key's file; default: DIGEST_DKIM_KEY, else {FILE}.")
    ] = None,
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="Also a second key, of the newer kind.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the key that signs our mail, unless there is one, and show what to publish in the DNS.

    A file is never replaced. For a new key take another --selector and --key; publish it before
    it signs, and leave the old record for a week.
    """
    given: Context = context.obj
    settings = given.settings
    domain = domain_of(settings, parseaddr(settings.sender)[1])
    keys = [_rsa(settings, selector, key)]
    if ed25519 or settings.dkim_ed25519_key.get_secret_value():
        keys.append(_ed25519(settings, selector, key, keys[0]))
    warned = [line for each in keys for line in warnings(each.key, each.given)]
    if domain == "localhost.localdomain":
        warned.append("DIGEST_FROM is still the default: set it, then ask again for the records")
    if as_json:
        print_json(_as_json(settings, domain, keys, warned))
        return
    _show(settings, domain, keys)
    for warning in warned:
        err.print(warning, style="yellow", markup=False)


def _rsa(settings: Settings, selector: str | None, file: Path | None) -> Found:
    selector = _selector(settings.dkim_selector, "DIGEST_DKIM_SELECTOR", selector)
    given = str(file or settings.dkim_key.get_secret_value() or FILE)
    made = not is_text(given) and keep_new(Path(given), ed25519=False)
    private = read_rsa(given, "--key" if file else "DIGEST_DKIM_KEY")
    return Found("DIGEST_DKIM_KEY", given, made, Key(selector, private))


def _ed25519(settings: Settings, selector: str | None, file: Path | None, first: Found) -> Found:
    """The second key stands beside the first, where no setting has another place for it."""
    named = "DIGEST_DKIM_ED25519_SELECTOR"
    other = selector + SECOND if selector is not None else None
    other = _selector(settings.dkim_ed25519_selector, named, other, taken=first.key.selector)
    beside = Path(FILE if is_text(first.given) else first.given)
    kept = "" if file else settings.dkim_ed25519_key.get_secret_value()
    given = kept or str(beside.with_stem(beside.stem + SECOND))
    made = not is_text(given) and keep_new(Path(given), ed25519=True)
    private = read_ed25519(given, "DIGEST_DKIM_ED25519_KEY")
    return Found("DIGEST_DKIM_ED25519_KEY", given, made, Key(other, private))


def _selector(kept: str, named: str, typed: str | None, *, taken: str = "") -> str:
    found = kept if typed is None else typed
    check_selector(found, named if typed is None else "--selector", taken=taken)
    return found


def _settings(settings: Settings, keys: list[Found]) -> dict[str, str]:
    """The settings that make these keys sign, but the text of a key."""
    lines = {}
    for each in keys:
        if each.file:
            lines[each.name] = each.file
        lines[each.name.removesuffix("KEY") + "SELECTOR"] = each.key.selector
    if settings.dkim_domain:
        lines["DIGEST_DKIM_DOMAIN"] = settings.dkim_domain
    return lines


def _show(settings: Settings, domain: str, keys: list[Found]) -> None:
    for each in keys:
        place = each.file or f"in {each.name}"
        state = "new, for its owner's eyes only" if each.made else "as it was"
        say(f"{each.key.algorithm}, {each.key.bits} bits: {place} ({state})")
    say(f"\n1. Publish in the DNS of {domain}")
    for each in keys:
        name, record = each.key.name(domain), each.key.record()
        say(f"\nName   {name}\nType   TXT\nValue  {record}")
        say(f"\nThe same as a line of a zone file:\n{zone_line(name, record)}")
    say("\n2. When it can be seen there, set\n")
    for name, value in _settings(settings, keys).items():
        say(f'{name}="{value}"')


def say(line: str) -> None:
    out.print(line, markup=False)


def _as_json(
    settings: Settings, domain: str, keys: list[Found], warned: list[str]
) -> dict[str, Any]:
    return {
        "domain": domain,
        "keys": [_key_as_json(each, domain) for each in keys],
        "settings": _settings(settings, keys),
        "warnings": warned,
    }


def _key_as_json(found: Found, domain: str) -> dict[str, Any]:
    name, record = found.key.name(domain), found.key.record()
    return {
        "algorithm": found.key.algorithm,
        "bits": found.key.bits,
        "file": found.file,
        "made": found.made,
        "record": {
            "name": name,
            "type": "TXT",
            "value": record,
            "strings": strings(record),
            "zone_line": zone_line(name, record),
        },
    }
