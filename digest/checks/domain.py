"""What the DNS tells receivers of the domains that our mail speaks for.

Source: RFC 7208 (SPF), 6376 (DKIM), 7489 and 9989 (DMARC, its tree walk), 5321 5.1, 7505 (MX).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from digest.checks.finding import Finding, fail, ok, warn
from digest.core import spf as records
from digest.core import tags
from digest.mail.dkim_key import Key, zone_line
from digest.mail.nameserver import Nameserver

_STEPS = 8  # of the tree walk, at most


@dataclass(frozen=True, slots=True)
class Domains:
    """The domain of the From, of the envelope's sender, and the one that signs, "" for none."""

    author: str
    envelope: str
    signing: str


class _Broken(Exception):
    """An SPF record that receivers cannot evaluate; the message says why."""


def spf(names: Nameserver, domain: str) -> Finding:
    """Whether receivers can find out who may send for `domain`."""
    name = f"SPF of {domain}"
    found = records.records(names.texts(domain))
    if not found:
        mend = f'publish a TXT record at {domain}: "v=spf1 include:YOUR-RELAY -all", as it says'
        return fail(name, "there is no record", mend)
    try:
        lookups = _lookups(names, domain, ())
        ending = _ending(names, domain)
    except _Broken as error:
        return fail(name, str(error), "receivers take it for no record: mend that term")
    if lookups > records.MOST_LOOKUPS:
        what = f"it costs {lookups} lookups, and receivers stop after {records.MOST_LOOKUPS}"
        return fail(name, what, "leave out an include, or name its addresses by ip4: and ip6:")
    if ending == "+":
        return fail(name, "it lets everybody send as you (+all)", "end it with -all or ~all")
    if ending in ("?", ""):
        return warn(name, "it says nothing of other senders", "end it with -all or ~all")
    return ok(name, f"one record, {lookups} of {records.MOST_LOOKUPS} lookups, ends in {ending}all")


def _record(names: Nameserver, domain: str) -> records.Spf:
    found = records.records(names.texts(domain))
    if len(found) != 1:
        raise _Broken(f"{domain} has {len(found)} records of SPF and must have one")
    try:
        return records.parse(found[0])
    except ValueError as error:
        raise _Broken(f"{domain} has a term that does not exist: {error}") from error


def _lookups(names: Nameserver, domain: str, above: Sequence[str]) -> int:
    """The questions that the record of `domain` costs, with those it includes."""
    if domain in above:
        raise _Broken(f"{domain} includes itself")
    record = _record(names, domain)
    total = record.lookups
    for each in filter(None, (*record.includes, record.redirect)):
        if total > records.MOST_LOOKUPS:
            return total
        total += _lookups(names, each, (*above, domain))
    return total


def _ending(names: Nameserver, domain: str) -> str:
    """What holds for all other senders; a redirect counts where the record itself says nothing."""
    record = _record(names, domain)
    return _ending(names, record.redirect) if record.redirect else record.ending


def dkim(names: Nameserver, domain: str, key: Key) -> Finding:
    """Whether receivers find the public half of the key that signs our mail."""
    place = key.name(domain)
    name = f"DKIM at {place}"
    found = names.texts(place)
    mend = f"publish {zone_line(place, key.record())}"
    if len(found) != 1:
        what = "there is no record" if not found else f"there are {len(found)} records, not one"
        return fail(name, what, mend)
    try:
        said, ours = tags.parse(found[0]), tags.parse(key.record())
    except ValueError as error:
        return fail(name, f"the record cannot be read: {error}", mend)
    if wrong := _unlike(said, ours):
        return fail(name, wrong, mend)
    if "y" in _listed(said.get("t", "")):
        return warn(name, "it says that this is a test (t=y)", "take t=y out of the record")
    return ok(name, f"{key.algorithm}, {key.bits} bits, is our key")


def _unlike(said: dict[str, str], ours: dict[str, str]) -> str:
    if said.get("v", "DKIM1") != "DKIM1":
        return f"v={said['v'][:20]} is no DKIM record"
    if not said.get("p"):
        return "the key is revoked (p is empty)"
    if "".join(said["p"].split()) != ours["p"] or said.get("k", "rsa") != ours["k"]:
        return "it is another key than the one that signs"
    if "sha256" not in _listed(said.get("h", "sha256")):
        return "h= leaves out sha256, by which we sign"
    if not {"*", "email"} & _listed(said.get("s", "*")):
        return "s= leaves out email"
    return ""


def _listed(value: str) -> set[str]:
    return {part.strip().lower() for part in value.split(":")}


def dmarc(names: Nameserver, domains: Domains) -> Finding:
    """Whether there is a policy for the From, and our mail can pass it by DKIM or SPF."""
    name = f"DMARC of {domains.author}"
    place, found = _policy(names, domains.author)
    if len(found) != 1:
        what = f"{len(found)} records at _dmarc.{place}" if found else "there is no record"
        mend = f'publish a TXT record at _dmarc.{place}: "v=DMARC1; p=none", and only that'
        return fail(name, what, mend)
    try:
        policy = tags.parse(found[0])
    except ValueError as error:
        return fail(name, f"the record at _dmarc.{place} cannot be read: {error}", "correct it")
    if policy.get("p", "").lower() not in ("none", "quarantine", "reject"):
        return fail(name, f"_dmarc.{place} has no policy", "add p=none, p=quarantine or p=reject")
    aligned = _aligned(names, domains, policy)
    if not aligned:
        what = f"neither DKIM ({domains.signing or 'no key'}) nor SPF ({domains.envelope}) aligns"
        return fail(name, what, f"sign as {domains.author}: `digest doctor dkim` makes the key")
    how = " and ".join(aligned)
    return ok(name, f"p={policy['p'].lower()} at _dmarc.{place}; aligned by {how}")


def _aligned(names: Nameserver, domains: Domains, policy: dict[str, str]) -> list[str]:
    ways = (("DKIM", domains.signing, "adkim"), ("SPF", domains.envelope, "aspf"))
    return [
        way
        for way, domain, strict in ways
        if domain == domains.author
        or (
            domain
            and policy.get(strict, "r").lower() != "s"
            and _organisation(names, domain) == _organisation(names, domains.author)
        )
    ]


def _walk(domain: str) -> list[str]:
    """The names to ask, from the domain upwards. Source: RFC 9989 (DMARC), the DNS tree walk."""
    labels = domain.split(".")
    above = [labels[start:] for start in range(1, len(labels))]
    return [domain, *(".".join(each) for each in above if len(each) < _STEPS)]


def _policy(names: Nameserver, domain: str) -> tuple[str, list[str]]:
    """Where the policy for `domain` stands, and the records there; the domain and [] if nowhere."""
    for each in _walk(domain):
        if found := tags.dmarc(names.texts(f"_dmarc.{each}")):
            return each, found
    return domain, []


def _organisation(names: Nameserver, domain: str) -> str:
    """The highest name above `domain` with a policy of its own; itself where there is none."""
    highest, below = domain, domain
    for each in _walk(domain):
        found = tags.dmarc(names.texts(f"_dmarc.{each}"))
        if len(found) == 1:
            kind = _psd(found[0])
            if kind == "n":
                return each
            if kind == "y":
                return below if each != domain else domain
            highest = each
        below = each
    return highest


def _psd(record: str) -> str:
    try:
        return tags.parse(record).get("psd", "u").lower()
    except ValueError:
        return "u"  # a record that cannot be read says nothing of it


def bounces(names: Nameserver, domain: str) -> Finding:
    """Whether what comes back finds a server."""
    name = f"MX of {domain}"
    servers = names.mail_servers(domain)
    mend = f"publish an MX record for {domain}, or set DIGEST_BOUNCE_ADDRESS to a domain with one"
    if servers == [""]:
        return fail(name, "it says that it takes no mail, so no bounce arrives", mend)
    if servers:
        return ok(name, f"bounces go to {servers[0]}")
    if names.has_address(domain):
        return warn(name, "there is none; some servers fall back on its address", mend)
    return fail(name, "there is none, so no bounce arrives, and many refuse such mail", mend)
