"""The budgets of sign-ups: so many an hour from one IP, from its network, and from everywhere.

An IP is known by keyed hashes only. The database counts, so the budgets hold over all processes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from limits import RateLimitItem, RateLimitItemPerHour
from sqlalchemy.orm import Session
from starlette.requests import Request

from digest.app import App
from digest.settings import Settings
from digest.store import budgets
from subscribers.macs import mac

_DOMAIN = b"papers-digest visitor\0"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from: keyed hashes of the IP and of its /24 or /64."""

    ip_hash: str
    network_hash: str


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit, and the name by which it counts a visitor."""

    item: RateLimitItem
    name: Callable[[Visitor], str]

    def key(self, visitor: Visitor) -> str:
        return self.item.key_for(self.name(visitor))


def visitor_of(request: Request, app: App) -> Visitor:
    """Who sent the request; behind a trusted proxy, whom it names."""
    return visitor(request.client.host if request.client else "", app.secret)


def visitor(host: str, key: bytes) -> Visitor:
    """The visitor at an IP. Whatever is no IP (a socket's name) is one place like any other."""
    try:
        ip = ip_address(host.partition("%")[0])
    except ValueError:
        return Visitor(_hashed(host, key), _hashed(f"{host}/", key))
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    network = ip_network((ip, 64 if ip.version == 6 else 24), strict=False)
    return Visitor(_hashed(str(ip), key), _hashed(str(network), key))


def _hashed(text: str, key: bytes) -> str:
    return mac(key, _DOMAIN + text.encode()).hex()


def of_signups(settings: Settings) -> tuple[Budget, ...]:
    """The budgets of sign-ups, the narrowest first."""
    given = settings.signups_per_ip, settings.signups_per_network, settings.signups_in_all
    names: tuple[tuple[str, Callable[[Visitor], str]], ...] = (
        ("signup-ip", lambda who: who.ip_hash),
        ("signup-net", lambda who: who.network_hash),
        ("signup-all", lambda _: "all"),
    )
    return tuple(
        Budget(RateLimitItemPerHour(amount, namespace=namespace), name)
        for amount, (namespace, name) in zip(given, names, strict=True)
    )


def admitted(
    session: Session, visitors: Sequence[Visitor], limits: Sequence[Budget], *, now: datetime
) -> list[bool]:
    """Which of these visits, in their order, are within all budgets; they are counted.

    Who is refused by a narrow budget costs the wider ones nothing, so nobody can use up
    everybody's.
    """
    inside = list(range(len(visitors)))
    for budget in limits:
        inside = _within(session, visitors, inside, budget, now)
    kept = set(inside)
    return [place in kept for place in range(len(visitors))]


def wait(app: App, visitor: Visitor) -> int:
    """In how many whole seconds, 1 at least, every budget of sign-ups that a visitor finds used up
    will have begun anew: what Retry-After says. Source: RFC 9110, 10.2.3; RFC 6585, 4."""
    now = app.clock()
    amounts = {budget.key(visitor): budget.item.amount for budget in of_signups(app.settings)}
    with app.read() as session:
        found = budgets.running(session, amounts, now=now)
    ends = [ends_at for key, (count, ends_at) in found.items() if count >= amounts[key]]
    return max(ceil((max(ends, default=now) - now).total_seconds()), 1)


def _within(
    session: Session, visitors: Sequence[Visitor], places: list[int], budget: Budget, now: datetime
) -> list[int]:
    by_key: dict[str, list[int]] = {}
    for place in places:
        by_key.setdefault(budget.key(visitors[place]), []).append(place)
    amounts = {key: len(some) for key, some in by_key.items()}
    window = timedelta(seconds=budget.item.get_expiry())
    counted = budgets.count(session, amounts, window, now=now)
    kept: list[int] = []
    for key, some in by_key.items():
        left = budget.item.amount - (counted[key] - len(some))
        kept += some[: max(left, 0)]
    return sorted(kept)
