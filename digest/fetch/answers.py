"""What a fetch gives back: Fetched or NotModified, and the validators for the next time."""

from dataclasses import dataclass

import httpx2


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said of the version it gave; sent back, it may answer "not modified".

    Both are opaque and returned as they came. Source: RFC 9110, 8.8 and 13.1.
    """

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        """The request headers that make a GET conditional; none when nothing is known."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}

    def renewed(self, response: httpx2.Headers) -> "Validators":
        """These, with whatever the response says anew: a 304 need not repeat them."""
        return Validators(
            response.get("etag", self.etag), response.get("last-modified", self.last_modified)
        )


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body, decompressed. `url` is where it was found in the end, without any password."""

    body: bytes
    url: str
    validators: Validators
    status: int


@dataclass(frozen=True, slots=True)
class NotModified:
    """The version that the validators name is still the current one."""

    url: str
    validators: Validators
