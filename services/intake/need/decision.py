"""Which decisions a customer may need, as a posterior, and which one the words state (routing.md 2.0: authority needed).

A decision is likely by its own words, and a little by the topic: whoever reports a double charge may want it back.
The weights sum to less than one; the rest is the chance that an agent need decide nothing. `stated` is for the one
decision whose words and whose only amount stand there: the router relies on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.contract.facts import DecisionWanted, DecisionWeight, TopicWeight
from services.intake.need.evidence import Evidence, Lexicon
from services.intake.need.money import Money
from services.intake.need.words import Sentence, sentences_of

SAID = ((5.0, 0.75), (3.0, 0.45))
"""Probability by the least score of a decision's own words; first guesses, to be learned."""
PRIORS: Mapping[str, Mapping[str, float]] = {
    "refund": {"refund": 0.6},
    "billing": {"refund": 0.2, "fee_waiver": 0.05},
    "product_defect": {"replacement": 0.25, "refund": 0.1},
    "cancellation": {"cancellation_waiver": 0.1, "refund": 0.05},
    "delivery": {"refund": 0.05, "replacement": 0.05, "compensation": 0.05},
    "wait_time": {"compensation": 0.05},
    "order_change": {"exception": 0.05},
}
"""Probability of a decision by topic, when nothing is said of it; first guesses, to be learned."""
WEIGHT_MIN = 0.05
"""Likelier decisions only are told."""
STATED_SCORE_MIN = 5.0
NEAREST_SHARE = 0.7
"""Part of a decision's weight for the amount that stands nearest, when several might be meant."""
_REFUSED = frozenset({"refund", "replacement"})
"""What "I do not want a refund" says no to, unless other words ask for it."""
_CLAUSE = re.compile(
    r"[,;:–—]\s|\s[-–—]\s|\s\(|\s(?:and|but|und|aber|sondern|e|mas|i|a|ali|in|pa|и|а|али)\s", re.IGNORECASE
)
"""Where a clause ends, for amounts that stand in one sentence."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """The posterior, likeliest first, and the one decision that the words speak of; None without one."""

    needed: tuple[DecisionWeight, ...] = ()
    wanted: DecisionWanted | None = None


_NONE = Decisions()


def decisions_of(
    sentences: Sequence[Sentence], found: Evidence, topics: Sequence[TopicWeight], lexicon: Lexicon
) -> Decisions:
    """What may be to decide, from words, topics and amounts."""
    chances = _chances(found, topics)
    if not chances:
        return _NONE
    none = 1.0
    for chance in chances.values():
        none *= 1.0 - chance
    scale = (1.0 - none) / sum(chances.values())
    ordered = sorted(chances.items(), key=lambda one: (-one[1], one[0]))
    needed: list[DecisionWeight] = []
    wanted: DecisionWanted | None = None
    for name, chance in ordered:
        meant = _amounts_meant(name, sentences, found, lexicon)
        if wanted is None and name in found.decisions:
            sure = len(meant) == 1 and found.decisions[name] >= STATED_SCORE_MIN
            wanted = _decision(name, meant[0] if meant else None, stated=sure and _distinct(sentences) == 1)
        needed += _weighted(name, chance * scale, meant)
    kept = [one for one in needed if one.weight >= WEIGHT_MIN]
    return Decisions(tuple(sorted(kept, key=lambda one: -one.weight)), wanted)


def _chances(found: Evidence, topics: Sequence[TopicWeight]) -> dict[str, float]:
    """Probability of each decision by itself."""
    chances: dict[str, float] = {}
    for topic in topics:
        for name, prior in PRIORS.get(topic.topic_id, {}).items():
            if found.refuses and name in _REFUSED:
                continue
            chances[name] = chances.get(name, 0.0) + topic.weight * prior
    for name, score in found.decisions.items():
        said = next((chance for least, chance in SAID if score >= least), 0.0)
        chances[name] = 1.0 - (1.0 - said) * (1.0 - chances.get(name, 0.0))
    return chances


def _amounts_meant(
    name: str, sentences: Sequence[Sentence], found: Evidence, lexicon: Lexicon
) -> list[Money]:
    """Distinct amounts that a decision may be about, the nearest first: those of its clause, its sentence, the rest."""
    place = found.decided_at.get(name)
    if place is None:
        return []
    ranked = sorted(
        (
            (abs(at - place), number, money)
            for at, sentence in enumerate(sentences)
            for number, money in enumerate(
                _by_clause(name, sentence, lexicon) if at == place else sentence.amounts
            )
        ),
        key=lambda one: one[:2],  # of two that are equally near, the one said first
    )
    seen: dict[tuple[int, str], Money] = {}
    for _, _, money in ranked:
        seen.setdefault((money.amount_minor, money.currency), money)
    return list(seen.values())


def _by_clause(name: str, sentence: Sentence, lexicon: Lexicon) -> list[Money]:
    """The amounts of a sentence, those first whose clause speaks for the decision."""
    if len(sentence.amounts) < 2:
        return list(sentence.amounts)
    first: list[Money] = []
    for clause in _CLAUSE.split(sentence.text):
        parts = sentences_of(clause)
        if name in lexicon.read(parts).decisions:
            first += [money for part in parts for money in part.amounts]
    return [*first, *sentence.amounts]


def _distinct(sentences: Sequence[Sentence]) -> int:
    return len({(money.amount_minor, money.currency) for one in sentences for money in one.amounts})


def _decision(name: str, money: Money | None, *, stated: bool = False) -> DecisionWanted:
    if money is None:
        return DecisionWanted(decision_type=name)
    return DecisionWanted(
        decision_type=name, amount_minor=money.amount_minor, currency=money.currency, stated=stated
    )


def _weighted(name: str, weight: float, meant: Sequence[Money]) -> list[DecisionWeight]:
    """The decision once for each amount that may be meant."""
    if len(meant) < 2:
        money = meant[0] if meant else None
        return [DecisionWeight(decision=_decision(name, money), weight=round(weight, 3))]
    rest = weight * (1.0 - NEAREST_SHARE) / (len(meant) - 1)
    return [
        DecisionWeight(
            decision=_decision(name, money), weight=round(rest if at else weight * NEAREST_SHARE, 3)
        )
        for at, money in enumerate(meant)
    ]
