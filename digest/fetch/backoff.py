"""When to ask again: the growing wait after a failure, and the server's own Retry-After."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Source: RFC 6585, 4 (429); RFC 9110, 15.6. Every other 4xx says that asking again is of no use.
PASSING = frozenset({429, 500, 502, 503, 504})


def backoff_s(attempt: int, *, base_s: float, cap_s: float, jitter: float) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1).

    Doubles from `base_s` up to `cap_s`; `jitter` (0 to 1) decides over the second half of it,
    so that collectors that failed together do not come back together.
    """
    full = min(cap_s, base_s * 2.0 ** min(attempt - 1, 60))
    return full * (0.5 + jitter / 2)


def retry_after_s(header: str, now: datetime) -> float | None:
    """The seconds a Retry-After asks for, at least 0; None if it says nothing readable.

    Source: RFC 9110, 10.2.3: a whole number of seconds, or a date.
    """
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12]) if len(text) <= 12 else float("inf")
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    # A zone of "-0000" makes the parsed date naive; an HTTP date is always GMT.
    then = then.replace(tzinfo=UTC) if then.tzinfo is None else then
    return max(0.0, (then - now).total_seconds())
