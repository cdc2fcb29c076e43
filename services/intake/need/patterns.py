"""Patterns of words: what stands in the lexicon's files, and where they occur in a sentence.

`*` ends a stem; between two words of a pattern up to `GAP_WORDS_MAX` others may stand, unless `_` joins them. A word
is looked up once and its patterns are remembered, for a few thousand words are most of what people write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.intake.need.words import folded

GAP_WORDS_MAX = 3
STEM_CHARS_MAX = 24
WORDS_REMEMBERED_MAX = 20_000
"""Words whose patterns are kept; then the memory begins anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """Parts in order, each with whether it is a stem and how many words may stand before it. `target` is the
    caller's own number for what it means."""

    target: int
    parts: tuple[tuple[str, bool, int], ...]


@dataclass(frozen=True, slots=True)
class Begun:
    """What a word begins: the concepts that it is (a bit each), other targets that it is alone, longer patterns."""

    word: str
    concepts: int
    alone: tuple[int, ...]
    opened: tuple[Pattern, ...]


@dataclass(slots=True)
class Matches:
    """Concepts of a sentence, a bit each, and the other targets with the place of their first word."""

    concepts: int
    others: list[tuple[int, int]]


def parse(text: str, target: int, normal: Callable[[str], str]) -> Pattern:
    """The pattern of a line of the lexicon; its words are folded as those of messages are."""
    parts = []
    for word in text.split():
        for place, piece in enumerate(word.split("_")):
            stem = piece.endswith("*")
            plain = normal(folded(piece.removesuffix("*")))
            parts.append((plain, stem, 0 if place else GAP_WORDS_MAX))
    return Pattern(target, tuple(parts))


class Matcher:
    """All patterns of one language; targets below `concepts_count` are concepts."""

    def __init__(
        self, patterns: Iterable[Pattern], normal: Callable[[str], str], concepts_count: int
    ) -> None:
        self._normal = normal
        self._concepts_count = concepts_count
        self._exact: dict[str, list[Pattern]] = defaultdict(list)
        self._stems: dict[str, list[Pattern]] = defaultdict(list)
        for pattern in patterns:
            first, stem, _ = pattern.parts[0]
            (self._stems if stem else self._exact)[first].append(pattern)
        self._lengths = sorted({len(stem) for stem in self._stems if len(stem) <= STEM_CHARS_MAX})
        self._known: dict[str, Begun] = {}

    def match(self, words: Sequence[str]) -> Matches:
        """All patterns that occur in a sentence."""
        known, remember = self._known, self._remember
        begun = [known.get(word) or remember(word) for word in words]
        concepts = 0
        others: list[tuple[int, int]] = []
        normal: list[str] | None = None
        for place, one in enumerate(begun):
            concepts |= one.concepts
            for target in one.alone:
                others.append((target, place))
            for pattern in one.opened:
                if normal is None:
                    normal = [word.word for word in begun]
                if _goes_on(pattern.parts, normal, place):
                    if pattern.target < self._concepts_count:
                        concepts |= 1 << pattern.target
                    else:
                        others.append((pattern.target, place))
        return Matches(concepts, others)

    def _remember(self, word: str) -> Begun:
        if len(self._known) >= WORDS_REMEMBERED_MAX:
            self._known.clear()
        plain = self._normal(folded(word))
        patterns = list(self._exact.get(plain, ()))
        for length in self._lengths:
            if length > len(plain):
                break
            patterns += self._stems.get(plain[:length], ())
        begun = self._begun(plain, patterns)
        if len(word) <= 2 * STEM_CHARS_MAX:
            self._known[word] = begun
        return begun

    def _begun(self, word: str, patterns: Iterable[Pattern]) -> Begun:
        concepts = 0
        alone: list[int] = []
        opened: list[Pattern] = []
        for pattern in patterns:
            if len(pattern.parts) > 1:
                opened.append(pattern)
            elif pattern.target < self._concepts_count:
                concepts |= 1 << pattern.target
            else:
                alone.append(pattern.target)
        return Begun(word, concepts, tuple(alone), tuple(opened))


def _goes_on(parts: tuple[tuple[str, bool, int], ...], words: Sequence[str], place: int) -> bool:
    """Whether the rest of the pattern follows, each word within its gap."""
    for text, stem, gap in parts[1:]:
        for next_place in range(place + 1, min(place + 2 + gap, len(words))):
            word = words[next_place]
            if word.startswith(text) if stem else word == text:
                place = next_place
                break
        else:
            return False
    return True
