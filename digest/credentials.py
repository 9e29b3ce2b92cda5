"""What an admin proves themselves by: password (argon2id), codes of an app (TOTP), recovery codes.

Sources: RFC 9106 (Argon2), RFC 6238 (TOTP), https://cheatsheetseries.owasp.org (Authentication).
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection
from datetime import datetime
from threading import BoundedSemaphore

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken
from pyotp.exceptions import OTPVerificationError

from digest.errors import AdminError

SHORTEST, LONGEST = 12, 200
CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that is taken for another
_DOMAIN = b"papers-digest admin "
_hasher = PasswordHasher()
# Each hash takes 64 MiB and a core: a flood of log-ins waits in a queue, and takes neither.
_room = BoundedSemaphore(2)


def hash_password(password: str, name: str) -> str:
    """The hash to keep; AdminError if the password is no good one."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise AdminError(f"a password has {SHORTEST} to {LONGEST} characters")
    if len(set(password)) < 5 or (name and name.casefold() in password.casefold()):
        raise AdminError("that password is guessed too soon: take a longer, more mixed one")
    with _room:
        return _hasher.hash(password)


def is_password(password: str, password_hash: str) -> bool:
    """Whether this is the password; takes as long for a wrong one."""
    with _room:
        try:
            return _hasher.verify(password_hash, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash is weaker than those made today."""
    return _hasher.check_needs_rehash(password_hash)


# Checked in the place of a stranger's password, so that strangers wait as long as admins.
NOBODY = _hasher.hash(secrets.token_hex(16))


def new_totp() -> str:
    """A new secret for an app."""
    return pyotp.random_base32()


def uri(totp: str, name: str, site: str) -> str:
    """The secret as apps take it, by a link or a QR code."""
    return pyotp.TOTP(totp).provisioning_uri(name=name, issuer_name=site)


def step_of(code: str, totp: str, now: datetime) -> int | None:
    """The step of time whose code this is, at most one away from now; None for any other text."""
    try:
        return pyotp.TOTP(totp).verify_and_get_timecode(code, for_time=now, valid_window=1)
    except OTPVerificationError:
        return None


def seal(totp: str, key: bytes) -> str:
    """The secret as it is kept: of no use to who has the database alone."""
    return _box(key).encrypt(totp.encode()).decode()


def unseal(sealed: str, key: bytes) -> str:
    """AdminError if it was sealed with another secret."""
    try:
        return _box(key).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise AdminError(
            "DIGEST_SECRET was changed since this admin was made: `digest admins reset NAME`"
        ) from error


def _box(key: bytes) -> Fernet:
    return Fernet(urlsafe_b64encode(hmac.digest(key, _DOMAIN + b"totp", "sha256")))


def new_codes() -> list[str]:
    """Recovery codes of 49 random bits each, in two groups."""
    return [f"{_letters(5)}-{_letters(5)}" for _ in range(CODES)]


def _letters(count: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(count))


def code_hashes(codes: Collection[str], key: bytes) -> list[str]:
    return [code_hash(code, key) for code in codes]


def code_hash(code: str, key: bytes) -> str:
    """The keyed hash of a recovery code, however its groups and cases are typed."""
    plain = "".join(char for char in code.casefold() if char in _ALPHABET)
    return mac(key, "code", plain)


def mac(key: bytes, purpose: str, text: str) -> str:
    """A keyed hash of a text for one purpose, 64 hexadecimal digits."""
    told = _DOMAIN + purpose.encode() + b"\0" + text.encode("utf-8", "surrogatepass")
    return hmac.new(key, told, "sha256").hexdigest()
