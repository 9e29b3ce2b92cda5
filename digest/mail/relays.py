"""DIGEST_SMTP_URL: which relays it names, and how each wants to be used."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from digest.errors import SettingsError
from digest.mail.lane import IDLE_S, Lanes
from digest.mail.maildir import Maildir
from digest.mail.options import Options, Relay
from digest.mail.smtp import Smtp

EXAMPLES = "maildir:outbox or smtp+starttls://user:password@mail.example.org:587"
CONNECTIONS = 4
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_ASKED = ("connections", "messages", "idle", "weight", "rate", "pipelining")
_WHOLE, _NUMBER = re.compile(r"[1-9][0-9]{0,5}"), re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


def relays(urls: str, options: Options, most: int | None = None) -> tuple[Lanes, ...]:
    """The relays that DIGEST_SMTP_URL names, in its order; nothing is opened or connected yet.

    "maildir:PATH" alone, or "smtp://", "smtp+starttls://" and "smtps://" URLs with
    user:password@host:port (percent-encoded), white space between them. Each may end in
    ?connections=N&messages=N&idle=S&weight=N&rate=N&pipelining=no. `most` is the number of
    connections where a URL says none. SettingsError names DIGEST_SMTP_URL, and never repeats a
    password.
    """
    connections = most or CONNECTIONS
    if urls[:8].lower() == "maildir:":
        return (_maildir(urls, connections),)
    found: dict[str, Lanes] = {}
    for url in urls.split():
        lanes = _lanes(url, options, connections)
        if lanes.name in found:
            raise _wrong(f"{lanes.name} is named twice")
        found[lanes.name] = lanes
    if not found:
        raise _wrong("no URL")
    return tuple(found.values())


def _maildir(url: str, connections: int) -> Lanes:
    path = url[8:].removeprefix("//").strip()
    if not path:
        raise _wrong("maildir: without a folder")
    return Lanes(name="maildir", make=partial(Maildir, Path(path)), connections=connections)


def _lanes(url: str, options: Options, connections: int) -> Lanes:
    scheme, _, rest = url.partition(":")
    if scheme.lower() == "maildir":
        raise _wrong("a maildir: stands alone")
    if scheme.lower() not in _PORTS:
        raise _wrong(f"no way to send mail is called {scheme!r}" if rest else "no URL")
    parts = _split(url)
    relay, asked = _relay(parts), _asked(parts)
    options = replace(
        options,
        per_connection=_whole(asked, "messages", options.per_connection),
        pipelining=_yes(asked, "pipelining", options.pipelining),
    )
    return Lanes(
        name=str(relay),
        make=partial(Smtp, relay, options),
        connections=_whole(asked, "connections", connections),
        weight=_whole(asked, "weight", 1),
        rate=_number(asked, "rate", None),
        idle_s=_number(asked, "idle", None) or IDLE_S,
    )


def _asked(parts: SplitResult) -> dict[str, str]:
    """What stands behind the question mark, each name once."""
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise _wrong("what stands behind ? is no NAME=VALUE") from error
    names = [name for name, _ in pairs]
    for name in names:
        if name not in _ASKED or names.count(name) > 1:
            known = ", ".join(_ASKED)
            raise _wrong(f"behind ? may stand, once each: {known}; not {name[:40]!r}")
    return dict(pairs)


def _whole(asked: dict[str, str], name: str, default: int) -> int:
    if name not in asked:
        return default
    if not _WHOLE.fullmatch(asked[name]):
        raise _wrong(f"{name} is a whole number from 1 to 999999")
    return int(asked[name])


def _number(asked: dict[str, str], name: str, default: float | None) -> float | None:
    if name not in asked:
        return default
    if not _NUMBER.fullmatch(asked[name]) or not float(asked[name]):
        raise _wrong(f"{name} is a number above 0, such as 14 or 0.5")
    return float(asked[name])


def _yes(asked: dict[str, str], name: str, default: bool) -> bool:
    if asked.get(name, "yes") not in ("yes", "no"):
        raise _wrong(f"{name} is yes or no")
    return asked[name] == "yes" if name in asked else default


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong("its port is no number from 1 to 65535, or its host is none") from error
    if not parts.hostname or port == 0:
        raise _wrong("no server is named in it")
    if parts.path not in ("", "/") or parts.fragment:
        raise _wrong("something stands behind the port; a password is percent-encoded")
    return parts


def _relay(parts: SplitResult) -> Relay:
    return Relay(
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        tls=parts.scheme == "smtps",
        starttls=parts.scheme == "smtp+starttls",
        **_login(parts),
    )


def _login(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    if not parts.username or not parts.password:
        raise _wrong("a user and a password belong together")
    return {"user": unquote(parts.username), "password": unquote(parts.password)}


def _wrong(reason: str) -> SettingsError:
    return SettingsError(f"DIGEST_SMTP_URL: {reason}; for example {EXAMPLES}")
