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
    """What a word begins: the concepts that it is (a bit each), other targets that it is alone, longer patterns.

    `seconds` are the second parts of patterns that the word fits, a bit each; each longer pattern stands beside the
    bit of its own second part, and `awaited` has all of those.
    """

    word: str
    concepts: int
    alone: tuple[int, ...]
    opened: tuple[tuple[int, Pattern], ...]
    awaited: int
    seconds: int


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
        self._bits: dict[tuple[str, bool], int] = {}
        """A bit for each second part: without a word that fits it, a pattern need not be tried."""
        for pattern in patterns:
            first, stem, _ = pattern.parts[0]
            (self._stems if stem else self._exact)[first].append(pattern)
            for text, ends_open, _ in pattern.parts[1:2]:
                self._bits.setdefault((text, ends_open), 1 << len(self._bits))
        self._lengths = sorted({len(stem) for stem in self._stems if len(stem) <= STEM_CHARS_MAX})
        self._second_lengths = sorted({len(text) for text, ends_open in self._bits if ends_open})
        self._known: dict[str, Begun] = {}

    def match(self, words: Sequence[str]) -> Matches:
        """All patterns that occur in a sentence."""
        known, remember = self._known, self._remember
        begun = [known.get(word) or remember(word) for word in words]
        concepts = seconds = 0
        for one in begun:
            concepts |= one.concepts
            seconds |= one.seconds
        others: list[tuple[int, int]] = []
        normal: list[str] | None = None
        for place, one in enumerate(begun):
            for target in one.alone:
                others.append((target, place))
            if not one.awaited & seconds:
                continue
            for second, pattern in one.opened:
                if not second & seconds:
                    continue
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
        concepts = awaited = 0
        alone: list[int] = []
        opened: list[tuple[int, Pattern]] = []
        for pattern in patterns:
            if len(pattern.parts) > 1:
                second = self._bits[pattern.parts[1][:2]]
                opened.append((second, pattern))
                awaited |= second
            elif pattern.target < self._concepts_count:
                concepts |= 1 << pattern.target
            else:
                alone.append(pattern.target)
        return Begun(word, concepts, tuple(alone), tuple(opened), awaited, self._seconds(word))

    def _seconds(self, word: str) -> int:
        fits = self._bits.get((word, False), 0)
        for length in self._second_lengths:
            if length > len(word):
                break
            fits |= self._bits.get((word[:length], True), 0)
        return fits


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
