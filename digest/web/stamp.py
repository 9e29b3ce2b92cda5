"""The stamp of a form: when it was shown, signed, so that its age can be told without a cookie."""

import hmac
import re
from datetime import UTC, datetime, timedelta

from subscribers.macs import mac

_DOMAIN = b"papers-digest form\0"
_SHAPE = re.compile(r"([0-9a-f]{1,14})\.([0-9a-f]{32})", re.ASCII)


def stamp(now: datetime, key: bytes) -> str:
    """The stamp of a form that is shown now."""
    moment = f"{int(now.timestamp() * 1000):x}"
    return f"{moment}.{_mac(moment, key)}"


def age(text: str, now: datetime, key: bytes) -> timedelta | None:
    """How long ago the stamped form was shown; None if the stamp is not one of ours."""
    match = _SHAPE.fullmatch(text)
    if match is None or not hmac.compare_digest(match[2], _mac(match[1], key)):
        return None
    return now - datetime.fromtimestamp(int(match[1], 16) / 1000, UTC)


def _mac(moment: str, key: bytes) -> str:
    return mac(key, _DOMAIN + moment.encode()).hex()[:32]
