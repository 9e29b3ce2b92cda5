"""Signers and the two verifiers that are not ours: dkimpy, and OpenDKIM as a program."""

import re
import shutil
import subprocess
from base64 import b64decode
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from digest.mail.dkim import Signer
from digest.mail.dkim_key import Key
from tests.given import lacking, needs

DOMAIN = "example.org"
RSA = Key("digest", rsa.generate_private_key(65537, 2048))
ED25519 = Key("digest-ed25519", Ed25519PrivateKey.generate())
DNS = {key.name(DOMAIN): key.record() for key in (RSA, ED25519)}
_VERDICT = re.compile(r"^\s*dkim=(\w+)", re.MULTILINE)

ONE = Signer(DOMAIN, RSA)
BOTH = Signer(DOMAIN, RSA, ED25519)


def verified(data: bytes, dns: dict[str, str] = DNS) -> list[bool]:
    """What dkimpy says of every signature, from the top."""
    dkim = needs("dkim")

    def txt(name: bytes, timeout: int = 5) -> bytes | None:
        found = dns.get(name.decode().rstrip("."))
        return found.encode() if found else None

    def one(place: int) -> bool:
        try:
            return bool(dkim.DKIM(data).verify(place, dnsfunc=txt))
        except dkim.DKIMException:
            return False

    head = data.partition(b"\r\n\r\n")[0]
    return [one(place) for place in range(len(re.findall(rb"(?m)^DKIM-Signature:", head)))]


def by_opendkim(folder: Path, *messages: bytes) -> list[list[str]]:
    """What OpenDKIM says of every signature of each message: "pass", "fail", ..."""
    program = _opendkim()
    keys, conf = folder / "keys", folder / "conf"
    keys.write_text("".join(f"{name} {record}\n" for name, record in DNS.items()))
    conf.write_text(f"Mode v\nTestPublicKeys {keys}\n")
    verdicts = []
    for number, data in enumerate(messages):
        file = folder / f"{number}.eml"
        file.write_bytes(data)
        command = [program, "-x", conf, "-v", "-v", "-t", file]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        verdicts.append(_VERDICT.findall(done.stdout))
    return verdicts


@cache
def _opendkim() -> str:
    found = shutil.which("opendkim", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    return found or lacking("opendkim", "`sudo deploy/install-tools` installs it")


def tags(data: bytes, place: int = 0) -> dict[str, str]:
    """The tags of one signature, without the white space of its folds."""
    head = data.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", "")
    lines = [line for line in head.split("\r\n") if line.startswith("DKIM-Signature: ")]
    pairs = lines[place].removeprefix("DKIM-Signature: ").replace(" ", "").split(";")
    return dict(pair.split("=", 1) for pair in pairs)


def lines_of(data: bytes) -> list[bytes]:
    """The headers of a message from the top, each with its folds."""
    return re.split(rb"\r\n(?![ \t])", data.partition(b"\r\n\r\n")[0])


def with_lines(lines: list[bytes], data: bytes) -> bytes:
    """The message with these headers in place of its own."""
    return b"\r\n".join(lines) + b"\r\n\r\n" + data.partition(b"\r\n\r\n")[2]


def signature(data: bytes) -> bytes:
    """The octets that the first signature is."""
    return b64decode(tags(data)["b"])
