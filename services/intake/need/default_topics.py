"""Topics with no training of the desk's own: the rules where they are sure, else the model that is shipped.

The model was trained on `corpus/` (`scripts/train_default_topics.py`) and sees, besides words and pieces of words, the
rules' concepts: these are the same in all languages, so that what is learned in one serves the others. It is asked only
where the rules are not sure, and what they guess makes a topic likelier. Where neither is sure, the rules' weaker guess
is told, if there is one.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.contract.facts import TopicWeight
from services.intake.need.evidence import Evidence, Lexicon
from services.intake.need.topics import RULES_VERSION, topics_of
from services.intake.need.trained import TrainedTopics, load

FOLDER = Path(__file__).parent
MODEL = FOLDER / "default_topics.npz"
RULES_SURE_MIN = 0.95
"""Share from which the rules decide alone: 93 % right on the corpus, which they had not seen."""
RULES_STRONG_MIN = 9.0
"""Score from which they do too, several rules' work: 91 % right there, the model 93 %."""
MODEL_SURE_MIN = 0.5
"""Probability from which the model is believed before the rules' weaker guess."""
RULES_WORTH = 0.5
"""What a whole share of the rules adds to the logarithm of a topic's chance by the model."""
VERSION_CHARS = 8


@dataclass(frozen=True)
class DefaultTopics:
    """Rules and model together; `version` names both."""

    model: TrainedTopics
    version: str

    def read(self, text: str, found: Evidence, lexicon: Lexicon) -> tuple[TopicWeight, ...]:
        """The topics of a text that the lexicon has read, likeliest first; empty when nothing is sure enough."""
        by_rules = topics_of(found.topics)
        if not text or (by_rules and _sure(by_rules, found)):
            return by_rules
        chances = self.model.probabilities(text, lexicon.names_of(found.concepts))
        for topic in by_rules:
            chances[self.model.topics.index(topic.topic_id)] *= math.exp(RULES_WORTH * topic.weight)
        chances /= chances.sum()
        return self.model.told(chances) if chances.max() >= self.model.threshold else by_rules


def _sure(by_rules: tuple[TopicWeight, ...], found: Evidence) -> bool:
    return by_rules[0].weight >= RULES_SURE_MIN or max(found.topics.values()) >= RULES_STRONG_MIN


@cache
def default_topics() -> DefaultTopics:
    """What is shipped; raises ModelError when the file is damaged."""
    model = load(MODEL)
    rules = RULES_VERSION.partition("/")[2]
    return DefaultTopics(model, f"default/{rules}.{model.version.partition('/')[2][:VERSION_CHARS]}")


def source_digest() -> str:
    """Digest of all that the default model is made of: the corpus, and the lexicon that finds the concepts."""
    digest = hashlib.sha256()
    for path in sorted([*(FOLDER / "corpus").glob("*.tsv"), *(FOLDER / "lexicon").glob("*.toml")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
