"""Chosen digests -> messages, with the links signed for each reader."""

from collections.abc import Sequence
from datetime import date, datetime

from jinja2 import TemplateError

from digest.app import App
from digest.core.edition import Candidate
from digest.core.message import Message, Recipient
from digest.errors import SettingsError
from digest.mail import language as languages
from digest.mail.compose import compose
from digest.mail.language import Language
from digest.mail.render import Parts, render
from digest.mail.site import Site
from digest.selection import Chosen
from digest.store import deliveries
from digest.store.editions import Last
from subscribers import tokens
from subscribers.tokens import Purpose

# Read once: an enumeration takes a while to find its member.
_UNSUBSCRIBE, _SETTINGS, _FEEDBACK = Purpose.UNSUBSCRIBE, Purpose.SETTINGS, Purpose.FEEDBACK


class Composer:
    """Composes the messages of one day; what a cohort of readers of one language
    shares is rendered once.

    `at` is the run's instant: links and dates are made of it, so that a retry is byte for byte
    the same message.
    """

    def __init__(self, app: App, at: datetime) -> None:
        self._app, self._at = app, at
        self._site = app.site
        self._languages = languages.load(app.templates)
        self._parts: dict[tuple[Last | None, str], Parts] = {}

    def message(self, chosen: Chosen) -> Message:
        """The message, not signed yet."""
        recipient = recipient_of(self._app, self._site, chosen, self._at)
        return compose(self._shared(chosen), chosen.digest, recipient, self._at)

    def _shared(self, chosen: Chosen) -> Parts:
        cohort, language = chosen.cohort, self._languages.of(chosen.subscriber.language)
        key = cohort.last, language.code
        if key not in self._parts:
            self._parts[key] = self._render(cohort.candidates, chosen.digest.day, language)
        return self._parts[key]

    def _render(self, candidates: Sequence[Candidate], day: date, language: Language) -> Parts:
        folder = self._app.templates / "mail" / "digest"
        try:
            return render(candidates, day, self._site, folder, language)
        except TemplateError as error:
            where = f"{getattr(error, 'filename', None) or folder}:{getattr(error, 'lineno', '')}"
            raise SettingsError(f"the mail template {where.rstrip(':')}: {error}") from error


def recipient_of(app: App, site: Site, chosen: Chosen, at: datetime) -> Recipient:
    """A reader as the mail addresses them."""
    reader, schedule = chosen.subscriber, chosen.subscriber.schedule

    def token(purpose: Purpose, about: str = "") -> str:
        return tokens.make(
            purpose, reader.id, key=app.secret, version=reader.token_version, now=at, about=about
        )

    day = chosen.digest.day.isoformat()
    base, leave = app.settings.base_url, token(_UNSUBSCRIBE)
    mailbox = app.settings.unsubscribe_address or site.address
    confirmed = reader.confirmed_at
    return Recipient(
        delivery_key=deliveries.key("digest", chosen.digest.day, reader.id),
        address=reader.address.as_typed,
        unsubscribe_url=f"{base}/unsubscribe/{leave}",
        settings_url=f"{base}/settings/{token(_SETTINGS)}",
        feedback_url=f"{base}/feedback/{token(_FEEDBACK, day)}/{day}",
        # A token has nothing that a URL must quote but this space.
        unsubscribe_mailto=f"{mailbox}?subject=unsubscribe%20{leave}",
        subscribed_on=confirmed.date() if confirmed else None,
        cadence=schedule.cadence,
        hour=schedule.hour,
        zone=schedule.zone,
        plain_only=reader.plain_only,
    )
