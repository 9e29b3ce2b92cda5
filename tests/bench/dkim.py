"""What a DKIM signature costs: `python -m tests.bench.dkim`, JSON on stdout and a table on stderr.

Ours and dkimpy's sign the same message with the same key, in turns, in one thread; a figure is
the best round's CPU time, so that other work on the machine counts for neither.
"""

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from digest.mail.compose import compose
from digest.mail.dkim import SIGNED, Signer
from digest.mail.dkim_key import Key
from tests.mail import given
from tests.mail.signed import BOTH, DOMAIN, ONE, RSA, verified

OCTETS = 25_000
ROUNDS = 12
CANONICAL = (b"relaxed", b"relaxed")


class Free(Key):
    """A key whose signature costs nothing: what is left is our own work."""

    def sign(self, digest: bytes) -> bytes:
        return digest * 8


def message() -> bytes:
    """A digest of about OCTETS octets in quoted-printable."""
    parts = given.parts(*(given.candidate(number) for number in range(1, 41)))
    for papers in range(1, 41):
        picks = [given.pick(number) for number in range(1, papers + 1)]
        data = compose(parts, given.digest(*picks), given.reader(), given.NOW).data
        if len(data) >= OCTETS:
            return data
    raise ValueError("40 papers are too few")


def each_us(work: Callable[[], object], times: int) -> float:
    """CPU microseconds of one call."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times * 1e6


def by_dkimpy(data: bytes) -> Callable[[], object]:
    """dkimpy with the same headers, on a key it has to parse each time: it keeps none."""
    assert isinstance(RSA.private, RSAPrivateKey)
    form = PrivateFormat.TraditionalOpenSSL
    pem = RSA.private.private_bytes(Encoding.PEM, form, NoEncryption())
    name, domain = RSA.selector.encode(), DOMAIN.encode()
    headers = list(SIGNED)
    return lambda: dkim.sign(data, name, domain, pem, None, CANONICAL, include_headers=headers)


def two_threads_faster(data: bytes, times: int = 400) -> float:
    """How many times as many signatures two threads make as one, by the clock."""
    elapsed = []
    for threads in (1, 2):
        with ThreadPoolExecutor(threads) as pool:
            start = time.perf_counter()
            for _ in pool.map(ONE.sign, [data] * times):
                pass
            elapsed.append(time.perf_counter() - start)
    return elapsed[0] / elapsed[1]


def main() -> None:
    data = message()
    assert verified(BOTH.sign(data)) == [True, True]
    free, digest = Signer(DOMAIN, Free(RSA.selector, RSA.private)), bytes(32)
    works: dict[str, tuple[Callable[[], object], int]] = {
        "ours": (lambda: ONE.sign(data), 200),
        "ours, without the RSA operation": (lambda: free.sign(data), 500),
        "the RSA operation": (lambda: RSA.sign(digest), 200),
        "ours, RSA and Ed25519": (lambda: BOTH.sign(data), 200),
        "dkimpy": (by_dkimpy(data), 5),
    }
    best = dict.fromkeys(works, float("inf"))
    for _ in range(ROUNDS):
        for name, (work, times) in works.items():
            best[name] = min(best[name], each_us(work, times))
    told = {name: {"us": round(us, 1), "per_s": round(1e6 / us)} for name, us in best.items()}
    faster = {"times_dkimpy": round(best["dkimpy"] / best["ours"], 1),
              "two_threads": round(two_threads_faster(data), 2)}  # fmt: skip
    print(json.dumps({"octets": len(data), "signatures": told, **faster}, indent=2))
    for name, row in told.items():
        print(f"{name:<32} {row['us']:>9.1f} us {row['per_s']:>8}/s", file=sys.stderr)


if __name__ == "__main__":
    main()
