"""App: what a story holds in its hand; build(settings) wires it, and nothing else does.

What only some commands use (the fetcher, the signer, the look of mail) is loaded when it is asked
for: it would cost the others half a second.
"""

import os
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from digest.clock import utcnow
from digest.core import breaker, pace
from digest.core.diff import Rising
from digest.core.message import Message
from digest.errors import SettingsError, StoreError
from digest.settings import Settings
from digest.shipped import shipped
from digest.store.database import Database
from digest.store.lease import lease_now

if TYPE_CHECKING:
    from digest.fetch import Limits
    from digest.mail.dkim import Signer
    from digest.mail.site import Site


@dataclass(frozen=True, slots=True)
class App:
    """Settings, database, clock and what follows from them."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    secret: bytes
    lease_now: Callable[[Session], datetime] = lease_now
    signer: "Signer | None" = None
    replies: Counter[str] = field(default_factory=Counter)  # of relays, by class, in this process

    def begin(self) -> AbstractContextManager[Session]:
        """A transaction that writes."""
        return self.database.begin()

    def read(self) -> AbstractContextManager[Session]:
        """A transaction that reads."""
        return self.database.read()

    def signed(self, message: Message) -> Message:
        """The message as it leaves: with its DKIM signature, where there is a key."""
        if self.signer is None:
            return message
        return replace(message, data=self.signer.sign(message.data))

    @property
    def rising(self) -> Rising:
        return Rising(self.settings.rising_factor, self.settings.rising_votes)

    @property
    def limits(self) -> "Limits":
        """What a fetch may cost, and who it says is asking."""
        from digest.fetch import Limits

        given = self.settings
        return Limits(
            max_bytes=given.fetch_max_bytes,
            timeout_s=given.fetch_timeout_s,
            max_redirects=given.fetch_max_redirects,
            backoff_cap_s=given.fetch_backoff_cap_s,
            allow_private=given.allow_private,
            user_agent=f"papers-digest (+{given.base_url})",
        )

    @property
    def templates(self) -> Path:
        return self.settings.templates or shipped("templates")

    @property
    def site(self) -> "Site":
        """How mail presents this installation."""
        from digest.mail.site import Site

        name, address = parseaddr(self.settings.sender)
        return Site(
            name=self.settings.name,
            base_url=self.settings.base_url,
            from_name=name or self.settings.name,
            address=address,
            reply_to=parseaddr(self.settings.reply_to)[1],
            bounce_address=parseaddr(self.settings.bounce_address)[1],
            domain=address.rpartition("@")[2],
            postal_address=self.settings.postal_address,
            secret=self.secret,
        )


def build(settings: Settings, clock: Callable[[], datetime] = utcnow) -> App:
    """Wire everything. A SQLite file that does not exist yet is made, with its tables.

    SettingsError or StoreError if something cannot be used as it is.
    """
    database = Database(settings.database_url)
    if database.file is not None:
        _make_folder(database.file.parent)
        if database.revision() is None:  # new, or cut off while it was made
            database.upgrade()
    if not database.is_current():
        raise StoreError("the database is older than this program: run `digest init`")
    pace.parse(settings.pace)
    breaker.parse(settings.breaker)
    return App(
        settings, database, clock, secret_of(settings, database), signer=_signer_of(settings)
    )


def _signer_of(settings: Settings) -> "Signer | None":
    """What signs our mail; without a key, nothing is loaded that could."""
    if not (settings.dkim_key.get_secret_value() or settings.dkim_ed25519_key.get_secret_value()):
        return None
    from digest.mail.signing import signer_of

    return signer_of(settings, parseaddr(settings.sender)[1])


def initialise(settings: Settings) -> Database:
    """Create or upgrade the database."""
    database = Database(settings.database_url)
    if database.file is not None:
        _make_folder(database.file.parent)
    database.upgrade()
    secret_of(settings, database)
    return database


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"DIGEST_DATABASE_URL: the folder {folder} cannot be made: {error.strerror}"
        ) from error


def secret_of(settings: Settings, database: Database) -> bytes:
    """The key of all signatures: the setting, else with SQLite a file beside the database, made
    once and readable by its owner only."""
    given = settings.secret.get_secret_value()
    if given:
        return given.encode()
    if database.file is None:
        raise SettingsError(
            "DIGEST_SECRET: missing; set 32 or more random characters, as `openssl rand -hex 32` "
            "prints, the same on every machine"
        )
    return _kept_secret(database.file.with_suffix(".secret"))


def _kept_secret(file: Path) -> bytes:
    try:
        if not file.exists():
            _write_secret(file)
        return file.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"{file}: the secret cannot be kept: {error.strerror}") from error


def _write_secret(file: Path) -> None:
    """Appears whole or not at all: of two programs that start at once, both read one secret."""
    draft = file.with_suffix(f".secret.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(32))
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
