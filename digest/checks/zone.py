"""All that the DNS must say of an installation: which names are asked for what."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import parseaddr
from functools import partial

from digest.checks import domain
from digest.checks.domain import Domains
from digest.checks.finding import Finding, Level, fail, warn
from digest.errors import DnsError, SettingsError
from digest.mail.dkim_key import Key
from digest.mail.headers import wire_address
from digest.mail.keyfile import warnings
from digest.mail.nameserver import Nameserver
from digest.mail.signing import signer_of
from digest.settings import Settings

_DEFAULT = "localhost.localdomain"
_LOOK = "ask again later, or another server by --nameserver"


def check(settings: Settings, nameserver: str) -> Iterator[Finding]:
    """SPF, DKIM, DMARC and MX of the domains that the settings send as."""
    sender = parseaddr(settings.sender)[1]
    author = _domain(sender)
    if author == _DEFAULT:
        yield fail("DIGEST_FROM", "still the default", 'set it, as "Papers <papers@example.org>"')
        return
    envelope = _domain(parseaddr(settings.bounce_address)[1] or sender)
    try:
        names = Nameserver(nameserver)
    except DnsError as error:
        yield fail("DNS", str(error), "look at /etc/resolv.conf")
        return
    try:
        signing, keys = _signing(settings, sender)
    except SettingsError as error:
        yield fail("DKIM", str(error), "correct it; until then no mail leaves")
        return
    yield from _keys(settings, keys)
    domains = Domains(author, envelope, signing)
    yield from (_asked(name, call) for name, call in _calls(names, domains, keys))


def _domain(address: str) -> str:
    return wire_address(address).rpartition("@")[2].lower()


def _signing(settings: Settings, sender: str) -> tuple[str, tuple[Key, ...]]:
    """The domain that signs and its keys; "" and none where nothing signs."""
    signer = signer_of(settings, sender)
    return (signer.domain, signer.keys) if signer else ("", ())


def _keys(settings: Settings, keys: tuple[Key, ...]) -> Iterator[Finding]:
    """What is wrong with the keys themselves."""
    if not keys:
        mend = "`digest doctor dkim` makes a key, unless your relay signs as this domain"
        yield warn("DKIM", "we do not sign", mend)
    given = (settings.dkim_key, settings.dkim_ed25519_key)
    for key, secret in zip(keys, given, strict=False):
        for line in warnings(key, secret.get_secret_value()):
            what, _, mend = line.partition("; ")
            yield warn("DKIM", what, mend)


def _calls(
    names: Nameserver, domains: Domains, keys: tuple[Key, ...]
) -> Iterator[tuple[str, Callable[[], Finding]]]:
    """Each question with the name it has where the DNS does not answer it."""
    yield f"SPF of {domains.envelope}", lambda: domain.spf(names, domains.envelope)
    if domains.author != domains.envelope:
        yield f"SPF of {domains.author}", lambda: _beside(domain.spf(names, domains.author))
    for key in keys:
        place = key.name(domains.signing)
        yield f"DKIM at {place}", partial(domain.dkim, names, domains.signing, key)
    yield f"DMARC of {domains.author}", lambda: domain.dmarc(names, domains)
    yield f"MX of {domains.envelope}", lambda: domain.bounces(names, domains.envelope)


def _beside(found: Finding) -> Finding:
    """A domain that stands in no envelope of ours: receivers ask for its SPF now and then only."""
    return replace(found, level=Level.WARN) if found.level is Level.FAIL else found


def _asked(name: str, call: Callable[[], Finding]) -> Finding:
    try:
        return call()
    except DnsError as error:
        return fail(name, str(error), _LOOK)
