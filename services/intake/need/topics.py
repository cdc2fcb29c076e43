"""What a message is about: the rules' scores as shares (channels.md 5.2). Below `SCORE_MIN` the answer is honest: nothing."""

from __future__ import annotations

from collections.abc import Mapping

from services.contract.facts import TopicWeight

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
RULES_VERSION = "rules/6"
"""Grows whenever words or rules change what is told."""
SCORE_MIN = 2.0
TOPICS_TOLD_MAX = 3
SHARE_MIN = 0.15


def topics_of(scores: Mapping[str, float]) -> tuple[TopicWeight, ...]:
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
