"""NAME=VALUE; NAME=VALUE: the records of DKIM and DMARC. Source: RFC 6376, 3.2."""

from collections.abc import Iterable


def parse(record: str) -> dict[str, str]:
    """The tags of a record in their order, names in lower case; ValueError if it has none."""
    found: dict[str, str] = {}
    for piece in filter(None, map(str.strip, record.split(";"))):
        name, mark, value = piece.partition("=")
        name = name.strip().lower()
        if not mark or not name or name in found:
            raise ValueError(f"{piece[:40]!r} is no NAME=VALUE, or stands twice")
        found[name] = value.strip()
    return found


def dmarc(texts: Iterable[str]) -> list[str]:
    """Those TXT records that are DMARC's. Source: RFC 7489, 6.3 and 6.6.3."""
    return [text for text in texts if _first(text) == ("v", "DMARC1")]


def _first(text: str) -> tuple[str, str]:
    name, _, value = text.partition(";")[0].partition("=")
    return name.strip().lower(), value.strip()
