"""The ways out: the relays that the settings name, and whether mail may leave by them as it is."""

from collections.abc import Callable
from urllib.parse import urlsplit

from digest.app import App
from digest.errors import SettingsError
from digest.mail.lane import Lanes
from digest.mail.options import Options
from digest.mail.relays import relays
from digest.mail.transport import Transport

TransportFactory = Callable[[], Transport]


def lanes_of(app: App, width: int, make: TransportFactory | None = None) -> tuple[Lanes, ...]:
    """The ways out that the settings name, or `make`'s; SettingsError if mail would leave this
    machine under the names of the defaults."""
    if make is not None:
        return (Lanes(name="given", make=make, connections=width),)
    urls = app.settings.smtp_url.get_secret_value()
    for url in urls.split():
        _check_sender(app, url)
    return relays(urls, Options(), width)


def _check_sender(app: App, url: str) -> None:
    relay = urlsplit(url).hostname or ""
    if not url.lower().startswith("smtp") or relay in ("localhost", "::1") or relay[:4] == "127.":
        return
    if app.site.address.endswith("@localhost.localdomain"):
        raise SettingsError(
            "DIGEST_FROM: still the default, which no relay should send; "
            "for example Daily Papers <papers@example.org>"
        )
    if (urlsplit(app.settings.base_url).hostname or "") == "localhost":
        raise SettingsError(
            "DIGEST_BASE_URL: still the default, so no reader could unsubscribe; "
            "for example https://papers.example.org"
        )
