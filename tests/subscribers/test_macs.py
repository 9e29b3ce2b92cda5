"""The keyed hash is that of the standard, whatever was hashed before it."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from subscribers.macs import mac

KEYS = st.sampled_from([b"k", b"s" * 32, b"longer than a block of the hash" * 4])


@given(key=KEYS, text=st.binary(max_size=200))
def test_it_is_hmac_sha256(key: bytes, text: bytes) -> None:
    assert mac(key, text) == mac(key, text) == hmac.digest(key, text, "sha256")
