"""The sentence encoder: texts -> vectors, by fastembed (ONNX), where the extra "semantic" is there.

Texts are encoded one by one: a quantised model's numbers depend on what else is in a batch, and
padding would cost what batches save.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from digest.core.ranking.encoded import Vector
from digest.errors import EncoderError

if TYPE_CHECKING:
    from fastembed import TextEmbedding
    from fastembed.common.model_description import PoolingType

EXTRA = 'pip install "papers-digest[semantic]"'
MODEL_FILES = ("model.onnx", "onnx/model.onnx", "model_optimized.onnx", "model_quantized.onnx")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
THREADS = 1  # a send on the same machine wants the others


class Encoder(Protocol):
    """Makes vectors of length 1. `name` is that of the model: vectors of one name can be
    compared, whatever machine made them."""

    @property
    def name(self) -> str: ...

    def papers(self, texts: Iterable[str]) -> Iterator[Vector]: ...

    def lines(self, texts: Iterable[str]) -> Iterator[Vector]: ...


@dataclass(frozen=True, slots=True)
class FastEmbed:
    """A model of fastembed's; some of them want what is searched for marked as such."""

    name: str
    model: "TextEmbedding"

    def papers(self, texts: Iterable[str]) -> Iterator[Vector]:
        return (_unit(one) for text in texts for one in self.model.passage_embed([text]))

    def lines(self, texts: Iterable[str]) -> Iterator[Vector]:
        return (_unit(one) for text in texts for one in self.model.query_embed([text]))


def _unit(vector: Any) -> Vector:
    """Length 1; nothing but zeros for a text of which the model makes nothing."""
    plain = np.nan_to_num(np.asarray(vector, np.float64))
    scaled: Vector = (plain / max(float(np.linalg.norm(plain)), 1e-9)).astype(np.float32)
    return scaled


def load(asked: str, kept: Path) -> Encoder:
    """The encoder of this name, or of this folder; models that are fetched stay in `kept`.

    EncoderError, in one line, where the extra or the model is missing.
    """
    try:
        import fastembed  # noqa: F401
        from loguru import logger
    except ImportError as error:
        raise EncoderError(f"DIGEST_ENCODER: {asked}: no fastembed here; {EXTRA}") from error
    logger.disable("fastembed")  # what matters of it is in the error
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    folder = Path(asked).expanduser()
    return _local(folder) if _is_folder(asked, folder) else _named(asked, kept)


def _is_folder(asked: str, folder: Path) -> bool:
    return folder.is_dir() or folder.is_absolute() or asked.startswith((".", "~"))


def _named(asked: str, kept: Path) -> Encoder:
    from fastembed import TextEmbedding

    known = {one["model"].casefold(): one["model"] for one in TextEmbedding.list_supported_models()}
    if asked.casefold() not in known:
        raise EncoderError(
            f"DIGEST_ENCODER: {asked}: neither a folder nor a model of fastembed's; "
            "for example BAAI/bge-small-en-v1.5"
        )
    name = known[asked.casefold()]
    try:
        model = TextEmbedding(name, cache_dir=str(kept), threads=THREADS, cuda=False)
    except Exception as error:
        raise EncoderError(
            f"DIGEST_ENCODER: {name}: cannot be had: {_first_line(error)}; "
            "name a folder that holds the model"
        ) from error
    return FastEmbed(name, model)


def _local(folder: Path) -> Encoder:
    """A folder as model hubs have it: the ONNX file, the tokenizer's two files, and how the words'
    vectors become one (1_Pooling/config.json; without it their mean)."""
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource

    file = next((one for one in MODEL_FILES if (folder / one).is_file()), None)
    lacking = [one for one in TOKENIZER_FILES if not (folder / one).is_file()]
    if file is None or lacking:
        wanted = MODEL_FILES[0] if file is None else lacking[0]
        raise EncoderError(f"DIGEST_ENCODER: {folder}: the folder has no {wanted}")
    name = _name_of(folder, folder / file)
    if name not in {one["model"] for one in TextEmbedding.list_supported_models()}:
        TextEmbedding.add_custom_model(
            model=name,
            pooling=_pooling(folder),
            normalization=True,
            sources=ModelSource(url="file:///"),  # one must be named; it is never asked
            dim=1,  # likewise
            model_file=file,
        )
    try:
        model = TextEmbedding(name, specific_model_path=str(folder), threads=THREADS, cuda=False)
        encoder = FastEmbed(name, model)
        next(encoder.papers(["a paper"]))
    except Exception as error:
        raise EncoderError(
            f"DIGEST_ENCODER: {folder}: cannot be used: {_first_line(error)}"
        ) from error
    return encoder


def _name_of(folder: Path, file: Path) -> str:
    """The folder's name and what its model's bytes are: another model is another encoder."""
    try:
        with file.open("rb") as model:
            told = blake2b(digest_size=4)
            while part := model.read(1 << 20):
                told.update(part)
    except OSError as error:
        raise EncoderError(f"DIGEST_ENCODER: {file}: cannot be read: {error.strerror}") from error
    return f"{folder.resolve().name}@{told.hexdigest()}"


def _pooling(folder: Path) -> "PoolingType":
    from fastembed.common.model_description import PoolingType

    file = folder / "1_Pooling" / "config.json"
    try:
        told = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as error:
        raise EncoderError(f"DIGEST_ENCODER: {file}: cannot be read: {error}") from error
    return PoolingType.CLS if told.get("pooling_mode_cls_token") else PoolingType.MEAN


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
