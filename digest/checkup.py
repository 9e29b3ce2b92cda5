"""Story, read-only: what stands between this installation and its readers' inboxes.

Every check runs whatever another found, so this needs nothing to be in order but the settings:
no secret is made, no table upgraded, no mail sent.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from digest.app import App
from digest.checks import ground, relay, sources, templates, told, zone
from digest.checks.finding import Finding, fail, ok
from digest.clock import utcnow
from digest.core import breaker, pace
from digest.errors import SettingsError
from digest.settings import Settings
from digest.store.database import Database


def examine(
    settings: Settings,
    *,
    nameserver: str = "",
    online: bool = False,
    clock: Callable[[], datetime] = utcnow,
) -> Iterator[Finding]:
    """Every check, each told as soon as it is done; `online` asks the sources too.

    `nameserver` is asked instead of this machine's own. SettingsError if it, or the database's
    URL, cannot be understood.
    """
    # Not build(): that makes what is missing, and refuses what this is to report.
    app = App(settings, Database(settings.database_url), clock, secret=bytes(32))
    try:
        yield from ground.check(app)
    finally:
        app.database.close()
    leaves = _leaves(settings)
    yield ground.secret(app)
    yield from _readable(settings)
    yield from told.check(settings, leaves=leaves)
    yield templates.check(app)
    day = clock().astimezone(UTC).date()
    yield from sources.check(settings.sources, app.limits if online else None, day)
    yield from relay.check(settings.smtp_url.get_secret_value(), smtputf8=settings.smtputf8)
    yield from zone.check(settings, nameserver) if leaves else [_unasked()]


def _leaves(settings: Settings) -> bool:
    return settings.smtp_url.get_secret_value()[:8].lower() != "maildir:"


def _unasked() -> Finding:
    return ok("DNS", "not asked: no mail leaves this machine")


def _readable(settings: Settings) -> Iterator[Finding]:
    """The settings that have a grammar of their own."""
    for name, read, text in (
        ("DIGEST_PACE", pace.parse, settings.pace),
        ("DIGEST_BREAKER", breaker.parse, settings.breaker),
    ):
        try:
            read(text)
        except SettingsError as error:
            yield fail(name, str(error), "correct it")
