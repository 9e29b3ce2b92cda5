"""The ways out for messages, and the one to open for a URL."""

from digest.mail.lane import Transport
from digest.mail.options import Options, Patience
from digest.mail.relays import relays

__all__ = ["Options", "Patience", "Transport", "open_transport"]


def open_transport(url: str, options: Options | None = None) -> Transport:
    """One lane to the first relay that `url` names (see relays.py); nothing is opened yet."""
    return relays(url, options or Options())[0].make()
