"""A day's papers against the interests of a shard of readers: picks, and why.

    vocabulary = fit(texts)                      how rare each term is; once per edition
    pool = prepare(candidates, vocabulary)       the papers as matrices; once per cohort
    picks = rank(pool, readers)                  some hundred readers at a time
    explain(pool, reader, paper_id)              why one paper was picked, or was not

Pure: the same input gives the same picks, on any machine and in any shard.
"""

from digest.core.ranking.pool import Pool, prepare
from digest.core.ranking.reader import LikedPaper, Reader
from digest.core.ranking.shard import Explanation, explain, rank
from digest.core.ranking.vocabulary import Vocabulary, fit, learn

__all__ = [
    "Explanation",
    "LikedPaper",
    "Pool",
    "Reader",
    "Vocabulary",
    "explain",
    "fit",
    "learn",
    "prepare",
    "rank",
]
