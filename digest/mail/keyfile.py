"""The file of a key that signs mail: read where a setting names it, made once, never replaced.

Source: RFC 8301, 3.2 (sizes).
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from digest.errors import SettingsError
from digest.mail.dkim_key import Key

LEAST_BITS, GOOD_BITS = 1024, 2048
_LONG_PATH = 200
_MEND = "`digest doctor dkim` makes one"


def is_text(given: str) -> bool:
    """Whether a setting holds the key itself and not its file's path."""
    return "-----BEGIN" in given


def read_rsa(given: str, said_by: str) -> RSAPrivateKey:
    """The RSA key that `given` is (PEM) or names (a file); `said_by` is the setting or option."""
    key = _read(given, said_by)
    if not isinstance(key, RSAPrivateKey):
        raise SettingsError(f"{said_by}: {_shown(given)} is no RSA key; {_MEND}")
    if key.key_size < LEAST_BITS:
        raise SettingsError(
            f"{said_by}: {_shown(given)} has {key.key_size} bits, and no receiver trusts an RSA "
            f"key of less than {LEAST_BITS}; {_MEND}"
        )
    return key


def read_ed25519(given: str, said_by: str) -> Ed25519PrivateKey:
    """The same for an Ed25519 key."""
    key = _read(given, said_by)
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(
            f"{said_by}: {_shown(given)} is no Ed25519 key; "
            "`digest doctor dkim --ed25519` makes one"
        )
    return key


def _shown(given: str) -> str:
    """A path as it is; a key's text, whole or in part, is never shown."""
    return "the text" if is_text(given) or "\n" in given or len(given) > _LONG_PATH else given


def _read(given: str, said_by: str) -> object:
    """Any private key. Its text may have "\\n" for line ends, as one line of a settings file."""
    try:
        pem = given.replace("\\n", "\n").encode() if is_text(given) else Path(given).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"{said_by}: {_shown(given)} cannot be read: {reason}; {_MEND}"
        ) from error
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise SettingsError(
            f"{said_by}: {_shown(given)} is locked with a password; take a key without"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError(
            f"{said_by}: {_shown(given)} is no private key in PEM form; {_MEND}"
        ) from error


def warnings(key: Key, given: str) -> list[str]:
    """What is wrong with a key that can be used all the same, and how to mend it."""
    found = []
    if key.algorithm == "rsa-sha256" and key.bits < GOOD_BITS:
        found.append(f"an RSA key of {key.bits} bits is weak; make one of {GOOD_BITS}")
    if not is_text(given) and Path(given).stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        found.append(f"everybody on this machine can read {given}; chmod 600 {given}")
    return found


def keep_new(file: Path, *, ed25519: bool) -> bool:
    """Make a key at `file`, for its owner only; False if there is a file, which stays as it is."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        if file.exists():
            return False
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_bytes(_new_pem(ed25519=ed25519))
        with suppress(FileExistsError):  # of two programs at once, one makes the key
            os.link(draft, file)
            return True
    except OSError as error:
        raise SettingsError(f"{file}: the key cannot be kept: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return False


def _new_pem(*, ed25519: bool) -> bytes:
    made = Ed25519PrivateKey.generate() if ed25519 else rsa.generate_private_key(65537, GOOD_BITS)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
