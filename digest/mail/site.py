"""Site: who sends the mail."""

from dataclasses import dataclass, replace

from digest.mail.links import safe_url
from digest.mail.wording import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Who sends: what stands in headers, masthead and footer.

    `address` and `reply_to` are addresses without a name; so is `bounce_address`, where bounces
    go, with a signed tag for each message ("" for `address` as it is). `domain` is the right
    side of Message-ID and List-Id; `secret` keys Message-IDs, tags and the marks of holes.
    """

    name: str
    base_url: str
    address: str
    domain: str
    secret: bytes
    from_name: str = ""
    reply_to: str = ""
    bounce_address: str = ""
    postal_address: str = ""


def cleaned(site: Site) -> Site:
    """`site` with every text fit for a mail, a line break in the postal address as a comma."""
    postal = ", ".join(filter(None, map(clean, site.postal_address.splitlines())))
    return replace(
        site,
        name=clean(site.name, 64),
        from_name=clean(site.from_name, 64),
        postal_address=postal,
        base_url=safe_url(site.base_url),
    )
