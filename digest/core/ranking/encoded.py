"""Encoded: texts as a sentence encoder sees them, and how near one is to another.

What the encoder says of a text is kept as bytes. A lens, learnt from the history once a week, makes
of it what can be compared: the middle of all papers is taken away, and directions in which all of
them differ count less than those in which few do, as in a linear classifier fitted against the
history. All numbers are whole: products add up exactly, in any order and on any machine.

Source: the lens is linear discriminant analysis with one shared covariance, shrunk towards the
identity (Ledoit and Wolf 2004), for one example against a background (Hariharan, Malik, Ramanan
2012).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digest.core.ranking import weights

Vector = NDArray[np.float32]  # of length 1
Small = NDArray[np.float32]  # whole numbers, see latent
Whole = NDArray[np.float64]  # the same, greater ones

VERSION = 1  # rises when the lens or its form changes: what older programs wrote is learnt anew
FEWEST_VECTORS = 150
STEPS = 127  # of a vector's greatest number
UNIT = 1 << 14  # in which a vector of length 1 is counted
LENS_STEPS = 1 << 14  # in which the lens's greatest number is counted
STEP = 2048.0  # of a seen vector's length: the square is still an exact float32
GREATEST = 4  # bytes of a vector's greatest number, before the others


def key(text: str) -> str:
    """The name of a text among all that were encoded: 32 hexadecimal digits."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def line_key(text: str) -> str:
    """The name of a typed line: an encoder may see a question otherwise than a paper."""
    return key(f"typed\n{text}")


def paper_text(title: str, abstract: str) -> str:
    """What is encoded of a paper."""
    return f"{title}\n{abstract}".strip()


def pack(vector: Vector) -> bytes:
    """A vector as bytes: its greatest number, then each as a byte's share of it."""
    greatest = np.float32(np.abs(vector).max(initial=0.0))
    shares = np.round(vector / max(greatest, np.float32(1e-9)) * STEPS).astype(np.int8)
    return bytes(greatest.astype("<f4").tobytes() + shares.tobytes())


def unpack(packed: Sequence[bytes]) -> Whole:
    """Vectors that `pack` wrote (all of one length), a row each, in whole units."""
    rows = np.frombuffer(b"".join(packed), np.uint8).reshape(len(packed), -1)
    greatest = rows[:, :GREATEST].copy().view("<f4").astype(np.float64)
    shares = rows[:, GREATEST:].copy().view(np.int8).astype(np.float64)
    units: Whole = np.round(shares * greatest * (UNIT / STEPS))
    return units


@dataclass(frozen=True, slots=True, eq=False)
class Lens:
    """What the history's vectors have in common (`middle`, one row) and what parts them (`turned`,
    length x length), in whole numbers."""

    middle: Whole
    turned: Whole

    def apart(self, units: Whole) -> Small:
        """Papers (rows of whole units), with what they all have in common taken away and what all
        differ in made less of."""
        return _scaled((units - self.middle) @ self.turned)

    def beside(self, units: Whole) -> Small:
        """Papers, with what they all have in common taken away."""
        return _scaled(units - self.middle)


def _scaled(rows: Whole) -> Small:
    """Rows of length STEP; zeros stay zeros."""
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    scaled: Small = np.round(rows / np.maximum(lengths, 1.0) * STEP).astype(np.float32)
    return scaled


def learn(packed: Sequence[bytes]) -> Lens | None:
    """The lens of some papers' vectors, packed; None of too few. The same give the same."""
    if len(packed) < FEWEST_VECTORS:
        return None
    units = unpack(packed)
    middle = np.round(units.mean(axis=0))
    apart = (units - middle) / UNIT
    spread = apart.T @ apart / len(units)
    values, directions = np.linalg.eigh(spread)
    shrunk = np.maximum(values, 0.0) + weights.LENS * values.mean() + 1e-12
    turned = (directions / np.sqrt(shrunk)) @ directions.T
    return Lens(middle, np.round(turned * (LENS_STEPS / np.abs(turned).max())))


def to_bytes(lens: Lens) -> bytes:
    """Arrays only, in numpy's own format: nothing in them is ever executed."""
    out = BytesIO()
    np.savez_compressed(
        out, middle=lens.middle.astype(np.int32), turned=lens.turned.astype(np.int16)
    )
    return out.getvalue()


def from_bytes(data: bytes) -> Lens:
    """What `to_bytes` wrote."""
    with np.load(BytesIO(data), allow_pickle=False) as kept:
        return Lens(kept["middle"].astype(np.float64), kept["turned"].astype(np.float64))


class Sensed(NamedTuple):
    """Papers as they are compared, a row each, of zeros where unknown: with papers through the lens
    and plainly, and with typed lines. (A line is like no paper: what papers have in common is taken
    from one side only, and what parts them says little of it.)"""

    apart: Small
    plain: Small
    beside: Small


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What is known of texts, packed, by their `key`. It grows as readers come; a text that it does
    not hold is compared by its words alone."""

    lens: Lens
    kept: dict[str, bytes] = field(default_factory=dict)

    def add(self, packed: Mapping[str, bytes]) -> None:
        """Learn what was encoded of some texts; what is of another length than the lens is not."""
        length = len(self.lens.middle) + GREATEST
        self.kept.update({name: one for name, one in packed.items() if len(one) == length})

    def papers(self, texts: Sequence[str]) -> Sensed:
        """Papers by their texts (see `paper_text`)."""
        names = [*map(key, texts)]
        lens = self.lens
        return Sensed(*(self._rows(names, see) for see in (lens.apart, _scaled, lens.beside)))

    def lines(self, texts: Sequence[str]) -> Small:
        """Typed lines as they are compared with papers."""
        return self._rows(map(line_key, texts), _scaled)

    def _rows(self, names: Iterable[str], seen: Callable[[Whole], Small]) -> Small:
        found = [*map(self.kept.get, names)]
        rows = np.zeros((len(found), len(self.lens.middle)), np.float32)
        known = [at for at, one in enumerate(found) if one is not None]
        if known:
            rows[known] = seen(unpack([one for one in found if one is not None]))
        return rows


def known(rows: Small) -> NDArray[np.bool_]:
    """Which seen texts are known."""
    found: NDArray[np.bool_] = np.abs(rows).sum(axis=1) > 0
    return found


def near(some: Small, others: Small) -> NDArray[np.float64]:
    """How near each of some seen texts is to each of the others: -1 to 1, 0 for the unknown."""
    found: NDArray[np.float64] = (some @ others.T).astype(np.float64) / STEP**2
    return found
