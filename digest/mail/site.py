"""Site: who sends the mail."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Who sends: what stands in headers, masthead and footer.

    `address` and `reply_to` are addresses without a name; `domain` is the right side of
    Message-ID and List-Id; `secret` keys Message-IDs and the marks of holes.
    """

    name: str
    base_url: str
    address: str
    domain: str
    secret: bytes
    from_name: str = ""
    reply_to: str = ""
    postal_address: str = ""
