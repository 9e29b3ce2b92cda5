"""What the operator decides: the environment (DIGEST_*) or a digest.toml, checked at start."""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from digest.errors import SettingsError

FILE = "digest.toml"
PREFIX = "DIGEST_"

EXAMPLES = {
    "database_url": "sqlite:///digest.db or postgresql+psycopg://user:password@host/digest",
    "smtp_url": "maildir:outbox or smtp+starttls://user:password@mail.example.org:587",
    "from": "Daily Papers <papers@example.org>",
    "base_url": "https://papers.example.org",
    "unsubscribe_address": "unsubscribe@example.org",
    "bounce_address": "bounces@example.org",
    "operator": "operator@example.org",
    "bounces_url": "imaps://user:password@mail.example.org/INBOX",
    "secret": "32 or more random characters, as `openssl rand -hex 32` prints",
    "sources": "huggingface arxiv:cs.CL+cs.LG https://example.org/feed.xml",
}


def _mailbox(text: str) -> str:
    name, spec = parseaddr(text)
    if not spec.rpartition("@")[0]:
        raise ValueError("no address in it")
    try:
        Address(display_name=name, addr_spec=spec)
    except (MessageError, IndexError) as error:
        raise ValueError(f"{spec!r} is no address") from error
    return text


def _mailbox_or_none(text: str) -> str:
    return _mailbox(text) if text else text


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no web address")
    return text.rstrip("/")


def _long_enough(secret: SecretStr) -> SecretStr:
    if 0 < len(secret.get_secret_value()) < 32:
        raise ValueError("too short to sign links with")
    return secret


class Settings(BaseSettings):
    """All settings, frozen. Each is DIGEST_NAME in the environment or NAME in digest.toml; the
    environment wins. `secret` may stay empty with SQLite: the program then keeps its own in
    digest.secret beside the database."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True
    )

    database_url: str = "sqlite:///digest.db"
    smtp_url: SecretStr = SecretStr("maildir:outbox")
    sender: Annotated[str, AfterValidator(_mailbox)] = Field(
        default="Daily Papers <papers@localhost.localdomain>",
        validation_alias=AliasChoices("DIGEST_FROM", "from"),
    )
    reply_to: Annotated[str, AfterValidator(_mailbox_or_none)] = ""
    base_url: Annotated[str, AfterValidator(_web_address)] = "http://localhost:8000"
    secret: Annotated[SecretStr, AfterValidator(_long_enough)] = SecretStr("")
    name: str = Field(default="Daily Papers", min_length=1, max_length=64)
    postal_address: str = ""
    unsubscribe_address: Annotated[str, AfterValidator(_mailbox_or_none)] = ""
    bounce_address: Annotated[str, AfterValidator(_mailbox_or_none)] = ""
    bounces_url: SecretStr = SecretStr("")
    operator: Annotated[str, AfterValidator(_mailbox_or_none)] = ""
    dkim_key: SecretStr = SecretStr("")
    dkim_selector: str = "digest"
    dkim_domain: str = ""
    dkim_ed25519_key: SecretStr = SecretStr("")
    dkim_ed25519_selector: str = "digest-ed25519"
    sources: Annotated[tuple[str, ...], NoDecode] = ("huggingface",)
    encoder: str = Field(default="", max_length=1000)
    templates: Path | None = None
    allow_private: bool = False
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1", "::1")
    signups_per_ip: int = Field(default=10, ge=1)
    signups_per_network: int = Field(default=30, ge=1)
    signups_in_all: int = Field(default=20_000, ge=1)
    rising_factor: float = Field(default=2.0, ge=1.0)
    rising_votes: int = Field(default=5, ge=1)
    fetch_max_bytes: int = Field(default=20_000_000, ge=1000)
    fetch_timeout_s: float = Field(default=60.0, gt=0)
    fetch_max_redirects: int = Field(default=5, ge=0, le=20)
    fetch_backoff_cap_s: float = Field(default=60.0, ge=0)
    deadline_hours: int = Field(default=18, ge=1, le=168)
    wait_hours: float = Field(default=2.0, ge=0, le=12)
    connections: int = Field(default=4, ge=1, le=200)
    smtputf8: bool = False
    pace: str = ""
    breaker: str = "temporary=5 permanent=1 complaints=0.1"
    workers: int = Field(default=0, ge=0, le=64)
    lease_s: float = Field(default=120.0, ge=1, le=3600)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (_SplitSources(env_settings), init_settings)


class _SplitSources(PydanticBaseSettingsSource):
    """The environment, with the settings that are lists split at white space."""

    def __init__(self, environment: PydanticBaseSettingsSource) -> None:
        super().__init__(environment.settings_cls)
        self._environment = environment

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return self._environment.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        found = self._environment()
        for name in ("sources", "trusted_proxies"):
            if isinstance(found.get(name), str):
                found[name] = tuple(found[name].split())
        return found


def load(file: Path | None = None, **overrides: Any) -> Settings:
    """The settings from `file` (default: ./digest.toml where there is one) and the environment.

    `overrides` are fields that outrank both. SettingsError is one line that names the setting.
    """
    _refuse_unknown(os.environ)
    try:
        settings = Settings(**_read(file or Path(FILE), required=file is not None))
    except ValidationError as error:
        raise SettingsError(_explain(error)) from error
    return settings.model_copy(update=overrides) if overrides else settings


def _read(file: Path, *, required: bool) -> dict[str, Any]:
    if not file.exists() and not required:
        return {}
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}") from error
    return {name.lower(): _as_tuple(value) for name, value in found.items()}


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = [PREFIX + name.upper() for name in names()]
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f" (known: {', '.join(known)})"
            raise SettingsError(f"{name}: no such setting{hint}")


def names() -> list[str]:
    """The names of all settings as an operator writes them, lower case."""
    return ["from" if name == "sender" else name for name in Settings.model_fields]


def origins(settings: Settings) -> dict[str, str]:
    """Where each setting comes from, by its name as an operator writes it."""
    return {
        name: _origin(settings, name, field)
        for name, field in zip(names(), Settings.model_fields, strict=True)
    }


def _origin(settings: Settings, name: str, field: str) -> str:
    if os.environ.get(PREFIX + name.upper()):
        return "environment"
    return FILE if field in settings.model_fields_set else "default"


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    field = str(first["loc"][0]).removeprefix(PREFIX).lower()
    field = "from" if field == "sender" else field
    if first["type"] == "extra_forbidden":
        return f"{field}: no such setting in {FILE} (known: {', '.join(names())})"
    example = f"; for example {EXAMPLES[field]}" if field in EXAMPLES else ""
    reason = first["msg"].removeprefix("Value error, ")
    return f"{PREFIX}{field.upper()}: {reason[:1].lower()}{reason[1:]}{example}"
