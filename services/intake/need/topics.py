"""What a message is about: keyword rules per language, as data in topics.toml (channels.md 5.2).

A rule is one to five words; `*` ends a stem; between two words of a rule up to `GAP_WORDS_MAX` others may stand.
Each rule has a weight, each topic counts a rule once, and the weights become shares. Below `SCORE_MIN` the
answer is honest: nothing.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.contract.facts import TopicWeight
from services.intake.need.words import folded

TOPICS = (
    "delivery",
    "billing",
    "refund",
    "cancellation",
    "account_access",
    "product_defect",
    "wait_time",
    "praise",
    "question",
    "order_change",
    "opt_out",
)
GAP_WORDS_MAX = 3
SCORE_MIN = 2.0
TOPICS_TOLD_MAX = 3
SHARE_MIN = 0.15
STEM_CHARS_MAX = 24


@dataclass(frozen=True, slots=True)
class Rule:
    """Words in order; the weight counts once per message."""

    topic: str
    weight: float
    words: tuple[str, ...]


Index = dict[str, list[Rule]]


@cache
def rules(language: str) -> Index:
    """Rules of a language by the first word or stem; of all languages for one that has no table."""
    data = tomllib.loads((Path(__file__).parent / "topics.toml").read_text(encoding="utf-8"))
    tables = [data[language]] if language in data else list(data.values())
    index: Index = defaultdict(list)
    for table in tables:
        for topic, weighted in table.items():
            for weight, patterns in weighted.items():
                for pattern in patterns:
                    words = tuple(folded(pattern).split())
                    index[words[0]].append(Rule(topic, float(weight[1:]), words))
    return dict(index)


Scores = dict[str, float]


def scores_of(words: Sequence[str], language: str) -> Scores:
    """Score by topic: the best rule counts in full, each further one half of the one before.

    So ten words about the same thing do not drown the one sentence that says what is wanted.
    """
    weights: dict[str, list[float]] = defaultdict(list)
    seen: set[Rule] = set()
    index = rules(language)
    for place, word in enumerate(words):
        for rule in _begun(index, word):
            if rule not in seen and _goes_on(rule.words, words, place):
                seen.add(rule)
                weights[rule.topic].append(rule.weight)
    return {
        topic: sum(weight / 2**place for place, weight in enumerate(sorted(found, reverse=True)))
        for topic, found in weights.items()
    }


def topics_of(scores: Scores) -> tuple[TopicWeight, ...]:
    """The topics of a message, likeliest first; empty when nothing is sure enough.

    The shares sum to less than 1, the rest is doubt. Ties go by the order of TOPICS.
    """
    if not scores or max(scores.values()) < SCORE_MIN:
        return ()
    total = sum(score**2 for score in scores.values()) + 1.0
    ordered = sorted(scores.items(), key=lambda one: (-one[1], TOPICS.index(one[0])))
    shares = [(topic, score**2 / total) for topic, score in ordered[:TOPICS_TOLD_MAX]]
    return tuple(
        TopicWeight(topic_id=topic, weight=round(share, 3))
        for place, (topic, share) in enumerate(shares)
        if place == 0 or share >= SHARE_MIN
    )


def _begun(index: Index, word: str) -> list[Rule]:
    """Rules whose first word is this one, or a stem of it."""
    found = list(index.get(word, ()))
    for length in range(2, min(len(word), STEM_CHARS_MAX) + 1):
        found.extend(index.get(word[:length] + "*", ()))
    return found


def _goes_on(pattern: tuple[str, ...], words: Sequence[str], place: int) -> bool:
    """Whether the rest of the pattern follows, each word within the gap."""
    for part in pattern[1:]:
        for next_place in range(place + 1, min(place + 2 + GAP_WORDS_MAX, len(words))):
            if _fits(part, words[next_place]):
                place = next_place
                break
        else:
            return False
    return True


def _fits(part: str, word: str) -> bool:
    return word.startswith(part[:-1]) if part.endswith("*") else word == part
