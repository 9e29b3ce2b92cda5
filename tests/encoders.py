"""A tiny sentence encoder, real in every part: an ONNX file and a tokenizer in a folder, as model
hubs have them. It knows the words of SUBJECTS; those of one line are near to it."""

import json
from pathlib import Path

from tests import given

SUBJECTS = (
    "galaxy nebula redshift telescope",
    "robot gripper grasping manipulator",
    "protein folding enzyme peptide",
    "crop harvest soil wheat",
)
LENGTH = 16


def tiny(folder: Path) -> Path:
    """Write the encoder into a new folder; skips by name where the packages are missing."""
    words = [word for line in SUBJECTS for word in line.split()]
    folder.mkdir(parents=True)
    _model(folder / "model.onnx", len(words))
    _tokenizer(folder, words)
    return folder


def _model(file: Path, words: int) -> None:
    """Each token's row of a table; the mean of them is the text."""
    onnx, numpy = given.needs("onnx"), given.needs("numpy")
    helper = given.needs("onnx.helper")
    draw = numpy.random.default_rng(1)
    subjects = draw.standard_normal((len(SUBJECTS), LENGTH))
    table = draw.standard_normal((2 + words, LENGTH)) * 0.2
    table[2:] += numpy.repeat(subjects, words // len(SUBJECTS), axis=0)
    kinds = onnx.TensorProto
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [
            helper.make_tensor_value_info(name, kinds.INT64, ["texts", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [
            helper.make_tensor_value_info(
                "last_hidden_state", kinds.FLOAT, ["texts", "tokens", LENGTH]
            )
        ],
        [onnx.numpy_helper.from_array(table.astype(numpy.float32), "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, file)


def _tokenizer(folder: Path, words: list[str]) -> None:
    tokenizers = given.needs("tokenizers")
    known = {"[PAD]": 0, "[UNK]": 1} | {word: 2 + at for at, word in enumerate(words)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(known, unk_token="[UNK]"))
    made.normalizer = tokenizers.normalizers.Lowercase()
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))
    told = {"model_max_length": 64, "pad_token": "[PAD]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
