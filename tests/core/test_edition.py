"""What a mail offers to mute."""

import pytest

from digest.core.edition import LONGEST_TOPIC, Reason, ReasonKind, topic

I, K, C = ReasonKind.INTEREST, ReasonKind.KEYWORD, ReasonKind.CATEGORY  # noqa: E741


@pytest.mark.parametrize(
    ("named", "offered"),
    [
        ([(I, "word alignment", 0.5)], "word alignment"),
        ([(I, "retrieval-augmented", 0.5)], "retrieval-augmented"),
        ([(I, "using", 0.5), (I, "model", 0.4)], ""),
        ([(I, "planning", 0.5), (I, "language models", 0.4)], "language models"),
        ([(I, "speculative decoding", 0.5), (I, "large models", 0.2)], "speculative decoding"),
        ([(I, "robots", 0.5), (I, "large models", 0.2)], ""),
        ([(K, "speculative decoding", 0.9)], ""),
        ([(I, "Speculative decoding", 0.9), (K, "speculative decoding", 0.8)], ""),
        ([(K, "RLHF", 0.6), (I, "reward models", 0.5)], "reward models"),
        ([(I, "robots", 0.3), (C, "cs.RO", 0.2)], "cs.RO"),
        ([(C, "genomics", 0.4), (I, "protein folding", 0.3)], "genomics"),
        ([(ReasonKind.VOTES, "42", 9.0), (I, "word alignment", 0.5)], "word alignment"),
        ([(ReasonKind.AUTHOR, "Ada Lovelace", 0.4), (ReasonKind.LIKED, "A paper", 0.3)], ""),
        ([(I, "so long " * LONGEST_TOPIC, 0.5)], ""),
        ([], ""),
    ],
    ids=str,
)
def test_a_phrase_or_a_category_can_be_muted_and_no_weak_word_and_no_keyword(
    named: list[tuple[ReasonKind, str, float]], offered: str
) -> None:
    assert topic([Reason(*one) for one in named]) == offered
