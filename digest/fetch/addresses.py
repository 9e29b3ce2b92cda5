"""Which addresses a fetch may connect to: public ones only.

The table is our own, because `ipaddress.is_global` changed its mind between patch releases of
Python and knows no addresses that hide an IPv4 one. Source: the IANA IPv4 and IPv6 Special-Purpose
Address Registries; RFC 6052 (NAT64), RFC 3056 (6to4), RFC 4291, 2.5.5.2 (IPv4-mapped).
"""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

_V4 = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("169.254.169.254/32", "a cloud's metadata service"),
        ("168.63.129.16/32", "a cloud's metadata service"),
        ("100.100.100.200/32", "a cloud's metadata service"),
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "private to a carrier"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_V6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "this host"),
        ("::1/128", "loopback"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "for documentation"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_UNICAST = IPv6Network("2000::/3")
# Each: the network, and how far the IPv4 address stands from the right.
_HIDING = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)


class AddressRefused(Exception):
    """A name leads to an address that no fetch may connect to."""

    def __init__(self, address: str, kind: str) -> None:
        super().__init__(f"{address} is {kind}")


def refusal(address: str) -> str | None:
    """What kind of address it is that no fetch connects to ("loopback", "private", ...); None
    for a public one."""
    try:
        found = ip_address(address)
    except ValueError:
        return "no IP address"
    return _refusal_v4(found) if isinstance(found, IPv4Address) else _refusal_v6(found)


def _refusal_v4(address: IPv4Address) -> str | None:
    return next((kind for network, kind in _V4 if address in network), None)


def _refusal_v6(address: IPv6Address) -> str | None:
    for hiding, shift in _HIDING:
        if address in hiding:
            return _refusal_v4(IPv4Address(int(address) >> shift & 0xFFFFFFFF))
    kind = next((kind for network, kind in _V6 if address in network), None)
    return kind or (None if address in _UNICAST else "reserved")
