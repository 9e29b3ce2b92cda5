"""What ranking costs, on one core: `python -m tests.bench.ranking_cost FOLDER`.

FOLDER is one of tests.bench.ranking. Readers are made of its papers: so many likes each, drawn from
some thousands of them (READ: what a server's readers spoke of), and two typed lines. Then so many
readers as of a large server, MANY, a shard at a time, each new, in a process of their own, as
senders are: most memory is that of this process, which holds neither the folder nor all readers,
but what a sender does: the lexicon, the READ papers and what is stored of them, a day's pool and a
shard. Beside it the plain way is timed in the same run: a linear SVM of scikit-learn fitted for
each reader over TF-IDF of words and pairs of words, as arxiv-sanity does. With `--semantic ENCODER`
also what encoding a paper costs, by the encoder of the large size.
"""

import argparse
import gc
import multiprocessing
import os
import random
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from digest import encoder  # noqa: E402
from digest.core.edition import Candidate  # noqa: E402
from digest.core.ranking import (  # noqa: E402
    LikedPaper,
    Reader,
    encoded,
    keeping,
    prepare,
    rank,
    weights,
)
from digest.core.ranking.likeness import likes  # noqa: E402
from digest.core.ranking.meant import meaning  # noqa: E402
from digest.core.ranking.reader import Taste, read  # noqa: E402
from digest.core.ranking.score import score  # noqa: E402
from digest.core.ranking.sketch import recall, sketches, to_bytes  # noqa: E402
from subscribers.profile import InterestProfile  # noqa: E402
from tests.bench import ranking  # noqa: E402

SHARD = 500
PAPERS = 300
READ = 15_000
MANY = 100_000
ENCODED = 50
LINES = ("video diffusion", "agents", "privacy", "protein folding", "speech", "robots that grasp")


def timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def spoken(bench: ranking.Bench) -> list[LikedPaper]:
    rows = [*bench.papers.values()][:READ]
    return [
        LikedPaper(row["title"], row["abstract"], tuple(row["categories"].split())) for row in rows
    ]


def crowd(papers: list[LikedPaper], count: int, likes: int, seed: int = 1) -> list[Reader]:
    draw = random.Random(seed)
    return [
        Reader(
            InterestProfile(keywords=tuple(draw.sample(LINES, 2))),
            tuple(draw.sample(papers, likes)),
        )
        for _ in range(count)
    ]


def day_of(bench: ranking.Bench) -> list[Candidate]:
    ids = next(ids for ids in bench.days.values() if len(ids) >= PAPERS)[:PAPERS]
    return [ranking.candidate(at, bench.papers[one]) for at, one in enumerate(ids)]


def many(
    lexicon: bytes, day: list[Candidate], stored: dict[LikedPaper, bytes], likes: int
) -> tuple[float, int]:
    """Seconds to score MANY readers, what they like unpacked, and the most memory (MB) of this
    process."""
    pool = prepare(day, keeping.from_bytes(lexicon))
    papers = [*stored]
    spent = timed(lambda: recall(pool.vocabulary, stored))
    spent += sum(
        timed(partial(score, pool, crowd(papers, SHARD, likes, seed)))
        for seed in range(MANY // SHARD)
    )
    return spent, most_memory()


def most_memory() -> int:
    """The most that this process had at once, in MB; as Linux says it, for what getrusage says
    begins with what its parent had."""
    told = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in told if line.startswith("VmHWM"))) >> 10


def apart(bench: ranking.Bench, papers: list[LikedPaper], likes: int) -> tuple[float, int]:
    """The same in a new process."""
    made = zip(papers, sketches(bench.vocabulary, papers), strict=True)
    stored = {paper: to_bytes(one) for paper, one in made}
    given = keeping.to_bytes(bench.vocabulary), day_of(bench), stored, likes
    with multiprocessing.get_context("spawn").Pool(1) as sender:
        return sender.apply(many, given)


def encoding(asked: str, papers: list[LikedPaper]) -> float:
    """Seconds for each of some papers, one after the other."""
    found = encoder.load(asked, Path(tempfile.gettempdir()))
    texts = [encoded.paper_text(one.title, one.abstract) for one in papers]
    list(found.papers(texts[:2]))  # the first warms up
    return timed(lambda: list(found.papers(texts))) / len(texts)


def plain(bench: ranking.Bench, reader: Reader) -> tuple[float, float]:
    """Seconds to fit and score one reader the plain way, and to read the papers' features."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    every = [f"{row['title']} {row['abstract']}" for row in bench.papers.values()][:4300]
    vectors = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), max_features=20_000, stop_words="english"
    )
    start = perf_counter()
    background = vectors.fit_transform(every)
    features = (perf_counter() - start) / len(every)
    liked = vectors.transform([f"{one.title} {one.abstract}" for one in reader.liked])
    from scipy.sparse import vstack

    rows = vstack([liked, background[:4000]])
    marks = [1] * len(reader.liked) + [0] * 4000
    model = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-4, C=0.01)
    return timed(lambda: model.fit(rows, marks).decision_function(background[4000:])), features


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--likes", type=int, default=50)
    options.add_argument("--semantic", default="", metavar="ENCODER")
    chosen = options.parse_args()
    bench = ranking.bench(chosen.folder)
    papers = spoken(bench)
    readers = crowd(papers, 2 * SHARD, chosen.likes)
    day = day_of(bench)
    prepare(day, bench.vocabulary)
    preparing = timed(lambda: prepare(day, bench.vocabulary))
    pool = prepare(day, bench.vocabulary)
    gc.freeze()  # a sender holds no folder that is looked through for garbage
    lines = [line for one in readers[:SHARD] for line in read(one).keywords]
    compiling = timed(lambda: [meaning(bench.vocabulary, line) for line in lines]) / SHARD
    sketching = timed(lambda: sketches(bench.vocabulary, papers)) / READ * chosen.likes
    first = timed(lambda: rank(pool, readers[:SHARD])) / SHARD
    for at in range(0, READ, weights.MOST_LIKED):
        some = tuple(papers[at : at + weights.MOST_LIKED])
        likes(pool, [Taste(some, (1.0,) * len(some))])
    warm = readers[SHARD:]
    scoring = min(timed(lambda: score(pool, warm)) for _ in range(3)) / SHARD
    whole = min(timed(lambda: rank(pool, warm)) for _ in range(3)) / SHARD
    every, most = apart(bench, papers, chosen.likes)
    svm, reading = plain(bench, readers[0])
    micro = 1e6
    print(f"features of a new paper          {preparing / PAPERS * 1000:8.2f} ms")
    print(f"compiling a reader's lines       {compiling * micro:8.0f} us")
    print(f"  and {chosen.likes} likes, each seen first  {sketching * 1000:8.1f} ms")
    print(f"a reader in a day's first shard  {first * micro:8.0f} us, {chosen.likes} likes each")
    print(f"scoring {PAPERS} papers for a reader  {scoring * micro:8.0f} us, in shards of {SHARD}")
    print(f"  with selection and reasons     {whole * micro:8.0f} us")
    print(f"{MANY} readers x {PAPERS} papers     {every:8.1f} s")
    print(f"plain scikit-learn, a reader     {svm * micro:8.0f} us: {svm / scoring:.0f} times")
    print(f"plain features of a paper        {reading * 1000:8.2f} ms")
    if chosen.semantic:
        spent = encoding(chosen.semantic, papers[:: len(papers) // ENCODED])
        print(f"encoding a paper             {spent * 1000:8.1f} ms")
    print(f"most memory of their process     {most:8d} MB")
    print(f"numpy {np.__version__}")


if __name__ == "__main__":
    main()
