"""Links made safe to stand in a mail: http and https only, and nothing but URL characters."""

import re
from urllib.parse import quote, urlsplit

LONGEST = 1000
_SAFE = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+")


def safe_url(url: str) -> str:
    """`url` in ASCII that needs no escape but for "&", or "" if it is no web address.

    "Unsafe" includes any other scheme (javascript:), a user name before the host, and length.
    """
    if len(url) > LONGEST:
        return ""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or parts.username is not None:
        return ""
    if _SAFE.fullmatch(url):
        return url
    host = f"[{host}]" if ":" in host else host
    tail = quote(parts._replace(scheme="", netloc="").geturl(), safe="/?#[]@!$&()*+,;=:%~.-_")
    found = f"{parts.scheme}://{host}{port}{tail}"
    return found if _SAFE.fullmatch(found) and len(found) <= LONGEST else ""


def needs_check(url: str) -> bool:
    """Whether `url` has a character that safe_url would change or refuse."""
    return _SAFE.fullmatch(url) is None
