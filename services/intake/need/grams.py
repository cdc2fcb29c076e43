"""What a trained model sees of a text: words, pairs of words, and pieces of words (TF-IDF's terms).

Training and reading use these two functions, so that they cannot differ. Terms with a digit or an `@` may be
somebody's number or address and are left out.
"""

from __future__ import annotations

import re
from itertools import pairwise

from services.intake.need.words import folded

CHARS_READ_MAX = 1_500
WORDS_MAX = 250
PIECE_CHARS = (2, 5)
"""Shortest and longest piece of a word, counted with the blanks around it."""
WORD_CHARS_MAX = 40
_WORD = re.compile(r"[\w\u0c00-\u0c7f'+]+")
_PRIVATE = re.compile(r"[\d@]")


def plain_words(text: str) -> list[str]:
    """The folded words that count."""
    return _WORD.findall(folded(text[:CHARS_READ_MAX]))[:WORDS_MAX]


def word_terms(words: list[str]) -> list[str]:
    """Each word, and each pair that stands side by side; with repeats."""
    kept = ["" if _PRIVATE.search(word) else word for word in words]
    pairs = [f"{one} {other}" for one, other in pairwise(kept) if one and other]
    return [word for word in kept if word] + pairs


def piece_terms(words: list[str]) -> list[str]:
    """All pieces of each word between blanks; with repeats."""
    shortest, longest = PIECE_CHARS
    found: list[str] = []
    for word in words:
        if _PRIVATE.search(word):
            continue
        padded = f" {word[:WORD_CHARS_MAX]} "
        length = len(padded)
        for size in range(shortest, longest + 1):
            found += [padded[at : at + size] for at in range(length - size + 1)]
    return found
