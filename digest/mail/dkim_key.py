"""Key: a private key that signs mail, and its public half as a record of the DNS.

Source: RFC 6376, 3.6.1 (the record); RFC 8463, 3 and 4 (Ed25519); RFC 1035, 3.3 (its strings).
"""

from base64 import b64encode
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_PADDING, _HASHED = PKCS1v15(), Prehashed(SHA256())
_STRING = 255

Private = RSAPrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Key:
    """A private key, and the selector under which its public half is found."""

    selector: str
    private: Private

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.private, RSAPrivateKey) else "ed25519-sha256"

    @property
    def bits(self) -> int:
        return self.private.key_size if isinstance(self.private, RSAPrivateKey) else 256

    def sign(self, digest: bytes) -> bytes:
        """The signature of a SHA-256 digest; RSA lets other threads run meanwhile."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(digest, _PADDING, _HASHED)
        return self.private.sign(digest)

    def name(self, domain: str) -> str:
        """Where the record stands."""
        return f"{self.selector}._domainkey.{domain}"

    def record(self) -> str:
        """The value of the TXT record, as one string."""
        public = self.private.public_key()
        if isinstance(self.private, RSAPrivateKey):
            kind, form = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            kind, form = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={kind}; p={b64encode(form).decode()}"


def strings(record: str) -> list[str]:
    """A record in the pieces that a TXT record is made of, each of at most 255 octets."""
    return [record[start : start + _STRING] for start in range(0, len(record), _STRING)]


def zone_line(name: str, record: str) -> str:
    """The record as one line of a zone file."""
    quoted = " ".join(f'"{piece}"' for piece in strings(record))
    return f"{name}. IN TXT ( {quoted} )"
