"""Limits: how much, how long and how often a fetch may ask."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# Source: https://info.arxiv.org/help/api/tou.html: one request every three seconds over a
# single connection, for all of arXiv's hosts and all machines of one user together.
PACE = MappingProxyType({"arxiv.org": 3.0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The caps of one Fetcher.

    `max_bytes` counts the body both as it comes and decompressed. `timeout_s` is for one
    attempt with its redirects and its body, without the waiting for a turn; `silence_s` is
    the longest wait for the next byte, `connect_s` for one connection; these two are tried
    again, the first is not. `backoff_cap_s` also caps what a Retry-After may ask for.
    `pace` is the least number of seconds between two requests to a host or any host under it.
    """

    max_bytes: int = 20_000_000
    timeout_s: float = 60.0
    silence_s: float = 30.0
    connect_s: float = 10.0
    max_redirects: int = 5
    attempts: int = 4
    backoff_s: float = 1.0
    backoff_cap_s: float = 60.0
    pace: Mapping[str, float] = field(default_factory=lambda: PACE)
    default_pace_s: float = 0.5
    allow_private: bool = False
    user_agent: str = "papers-digest"


def setting(limit: str) -> str:
    """The name under which an operator sets one of the limits."""
    return "DIGEST_ALLOW_PRIVATE" if limit == "allow_private" else f"DIGEST_FETCH_{limit.upper()}"
