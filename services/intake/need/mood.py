"""Complaints, urgency, and the wish to be left alone (channels.md 5.3).

No ready sentiment model works outside English, so these are words of the text's language. They prefer a false alarm
to a missed public complaint; a STOP is obeyed whatever anything else thinks.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.intake.canonical import Rating
from services.intake.need.evidence import Evidence

OPT_OUT_WORDS = frozenset(
    {
        "stop",
        "stopall",
        "unsubscribe",
        "optout",
        "revoke",
        "stopp",
        "abmelden",
        "sair",
        "parar",
        "odjava",
        "odjavi",
    }
)
"""A message that is nothing but one of these refuses further messages."""
OPT_OUT_WORDS_SMS = OPT_OUT_WORDS | {"cancel", "end", "quit"}
"""On a phone line, those that carriers reserve as well."""
TROUBLE = frozenset({"wait_time", "product_defect", "delivery", "billing", "refund", "account_access"})
"""Who writes about these for everybody to read is displeased."""
LOW_RATING_SHARE_MAX = 0.4
"""Two of five stars and fewer complain."""


def complains(found: Evidence, *, public: bool, rating: Rating | None = None, topic_id: str = "") -> bool:
    """Whether it is a complaint: by the words, and by the stars.

    In public, displeasure is enough, and so is any topic that is trouble, unless the stars are friendly.
    """
    if rating is not None and rating.scale > 0 and rating.value / rating.scale <= LOW_RATING_SHARE_MAX:
        return True
    if found.phrases.get("complaint", 0):
        return True
    trouble = topic_id in TROUBLE and rating is None and not found.calms
    return public and (trouble or found.phrases.get("displeasure", 0) > 0)


def urgent(found: Evidence) -> bool:
    """Whether the words say that it cannot wait."""
    return found.phrases.get("urgent", 0) > 0


def opts_out(words: Sequence[str], *, phone: bool) -> bool:
    """Whether the message is nothing but a word that refuses further messages."""
    return len(words) == 1 and words[0] in (OPT_OUT_WORDS_SMS if phone else OPT_OUT_WORDS)
