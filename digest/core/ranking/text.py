"""Words and terms of a text, in any script, in time linear in its length.

A word is a run of letters and digits with their marks, folded (case, Latin accents, width); where
a script is written without spaces, every character is a word of its own, so that its bigrams do
the work of words, and a phrase is found inside running text. A term is what weights are given to:
a stem, or two neighbouring stems. Hyphens part words: "fine-tuning" and "fine tuning" are the same.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from digest.core.ranking import weights
from digest.core.ranking.words import STOP_WORDS

LONGEST_WORD = 48
LONGEST_TEXT = 20_000  # characters of a paper; an abstract has about 1,500

# Kana, Han, Hangul: Korean has spaces, but its particles cling to the word before them. Then Thai,
# Lao, Burmese, Khmer.
_SPACELESS = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
# "C++" and "C#" are words; "_" is none.
_WORD = re.compile(rf"([{_SPACELESS}]|[^\W_{_SPACELESS}]+(?:\+\+|#)?)")
_PLAIN_WORD = re.compile(r"([A-Za-z0-9]+(?:\+\+|#)?)")  # the same in ASCII, and faster
# Vowel signs and the like, which `re` takes for no letters: of the scripts that have them.
_MARKED = re.compile("[\u0590-\u08ff\u0900-\u109f\u1780-\u17ff]")
_MARKS = "".join(
    chr(code)
    for code in (*range(0x591, 0x1100), *range(0x1780, 0x1800))
    if unicodedata.category(chr(code)) in ("Mn", "Mc")
)
_MARKED_WORD = re.compile(
    rf"([{_SPACELESS}][{_MARKS}]*"
    rf"|[^\W_{_SPACELESS}]+(?:[{_MARKS}]+[^\W_{_SPACELESS}]*)*(?:\+\+|#)?)"
)
# Accents that no letter has of its own, as stress in Russian, and the hyphen that is not seen.
_LOOSE = re.compile("[\u00ad\u0300-\u036f]+")
_LATIN = [*range(0xC0, 0x250), *range(0x1E00, 0x1F00)]
_WITHOUT_ACCENT = {
    code: base
    for code in _LATIN
    if (base := unicodedata.normalize("NFD", chr(code))[0]) != chr(code)
} | {ord("ø"): "o", ord("ł"): "l", ord("đ"): "d", ord("æ"): "ae", ord("œ"): "oe", ord("ı"): "i"}
_WITHOUT_ACCENT[ord("ё")] = "е"  # most Russian texts write it so
# Of Slavic languages in Cyrillic, the endings of nouns and adjectives, the longer ones first.
_CYRILLIC_ENDINGS = (
    *("иями", "ами", "ями", "иях", "ого", "его", "ому", "ему", "ыми", "ими"),
    *("ях", "ах", "ых", "их", "ов", "ев", "ей", "ой", "ый", "ий", "ая", "яя", "ое", "ее", "ые"),
    *("ие", "ую", "юю", "ом", "ем", "ам", "ям", "ию", "ия", "ии", "ія", "ії", "ію"),
    *("у", "ю", "а", "я", "о", "е", "ы", "и", "ь", "й", "і"),
)
_SHORTEST_STEM = 3


def fold(text: str) -> str:
    """The text without case and Latin accents; other scripts keep their marks."""
    plain = text.casefold()
    return plain if plain.isascii() else plain.translate(_WITHOUT_ACCENT)


def normal(text: str, longest: int = LONGEST_TEXT) -> str:
    """The first `longest` characters in one Unicode form (wide and mathematical letters plain)."""
    text = text[:longest]
    return text if text.isascii() else _LOOSE.sub("", unicodedata.normalize("NFKC", text))


def words(text: str, longest: int = LONGEST_TEXT) -> list[str]:
    """The folded words of a text, in order."""
    return [word.folded for word in known(parted(normal(text, longest))[1::2])]


def parted(text: str) -> list[str]:
    """A text that is already `normal`, cut around its words: every second part is a word as it
    stands there, and all of them together are the text."""
    if text.isascii():
        return _PLAIN_WORD.split(text)
    return (_MARKED_WORD if _MARKED.search(text) else _WORD).split(text)


class Word(NamedTuple):
    """A word of a text as the ranking knows it: folded, as phrases have it, and its stem, which
    is "" for a stop word."""

    folded: str
    singular: str
    root: str


class _Words(dict[str, Word]):
    """Words by how they are written, each worked out once: all texts are made of the same few."""

    def __missing__(self, written: str) -> Word:
        folded = fold(written[:LONGEST_WORD])
        root = "" if folded in STOP_WORDS else stem(folded)
        word = Word(folded, singular(folded), root)
        if len(self) >= _REMEMBERED:
            self.clear()
        return self.setdefault(written, word) if len(written) <= LONGEST_WORD else word


_REMEMBERED = 1 << 17
_words = _Words()


def known(written: Iterable[str]) -> list[Word]:
    """What the ranking knows of some words."""
    return [*map(_words.__getitem__, written)]


@lru_cache(maxsize=1 << 16)
def singular(word: str) -> str:
    """The word without a plural s: "studies", "boxes" and "models" lose it, "bias" does not."""
    if len(word) < 4 or word[-1] != "s" or word.endswith(("ss", "us", "is", "as")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    return word[:-2] if word.endswith(("xes", "ches", "shes", "sses")) else word[:-1]


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """A light stem: without plural, -ing, -ed, the consonant they doubled, and a final e.

    It need not be a word; it only has to be the same for "tune", "tuned", "tunes" and "tuning", and
    for the cases of a word in Cyrillic.
    """
    if "\u0400" <= word[:1] <= "\u04ff":
        return _without_ending(word)
    base = singular(word)
    for ending in ("ing", "ed"):
        if base.endswith(ending) and _has_vowel(base[: -len(ending)]):
            return _closed(base[: -len(ending)])
    return base[:-1] if len(base) > 3 and base.endswith("e") else base


@lru_cache(maxsize=1 << 16)
def root(word: str) -> str:
    """The stem of a folded word, "" of a stop word."""
    return "" if word in STOP_WORDS else stem(word)


def _without_ending(word: str) -> str:
    for ending in _CYRILLIC_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def _has_vowel(start: str) -> bool:
    return len(start) > 2 and any(char in "aeiouy" for char in start)


def _closed(start: str) -> str:
    """Undo a doubled consonant ("plann" -> "plan"); "call" and "process" keep theirs."""
    if start[-1] == start[-2] and start[-1] not in "lsz":
        return start[:-1]
    return start[:-1] if start.endswith("e") else start


def terms(words: Iterable[str]) -> list[str]:
    """The terms of folded words, with repeats: stems, and pairs of neighbouring stems."""
    stems = [*map(root, words)]
    single = [one for one in stems if len(one) > 1]
    return single + [f"{one} {two}" for one, two in pairwise(stems) if one and two]


def counted(title: Sequence[str], *others: Sequence[str]) -> Counter[str]:
    """How often each term stands in a paper's folded words; those of the title count more."""
    found: Counter[str] = Counter()
    for text in others:
        found.update(terms(text))
    for term in terms(title):
        found[term] += weights.TITLE
    return found


def phrase(text: str, longest: int = 200) -> str:
    """A phrase in the form in which `sequence` holds texts, "" if it has no word at all."""
    return " ".join([word.singular for word in known(parted(normal(text, longest))[1::2])])


def sequence(*texts: Iterable[str]) -> str:
    """Folded words of texts between single spaces, a newline between two texts: a phrase stands
    in them, word for word, if " phrase " is a substring."""
    return " \n ".join(("", *(" ".join(map(singular, text)) for text in texts), ""))
