"""URLs as a fetch uses them: checked, without their password, fit to be shown."""

import re
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import httpx2

_SECRET = re.compile(
    r"(?<=[?&])([^=&]*(?:token|secret|passw|pwd|apikey|signature)[^=&]*"
    r"|(?:[^=&]*[_-])?(?:key|auth|sig))=[^&#]*",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"//[^/?#]*@")


class BadUrl(Exception):
    """The text is no URL that could be fetched; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """One place to ask. `authorization` is the header that the URL's user and password make."""

    url: httpx2.URL
    authorization: str = ""

    @property
    def host(self) -> str:
        return self.url.raw_host.decode("ascii")

    def redirected(self, location: str) -> "Target":
        """The place a Location names, which may be relative; another origin gets no password."""
        there = target(str(_parsed(location, self.url)))
        if not there.authorization and there.url.origin == self.url.origin:
            return Target(there.url, self.authorization)
        return there


def target(text: str) -> Target:
    """Take a URL apart; BadUrl unless it is http or https with a host."""
    url = _parsed(text)
    if url.scheme not in ("http", "https"):
        raise BadUrl(f"{url.scheme or 'no scheme'}: only http and https are fetched")
    if not url.raw_host:
        raise BadUrl("it names no host")
    if url.port is not None and not 0 < url.port < 65536:
        raise BadUrl(f"there is no port {url.port}")
    user = unquote_to_bytes(url.userinfo)
    login = f"Basic {b64encode(user).decode('ascii')}" if user else ""
    return Target(url.copy_with(userinfo=b"", fragment=None), login)


def shown(text: str) -> str:
    """A URL fit for a log or an error: one line, no password, no key in its query."""
    line = "".join(char if char.isprintable() else "?" for char in text)
    line = _SECRET.sub(r"\1=***", _USERINFO.sub("//", line, count=1))
    return line if len(line) <= 300 else f"{line[:299]}…"


def _parsed(text: str, base: httpx2.URL | None = None) -> httpx2.URL:
    try:
        return base.join(text) if base else httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        raise BadUrl(str(error)) from error
