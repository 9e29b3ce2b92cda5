"""Keeping: what was learnt from the history as bytes, and back; what is read is what was written.

Arrays only, in numpy's own format: nothing in them is ever executed.
"""

from hashlib import blake2b
from io import BytesIO

import numpy as np

from digest.core.ranking.latent import Latent
from digest.core.ranking.sparse import csr
from digest.core.ranking.vocabulary import Vocabulary

VERSION = (
    2  # rises when terms, weights or this form change: what older programs wrote is learnt anew
)


def to_bytes(vocabulary: Vocabulary) -> bytes:
    """The vocabulary of a history with what it taught; ValueError where it taught nothing."""
    latent = vocabulary.latent
    if latent is None:
        raise ValueError("a vocabulary that nothing was learnt for is not worth keeping")
    terms = [*vocabulary.frequencies]
    out = BytesIO()
    np.savez_compressed(
        out,
        documents=np.array([vocabulary.documents]),
        terms=np.frombuffer("\n".join(terms).encode(), np.uint8),
        frequencies=np.array([*vocabulary.frequencies.values()], np.int32),
        columns=np.frombuffer("\n".join(latent.columns).encode(), np.uint8),
        directions=latent.directions,
        common=latent.common,
        mean=latent.mean,
        data=latent.counts.data.astype(np.uint16),
        indices=latent.counts.indices.astype(np.int32),
        ends=latent.counts.indptr.astype(np.int32),
        filed=np.frombuffer("\n".join(map("\t".join, latent.filed)).encode(), np.uint8),
    )
    return out.getvalue()


def mark(data: bytes) -> str:
    """By which stored sketches name the lexicon they were made with: 32 hexadecimal digits of its
    bytes."""
    return blake2b(data, digest_size=16).hexdigest()


def from_bytes(data: bytes) -> Vocabulary:
    """What `to_bytes` wrote."""
    with np.load(BytesIO(data), allow_pickle=False) as kept:
        terms = kept["terms"].tobytes().decode().split("\n")
        columns = kept["columns"].tobytes().decode().split("\n")
        frequencies = dict(zip(terms, kept["frequencies"].tolist(), strict=True))
        documents = int(kept["documents"][0])
        weighing = Vocabulary(documents, frequencies)
        filed = kept["filed"].tobytes().decode().split("\n")
        counts = csr(kept["data"].astype(np.float64), kept["indices"], kept["ends"], len(columns))
        latent = Latent(
            {term: at for at, term in enumerate(columns)},
            np.array(weighing.tellings(columns)),
            np.array(weighing.masses(columns)),
            kept["directions"],
            kept["common"],
            kept["mean"],
            counts,
            [one.split("\t") if one else [] for one in filed],
        )
    return Vocabulary(documents, frequencies, latent)
