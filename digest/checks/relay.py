"""Whether each relay would take our mail: reached, secured, logged in; nothing is sent."""

import asyncio
from dataclasses import fields

from digest.checks.finding import Finding, fail, ok, warn
from digest.errors import SettingsError
from digest.mail.envelope import Offers
from digest.mail.lane import Lanes, Unreachable
from digest.mail.maildir import Maildir
from digest.mail.options import Options, Relay
from digest.mail.relays import relays
from digest.mail.smtp import Smtp

_WORDS = {"eight_bit": "8bitmime", "utf8": "smtputf8"}
# What to do about a relay that cannot be used, by words of why.
_MENDS = (
    ("has expired", "have the relay renew its certificate, or set the clock of this machine"),
    ("mismatch", "write in DIGEST_SMTP_URL the host name that the certificate is made out to"),
    (
        "certificate is refused",
        "let this machine trust who signed it: put their certificate where the system keeps such "
        "(update-ca-certificates), or name its file in SSL_CERT_FILE",
    ),
    ("TLS port", "write smtps:// for a port with TLS from the start (465), else smtp+starttls://"),
    (
        "AUTH extension",
        "leave user and password out of DIGEST_SMTP_URL, or write smtp+starttls://: many relays "
        "offer a log-in over TLS only",
    ),
    ("STARTTLS", "write smtps:// and its port (465), or take a relay that offers STARTTLS"),
    ("log-in was refused", "look at user and password in DIGEST_SMTP_URL (percent-encoded)"),
)
_HERE = ("localhost", "127.0.0.1", "::1")


def check(urls: str, *, smtputf8: bool) -> list[Finding]:
    """One finding for each relay that DIGEST_SMTP_URL names."""
    try:
        found = relays(urls, Options())
    except SettingsError as error:
        return [fail("SMTP", str(error), "set DIGEST_SMTP_URL")]
    return asyncio.run(_all(found, smtputf8))


async def _all(found: tuple[Lanes, ...], smtputf8: bool) -> list[Finding]:
    return list(await asyncio.gather(*(_one(lanes, smtputf8) for lanes in found)))


async def _one(lanes: Lanes, smtputf8: bool) -> Finding:
    lane = lanes.make()
    if isinstance(lane, Maildir):
        return ok("SMTP", f"mail goes into the Maildir {lane.path}, and nowhere else")
    assert isinstance(lane, Smtp)  # noqa: S101 - relays() makes nothing else
    answer = await lane.ask()
    name = f"SMTP {lanes.name}"
    if isinstance(answer, Unreachable):
        what = answer.reply.removeprefix(f"{lanes.name}: ")
        return fail(name, what, _mend(what))
    return _told(name, lane.relay, answer, smtputf8)


def _mend(what: str) -> str:
    found = (mend for words, mend in _MENDS if words in what)
    return next(found, "look at host and port in DIGEST_SMTP_URL")


def _told(name: str, relay: Relay, offers: Offers, smtputf8: bool) -> Finding:
    what = f"{_way(relay)}; offers {_offered(offers)}"
    if smtputf8 and not offers.utf8:
        mend = "unset DIGEST_SMTPUTF8, or take a relay that offers it"
        return fail(name, f"{what}, and not SMTPUTF8, which DIGEST_SMTPUTF8 promises", mend)
    if not (relay.tls or relay.starttls or relay.host in _HERE):
        return warn(name, f"{what}; without TLS", "write smtp+starttls:// or smtps://")
    return ok(name, what)


def _way(relay: Relay) -> str:
    secured = "TLS, certificate trusted" if relay.tls or relay.starttls else "plain"
    return f"{secured}, {'logged in' if relay.user else 'no log-in'}"


def _offered(offers: Offers) -> str:
    names = [each.name for each in fields(offers) if getattr(offers, each.name)]
    shown = [_WORDS.get(name, name).upper() for name in names]
    return " ".join(shown) or "no extension"
