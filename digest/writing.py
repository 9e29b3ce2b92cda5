"""Promised letters -> messages, with the links signed for their readers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from digest.app import App
from digest.core.message import Message
from digest.mail import headers
from digest.mail import language as languages
from digest.mail.layout import rhythm
from digest.mail.letter import Letters
from digest.store import deliveries
from digest.store.letters import Letter
from subscribers import address as addresses
from subscribers import tokens
from subscribers.person import Subscriber
from subscribers.tokens import CONFIRM_WITHIN, Purpose

CONFIRMATION, WELCOME, ADDRESS, MOVED = "confirmation", "welcome", "address", "moved"
ARRIVED = "arrived"  # at the new address, with new links
# How long each letter is of use; a confirmation's link dies with it.
LIVES = {
    CONFIRMATION: CONFIRM_WITHIN,
    WELCOME: timedelta(days=3),
    ADDRESS: CONFIRM_WITHIN,
    MOVED: timedelta(days=7),
    ARRIVED: timedelta(days=7),
}


class LetterComposer:
    """Letters -> messages, with the links signed for their readers."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._letters = Letters(app.templates / "mail", app.site)
        self._languages = languages.load(app.templates)
        self._values: dict[str, Callable[[Letter, Subscriber], dict[str, Any]]] = {
            CONFIRMATION: self._confirmation,
            WELCOME: self._welcome,
            ADDRESS: self._address,
            MOVED: lambda _letter, _reader: {},
            ARRIVED: self._own_links,
        }

    def message(self, letter: Letter, reader: Subscriber) -> Message:
        """The letter as it is sent; a retry is byte for byte the same."""
        to = letter.about if letter.kind in (ADDRESS, MOVED) else reader.address.as_typed
        values = self._values[letter.kind](letter, reader)
        message = self._letters.compose(
            letter.kind,
            self._languages.of(reader.language),
            key=deliveries.key(letter.kind, None, letter.delivery_id),
            to=to,
            values=values,
            at=self._queued_at(letter),
            more=self._ways_out(values.get("unsubscribe_url", "")),
        )
        return self._app.signed(message)

    def _ways_out(self, url: str) -> list[tuple[str, str]]:
        """The headers by which a mailbox's own button leaves, for a letter that names the way."""
        if not url:
            return []
        mailbox = self._app.settings.unsubscribe_address or self._app.site.address
        token = url.rpartition("/")[2]
        return headers.unsubscribing(url, f"{mailbox}?subject=unsubscribe%20{token}")

    def _queued_at(self, letter: Letter) -> datetime:
        return letter.expires_at - LIVES[letter.kind]

    def _link(self, page: str, purpose: Purpose, letter: Letter, reader: Subscriber) -> str:
        about = letter.about and addresses.parse(letter.about).key
        token = tokens.make(
            purpose,
            reader.id,
            key=self._app.secret,
            version=reader.token_version,
            now=self._queued_at(letter),
            about=about if purpose is Purpose.ADDRESS else "",
        )
        return f"{self._app.settings.base_url}/{page}/{token}"

    def _confirmation(self, letter: Letter, reader: Subscriber) -> dict[str, Any]:
        return {"confirm_url": self._link("confirm", Purpose.CONFIRM, letter, reader)}

    def _welcome(self, letter: Letter, reader: Subscriber) -> dict[str, Any]:
        when, language = reader.schedule, self._languages.of(reader.language)
        return {
            "rhythm": rhythm(when.cadence, when.hour, when.zone, language),
            **self._own_links(letter, reader),
        }

    def _own_links(self, letter: Letter, reader: Subscriber) -> dict[str, Any]:
        return {
            "settings_url": self._link("settings", Purpose.SETTINGS, letter, reader),
            "unsubscribe_url": self._link("unsubscribe", Purpose.UNSUBSCRIBE, letter, reader),
        }

    def _address(self, letter: Letter, reader: Subscriber) -> dict[str, Any]:
        link = self._link("address", Purpose.ADDRESS, letter, reader)
        return {"confirm_url": f"{link}?to={quote(letter.about)}"}
