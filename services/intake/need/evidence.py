"""What a text's words speak for: topics, decisions, complaint, urgency. Rules, no training (channels.md 5.2, 5.3).

`lexicon/LANGUAGE.toml` says which words stand for which concept ("parcel", "not", "arrive"), `lexicon/rules.toml`
what concepts mean that stand in one sentence, the same in all languages; a language may add patterns of its own to a
topic. A rule counts once a message; the best rule counts in full, each further one half of the one before, so that
ten words about a double charge do not drown "please refund it".
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from services.intake.need.normal import NORMAL
from services.intake.need.patterns import Matcher, Pattern, parse
from services.intake.need.words import Sentence

LANGUAGES = ("en", "de", "pt", "sr", "sl", "te")
_FOLDER = Path(__file__).parent / "lexicon"
_PHRASES = ("complaint", "displeasure", "calm", "urgent", "not_urgent")
_TAKEN_BACK = {"complaint": "calm", "displeasure": "calm", "urgent": "not_urgent"}
TAKEN_BACK_WORDS = 6
"""So many words a "no complaint" reaches, from its first one on."""
_SYNTHETIC = ("question", "amount")
_COMMON = frozenset(
    {"not", "question", "amount", "when", "can", "back", "need", "want", "still", "wait", "call"}
)
"""Concepts that stand in many sentences: a rule is looked up by another of its concepts."""


@dataclass(slots=True)
class Evidence:
    """Scores by topic and by decision, and at how many places each kind of phrase stands that nothing takes back."""

    topics: dict[str, float] = field(default_factory=dict)
    decisions: dict[str, float] = field(default_factory=dict)
    phrases: dict[str, int] = field(default_factory=dict)
    decided_at: dict[str, int] = field(default_factory=dict)
    """The first sentence that speaks for a decision."""
    names_product: bool = False
    thanks: bool = False
    calms: bool = False
    """It is said not to be a complaint."""
    refuses: bool = False
    """Something is not wanted: "no refund"."""
    concepts: int = 0
    """The concepts that occur, a bit each; the lexicon that read them has their names."""


@dataclass(frozen=True, slots=True)
class _Rule:
    number: int
    family: str
    name: str
    weight: float
    needed: int
    forbidden: int


class Lexicon:
    """The rules of one language; of all at once where the language is unknown."""

    def __init__(self, tables: Iterable[Mapping[str, Any]], normal: Callable[[str], str]) -> None:
        tables = list(tables)
        names = list(_SYNTHETIC)
        for table in tables:
            names += [name for name in table["concepts"] if name not in names]
        self._names = names
        self._bits = {name: 1 << place for place, name in enumerate(names)}
        self._question, self._amount = self._bits["question"], self._bits["amount"]
        self._product, self._refuse = self._bits["product"] | self._bits["part"], self._bits["refuse"]
        self._own: list[tuple[str, str, float]] = []
        patterns = [pattern for table in tables for pattern in self._patterns(table, normal)]
        self._matcher = Matcher(patterns, normal, len(names))
        self._rules: dict[int, list[tuple[int, int, _Rule]]] = defaultdict(list)
        for rule in self._shared():
            self._rules[self._key(rule.needed)].append((rule.needed, rule.forbidden, rule))

    def read(self, sentences: Iterable[Sentence]) -> Evidence:
        """What the sentences speak for, all together."""
        found = Evidence()
        seen: set[int] = set()
        weights: dict[tuple[str, str], list[float]] = {}
        concepts = 0
        first_own = len(self._names)
        for place, sentence in enumerate(sentences):
            matches = self._matcher.match(sentence.words)
            mask = matches.concepts
            mask |= (self._question if sentence.question else 0) | (self._amount if sentence.amounts else 0)
            phrases: dict[str, set[int]] = {}
            for target, at in matches.others:
                family, name, weight = self._own[target - first_own]
                if family == "phrase":
                    phrases.setdefault(name, set()).add(at)
                elif target not in seen:
                    seen.add(target)
                    weights.setdefault((family, name), []).append(weight)
            if phrases:
                found.calms |= "calm" in phrases
                _count(phrases, found.phrases)
            concepts |= mask
            self._conclude(mask, place, seen, weights, found)
        for (family, name), given in weights.items():
            given.sort(reverse=True)
            score = sum(weight / 2**rank for rank, weight in enumerate(given))
            (found.topics if family == "topic" else found.decisions)[name] = score
        found.concepts = concepts
        found.thanks = bool(concepts & self._bits["thank"])
        found.names_product = bool(concepts & self._product)
        found.refuses = bool(concepts & self._refuse)
        return found

    def names_of(self, concepts: int) -> list[str]:
        """Names of concepts that stand as bits; the same in all languages."""
        names: list[str] = []
        while concepts:
            bit = concepts & -concepts
            concepts ^= bit
            names.append(self._names[bit.bit_length() - 1])
        return names

    def _conclude(
        self,
        mask: int,
        place: int,
        seen: set[int],
        weights: dict[tuple[str, str], list[float]],
        found: Evidence,
    ) -> None:
        left = mask
        while left:
            bit = left & -left
            left ^= bit
            for needed, forbidden, rule in self._rules.get(bit, ()):
                if needed & mask == needed and not forbidden & mask:
                    if rule.family == "decision":
                        found.decided_at.setdefault(rule.name, place)
                    if rule.number not in seen:
                        seen.add(rule.number)
                        weights.setdefault((rule.family, rule.name), []).append(rule.weight)

    def _patterns(self, table: Mapping[str, Any], normal: Callable[[str], str]) -> Iterable[Pattern]:
        for name, texts in table["concepts"].items():
            place = self._names.index(name)
            for text in texts:
                yield parse(text, place, normal)
        for name in _PHRASES:
            for text in table["phrases"].get(name, ()):
                yield parse(text, self._target("phrase", name, 1.0), normal)
        for topic, weighted in table.get("topic", {}).items():
            for weight, texts in weighted.items():
                for text in texts:
                    yield parse(text, self._target("topic", topic, float(weight[1:])), normal)

    def _target(self, family: str, name: str, weight: float) -> int:
        self._own.append((family, name, weight))
        return len(self._names) + len(self._own) - 1

    def _shared(self) -> Iterable[_Rule]:
        number = -1
        for family, tables in _load("rules").items():
            for name, weighted in tables.items():
                for weight, texts in weighted.items():
                    for text in texts:
                        words = text.split()
                        needed = [word for word in words if not word.startswith("-")]
                        if not all(word in self._bits for word in needed):
                            continue
                        forbidden = [self._bits.get(word[1:], 0) for word in words if word.startswith("-")]
                        yield _Rule(
                            number,
                            family,
                            name,
                            float(weight[1:]),
                            sum(self._bits[word] for word in set(needed)),
                            sum(set(forbidden)),
                        )
                        number -= 1

    def _key(self, needed: int) -> int:
        """The bit by which a rule is looked up: of its rarest concept."""
        names = [name for name, bit in self._bits.items() if bit & needed]
        return self._bits[next((name for name in names if name not in _COMMON), names[0])]


def _count(places: Mapping[str, set[int]], counts: dict[str, int]) -> None:
    """Adds the places of each kind of phrase that stand in no phrase that takes them back."""
    for name, at in places.items():
        back = places.get(_TAKEN_BACK.get(name, ""), ())
        count = sum(1 for one in at if not any(0 <= one - start < TAKEN_BACK_WORDS for start in back))
        counts[name] = counts.get(name, 0) + count


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of a language; that of all for one that has no file, and for ""."""
    if language in LANGUAGES:
        return Lexicon([_load(language)], NORMAL.get(language, _same))
    return Lexicon([_load(one) for one in LANGUAGES], _same)


def _same(word: str) -> str:
    return word


@cache
def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
