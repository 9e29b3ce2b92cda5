"""Nameserver: what the DNS says of a name; "there is none" is an answer, silence an error.

Source of the calls: dnspython 2.9, dns/resolver.py (a truncated answer is asked for by TCP there).
"""

import ipaddress
from collections.abc import Iterator
from typing import Any

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, NoResolverConfiguration, Resolver

from digest.errors import DnsError, SettingsError

PATIENCE_S = 8.0


class Nameserver:
    """The name servers of this machine, or the one that is given."""

    def __init__(self, given: str = "") -> None:
        """`given` is "ADDRESS" or "ADDRESS:PORT" ("[ADDRESS]:PORT"); SettingsError if neither."""
        try:
            self._resolver = Resolver(configure=not given)
        except NoResolverConfiguration as error:
            raise DnsError("this machine knows no name server; name one by --nameserver") from error
        if given:
            address, self._resolver.port = _place(given)
            self._resolver.nameservers = [address]
        self._known: dict[tuple[str, str], list[Any]] = {}

    def texts(self, name: str) -> list[str]:
        """The TXT records of a name, the pieces of each joined."""
        return [
            b"".join(each.strings).decode("utf-8", "replace") for each in self._ask(name, "TXT")
        ]

    def mail_servers(self, name: str) -> list[str]:
        """The names of its MX records, the best first; [""] says that it takes no mail."""
        found = sorted(self._ask(name, "MX"), key=lambda each: each.preference)
        return [each.exchange.to_text(omit_final_dot=True).strip(".") for each in found]

    def has_address(self, name: str) -> bool:
        """Whether it has an address, of IPv4 or IPv6."""
        return any(self._ask(name, kind) for kind in ("A", "AAAA"))

    def _ask(self, name: str, kind: str) -> list[Any]:
        if (name, kind) not in self._known:
            self._known[name, kind] = list(self._answers(name, kind))
        return self._known[name, kind]

    def _answers(self, name: str, kind: str) -> Iterator[Any]:
        try:
            yield from self._resolver.resolve(f"{name}.", kind, lifetime=PATIENCE_S)
        except (NXDOMAIN, NoAnswer):
            return
        except (DNSException, OSError) as error:
            raise DnsError(f"the DNS gave no answer for the {kind} of {name}") from error


def _place(given: str) -> tuple[str, int]:
    address, _, port = given.rpartition(":") if given.count(":") == 1 or "]:" in given else (
        given, "", "53",
    )  # fmt: skip
    try:
        return str(ipaddress.ip_address(address.strip("[]"))), _port(port)
    except ValueError as error:
        raise SettingsError(
            f"--nameserver: {given!r} is no address of a name server; for example 9.9.9.9"
        ) from error


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError(text)
    return port
