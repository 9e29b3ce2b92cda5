"""The one HTTP client: a URL -> its bytes, or "not modified".

    address -> lane -> connection -> redirects -> body       (client: once an attempt)

It stands on httpcore2, the lower half of httpx2, because only there can a caller choose the
address that is connected to. The upper half would also log whole URLs, keep cookies and obey
the environment's proxies, none of which a collector of public listings wants.
"""

from digest.fetch.answers import Fetched, NotModified, Validators
from digest.fetch.client import Fetcher
from digest.fetch.limits import Limits

__all__ = ["Fetched", "Fetcher", "Limits", "NotModified", "Validators"]
