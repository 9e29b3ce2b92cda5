"""Settings -> the Signer of this installation, or none."""

import logging
import re

from digest.errors import SettingsError
from digest.mail.dkim import Signer
from digest.mail.dkim_key import Key
from digest.mail.headers import wire_address
from digest.mail.keyfile import GOOD_BITS, read_ed25519, read_rsa
from digest.settings import Settings

log = logging.getLogger(__name__)

_LABEL = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)


def signer_of(settings: Settings, address: str) -> Signer | None:
    """What signs mail from `address`; None without DIGEST_DKIM_KEY.

    SettingsError if a key cannot be used or the domain does not go with the address.
    """
    given = settings.dkim_key.get_secret_value()
    second = settings.dkim_ed25519_key.get_secret_value()
    if not given:
        if second:
            raise SettingsError(
                "DIGEST_DKIM_KEY: missing beside DIGEST_DKIM_ED25519_KEY; many receivers know RSA "
                "only; make a key with `digest doctor dkim`"
            )
        return None
    domain = domain_of(settings, address)
    check_selector(settings.dkim_selector, "DIGEST_DKIM_SELECTOR")
    key = Key(settings.dkim_selector, read_rsa(given, "DIGEST_DKIM_KEY"))
    if key.bits < GOOD_BITS:
        log.warning("dkim_key_is_weak", extra={"bits": key.bits})
    if not second:
        return Signer(domain, key)
    other = settings.dkim_ed25519_selector
    check_selector(other, "DIGEST_DKIM_ED25519_SELECTOR", taken=key.selector)
    return Signer(domain, key, Key(other, read_ed25519(second, "DIGEST_DKIM_ED25519_KEY")))


def domain_of(settings: Settings, address: str) -> str:
    """The domain that signs mail from `address`: its own, or the one above it that is set.

    Any other would not count for the From. Source: RFC 7489, 3.1.1 (alignment).
    """
    own = wire_address(address).rpartition("@")[2].lower()
    given = settings.dkim_domain
    domain = wire_address(f"x@{given}").rpartition("@")[2].lower() if given else own
    if not _NAME.fullmatch(domain) or len(domain) > 253:
        raise SettingsError(
            f"DIGEST_DKIM_DOMAIN: {domain!r} is no domain name; for example example.org"
        )
    if domain != own and not ("." in domain and own.endswith(f".{domain}")):
        raise SettingsError(
            f"DIGEST_DKIM_DOMAIN: {domain} cannot sign for {own}, the domain of DIGEST_FROM; set "
            f"it to {own} or a domain above it, or leave it out"
        )
    return domain


def check_selector(selector: str, said_by: str, *, taken: str = "") -> None:
    """SettingsError if a selector cannot stand in a domain name, or another key has it."""
    if not _NAME.fullmatch(selector) or len(selector) > 63:
        raise SettingsError(f"{said_by}: {selector!r} is no selector; for example digest")
    if selector == taken:
        raise SettingsError(f"{said_by}: {selector} is the RSA key's; each key needs its own")
