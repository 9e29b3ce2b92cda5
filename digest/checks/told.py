"""What the settings promise readers: links that open, a sender they can name and write to."""

from urllib.parse import urlsplit

from digest.checks.finding import Finding, fail, ok, warn
from digest.settings import Settings

_HERE = ("localhost", "127.0.0.1", "::1")


def check(settings: Settings, *, leaves: bool) -> list[Finding]:
    """Links, postal address and operator; `leaves` says whether mail leaves this machine."""
    return [_links(settings, leaves), _postal(settings), _operator(settings)]


def _links(settings: Settings, leaves: bool) -> Finding:
    name, base = "DIGEST_BASE_URL", settings.base_url
    parts = urlsplit(base)
    say = fail if leaves else warn
    mend = "set it to the https address of these pages, such as https://papers.example.org"
    if parts.hostname in _HERE:
        return say(name, f"{base} opens on this machine only", mend)
    if parts.scheme != "https":
        # RFC 8058, 3.1: one-click unsubscribe is by https.
        return say(name, f"{base} is no https, so mailboxes show no unsubscribe button", mend)
    return ok(name, base)


def _postal(settings: Settings) -> Finding:
    name = "DIGEST_POSTAL_ADDRESS"
    if settings.postal_address:
        return ok(name, "stands below each mail")
    return warn(name, "missing; many countries want one below mail to a list", "set it")


def _operator(settings: Settings) -> Finding:
    name = "DIGEST_OPERATOR"
    if settings.operator:
        return ok(name, "is told when something breaks")
    return warn(name, "missing: nobody is told when a source or a run fails", "set an address")
