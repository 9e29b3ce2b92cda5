"""Rows of what is worked out of texts once: what the sentence encoder said of them, the lens
through which that is read, and the sketches of papers that readers spoke of."""

from datetime import date

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from digest.store.tables import Key
from subscribers.tables import Base


class VectorRow(Base):
    """What an encoder said of a text, as bytes; see core.ranking.encoded. `key` is the text's, so
    that a paper that is revised is another text; `wanted_on` is the last day on which a paper, a
    liked paper or a typed line with that text was there."""

    __tablename__ = "vectors"

    encoder: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    wanted_on: Mapped[date] = mapped_column(index=True)
    data: Mapped[bytes]


class LensRow(Base):
    """What was learnt on a day from the vectors of an encoder, as bytes."""

    __tablename__ = "lenses"
    __table_args__ = (UniqueConstraint("version", "encoder", "learnt_on"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    version: Mapped[int]
    encoder: Mapped[str] = mapped_column(String(200))
    learnt_on: Mapped[date]
    data: Mapped[bytes]


class SketchRow(Base):
    """All that likeness needs of a paper, as bytes; see core.ranking.sketch. `lexicon` is the mark
    of that which it was made with; `key` is the text's."""

    __tablename__ = "sketches"

    lexicon: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    data: Mapped[bytes]
